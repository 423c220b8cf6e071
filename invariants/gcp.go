package invariants

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// The types of resources on Google Cloud.
const (
	gcpInstance    = "gcp:compute/instance:Instance"
	gcpTemplate    = "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate"
	gcpManager     = "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager"
	gcpAutoscaler  = "gcp:compute/regionAutoscaler:RegionAutoscaler"
	gcpFirewall    = "gcp:compute/firewall:Firewall"
	gcpFrontend    = "gcp:compute/forwardingRule:ForwardingRule"
	gcpBackend     = "gcp:compute/regionBackendService:RegionBackendService"
	gcpHealthCheck = "gcp:compute/regionHealthCheck:RegionHealthCheck"
	gcpAddress     = "gcp:compute/address:Address"
	gcpMember      = "gcp:compute/instanceGroupMembership:InstanceGroupMembership"
	gcpNAT         = "gcp:compute/routerNat:RouterNat"
	gcpSubnet      = "gcp:compute/subnetwork:Subnetwork"
	gcpKey         = "gcp:kms/cryptoKey:CryptoKey"
	gcpGrant       = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
	gcpAccount     = "gcp:serviceaccount/account:Account"
	gcpAlert       = "gcp:monitoring/alertPolicy:AlertPolicy"
	gcpMetric      = "gcp:logging/metric:Metric"
	gcpChannel     = "gcp:monitoring/notificationChannel:NotificationChannel"
	gcpProvider    = "pulumi:providers:gcp"
	gcpGetImage    = "gcp:compute/getImage:getImage"

	gcpProject = "mock-project"
	gcpAPI     = "https://www.googleapis.com/compute/v1/projects/" + gcpProject
	gcpOwnKey  = "projects/acme/locations/us-east4/keyRings/clusters/cryptoKeys/disks"
	// gcpProxies are those of the network that a stack adopts.
	gcpProxies = "10.50.255.0/24"
	// gcpGroups is the stack with groups on the spot market and groups that an autoscaler moves.
	gcpGroups = "loaded"
)

var _ = register("gcp", cloud{
	stacks: gcpStacks, checks: gcpChecks, breaks: gcpBreaks, refused: gcpRefused,
	allowed: map[int][]Setting{4: {poolInOneZone}, 15: {keyOfSomebody, noKey}},
	words: map[string]string{
		"other": "digitalocean", "zone": "us-east4-a", "zones": `"us-east4-a","us-east4-b"`,
		"image":   "projects/acme/global/images/talos",
		"network": "shared", "network2": "other", "subnets": `"machines"`, "subnets2": `"others"`,
		"public2": `,"publicSubnetIds":["x"]`,
		"key":     gcpOwnKey, "diskEncryption": "luks", "autoscaling": "cluster-autoscaler",
	},
})

var gcpStacks = []Stack{
	{Name: "dev", Environment: "dev"},
	{Name: "staging", Environment: "staging"},
	{Name: "production", Environment: "production"},
	{Name: "public", Environment: "production", Changes: publicTo(`["203.0.113.0/24"]`)},
	{Name: "adopted", Environment: "staging", Changes: stack("operatorCidrs", `["10.50.0.0/16"]`,
		"regions", `[{"name": "nyc1", "network": {"id": "shared", "subnetIds": ["machines"]}}]`)},
	{Name: "own-key", Environment: "staging", Changes: stack("encryptionKey", gcpOwnKey)},
	{Name: "own-image", Environment: "dev", Changes: oneRegion(`, "image": "projects/acme/global/images/talos"`)},
	{Name: "flannel", Environment: "dev", Changes: stack("cni", "flannel")},
	{Name: "stateless", Environment: "production", Changes: onePool(`,"count":2`)},
	{Name: gcpGroups, Environment: "production", Changes: stack("alarmEmails", `["ops@example.com"]`, "pools", `[
		{"name": "stateful", "size": "large", "count": 3, "workload": "stateful"},
		{"name": "loaded", "size": "small", "min": 2, "max": 6, "spot": true, "autoscaling": "cpu"}]`)},
	{Name: "pools", Environment: "production", Changes: stack("pools", `[
		{"name": "stateful", "size": "large", "count": 3, "workload": "stateful"},
		{"name": "burst", "size": "medium", "min": 3, "max": 8, "spot": {"base": 2}},
		{"name": "steady", "size": "small", "min": 2, "max": 4}]`)},
	{Name: "watched", Environment: "production", Changes: stack("flowLogs", "true")},
	{Name: "open-ports", Environment: "production", Changes: stack("openPorts", openPorts)},
	{Name: "labels", Environment: "dev", Changes: stack("tags", gcpTags)},
	{Name: "long-names", Environment: "production", Only: "names-fit", As: strings.Repeat("s", 26),
		Changes: stack("pools", `[
		{"name": "`+strings.Repeat("p", 20)+`", "size": "small", "count": 3, "spot": true},
		{"name": "`+strings.Repeat("q", 20)+`", "size": "small", "count": 2}]`)},
}

var gcpRefused = map[int][]Setting{
	3: {controlPlanesInOneZone},
	15: {refuse("a key of another location",
		oneRegion(`,"encryptionKey":"projects/acme/locations/us-west1/keyRings/clusters/cryptoKeys/disks"`),
		"the key is in us-west1, the disks are in us-east4")},
	35: {everywhere(refuse("Google credentials in the stack file", stack("gcp:credentials", "{}"),
		"gcp:credentials: the program creates its own provider"))},
	43: {refuse("flannel where pods can read user data", stack("cni", "flannel"), "cni: on ")},
}

// gcpBreaks break what is checked on every cloud.
var gcpBreaks = map[string][]Breakage{
	"closed-to-the-internet": {
		set(gcpFirewall, "", []any{internet}, "sourceRanges"), set(gcpFirewall, "", nil, "sourceServiceAccounts"),
	},
	"no-ssh": {set(gcpFirewall, "", []any{map[string]any{"protocol": "tcp"}}, "allows")},
	"node-ports-from-nodes": {set(gcpFirewall, "load-balancer",
		[]any{map[string]any{"protocol": "tcp", "ports": []any{"10250"}}}, "allows")},
	"machine-has-firewall":    {set(gcpInstance, "", nil, "serviceAccount")},
	"firewall-covers-machine": {set(gcpTemplate, "", "stranger@mock", "serviceAccount", "email").in(gcpGroups)},
	"balancer-internal":       {set(gcpFrontend, "", nil, "loadBalancingScheme")},
	"disk-encrypted":          {set(gcpInstance, "", inClear, "bootDisk", "diskEncryptionKeyRaw")},
	"disk-key": {
		set(gcpInstance, "", nil, "bootDisk", "kmsKeySelfLink"),
		set(gcpTemplate, "", nil, "disks", 0, "diskEncryptionKey").in(gcpGroups),
	},
	"metadata-guarded":  {set(gcpInstance, "", "true", "metadata", "serial-port-enable")},
	"machines-tagged":   {set(gcpInstance, "", nil, "bootDisk", "initializeParams", "labels", "pool")},
	"everything-tagged": {set(gcpFrontend, "", nil, "labels", "cluster")},
	"secrets-marked":    {set(gcpInstance, "", map[string]any{"user-data": inClear}, "metadata")},
	"production-protected": {
		set(gcpInstance, "-control-plane-0", false, "deletionProtection"), unprotect(gcpInstance, "-control-plane-0"),
		unprotect(gcpFrontend, ""), unprotect(gcpKey, ""), unprotect(talosSecrets, ""), unprotect(talosBootstrap, ""),
	},
	"provider-explicit": {defaultProvider(gcpInstance)},
}

var gcpChecks = map[int][]Check{
	1: {{Name: "control-planes-are-no-spot-machines", Look: gcpNoSpot, Breaks: []Breakage{
		set(gcpInstance, "-control-plane-0", map[string]any{"preemptible": true}, "scheduling"),
		rename(gcpManager, "", asControlPlane).in(gcpGroups), rename(gcpTemplate, "", asControlPlane).in(gcpGroups),
	}}},
	3: {{Name: "control-planes-in-different-zones", Look: gcpControlPlanesSpread, Breaks: []Breakage{
		alter(gcpInstance, "nyc1-control-plane-1", "stands where the first does", func(g *Graph, r *Resource) {
			r.put(g.named(gcpInstance, "inferadb-production-nyc1-control-plane-0").Text("zone"), "zone")
		}),
		gcpMoved("nyc1-control-plane-1", "us-east4-b", "us-east4-a"),
	}}},
	4: {
		{Name: "pools-in-several-zones", Look: gcpPoolsSpread, Breaks: []Breakage{
			alterAll(gcpInstance, "-workers-", "stand in one zone", func(r *Resource) { r.put("us-east4-a", "zone") }),
			set(gcpManager, "", []any{"us-east4-a"}, "distributionPolicyZones").in(gcpGroups),
			set(gcpManager, "", 1, "updatePolicy", "maxSurgeFixed").in(gcpGroups),
			set(gcpManager, "", 1, "updatePolicy", "maxUnavailableFixed").in(gcpGroups),
		}},
		{Name: "groups-spread-without-moving", Look: gcpGroupsSpread, Breaks: []Breakage{
			set(gcpManager, "", "EVEN", "distributionPolicyTargetShape").in(gcpGroups),
			set(gcpManager, "-spot", "PROACTIVE", "updatePolicy", "instanceRedistributionType").in("staging"),
			set(gcpManager, "", 0, "updatePolicy", "minReadySec").in(gcpGroups),
			heedChanges(gcpManager, "-spot").in(gcpGroups),
		}},
		{Name: "nodes-have-zone-labels", Look: gcpPlaces, Breaks: []Breakage{
			replaceText(talosApply, "-workers-0", "topology.kubernetes.io/zone: ", "topology.kubernetes.io/zone: x",
				configuration),
			replaceText(talosApply, "-workers-0", "topology.kubernetes.io/region: us-", "region: us-", configuration),
			replaceText(talosApply, "-workers-0", "node.kubernetes.io/instance-type: ", "instance-type: ",
				configuration),
			set(gcpInstance, "-workers-0", "topology.kubernetes.io/zone: x", "metadata", "user-data"),
		}},
	},
	6: {{Name: "rules-select-only-the-clusters-machines", Look: gcpRulesAreForMachines, Breaks: []Breakage{
		set(gcpFirewall, "", nil, "description"), set(gcpFirewall, "", nil, "targetServiceAccounts"),
		set(gcpFirewall, "-egress", "INGRESS", "direction"),
		set(gcpFirewall, "-egress", []any{"one"}, "targetServiceAccounts"),
		set(gcpFirewall, "-apid", "EGRESS", "direction"),
	}}},
	8: {{Name: "ports-are-the-least", Look: gcpPortsAreTheLeast, Breaks: gcpPortsBreaks}},
	10: {{Name: "no-public-address", Look: gcpNoPublicAddress, Breaks: []Breakage{
		set(gcpAddress, "", "EXTERNAL", "addressType"),
		set(gcpInstance, "-workers-0", []any{map[string]any{}}, "networkInterfaces", 0, "accessConfigs"),
		set(gcpInstance, "-control-plane-0", nil, "networkInterfaces", 0, "accessConfigs").in("public"),
		set(gcpTemplate, "", []any{map[string]any{}}, "networkInterfaces", 0, "accessConfigs").in(gcpGroups),
	}}},
	11: {{Name: "checks-and-targets", Look: gcpTargets, Breaks: gcpTargetsBreaks}},
	13: {
		{Name: "endpoint-in-certificates", Look: gcpEndpoint, Breaks: []Breakage{
			replaceText(talosApply, "nyc1-control-plane-0", "endpoint: https://10.", "endpoint: https://11.",
				configuration),
			replaceText(talosApply, "nyc1-control-plane-0", "- 10.", "- 11.", configuration),
		}},
		{Name: "endpoint-from-everywhere", Look: gcpGlobalAccess, Breaks: []Breakage{
			set(gcpFrontend, "", false, "allowGlobalAccess"), heedChanges(gcpFrontend, ""),
		}},
	},
	14: {{Name: "the-load-balancer-is-a-proxy", Look: gcpProxy, Breaks: []Breakage{
		set(gcpFrontend, "", "INTERNAL", "loadBalancingScheme"), set(gcpBackend, "", "INTERNAL", "loadBalancingScheme"),
	}}},
	15: {{Name: "every-disk-has-the-key", Look: gcpDiskKeys, Breaks: gcpDiskKeysBreaks}},
	16: {{Name: "no-project-keys-or-console", Look: gcpNoProjectAccess, Breaks: []Breakage{
		set(gcpInstance, "", nil, "metadata", "serial-port-enable"),
		set(gcpInstance, "", nil, "metadata", "block-project-ssh-keys"),
		set(gcpTemplate, "", nil, "metadata", "serial-port-enable").in(gcpGroups),
		set(gcpTemplate, "", nil, "metadata", "block-project-ssh-keys").in(gcpGroups),
	}}},
	18: {{Name: "labels-keep-to-the-alphabet-and-never-collide", Look: gcpLabels, Breaks: gcpLabelsBreaks}},
	21: {{Name: "spot-properties-are-complete", Look: gcpSpot, Breaks: gcpSpotBreaks}},
	22: {{Name: "preemptions-are-reported", Look: gcpPreemptions, Breaks: gcpPreemptionsBreaks}},
	23: {{Name: "size-ignored-where-an-autoscaler-moves-it", Look: gcpSizes, Breaks: gcpSizesBreaks}},
	25: {{Name: "names-fit", Look: gcpNamesFit, Breaks: []Breakage{
		rename(gcpInstance, "", strings.ToUpper),
		rename(gcpManager, "", func(name string) string { return name + name + name }).in("long-names"),
		set(gcpAccount, "", "a", "accountId"),
		set(gcpManager, "", strings.Repeat("n", 59), "baseInstanceName").in(gcpGroups),
	}}},
	29: {{Name: "critical-resources-are-protected", Look: gcpProtected, Breaks: []Breakage{
		set(gcpInstance, "-workers-0", false, "deletionProtection"), unprotect(gcpInstance, "-workers-0"),
		protect(gcpMember, ""),
		protect(gcpInstance, "-web-0").in("stateless"),
		set(gcpInstance, "-web-0", true, "deletionProtection").in("stateless"),
		protect(talosSecrets, "").in("staging"), unprotect(gcpFrontend, ""), unprotect(gcpAddress, "-api"),
		protect(gcpAddress, "-control-plane-0"),
	}}},
	30: {{Name: "machines-are-not-replaced-together", Look: gcpNotReplaced, Breaks: []Breakage{
		heedChanges(gcpInstance, ""), set(gcpInstance, "", true, "allowStoppingForUpdate"),
		set(gcpInstance, "", "other", "name"),
	}}},
	33: {
		{Name: "bootstrap-waits-for-the-api", Look: gcpBootstrapWaits, Breaks: []Breakage{
			waitForNothing(talosBootstrap, ""), waitFor(gcpInstance, "nyc1-workers-0", talosBootstrap, "nyc1"),
		}},
		{Name: "no-needless-edge", Look: gcpNoNeedlessEdge, Breaks: []Breakage{
			waitFor(gcpInstance, "nyc1-workers-0", gcpFrontend, "nyc1-api"),
			waitFor(gcpFrontend, "nyc1-api", gcpInstance, "nyc1-workers-0"),
			waitFor(gcpInstance, "nyc1-workers-0", gcpInstance, "nyc1-control-plane-0"),
		}},
	},
	35: {{Name: "lookups-and-regions-have-a-provider", Look: gcpProviders, Breaks: []Breakage{
		changeLookups(gcpGetImage, "has no provider", func(l *Lookup) { l.Provider = "" }),
		set(gcpProvider, "", "us-east1", "region"), set(gcpProvider, "", "other", "project"),
	}}},
	36: {{Name: "adopted-network", Look: gcpAdopted, Breaks: []Breakage{
		add("gcp:compute/router:Router", "added", nil).in("adopted"),
		set(gcpInstance, "", "other", "networkInterfaces", 0, "subnetwork").in("adopted"),
	}}},
	37: {{Name: "images-are-pinned-and-never-downloaded", Look: gcpImages, Breaks: gcpImagesBreaks}},
	39: {{Name: "machines-wait-for-egress", Look: gcpEgress, Breaks: []Breakage{
		waitForNothing(gcpInstance, "nyc1-workers-0"), waitForNothing(gcpManager, "").in(gcpGroups),
	}}},
	41: {
		{Name: "nodes-hold-no-role", Look: gcpNoRoles,
			Breaks: []Breakage{add("gcp:projects/iAMMember:IAMMember", "added", nil)}},
		{Name: "billing-is-not-asked", Look: gcpNoBilling, Breaks: []Breakage{
			ask("gcp:organizations/getProject:getProject"),
		}},
	},
	42: {{Name: "flow-logs-are-complete", Look: gcpFlowLogs, Breaks: []Breakage{
		set(gcpSubnet, "-nodes", nil, "logConfig").in("watched"),
		set(gcpSubnet, "-nodes", 0.5, "logConfig", "flowSampling").in("watched"),
		set(gcpSubnet, "", map[string]any{"flowSampling": 1}, "logConfig"),
	}}},
}

func gcpNoSpot(g *Graph, v *Violations) {
	v.unless(len(only(g.ofType(gcpInstance), (*Resource).isControlPlane)) > 0, nil, "has no control planes")
	for _, r := range g.ofType(gcpInstance) {
		v.unless(!r.has("scheduling"), r, "says when it goes")
	}
	for _, r := range g.ofType(gcpManager, gcpTemplate) {
		v.unless(!strings.Contains(r.Name, controlPlane), r, "makes control planes that can go")
	}
}

// gcpZones is how many zones a region has.
const gcpZones = 3

// gcpMoved moves a machine to another zone, with the label that says where it is.
func gcpMoved(machine, from, to string) Breakage {
	return Breakage{Name: machine + " is in " + to, Stack: broken, change: func(g *Graph, _ *Resource) {
		for urn, r := range g.Resources {
			moved := *r
			switch {
			case !strings.HasSuffix(r.Name, machine):
			case r.Type == gcpInstance:
				moved.put(to, "zone")
				g.Resources[urn] = &moved
			case r.Type == talosApply:
				document := strings.ReplaceAll(r.Text(configuration), from, to)
				moved.put(resource.MakeSecret(resource.NewStringProperty(document)), configuration)
				g.Resources[urn] = &moved
			}
		}
	}}
}

func gcpControlPlanesSpread(g *Graph, v *Violations) {
	for _, cluster := range g.clusters() {
		spread(v, cluster, only(ofCluster(g.ofType(gcpInstance), cluster.Name), (*Resource).isControlPlane), gcpZones,
			"zone")
	}
}

// gcpPoolsSpread checks that pools use all zones of the region, or those that the stack file names. Regional groups are
// updated zone by zone.
func gcpPoolsSpread(g *Graph, v *Violations) {
	if strings.Contains(g.says("pools"), `"zones"`) {
		return
	}
	for _, cluster := range g.clusters() {
		pools := map[string][]*Resource{}
		for _, r := range ofCluster(g.ofType(gcpInstance), cluster.Name) {
			if !r.isControlPlane() {
				pool := strings.TrimRight(r.Name, "0123456789")
				pools[pool] = append(pools[pool], r)
			}
		}
		for _, machines := range pools {
			spread(v, cluster, machines, gcpZones, "zone")
		}
	}
	for _, r := range g.ofType(gcpManager) {
		v.equal(gcpZones, r.items("distributionPolicyZones"), r, "number of its zones")
		v.unless(r.number("updatePolicy", "maxSurgeFixed") >= gcpZones, r,
			"cannot change: its surge is less than its zones")
		v.equal("0", r.Text("updatePolicy", "maxUnavailableFixed"), r, "how many machines go before others come")
	}
}

// gcpGroupsSpread checks that Google moves no machine of a group except where its autoscaler needs that, and that spot
// machines start in any zone with capacity.
func gcpGroupsSpread(g *Graph, v *Violations) {
	for _, r := range g.ofType(gcpManager) {
		want := "NONE"
		switch {
		case slices.Contains(r.IgnoreChanges, "targetSize"):
			want = "PROACTIVE"
		case strings.HasSuffix(r.Name, "-spot"):
			want = "NONE BALANCED"
		}
		got := strings.TrimSpace(r.Text("updatePolicy", "instanceRedistributionType") + " " +
			r.Text("distributionPolicyTargetShape"))
		v.equal(want, got, r, "how it spreads")
		v.equal(120.0, r.number("updatePolicy", "minReadySec"), r, "the seconds for which a machine must be ready")
	}
}

func gcpPlaces(g *Graph, v *Violations) {
	for _, r := range g.ofType(gcpInstance) {
		apply := g.named(talosApply, r.Name)
		if apply == nil {
			v.add(r, "is not configured")
			continue
		}
		document := apply.Text(configuration)
		for _, label := range []string{"topology.kubernetes.io/zone: " + r.Text("zone") + "\n",
			"topology.kubernetes.io/region: us-",
			"node.kubernetes.io/instance-type: " + r.Text("machineType") + "\n"} {
			v.unless(strings.Contains(document, label), apply, "has no label %s", label)
		}
		v.unless(!strings.Contains(r.Text("metadata", "user-data"), "topology.kubernetes.io"), r,
			"boots with a place that is not known yet")
	}
}

func gcpProviders(g *Graph, v *Violations) {
	for _, lookup := range g.Lookups {
		v.unless(lookup.Provider != "", nil, "looks up %s without a provider", lookup.Token)
	}
	regions := map[string]string{"nyc1": "us-east4", "sfo1": "us-west1"}
	var want, got []string
	for _, cluster := range g.clusters() {
		want = append(want, regions[cluster.Name[strings.LastIndex(cluster.Name, "-")+1:]])
	}
	for _, r := range g.ofType(gcpProvider) {
		got = append(got, r.Text("region"))
		v.equal(gcpProject, r.Text("project"), r, "its project")
	}
	v.sameItems(want, got, nil, "the regions of its providers")
}

var gcpImagesBreaks = []Breakage{
	changeLookups(gcpGetImage, "asks for a family",
		func(l *Lookup) { l.Args["family"] = resource.NewStringProperty("talos") }),
	changeLookups(gcpGetImage, "asks for the newest",
		func(l *Lookup) { l.Args["mostRecent"] = resource.NewBoolProperty(true) }),
	changeLookups(gcpGetImage, "asks for another",
		func(l *Lookup) { l.Args["name"] = resource.NewStringProperty("talos") }),
	changeLookups(gcpGetImage, "is another lookup", func(l *Lookup) { l.Token = "gcp:compute/getImages:getImages" }),
	alter(gcpInstance, "", "is made from a file", func(_ *Graph, r *Resource) {
		r.put(resource.NewAssetProperty(&resource.Asset{URI: "https://example.com/image"}), "bootDisk", "source")
	}),
}

var gcpImageName = regexp.MustCompile(`^talos-v\d+-\d+-\d+-amd64-[0-9a-f]{12}$`)

func gcpImages(g *Graph, v *Violations) {
	found := false
	for _, lookup := range g.Lookups {
		if lookup.Token != gcpGetImage {
			continue
		}
		found = true
		v.unless(!lookup.Args.HasValue("family") && !lookup.Args.HasValue("mostRecent"), nil,
			"looks for an image that changes")
		if name := lookup.Text("name"); g.saysOfRegions("image") {
			v.equal("talos", name, nil, "the image that the stack file names")
		} else {
			v.unless(gcpImageName.MatchString(name), nil, "looks for an image that is not pinned: %s", name)
		}
	}
	v.unless(found, nil, "looks for no image")
	// The engine and the provider read an asset in every preview, wherever it comes from.
	for _, r := range g.all() {
		v.unless(!hasAsset(resource.NewObjectProperty(r.Inputs)), r, "would be downloaded in every preview")
	}
}

func hasAsset(v resource.PropertyValue) bool {
	v = bare(v)
	switch {
	case v.IsAsset(), v.IsArchive():
		return true
	case v.IsArray():
		return slices.ContainsFunc(v.ArrayValue(), hasAsset)
	case v.IsObject():
		for _, child := range v.ObjectValue() {
			if hasAsset(child) {
				return true
			}
		}
	}
	return false
}

func gcpNoRoles(g *Graph, v *Violations) {
	for _, r := range g.all() {
		v.unless(!strings.HasPrefix(r.Type, "gcp:projects/"), r, "gives a node's account a role")
	}
}

// gcpNoBilling checks that no lookup needs the Cloud Billing API, as the lookup of a single project does.
func gcpNoBilling(g *Graph, v *Violations) {
	for _, lookup := range g.Lookups {
		v.unless(lookup.Token != "gcp:organizations/getProject:getProject", nil, "asks Cloud Billing")
	}
}
