package invariants

import (
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// The types of resources on AWS.
const (
	awsInstance      = "aws:ec2/instance:Instance"
	awsInterface     = "aws:ec2/networkInterface:NetworkInterface"
	awsTemplate      = "aws:ec2/launchTemplate:LaunchTemplate"
	awsScalingGroup  = "aws:autoscaling/group:Group"
	awsBalancer      = "aws:lb/loadBalancer:LoadBalancer"
	awsListener      = "aws:lb/listener:Listener"
	awsTargetGroup   = "aws:lb/targetGroup:TargetGroup"
	awsTarget        = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
	awsSecurityGroup = "aws:ec2/securityGroup:SecurityGroup"
	awsIngress       = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	awsNAT           = "aws:ec2/natGateway:NatGateway"
	awsZone          = "aws:route53/zone:Zone"
	awsRecord        = "aws:route53/record:Record"
	awsKey           = "aws:kms/key:Key"
	awsRole          = "aws:iam/role:Role"
	awsPolicy        = "aws:iam/rolePolicy:RolePolicy"
	awsProvider      = "pulumi:providers:aws"
	awsGetImage      = "aws:ec2/getAmi:getAmi"

	awsAccount = "123456789012"
	awsOwnKey  = "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
	// awsGroups is the stack with groups on the spot market, one for each way to ask for it.
	awsGroups = "autoscaled"
)

var _ = register("aws", cloud{
	stacks: awsStacks, checks: awsChecks, breaks: awsBreaks, refused: awsRefused, allowed: awsAllowed,
	words: map[string]string{
		"other": "gcp", "zone": "us-east-1a", "zones": `"us-east-1a","us-east-1b"`, "image": "ami-0fedcba9876543210",
		"network": "vpc-0123456789abcdef0", "network2": "vpc-0fedcba9876543210",
		"subnets":  `"subnet-0123456789abcdef0","subnet-0123456789abcdef1","subnet-0123456789abcdef2"`,
		"subnets2": `"subnet-1123456789abcdef0","subnet-1123456789abcdef1","subnet-1123456789abcdef2"`,
		"public":   `,"publicSubnetIds":["subnet-2123456789abcdef0","subnet-2123456789abcdef1","subnet-2123456789abcdef2"]`,
		"public2":  `,"publicSubnetIds":["subnet-3123456789abcdef0","subnet-3123456789abcdef1","subnet-3123456789abcdef2"]`,
		"key":      awsOwnKey, "diskEncryption": "luks", "autoscaling": "cpu",
	},
})

var awsStacks = []Stack{
	{Name: "dev", Environment: "dev"},
	{Name: "staging", Environment: "staging"},
	{Name: "production", Environment: "production"},
	{Name: "public", Environment: "production", Changes: publicTo(`["203.0.113.0/24"]`)},
	{Name: "adopted", Environment: "production", Changes: stack("operatorCidrs", `["10.50.0.0/16"]`,
		"regions", `[{"name": "nyc1", "network": {"id": "vpc-0123456789abcdef0",
		"subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1", "subnet-0123456789abcdef2"]}}]`)},
	{Name: "flannel-luks", Environment: "staging", Changes: stack("cni", "flannel", "diskEncryption", "luks")},
	{Name: "own-key", Environment: "staging", Changes: stack("encryptionKey", awsOwnKey)},
	{Name: "stateless", Environment: "production", Changes: onePool(`,"count":2`)},
	{Name: "pools", Environment: "production", Changes: stack("pools", `[
		{"name": "stateful", "size": "large", "count": 3, "workload": "stateful"},
		{"name": "burst", "size": "medium", "min": 1, "max": 8, "spot": {"base": 2, "maxPrice": "0.2"}},
		{"name": "steady", "size": "small", "min": 2, "max": 4}]`)},
	{Name: awsGroups, Environment: "production", Changes: stack("alarmEmails", `["ops@example.com"]`, "pools", `[
		{"name": "stateful", "size": "large", "count": 3, "workload": "stateful"},
		{"name": "any", "size": "medium", "count": 9,
			"spot": {"base": 1, "onDemandPercent": 25, "requirements": true, "rebalance": true}},
		{"name": "waiting", "size": "small", "min": 0, "max": 4, "labels": {"tier": "web"},
			"taints": [{"key": "web", "value": "only", "effect": "NoExecute"}]},
		{"name": "loaded", "size": "small", "min": 1, "max": 4, "autoscaling": "cpu"}]`)},
	{Name: "watched", Environment: "production", Changes: stack("flowLogs", "true", "ebsEncryptionByDefault", "true")},
	{Name: "controlled", Environment: "production", Changes: stack("cloudController", "true")},
	{Name: "open-ports", Environment: "production", Changes: stack("openPorts", openPorts)},
}

var awsRefused = map[int][]Setting{
	3: {controlPlanesInOneZone},
	15: {
		refuse("an alias of a key",
			oneRegion(`,"encryptionKey":"arn:aws:kms:us-east-1:123456789012:alias/disks"`),
			"is not a key of AWS"),
		refuse("a key of another region",
			oneRegion(`,"encryptionKey":"arn:aws:kms:us-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"`),
			"the key is in us-west-1, the disks are in us-east-1"),
	},
	35: {everywhere(refuse("AWS credentials in the stack file", stack("aws:accessKey", "AKIAIOSFODNN7EXAMPLE"),
		"aws:accessKey: the program creates its own provider"))},
}

var awsAllowed = map[int][]Setting{
	4:  {poolInOneZone},
	15: {keyOfSomebody, noKey},
	23: {allow("a pool that may be empty", onePool(`,"min":0,"max":3,"autoscaling":"cluster-autoscaler"`))},
	43: {allow("a CNI without policies where pods cannot read user data", stack("cni", "flannel"))},
}

// awsBreaks break what is checked on every cloud.
var awsBreaks = map[string][]Breakage{
	"closed-to-the-internet": {set(awsIngress, "", internet, "cidrIpv4")},
	"no-ssh": {
		set(awsIngress, "-from-worker", 1, "fromPort"),
		add("aws:ec2/securityGroupRule:SecurityGroupRule", "added", map[string]any{
			"type": "ingress", "protocol": "tcp", "fromPort": 22, "toPort": 22, "sourceSecurityGroupId": "sg"}),
	},
	"node-ports-from-nodes": {set(awsIngress, "-kubelet-from-worker", "10.0.0.0/8", "cidrIpv4")},
	"machine-has-firewall": {
		set(awsInterface, "", nil, "securityGroups"), set(awsInstance, "", nil, "networkInterfaces"),
		set(awsTemplate, "", nil, "networkInterfaces", 0, "securityGroups").in(awsGroups),
	},
	"balancer-internal": {set(awsBalancer, "", false, "internal")},
	"disk-encrypted": {
		set(awsInstance, "", false, "rootBlockDevice", "encrypted"),
		set(awsTemplate, "", nil, "blockDeviceMappings", 0, "ebs", "encrypted").in(awsGroups),
	},
	"disk-key": {
		set(awsInstance, "-workers-1", nil, "rootBlockDevice", "kmsKeyId"),
		add("aws:ebs/volume:Volume", "added",
			map[string]any{"encrypted": true, "tags": map[string]any{"cluster": "inferadb-production-nyc1",
				"stack": "production", "environment": "production", "owner": "somebody", "cost-centre": "any"}}),
		set(awsTemplate, "", nil, "blockDeviceMappings", 0, "ebs", "kmsKeyId").in(awsGroups),
	},
	"metadata-guarded": {
		set(awsInstance, "", 2, "metadataOptions", "httpPutResponseHopLimit"),
		set(awsTemplate, "", "optional", "metadataOptions", "httpTokens").in(awsGroups),
	},
	"machines-tagged": {
		set(awsInstance, "", nil, "tags"), set(awsInterface, "", nil, "tags", "owner"),
		set(awsTemplate, "", nil, "tagSpecifications", 1).in(awsGroups),
	},
	"everything-tagged": {set(awsProvider, "", nil, "defaultTags"),
		set(awsScalingGroup, "", nil, "tags").in(awsGroups)},
	"secrets-marked": {
		set(awsInstance, "", inClear, "userDataBase64"), set(awsTemplate, "", inClear, "userData").in(awsGroups),
		set(talosApply, "", inClear, "machineConfigurationInput"),
	},
	"production-protected": {
		set(awsInstance, "-control-plane-0", false, "disableApiTermination"),
		unprotect(awsInstance, "-control-plane-0"), unprotect(awsBalancer, ""), unprotect(awsKey, "-disks"),
		unprotect(talosSecrets, ""),
		add("aws:elb/loadBalancer:LoadBalancer", "added", map[string]any{"internal": true}),
		unprotect(talosBootstrap, ""),
	},
	"provider-explicit": {defaultProvider(awsInstance)},
}

var awsChecks = map[int][]Check{
	1: {{Name: "control-planes-are-no-spot-machines", Look: awsNoSpot, Breaks: []Breakage{
		set(awsInstance, "-control-plane-0", map[string]any{"marketType": "spot"}, "instanceMarketOptions"),
		rename(awsScalingGroup, "", asControlPlane).in(awsGroups),
		rename(awsTemplate, "", asControlPlane).in(awsGroups),
	}}},
	3: {{Name: "control-planes-in-different-zones", Look: awsControlPlanesSpread, Breaks: []Breakage{
		alter(awsInterface, "nyc1-control-plane-1", "stands where the first does", func(g *Graph, r *Resource) {
			r.put(g.named(awsInterface, "inferadb-production-nyc1-control-plane-0").Text("subnetId"), "subnetId")
		}),
	}}},
	4: {{Name: "pools-in-several-zones", Look: awsPoolsSpread, Breaks: []Breakage{
		set(awsScalingGroup, "", []any{"subnet"}, "vpcZoneIdentifiers").in(awsGroups),
		alterAll(awsInterface, "-workers-", "stand in one subnet", func(r *Resource) { r.put("subnet", "subnetId") }),
	}}},
	6:  {{Name: "rules-are-separate-resources", Look: awsRulesAreResources, Breaks: awsRulesAreResourcesBreaks}},
	8:  {{Name: "ports-are-the-least", Look: awsPortsAreTheLeast, Breaks: awsPortsBreaks}},
	10: {{Name: "no-public-name", Look: awsNoPublicName, Breaks: []Breakage{set(awsZone, "", nil, "vpcs")}}},
	11: {{Name: "checks-and-targets", Look: awsTargets, Breaks: []Breakage{
		set(awsTargetGroup, "", 30, "healthCheck", "interval"), set(awsTargetGroup, "", "443", "healthCheck", "port"),
		set(awsTargetGroup, "", "HTTP", "healthCheck", "protocol"), remove(awsTarget, ""),
		set(awsTarget, "", "inferadb-production-nyc1-workers-0-id", "targetId"),
		set(awsScalingGroup, "", []any{"arn"}, "targetGroupArns").in(awsGroups),
	}}},
	12: {{Name: "crosses-zones-and-hides-clients", Look: awsBalancerOptions, Breaks: []Breakage{
		set(awsBalancer, "", false, "enableCrossZoneLoadBalancing"), set(awsBalancer, "", nil, "securityGroups"),
		set(awsTargetGroup, "", true, "preserveClientIp"),
		alterAll(awsIngress, "", "let no fragmentation-needed through", func(r *Resource) {
			if r.Text("ipProtocol") == "icmp" && r.Text("fromPort") == "3" {
				r.put(5, "toPort")
			}
		}),
	}}},
	13: {{Name: "endpoint-in-certificates", Look: awsEndpoint, Breaks: []Breakage{
		replaceText(talosApply, "nyc1-control-plane-0", "endpoint: https://api.", "endpoint: https://other.",
			configuration),
		replaceText(talosApply, "nyc1-control-plane-0", ".elb.amazonaws.com", ".example.com", configuration),
		replaceText(talosApply, "nyc1-control-plane-0", "- api.", "- other.", configuration),
	}}},
	15: {{Name: "every-disk-has-the-key", Look: awsDiskKeys, Breaks: awsDiskKeysBreaks}},
	17: {{Name: "named-and-owned", Look: awsNamedAndOwned, Breaks: []Breakage{
		set(awsInstance, "", nil, "tags", "Name"),
		set(awsInstance, "", "shared", "tags", "kubernetes.io/cluster/inferadb-production-nyc1"),
		set(awsInstance, "", nil, "rootBlockDevice", "tags", "Name"), set(awsInterface, "", nil, "tags", "Name"),
		set(awsTemplate, "", nil, "tagSpecifications", 2, "tags", "Name").in(awsGroups),
		set(awsScalingGroup, "", []any{map[string]any{"key": "pool"}}, "tags").in(awsGroups),
	}}},
	19: {{Name: "mixed-policy", Look: awsMixedPolicy, Breaks: awsMixedPolicyBreaks}},
	22: awsInterruptionChecks,
	23: {
		{Name: "size-ignored-where-an-autoscaler-moves-it", Look: awsSizeIgnored, Breaks: []Breakage{
			heedChanges(awsScalingGroup, "-waiting").in(awsGroups),
			alter(awsScalingGroup, "-any", "ignores its size", func(_ *Graph, r *Resource) {
				r.IgnoreChanges = append(r.IgnoreChanges, "desiredCapacity")
			}).in(awsGroups),
		}},
		{Name: "autoscaler-tags-where-it-is", Look: awsAutoscalerTags, Breaks: awsAutoscalerTagsBreaks},
	},
	25: {{Name: "names-fit", Look: awsNamesFit, Breaks: []Breakage{
		rename(awsBalancer, "", func(name string) string { return name + "-that-is-longer" }),
		set(awsTargetGroup, "", "fixed", "name"),
	}}},
	29: {{Name: "critical-resources-are-protected", Look: awsProtected, Breaks: awsProtectedBreaks}},
	30: {
		{Name: "machines-are-not-replaced-together", Look: awsNotReplaced, Breaks: []Breakage{
			heedChanges(awsInstance, ""), set(awsInstance, "", true, "userDataReplaceOnChange"),
		}},
		{Name: "groups-change-a-share-at-a-time", Look: awsGroupsRoll, Breaks: []Breakage{
			set(awsScalingGroup, "", 90, "instanceRefresh", "preferences", "minHealthyPercentage").in(awsGroups),
			set(awsScalingGroup, "", 200, "instanceRefresh", "preferences", "maxHealthyPercentage").in(awsGroups),
		}},
	},
	33: {
		{Name: "bootstrap-waits-for-the-api", Look: awsBootstrapWaits, Breaks: []Breakage{
			waitForNothing(talosBootstrap, ""), waitFor(awsInstance, "nyc1-workers-0", talosBootstrap, "nyc1"),
		}},
		{Name: "no-needless-edge", Look: awsNoNeedlessEdge, Breaks: []Breakage{
			waitFor(awsInstance, "nyc1-control-plane-0", awsBalancer, ""),
			waitFor(awsInstance, "nyc1-workers-0", awsListener, ""),
			waitFor(awsInstance, "nyc1-workers-0", awsInstance, "nyc1-control-plane-0"),
			waitFor(awsInstance, "nyc1-control-plane-0", awsInstance, "nyc1-workers-0"),
			waitFor(awsBalancer, "", awsInstance, "nyc1-control-plane-0"),
			waitFor(awsInstance, "nyc1-control-plane-1", awsInstance, "nyc1-control-plane-0"),
		}},
	},
	35: {{Name: "a-provider-for-each-region", Look: awsProviders,
		Breaks: []Breakage{set(awsProvider, "", "us-east-2", "region")}}},
	36: {{Name: "adopted-network", Look: awsAdopted, Breaks: []Breakage{
		add("aws:ec2/natGateway:NatGateway", "added", nil).in("adopted"),
		set(awsInterface, "", "other", "subnetId").in("adopted"),
	}}},
	37: {{Name: "images-are-pinned", Look: awsImages, Breaks: []Breakage{
		changeLookups(awsGetImage, "asks for the newest",
			func(l *Lookup) { l.Args["mostRecent"] = resource.NewBoolProperty(true) }),
	}}},
	39: {{Name: "machines-wait-for-egress", Look: awsEgress, Breaks: []Breakage{
		waitForNothing(awsInstance, "nyc1-workers-0"), waitForNothing(awsScalingGroup, "").in(awsGroups),
		waitForNothing(awsInstance, "nyc1-control-plane-0").in("public"), remove(awsNAT, ""),
	}}},
	41: awsIdentityChecks,
	42: awsLogChecks,
}

// awsNoSpot returns the control planes that are on the spot market.
func awsNoSpot(g *Graph, v *Violations) {
	machines := only(g.ofType(awsInstance), (*Resource).isControlPlane)
	v.unless(len(machines) > 0, nil, "has no control planes")
	for _, r := range machines {
		v.unless(!r.has("instanceMarketOptions"), r, "is on the spot market")
	}
	for _, r := range g.ofType(awsScalingGroup, awsTemplate) {
		v.unless(!strings.Contains(r.Name, controlPlane), r, "makes control planes that can go")
	}
}

// awsZonesOf returns how many zones a cluster has: us-west-1 gives an account two.
func awsZonesOf(cluster string) int {
	if strings.HasSuffix(cluster, "-sfo1") {
		return 2
	}
	return 3
}

func awsControlPlanesSpread(g *Graph, v *Violations) {
	for _, cluster := range g.clusters() {
		machines := only(ofCluster(g.ofType(awsInterface), cluster.Name), (*Resource).isControlPlane)
		spread(v, cluster, machines, awsZonesOf(cluster.Name), "subnetId")
	}
}

// awsPoolsSpread checks that pools use all zones of the region, or those that the stack file names.
func awsPoolsSpread(g *Graph, v *Violations) {
	if strings.Contains(g.says("pools"), `"zones"`) {
		return
	}
	for _, cluster := range g.clusters() {
		pools := map[string][]*Resource{}
		for _, r := range ofCluster(g.ofType(awsInterface), cluster.Name) {
			if !r.isControlPlane() {
				pool := strings.TrimRight(r.Name, "0123456789")
				pools[pool] = append(pools[pool], r)
			}
		}
		for _, machines := range pools {
			spread(v, cluster, machines, awsZonesOf(cluster.Name), "subnetId")
		}
	}
	for _, r := range g.ofType(awsScalingGroup) {
		v.unless(r.items("vpcZoneIdentifiers") >= 2, r, "is in one zone")
	}
}

func awsProviders(g *Graph, v *Violations) {
	regions := map[string]string{"nyc1": "us-east-1", "sfo1": "us-west-1"}
	var want, got []string
	for _, cluster := range g.clusters() {
		want = append(want, regions[cluster.Name[strings.LastIndex(cluster.Name, "-")+1:]])
	}
	for _, r := range g.ofType(awsProvider) {
		got = append(got, r.Text("region"))
	}
	v.sameItems(want, got, nil, "the regions of its providers")
}

var awsImageName = regexp.MustCompile(`^talos-v\d+\.\d+\.\d+-us-(east|west)-1-arm64$`)

func awsImages(g *Graph, v *Violations) {
	found := false
	for _, lookup := range g.Lookups {
		if lookup.Token != awsGetImage || g.saysOfRegions("image") {
			continue
		}
		found = true
		v.unless(!lookup.Args.HasValue("mostRecent"), nil, "looks for the newest image")
		v.equal("true", lookup.Text("includeDeprecated"), nil, "whether it finds images that are older than two years")
		v.equal("540036508848", lookup.Text("owners", 0), nil, "the owner of its images")
		v.unless(lookup.Provider != "", nil, "looks for an image without a provider")
		name := lookup.Text("filters", 0, "values", 0)
		v.unless(awsImageName.MatchString(name), nil, "looks for an image that is not pinned: %s", name)
	}
	v.unless(found || g.saysOfRegions("image"), nil, "looks for no image")
}
