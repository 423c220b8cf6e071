package graph

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each test below is one invariant: a property that holds for every stack. variants are the stacks that they walk over:
// the three of this repository, and what else a stack file can ask for.
var variants = []struct {
	name, stack string
	changes     map[string]string
}{
	{"dev", "dev", nil},
	{"staging", "staging", nil},
	{"production", "production", nil},
	{"public", "production", map[string]string{"access": "public", "operatorCidrs": `["203.0.113.0/24"]`}},
	{"adopted", "production", map[string]string{"operatorCidrs": `["10.50.0.0/16"]`, "regions": `[{"name": "nyc1", "network": {"id": "vpc-0123456789abcdef0",
		"subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1", "subnet-0123456789abcdef2"]}}]`}},
	{"flannel-luks", "staging", map[string]string{"cni": "flannel", "diskEncryption": "luks"}},
	{"own-key", "staging", map[string]string{"encryptionKey": ownKey}},
	{"pools", "production", map[string]string{"pools": `[
		{"name": "stateful", "size": "large", "count": 3, "workload": "stateful"},
		{"name": "burst", "size": "medium", "min": 1, "max": 8, "spot": {"base": 2, "maxPrice": "0.2"}},
		{"name": "steady", "size": "small", "min": 2, "max": 4}]`}},
	{"autoscaled", "production", map[string]string{"alarmEmails": `["ops@example.com"]`, "pools": `[
		{"name": "stateful", "size": "large", "count": 3, "workload": "stateful"},
		{"name": "any", "size": "medium", "count": 9, "spot": {"base": 1, "onDemandPercent": 25, "requirements": true, "rebalance": true}},
		{"name": "waiting", "size": "small", "min": 0, "max": 4, "labels": {"tier": "web"}, "taints": [{"key": "web", "value": "only", "effect": "NoExecute"}]},
		{"name": "loaded", "size": "small", "min": 1, "max": 4, "autoscaling": "cpu"}]`}},
	{"watched", "production", map[string]string{"flowLogs": "true", "ebsEncryptionByDefault": "true"}},
	{"controlled", "production", map[string]string{"cloudController": "true"}},
	{"open-ports", "production", map[string]string{"openPorts": openPorts}},
}

// openPorts are for nodes, for networks, and for both.
const openPorts = `[{"ports": 9100}, {"ports": "30000-32767", "from": ["10.0.0.0/8", "192.168.0.0/16"]},
	{"ports": "7946", "protocol": "udp", "from": ["nodes", "100.64.0.0/10"]}]`

const ownKey = "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"

// forEach runs an invariant over the graph of every variant.
func forEach(t *testing.T, check func(t *testing.T, g graph)) {
	t.Helper()
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) { check(t, build(t, v.stack, stackFile(t, v.stack, v.changes))) })
	}
}

// get follows a path of keys into a resource's inputs, past secrets.
func (n *node) get(path ...any) resource.PropertyValue {
	value := resource.NewObjectProperty(n.Inputs)
	for _, step := range path {
		for value.IsSecret() {
			value = value.SecretValue().Element
		}
		switch step := step.(type) {
		case string:
			if !value.IsObject() {
				return resource.NewNullProperty()
			}
			value = value.ObjectValue()[resource.PropertyKey(step)]
		case int:
			if !value.IsArray() || len(value.ArrayValue()) <= step {
				return resource.NewNullProperty()
			}
			value = value.ArrayValue()[step]
		}
	}
	for value.IsSecret() {
		value = value.SecretValue().Element
	}
	return value
}

func (n *node) text(path ...any) string {
	value := n.get(path...)
	switch {
	case value.IsString():
		return value.StringValue()
	case value.IsBool():
		return fmt.Sprint(value.BoolValue())
	case value.IsNumber():
		return fmt.Sprint(value.NumberValue())
	}
	return ""
}

const (
	instanceType = "aws:ec2/instance:Instance"
	nicType      = "aws:ec2/networkInterface:NetworkInterface"
	templateType = "aws:ec2/launchTemplate:LaunchTemplate"
	groupType    = "aws:autoscaling/group:Group"
	balancerType = "aws:lb/loadBalancer:LoadBalancer"
	ingressType  = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressType   = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
)

func (g graph) controlPlanes() []*node {
	return slices.DeleteFunc(g.ofType(instanceType), func(n *node) bool { return !strings.Contains(n.Name, "-control-plane-") })
}

func TestInvariant01ControlPlanesAreNeverSpot(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		require.NotEmpty(t, g.controlPlanes())
		for _, n := range g.controlPlanes() {
			assert.True(t, n.get("instanceMarketOptions").IsNull(), n.Name)
		}
		for _, n := range append(g.ofType(groupType), g.ofType(templateType)...) {
			assert.NotContains(t, n.Name, "control-plane")
		}
	})
}

func TestInvariant03And04MachinesSpreadOverZones(t *testing.T) {
	g := build(t, "production", stackFile(t, "production"))
	zonesOf := func(nodes []*node) map[string]bool {
		zones := map[string]bool{}
		for _, n := range nodes {
			zones[n.text("subnetId")] = true
		}
		return zones
	}
	in := func(cluster, pool string) []*node {
		return slices.DeleteFunc(g.ofType(nicType), func(n *node) bool { return !strings.HasPrefix(n.Name, cluster+"-"+pool) })
	}
	assert.Len(t, zonesOf(in("inferadb-production-nyc1", "control-plane")), 3)
	assert.Len(t, zonesOf(in("inferadb-production-sfo1", "control-plane")), 2, "us-west-1 gives an account two zones")
	assert.Len(t, zonesOf(in("inferadb-production-nyc1", "workers")), 3)
	forEach(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType(groupType) {
			assert.GreaterOrEqual(t, len(n.get("vpcZoneIdentifiers").ArrayValue()), 2, n.Name)
		}
	})
}

func TestInvariant06EveryRuleStandsByItselfAndSaysWhy(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		require.NotEmpty(t, g.ofType(ingressType))
		for _, n := range g.ofType(ingressType) {
			assert.NotEmpty(t, n.text("description"), n.Name)
		}
		for _, n := range g.ofType("aws:ec2/securityGroup:SecurityGroup") {
			assert.True(t, n.get("ingress").IsNull() && n.get("egress").IsNull(), "%s has rules of its own", n.Name)
		}
	})
}

func TestInvariant07And08PortsAreTheLeast(t *testing.T) {
	// What each port range may come from, by the group that it leads to.
	allowed := map[string][]string{
		"control-plane 2379-2380":   {"control-plane"},
		"control-plane 6443-6443":   {"control-plane", "worker", "load-balancer"},
		"control-plane 10250-10250": {"control-plane", "worker"},
		"control-plane 50000-50000": {"control-plane", "operators"},
		"control-plane 50001-50001": {"control-plane", "worker"},
		"worker 10250-10250":        {"control-plane", "worker"},
		"worker 50000-50000":        {"control-plane"},
		"load-balancer 6443-6443":   {"control-plane", "worker", "operators"},
		"load-balancer 3-4":         {"operators"},
	}
	for _, role := range []string{"control-plane", "worker"} {
		for _, overlay := range []string{"8472-8472", "4789-4789", "4240-4240", "4244-4244", "51871-51871", "8-0"} {
			allowed[role+" "+overlay] = []string{"control-plane", "worker"}
		}
	}
	group := func(id string) string {
		for _, role := range []string{"control-plane", "worker", "load-balancer"} {
			if strings.HasSuffix(id, "-"+role+"-id") {
				return role
			}
		}
		return "operators"
	}
	opened := map[string][]string{}
	for _, role := range []string{"control-plane", "worker"} {
		opened[role+" 9100-9100"] = []string{"control-plane", "worker"}
		opened[role+" 30000-32767"] = []string{"10.0.0.0/8", "192.168.0.0/16"}
		opened[role+" 7946-7946"] = []string{"control-plane", "worker", "100.64.0.0/10"}
	}
	forEach(t, func(t *testing.T, g graph) {
		public, found := t.Name() == "TestInvariant07And08PortsAreTheLeast/public", map[string]int{}
		for _, n := range g.ofType(ingressType) {
			key := fmt.Sprintf("%s %s-%s", group(n.text("securityGroupId")), n.text("fromPort"), n.text("toPort"))
			sources := allowed[key]
			if cidr := n.text("cidrIpv4"); strings.HasSuffix(t.Name(), "/open-ports") && opened[key] != nil {
				assert.Contains(t, opened[key], cmp.Or(cidr, group(n.text("referencedSecurityGroupId"))), "%s: %s", n.Name, key)
				found[key]++
				continue
			}
			if public && key == "control-plane 6443-6443" {
				sources = append(sources, "operators")
			}
			assert.Contains(t, sources, group(n.text("referencedSecurityGroupId")), "%s: %s", n.Name, key)
		}
		for key, sources := range opened {
			if strings.HasSuffix(t.Name(), "/open-ports") {
				assert.Equal(t, len(sources)*2, found[key], "%s, in both regions", key)
			}
		}
	})
}

func TestInvariant10NothingPublicResolvesToTheBalancer(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		require.NotEmpty(t, g.ofType(balancerType))
		for _, n := range g.ofType("aws:route53/zone:Zone") {
			assert.NotEmpty(t, n.text("vpcs", 0, "vpcId"), "%s is a public zone", n.Name)
		}
	})
}

func TestInvariant11TheBalancerChecksAndTargetsTheControlPlanesAlone(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType("aws:lb/targetGroup:TargetGroup") {
			assert.Equal(t, "6443", n.text("healthCheck", "port"))
			assert.Equal(t, "TCP", n.text("healthCheck", "protocol"))
			assert.LessOrEqual(t, n.get("healthCheck", "interval").NumberValue(), 10.0)
		}
		var targets, controlPlanes []string
		for _, n := range g.ofType("aws:lb/targetGroupAttachment:TargetGroupAttachment") {
			targets = append(targets, n.text("targetId"))
		}
		for _, n := range g.controlPlanes() {
			controlPlanes = append(controlPlanes, n.Name+"-id")
		}
		assert.ElementsMatch(t, controlPlanes, targets)
		for _, n := range g.ofType(groupType) {
			assert.True(t, n.get("targetGroupArns").IsNull(), n.Name)
		}
	})
}

func TestInvariant12TheBalancerCrossesZonesAndHidesClients(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType(balancerType) {
			assert.Equal(t, "true", n.text("enableCrossZoneLoadBalancing"))
			assert.NotEmpty(t, n.text("securityGroups", 0))
		}
		for _, n := range g.ofType("aws:lb/targetGroup:TargetGroup") {
			assert.Equal(t, "false", n.text("preserveClientIp"))
		}
		mtu := slices.ContainsFunc(g.ofType(ingressType), func(n *node) bool {
			return n.text("ipProtocol") == "icmp" && n.text("fromPort") == "3" && n.text("toPort") == "4"
		})
		assert.True(t, mtu, "fragmentation-needed is not let through")
	})
}

func TestInvariant13TheEndpointIsInTheCertificates(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType("talos:machine/configurationApply:ConfigurationApply") {
			document := n.text("machineConfigurationInput")
			cluster := strings.Join(strings.Split(n.Name, "-")[:3], "-")
			assert.Contains(t, document, "endpoint: https://api."+cluster+".internal:6443")
			assert.Contains(t, document, "kubePrism:\n            enabled: true")
			if strings.Contains(n.Name, "control-plane") {
				assert.Contains(t, document, "- api."+cluster+".internal")
				assert.Contains(t, document, ".elb.amazonaws.com", "the name by which operators reach the balancer")
			}
		}
	})
}

func TestInvariant15EveryDiskHasTheKey(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		key := ""
		for _, n := range g.ofType("aws:kms/key:Key") {
			assert.Equal(t, "true", n.text("enableKeyRotation"))
			if strings.HasSuffix(n.Name, "-disks") {
				key = n.Name
			}
		}
		own := strings.HasSuffix(t.Name(), "own-key")
		checkKey := func(name, id string) {
			switch {
			case own:
				assert.Equal(t, ownKey, id, name)
			case key != "":
				assert.Contains(t, id, "-disks", name)
			default:
				assert.Empty(t, id, name)
			}
		}
		for _, n := range g.ofType(instanceType) {
			assert.Equal(t, "gp3", n.text("rootBlockDevice", "volumeType"), n.Name)
			assert.True(t, n.get("ebsBlockDevices").IsNull(), n.Name)
			checkKey(n.Name, n.text("rootBlockDevice", "kmsKeyId"))
		}
		for _, n := range g.ofType(templateType) {
			mappings := n.get("blockDeviceMappings").ArrayValue()
			require.Len(t, mappings, 1, n.Name)
			assert.Equal(t, "/dev/xvda", n.text("blockDeviceMappings", 0, "deviceName"), "the AMI's root device")
			checkKey(n.Name, n.text("blockDeviceMappings", 0, "ebs", "kmsKeyId"))
		}
	})
}

// TestInvariant17MachinesAreNamedAndOwned is about the tags by which people and Kubernetes' controllers know machines.
func TestInvariant17MachinesAreNamedAndOwned(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		requireTags := func(n *node, path ...any) {
			tags := n.get(path...)
			require.True(t, tags.IsObject(), "%s has no %v", n.Name, path)
			cluster := tags.ObjectValue()["cluster"].StringValue()
			assert.Contains(t, tags.ObjectValue(), resource.PropertyKey("Name"), n.Name)
			assert.Equal(t, "owned", tags.ObjectValue()[resource.PropertyKey("kubernetes.io/cluster/"+cluster)].StringValue(), n.Name)
		}
		for _, n := range g.ofType(instanceType) {
			requireTags(n, "tags")
			requireTags(n, "rootBlockDevice", "tags")
		}
		for _, n := range g.ofType(nicType) {
			requireTags(n, "tags")
		}
		for _, n := range g.ofType(templateType) {
			require.Len(t, n.get("tagSpecifications").ArrayValue(), 3, n.Name)
			for i := range n.get("tagSpecifications").ArrayValue() {
				requireTags(n, "tagSpecifications", i, "tags")
			}
		}
		for _, n := range g.ofType(groupType) {
			var keys []string
			for i := range n.get("tags").ArrayValue() {
				keys = append(keys, n.text("tags", i, "key"))
			}
			assert.Subset(t, keys, []string{"pool", "Name"}, n.Name)
		}
	})
}

func TestInvariant19TheMixedPolicyIsOneThatAWSAccepts(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType(groupType) {
			if n.get("mixedInstancesPolicy").IsNull() {
				continue
			}
			distribution := []any{"mixedInstancesPolicy", "instancesDistribution"}
			assert.Equal(t, "capacity-optimized", n.text(append(distribution, "spotAllocationStrategy")...))
			assert.True(t, n.get(append(distribution, "spotInstancePools")...).IsNull())
			overrides := n.get("mixedInstancesPolicy", "launchTemplate", "overrides").ArrayValue()
			for i := range overrides {
				assert.True(t, n.get("mixedInstancesPolicy", "launchTemplate", "overrides", i, "weightedCapacity").IsNull(), "%s counts machines", n.Name)
			}
			if strings.HasSuffix(n.Name, "-any") {
				assert.Equal(t, "25", n.text(append(distribution, "onDemandPercentageAboveBaseCapacity")...))
				assert.Equal(t, "lowest-price", n.text(append(distribution, "onDemandAllocationStrategy")...))
				assert.Len(t, overrides, 1)
			} else {
				assert.Equal(t, "0", n.text(append(distribution, "onDemandPercentageAboveBaseCapacity")...))
				assert.GreaterOrEqual(t, len(overrides), 5, "the size's own type and four others")
			}
			assert.True(t, n.get("launchTemplate").IsNull(), "a group has a template or a mixed policy")
		}
		for _, n := range g.ofType(templateType) {
			assert.True(t, n.get("instanceMarketOptions").IsNull(), "%s asks for spot itself", n.Name)
			assert.Equal(t, "false", n.text("networkInterfaces", 0, "associatePublicIpAddress"), n.Name)
		}
	})
	g := build(t, "production", stackFile(t, "production", variants[7].changes))
	burst := g.ofType(groupType)[0]
	assert.Equal(t, "2", burst.text("mixedInstancesPolicy", "instancesDistribution", "onDemandBaseCapacity"))
	assert.Equal(t, "0.2", burst.text("mixedInstancesPolicy", "instancesDistribution", "spotMaxPrice"))
}

func TestInvariant23DesiredIsIgnoredOnlyWhereAnAutoscalerMovesIt(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType(groupType) {
			autoscaled := n.text("minSize") != n.text("maxSize")
			assert.Equal(t, autoscaled, slices.Contains(n.IgnoreChange, "desiredCapacity"), n.Name)
		}
	})
}

// TestInvariant28NoInputHoldsASecretInClear looks for the cluster's secrets in every input that is not marked, on every cloud.
func TestInvariant28NoInputHoldsASecretInClear(t *testing.T) {
	leaves := secretLeaves(resource.NewPropertyMapFromMap(mockSecrets()))
	require.NotEmpty(t, leaves)
	forEachOnEveryCloud(t, func(t *testing.T, g graph) {
		for _, n := range g.nodes {
			text := plain(resource.NewObjectProperty(n.Inputs))
			for _, leaf := range leaves {
				assert.False(t, strings.Contains(text, leaf), "%s %s holds a secret in clear", n.Type, n.Name)
			}
		}
	})
}

// secretLeaves are the long strings of the mocked secrets.
func secretLeaves(secrets resource.PropertyMap) []string {
	var leaves []string
	var walk func(v resource.PropertyValue)
	walk = func(v resource.PropertyValue) {
		switch {
		case v.IsObject():
			for _, child := range v.ObjectValue() {
				walk(child)
			}
		case v.IsString() && len(v.StringValue()) > 12:
			leaves = append(leaves, v.StringValue())
		}
	}
	walk(secrets["machineSecrets"])
	return leaves
}

// plain is everything in a value that is not marked secret.
func plain(v resource.PropertyValue) string {
	switch {
	case v.IsSecret():
		return ""
	case v.IsObject():
		var all strings.Builder
		for _, child := range v.ObjectValue() {
			all.WriteString(plain(child) + "\n")
		}
		return all.String()
	case v.IsArray():
		var all strings.Builder
		for _, child := range v.ArrayValue() {
			all.WriteString(plain(child) + "\n")
		}
		return all.String()
	case v.IsString():
		return v.StringValue()
	}
	return ""
}

func TestInvariant29ProductionIsProtected(t *testing.T) {
	protected := func(g graph) (types []string) {
		for _, n := range g.nodes {
			if n.Protect && !slices.Contains(types, n.Type) {
				types = append(types, n.Type)
			}
		}
		return types
	}
	g := build(t, "production", stackFile(t, "production"))
	assert.ElementsMatch(t, []string{"talos:machine/secrets:Secrets", "talos:machine/bootstrap:Bootstrap", balancerType, instanceType, "aws:kms/key:Key"}, protected(g))
	for _, n := range g.ofType(instanceType) {
		assert.Equal(t, "true", n.text("disableApiTermination"), n.Name)
		assert.True(t, n.Protect, n.Name)
	}
	for _, n := range g.ofType(balancerType) {
		assert.Equal(t, "true", n.text("enableDeletionProtection"), n.Name)
	}
	stateless := map[string]string{"pools": `[{"name": "web", "size": "small", "count": 2}]`}
	for _, n := range build(t, "production", stackFile(t, "production", stateless)).ofType(instanceType) {
		assert.Equal(t, strings.Contains(n.Name, "control-plane"), n.Protect, "%s: a pool that keeps nothing can shrink", n.Name)
	}
	for _, stack := range []string{"dev", "staging"} {
		assert.Empty(t, protected(build(t, stack, stackFile(t, stack))), stack)
	}
}

func TestInvariant30ControlPlanesAreNotReplacedTogether(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType(instanceType) {
			assert.Subset(t, n.IgnoreChange, []string{"ami", "userDataBase64", "instanceType", "rootBlockDevice.kmsKeyId"}, n.Name)
			assert.NotEqual(t, "true", n.text("userDataReplaceOnChange"), n.Name)
		}
		for _, n := range g.ofType("talos:machine/secrets:Secrets") {
			assert.Contains(t, n.IgnoreChange, "talosVersion")
		}
	})
}

// TestInvariant30NodesThatRunAreConfiguredOneAfterTheOther: those of a new cluster are not, because none of them serves yet.
func TestInvariant30NodesThatRunAreConfiguredOneAfterTheOther(t *testing.T) {
	for _, provider := range clouds {
		t.Run(provider, func(t *testing.T) {
			settings := stackFile(t, "production", map[string]string{"provider": provider})
			created := build(t, "production", settings)
			again, err := tryBuildAgain("production", settings, created.state)
			require.NoError(t, err)
			assert.ElementsMatch(t, slices.Collect(maps.Keys(created.nodes)), slices.Collect(maps.Keys(again.nodes)))
			for _, region := range []string{"nyc1", "sfo1"} {
				for name, g := range map[string]graph{"created": created, "again": again} {
					applied := ofCluster(g.ofType("talos:machine/configurationApply:ConfigurationApply"), "inferadb-production-"+region)
					require.Greater(t, len(applied), 3)
					for i, n := range applied {
						for _, other := range applied[:i] {
							waits := g.reaches(n, other) || g.reaches(other, n)
							// In a new cluster workers wait for the bootstrap, and so for control planes.
							inTurn := name == "again" || strings.Contains(n.Name, "-control-plane-") != strings.Contains(other.Name, "-control-plane-")
							assert.Equal(t, inTurn, waits, "%s: %s and %s", name, n.Name, other.Name)
						}
					}
				}
			}
		})
	}
}

func TestInvariant33BootstrapHappensOnceBehindTheEndpoint(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		bootstraps := g.ofType("talos:machine/bootstrap:Bootstrap")
		assert.Len(t, bootstraps, len(g.ofType("inferadb:index:TalosCluster")), "one for each cluster")
		for _, b := range bootstraps {
			for _, token := range []string{"aws:lb/listener:Listener", "aws:route53/record:Record", "aws:lb/targetGroupAttachment:TargetGroupAttachment", instanceType} {
				for _, n := range g.ofType(token) {
					if strings.HasPrefix(n.Name, b.Name) && (token != instanceType || strings.Contains(n.Name, "control-plane")) {
						assert.True(t, g.reaches(b, n), "bootstrap does not wait for %s", n.Name)
					}
				}
			}
			for _, n := range g.nodes {
				if n.Type == instanceType || n.Type == groupType {
					assert.False(t, g.reaches(n, b), "%s waits for the bootstrap", n.Name)
				}
			}
			assert.True(t, b.get("timeouts").IsNull(), "timeouts break the bootstrap")
		}
		for _, k := range g.ofType("talos:cluster/kubeconfig:Kubeconfig") {
			reached := slices.ContainsFunc(bootstraps, func(b *node) bool { return g.reaches(k, b) })
			assert.True(t, reached, "the kubeconfig does not wait for a bootstrap")
		}
	})
}

// TestGraphHasNoNeedlessEdge is what makes an update as fast as its slowest part: workers, load balancer and control
// planes are created side by side.
func TestGraphHasNoNeedlessEdge(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		var controlPlanes, workers []*node
		for _, n := range g.ofType(instanceType) {
			if strings.Contains(n.Name, "control-plane") {
				controlPlanes = append(controlPlanes, n)
			} else {
				workers = append(workers, n)
			}
		}
		workers = append(workers, g.ofType(groupType)...)
		balancers := append(g.ofType(balancerType), g.ofType("aws:lb/listener:Listener")...)
		for name, pair := range map[string][2][]*node{
			"control planes wait for the balancer":  {controlPlanes, balancers},
			"workers wait for the balancer":         {workers, balancers},
			"workers wait for control planes":       {workers, controlPlanes},
			"control planes wait for workers":       {controlPlanes, workers},
			"the balancer waits for control planes": {balancers, controlPlanes},
			"a control plane waits for another":     {controlPlanes, controlPlanes},
		} {
			for _, from := range pair[0] {
				for _, to := range pair[1] {
					assert.False(t, g.reaches(from, to), "%s: %s, %s", name, from.Name, to.Name)
				}
			}
		}
	})
}

func TestInvariant35EachRegionHasItsProvider(t *testing.T) {
	g := build(t, "production", stackFile(t, "production"))
	var regions []string
	for _, n := range g.ofType("pulumi:providers:aws") {
		regions = append(regions, n.text("region"))
	}
	assert.ElementsMatch(t, []string{"us-east-1", "us-west-1"}, regions)
}

func TestInvariant36AnAdoptedNetworkIsLeftAsItIs(t *testing.T) {
	g := build(t, "production", stackFile(t, "production", variants[4].changes))
	for _, token := range []string{"Vpc", "Subnet", "RouteTable", "Route", "NatGateway", "InternetGateway", "Eip", "VpcEndpoint"} {
		for _, n := range g.nodes {
			assert.NotEqual(t, token, n.Type[strings.LastIndex(n.Type, ":")+1:], n.Name)
		}
	}
	for _, n := range g.ofType(nicType) {
		assert.True(t, strings.HasPrefix(n.text("subnetId"), "subnet-"), n.Name)
	}
}

func TestInvariant25NamesFitTheirService(t *testing.T) {
	// Pulumi appends a dash and seven characters to the logical name.
	const suffix = 8
	limits := map[string]int{
		balancerType: 32, "aws:lb/targetGroup:TargetGroup": 32, "aws:iam/role:Role": 64, "aws:iam/instanceProfile:InstanceProfile": 128,
		"aws:cloudwatch/eventRule:EventRule": 64, "aws:sqs/queue:Queue": 80, "aws:sns/topic:Topic": 256, "aws:iam/rolePolicy:RolePolicy": 128,
		templateType: 128, groupType: 255, "aws:ec2/securityGroup:SecurityGroup": 255, "aws:kms/alias:Alias": 256,
	}
	forEach(t, func(t *testing.T, g graph) {
		for _, n := range g.nodes {
			if limit, ok := limits[n.Type]; ok {
				assert.LessOrEqual(t, len(n.Name)+suffix, limit, n.Name)
			}
			assert.True(t, n.get("name").IsNull() || !strings.HasPrefix(n.Type, "aws:lb/"), "%s has a fixed name: its replacement would fail", n.Name)
		}
	})
}

// TestAChangeRollsThroughAShareOfAGroup: a range of healthy percentages is how many machines go at once.
func TestAChangeRollsThroughAShareOfAGroup(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType("aws:autoscaling/group:Group") {
			assert.EqualValues(t, 100, n.get("instanceRefresh", "preferences", "minHealthyPercentage").NumberValue(), n.Name)
			assert.EqualValues(t, 110, n.get("instanceRefresh", "preferences", "maxHealthyPercentage").NumberValue(), n.Name)
		}
	})
}

func TestInvariant37ImagesArePinned(t *testing.T) {
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			found := false
			for _, call := range build(t, v.stack, stackFile(t, v.stack, v.changes)).calls {
				if call.Token != "aws:ec2/getAmi:getAmi" {
					continue
				}
				found = true
				assert.False(t, call.Args.HasValue("mostRecent"))
				assert.True(t, call.Args["includeDeprecated"].BoolValue(), "an image is hidden two years after its release")
				assert.Equal(t, "540036508848", call.Args["owners"].ArrayValue()[0].StringValue())
				assert.NotEmpty(t, call.Provider)
				name := call.Args["filters"].ArrayValue()[0].ObjectValue()["values"].ArrayValue()[0].StringValue()
				assert.Regexp(t, `^talos-v\d+\.\d+\.\d+-us-(east|west)-1-arm64$`, name)
			}
			assert.True(t, found)
		})
	}
}

func TestInvariant39NodesWaitForTheirWayOut(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		nats := g.ofType("aws:ec2/natGateway:NatGateway")
		if len(nats) == 0 {
			t.Skip("an adopted network has its own way out")
		}
		public := strings.HasSuffix(t.Name(), "/public")
		for _, n := range append(g.ofType(instanceType), g.ofType(groupType)...) {
			ways := nats
			if public && strings.Contains(n.Name, "control-plane") {
				ways = g.ofType("aws:ec2/internetGateway:InternetGateway")
			}
			assert.True(t, slices.ContainsFunc(ways, func(way *node) bool { return g.reaches(n, way) }), n.Name)
		}
	})
	g := build(t, "production", stackFile(t, "production"))
	assert.Len(t, g.ofType("aws:ec2/natGateway:NatGateway"), 5, "production has one for each of its zones")
	g = build(t, "staging", stackFile(t, "staging"))
	assert.Len(t, g.ofType("aws:ec2/natGateway:NatGateway"), 1)
}
