package aws

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/inferadb/infra/simulator/simulatortest"
	"github.com/inferadb/infra/simulator/store"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mistake is something that AWS or its provider refuses, and what it says.
type mistake struct {
	token  string
	inputs props
	want   string
}

// TestRefusals makes, one after the other, the mistakes that AWS or its provider refuses.
func TestRefusals(t *testing.T) {
	p := newPlace(t)
	for area, mistakes := range map[string]map[string]mistake{
		"network": p.networkMistakes(), "machine": p.machineMistakes(), "balancer": p.loadBalancerMistakes(),
		"other": p.otherMistakes(),
	} {
		for name, mistake := range mistakes {
			_, _, err := p.Try(mistake.token, "mistake", mistake.inputs)
			assert.ErrorContains(t, err, mistake.want, "%s: %s", area, name)
		}
	}
}

// stranger is a security group of another network.
func (p place) stranger() string {
	other := p.Create(vpcType, "other", props{"cidrBlock": "10.9.0.0/16"})
	return p.Create(securityGroupType, "stranger", props{"vpcId": other})
}

func (p place) networkMistakes() map[string]mistake {
	stranger := p.stranger()
	table := p.Create(routeTableType, "other", props{"vpcId": p.vpc})
	rule := props{"securityGroupId": p.workers, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443,
		"cidrIpv4": "10.0.0.0/8"}
	return map[string]mistake{
		"unknown input": {vpcType, props{"cidrBlok": "10.0.0.0/16"},
			`cidrBlok: no such property; the nearest is "cidrBlock"`},
		"computed input":    {vpcType, props{"cidrBlock": "10.1.0.0/16", "arn": "mine"}, "arn: is computed"},
		"missing input":     {subnetType, props{"cidrBlock": "10.0.64.0/20"}, "vpcId: is required and missing"},
		"wrong type":        {vpcType, props{"cidrBlock": true}, "cidrBlock: is a boolean, expected string"},
		"host bits":         {vpcType, props{"cidrBlock": "10.0.0.1/16"}, `did you mean "10.0.0.0/16"`},
		"network too large": {vpcType, props{"cidrBlock": "10.0.0.0/8"}, "InvalidVpc.Range"},
		"subnet outside": {subnetType, props{"vpcId": p.vpc, "cidrBlock": "10.1.0.0/20"},
			"InvalidSubnet.Range"},
		"subnet overlaps": {subnetType, props{"vpcId": p.vpc, "cidrBlock": "10.0.8.0/24"},
			"InvalidSubnet.Conflict"},
		"no such zone": {subnetType,
			props{"vpcId": p.vpc, "cidrBlock": "10.0.64.0/20", "availabilityZone": "us-east-1z"}, "availability zones"},
		"no such network": {subnetType, props{"vpcId": "vpc-0", "cidrBlock": "10.0.64.0/20"},
			"InvalidVpcID.NotFound"},
		"second gateway":      {gatewayType, props{"vpcId": p.vpc}, "Resource.AlreadyAssociated"},
		"NAT without address": {natType, props{"subnetId": p.public}, "MissingParameter"},
		"two route targets": {routeType,
			props{"routeTableId": "rtb-0", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": p.gateway,
				"natGatewayId": "nat-0"}, "exactly one of"},
		"second association": {associationType, props{"routeTableId": table, "subnetId": p.private},
			"Resource.AlreadyAssociated"},
		"endpoint elsewhere": {endpointType, props{"vpcId": p.vpc, "serviceName": "com.amazonaws.us-west-1.s3"},
			"InvalidServiceName"},
		"group named sg-": {securityGroupType, props{"vpcId": p.vpc, "name": "sg-mine"},
			"cannot begin with sg-"},
		"description with quote": {ingressType, rule.With(props{"description": "the cloud's"}), "description: "},
		"rule without peer":      {ingressType, rule.With(props{"cidrIpv4": nil}), "exactly one of"},
		"rule with ports for all": {ingressType, rule.With(props{"ipProtocol": "-1"}),
			"must not be given with ipProtocol -1"},
		"rule backwards": {ingressType, rule.With(props{"fromPort": 444}), "invalid TCP/UDP port range"},
		"rule to another network": {ingressType,
			rule.With(props{"cidrIpv4": nil, "referencedSecurityGroupId": stranger}), "belong to different networks"},
		"reserved tag": {vpcType, props{"cidrBlock": "10.1.0.0/16",
			"tags": map[string]any{"aws:mine": "x"}}, "is reserved"},
		"tag's alphabet": {vpcType, props{"cidrBlock": "10.1.0.0/16",
			"tags": map[string]any{"owner": "a,b"}}, "does not allow"},
	}
}

func (p place) machineMistakes() map[string]mistake {
	stranger := p.stranger()
	bigUserData := base64.StdEncoding.EncodeToString(make([]byte, userDataLimit+1))
	return map[string]mistake{
		"architecture": {instanceType, p.machine().With(props{"instanceType": "t3.medium"}),
			"does not match the architecture"},
		"no such type": {instanceType, p.machine().With(props{"instanceType": "t4g.enormous"}),
			"InstanceType"},
		"no such image": {instanceType, p.machine().With(props{"ami": "ami-0"}), "InvalidAMIID.NotFound"},
		"zone of the subnet": {instanceType, p.machine().With(props{"availabilityZone": "us-east-1b"}),
			"the subnet"},
		"groups of another network": {instanceType, p.machine().With(props{"vpcSecurityGroupIds": []any{stranger}}),
			"belong to different networks"},
		"no such profile": {instanceType, p.machine().With(props{"iamInstanceProfile": "nobody"}),
			"Invalid IAM Instance Profile name"},
		"two kinds of user data": {instanceType, p.machine().With(props{"userData": "x"}), "conflicts with"},
		"user data too long": {instanceType, p.machine().With(props{"userDataBase64": bigUserData}),
			"User data is limited to 16384 bytes"},
		"user data not base64": {instanceType, p.machine().With(props{"userDataBase64": "{"}),
			"must be base64-encoded"},
		"disk too small": {instanceType,
			p.machine().With(props{"rootBlockDevice": map[string]any{"volumeSize": 8}}), "smaller than snapshot"},
		"key of a plain disk": {instanceType,
			p.machine().With(props{"rootBlockDevice": map[string]any{"kmsKeyId": "alias/x"}}), "InvalidParameterDependency"},
		"no such key": {instanceType,
			p.machine().With(props{"rootBlockDevice": map[string]any{"encrypted": true,
				"kmsKeyId": "alias/x"}}), "NotFoundException"},
		"hop limit": {instanceType,
			p.machine().With(props{"metadataOptions": map[string]any{"httpPutResponseHopLimit": 65}}),
			"metadataOptions.httpPutResponseHopLimit"},
		"interface and subnet": {instanceType,
			p.machine().With(props{"networkInterfaces": []any{map[string]any{"deviceIndex": 0,
				"networkInterfaceId": "eni-0"}}}), "conflicts with"},
	}
}

func (p place) loadBalancerMistakes() map[string]mistake {
	long := strings.Repeat("x", 33)
	other := p.Create(vpcType, "other", props{"cidrBlock": "10.9.0.0/16"})
	loadBalancer := props{"internal": true, "loadBalancerType": "network", "subnets": []any{p.private}}
	targets := props{"port": 6443, "protocol": "TCP", "vpcId": p.vpc}
	return map[string]mistake{
		"balancer's name": {loadBalancerType, loadBalancer.With(props{"name": long}),
			"cannot be longer than 32 characters"},
		"two subnets of a zone": {loadBalancerType, loadBalancer.With(props{"subnets": []any{p.private, p.public}}),
			"multiple subnets in the same Availability Zone"},
		"public without gateway": {loadBalancerType,
			props{"loadBalancerType": "network", "subnets": []any{p.subnetOf(other)}}, "has no internet gateway"},
		"matcher on TCP": {targetGroupType,
			targets.With(props{"healthCheck": map[string]any{"protocol": "TCP",
				"matcher": "200"}}), "healthCheck.matcher"},
		"interval": {targetGroupType, targets.With(props{"healthCheck": map[string]any{"interval": 4}}),
			"healthCheck.interval"},
		"port": {targetGroupType, targets.With(props{"port": 65536}), "port: is 65536"},
	}
}

func (p place) otherMistakes() map[string]mistake {
	zone := p.Create(zoneType, "zone", props{"name": "test.internal", "vpcs": []any{map[string]any{"vpcId": p.vpc}}})
	record := props{"zoneId": zone, "name": "api", "type": "A", "ttl": 60, "records": []any{"10.0.0.1"}}
	return map[string]mistake{
		"relative alias": {recordType, record.With(props{"aliases": []any{map[string]any{"name": "nowhere",
			"zoneId": "Z", "evaluateTargetHealth": true}}, "records": nil, "ttl": nil}), "alias target name"},
		"record in no zone":    {recordType, record.With(props{"zoneId": "Z0"}), "NoSuchHostedZone"},
		"record of no address": {recordType, record.With(props{"records": []any{"localhost"}}), "IllegalIPv4Address"},
		"zone twice": {zoneType, props{"name": "test.internal",
			"vpcs": []any{map[string]any{"vpcId": p.vpc}}}, "ConflictingDomainExists"},
		"policy":            {roleType, props{"assumeRolePolicy": "{"}, "MalformedPolicyDocument"},
		"profile of nobody": {profileType, props{"role": "nobody"}, "NoSuchEntity"},
		"alias of AWS":      {aliasType, props{"name": "alias/aws/ebs", "targetKeyId": "x"}, "reserved for AWS"},
		"grant's operation": {grantType, props{"keyId": "x",
			"granteePrincipal": "arn:aws:iam::123456789012:role/r", "operations": []any{"Delete"}}, "operations[0]"},
	}
}

// subnetOf creates a subnet in the other network.
func (p place) subnetOf(vpc string) string {
	return p.Create(subnetType, "of "+vpc, props{"vpcId": vpc, "cidrBlock": "10.9.0.0/24"})
}

// TestNamesAreUnique creates the same name twice.
func TestNamesAreUnique(t *testing.T) {
	p := newPlace(t)
	key := p.Create(keyType, "disks", props{})
	for token, c := range map[string]struct {
		inputs props
		want   string
	}{
		securityGroupType: {props{"vpcId": p.vpc, "name": "twice"}, "InvalidGroup.Duplicate"},
		loadBalancerType: {props{"name": "twice", "internal": true, "loadBalancerType": "network",
			"subnets": []any{p.private}}, "already exists"},
		targetGroupType: {props{"name": "twice", "port": 1, "protocol": "TCP", "vpcId": p.vpc}, "already exists"},
		roleType:        {props{"name": "twice", "assumeRolePolicy": `{"Statement":[]}`}, "EntityAlreadyExists"},
		profileType:     {props{"name": "twice"}, "EntityAlreadyExists"},
		templateType:    {props{"name": "twice"}, "AlreadyExistsException"},
		aliasType:       {props{"name": "alias/twice", "targetKeyId": key}, "AlreadyExistsException"},
	} {
		p.Create(token, "first", c.inputs)
		_, _, err := p.Try(token, "second", c.inputs)
		assert.ErrorContains(t, err, c.want, token)
	}
}

// TestDeletesInUse takes away what others still need.
func TestDeletesInUse(t *testing.T) {
	p := newPlace(t)
	machine := p.Create(instanceType, "machine", p.machine())
	role := p.Create(roleType, "role", props{"assumeRolePolicy": `{"Statement":[]}`})
	p.Create(profileType, "profile", props{"role": role})
	loadBalancer := p.Create(loadBalancerType, "api",
		props{"internal": true, "loadBalancerType": "network", "subnets": []any{p.other},
			"enableDeletionProtection": true})
	for token, c := range map[string][2]string{
		vpcType:           {p.vpc, "DependencyViolation"},
		subnetType:        {p.private, "DependencyViolation"},
		securityGroupType: {p.controlPlanes, "DependencyViolation"},
		gatewayType:       {p.gateway, "mapped public address"},
		roleType:          {role, "must remove roles from instance profile first"},
		loadBalancerType:  {loadBalancer, "deletion protection is enabled"},
	} {
		assert.ErrorContains(t, p.Delete(token, c[0]), c[1], token)
	}
	require.NoError(t, p.Delete(instanceType, machine))
	assert.NoError(t, p.Delete(securityGroupType, p.controlPlanes))
}

// TestReplacements changes one input after the other: some replace the resource, the others do not.
func TestReplacements(t *testing.T) {
	p := newPlace(t)
	loadBalancer := props{"internal": true, "loadBalancerType": "network", "subnets": []any{p.private, p.other},
		"securityGroups": []any{p.workers}}
	targets := props{"port": 6443, "protocol": "TCP", "vpcId": p.vpc}
	for name, c := range map[string]struct {
		token          string
		before, change props
		changes        bool
		replaces       []string
	}{
		"nothing":       {instanceType, p.machine(), props{}, false, nil},
		"a default":     {targetGroupType, targets, props{"deregistrationDelay": 300}, false, nil},
		"type in place": {instanceType, p.machine(), props{"instanceType": "t4g.large"}, true, nil},
		"image": {instanceType, p.machine(), props{"ami": "ami-0aa64000000000001"}, true,
			[]string{"ami"}},
		"subnet":             {instanceType, p.machine(), props{"subnetId": p.other}, true, []string{"subnetId"}},
		"user data in place": {instanceType, p.machine(), props{"userDataBase64": "eA=="}, true, nil},
		"user data, on demand": {instanceType, p.machine().With(props{"userDataReplaceOnChange": true}),
			props{"userDataBase64": "eA=="}, true, []string{"userDataBase64"}},
		"disk in place": {instanceType,
			p.machine().With(props{"rootBlockDevice": map[string]any{"volumeSize": 20}}),
			props{"rootBlockDevice": map[string]any{"volumeSize": 30}}, true, nil},
		"encryption": {instanceType,
			p.machine().With(props{"rootBlockDevice": map[string]any{"encrypted": false}}),
			props{"rootBlockDevice": map[string]any{"encrypted": true}}, true, []string{"rootBlockDevice"}},
		"tags": {instanceType, p.machine(), props{"tags": map[string]any{"a": "b"}}, true, nil},
		"one subnet less": {loadBalancerType, loadBalancer, props{"subnets": []any{p.private}}, true,
			[]string{"subnets"}},
		"a subnet not known": {loadBalancerType, loadBalancer,
			props{"subnets": []any{p.private, resource.Computed{Element: resource.NewStringProperty("")}}}, true, nil},
		"no security group": {loadBalancerType, loadBalancer, props{"securityGroups": []any{}}, true,
			[]string{"securityGroups"}},
		"order of a set": {loadBalancerType, loadBalancer, props{"subnets": []any{p.other, p.private}}, false, nil},
		"target port":    {targetGroupType, targets, props{"port": 6444}, true, []string{"port"}},
		"health check": {targetGroupType,
			targets.With(props{"healthCheck": map[string]any{"protocol": "TCP"}}),
			props{"healthCheck": map[string]any{"protocol": "TCP", "interval": 10}}, true, nil},
		"host names, kept": {vpcType, props{"cidrBlock": "10.6.0.0/16", "enableDnsHostnames": true},
			props{"enableDnsHostnames": nil}, false, nil},
		"network": {vpcType, props{"cidrBlock": "10.7.0.0/16"}, props{"cidrBlock": "10.8.0.0/16"}, true,
			[]string{"cidrBlock"}},
	} {
		t.Run(name, func(t *testing.T) {
			id := p.Create(c.token, strings.ReplaceAll(name, " ", "-"), c.before)
			response := p.Diff(c.token, id, c.before.With(c.change))
			assert.Equal(t, c.changes, len(response.Diffs) > 0, "%v", response.Diffs)
			assert.Equal(t, c.replaces, response.Replaces)
		})
	}
}

// TestAKeyOfADisk deletes the key under a running machine, which does not notice until it stops.
func TestAKeyOfADisk(t *testing.T) {
	p := newPlace(t)
	key := p.Create(keyType, "disks", props{"description": "Disks"})
	p.Create(instanceType, "machine", p.machine().With(props{"rootBlockDevice": map[string]any{"encrypted": true,
		"kmsKeyId": arn("kms", "us-east-1", "key/"+key)}}))
	fault := func() (fault string) {
		p.Within(func(st *store.Store) { fault = newNetwork(st).Machines()[0].DiskFault })
		return fault
	}
	assert.Empty(t, fault())
	require.NoError(t, p.Delete(keyType, key))
	assert.Contains(t, fault(), "is pending deletion: the machine does not start again")
}

// TestOutputs reads what the provider computes.
func TestOutputs(t *testing.T) {
	p := newPlace(t)
	_, machine, err := p.Try(instanceType, "machine",
		p.machine().With(props{"userDataBase64": nil, "userData": "hello"}))
	require.NoError(t, err)
	assert.Equal(t, "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d", machine["userData"], "a SHA-1, not the text")
	assert.Equal(t, "us-east-1a", machine["availabilityZone"])
	assert.Equal(t, "10.0.16.4", machine["privateIp"])
	assert.Equal(t, "ip-10-0-16-4.ec2.internal", machine["privateDns"])
	assert.Equal(t, "/dev/xvda", machine["rootBlockDevice"].(map[string]any)["deviceName"])
	for name := range machine {
		assert.False(t, strings.HasPrefix(name, "__"), "%s is the store's own", name)
	}
}

// TestDefaultTags merges the provider's tags into those of a resource.
func TestDefaultTags(t *testing.T) {
	h := simulatortest.New(t, Provider(), props{
		"region": "us-west-1", "defaultTags": map[string]any{"tags": map[string]any{"stack": "dev", "owner": "us"}},
	})
	_, vpc, err := h.Try(vpcType, "network", props{"cidrBlock": "10.0.0.0/16", "tags": map[string]any{"owner": "them"}})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"stack": "dev", "owner": "them"}, vpc["tagsAll"])
	assert.Equal(t, map[string]any{"owner": "them"}, vpc["tags"])
}
