package graph

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The invariants on Google Cloud, over every stack that it can build.

const (
	gceInstanceType = "gcp:compute/instance:Instance"
	gceTemplateType = "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate"
	gceManagerType  = "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager"
	gceBoundsType   = "gcp:compute/regionAutoscaler:RegionAutoscaler"
	gceFirewallType = "gcp:compute/firewall:Firewall"
	gceRuleType     = "gcp:compute/forwardingRule:ForwardingRule"
	gceAddressType  = "gcp:compute/address:Address"
	gceMemberType   = "gcp:compute/instanceGroupMembership:InstanceGroupMembership"

	gceProject = "mock-project"
	gceAPI     = "https://www.googleapis.com/compute/v1/projects/" + gceProject
	gceKey     = "projects/acme/locations/us-east4/keyRings/clusters/cryptoKeys/disks"
	gceProxies = "10.50.255.0/24"
)

// The program refuses to begin without a project.
func init() {
	if err := os.Setenv("GOOGLE_PROJECT", gceProject); err != nil {
		panic(err)
	}
}

var googleCloudVariants = []struct {
	name, stack string
	changes     map[string]string
}{
	{"dev", "dev", nil},
	{"staging", "staging", nil},
	{"production", "production", nil},
	{"public", "production", map[string]string{"access": "public", "operatorCidrs": `["203.0.113.0/24"]`}},
	{"adopted", "staging", map[string]string{"operatorCidrs": `["10.50.0.0/16"]`,
		"regions": `[{"name": "nyc1", "network": {"id": "shared", "subnetIds": ["machines"]}}]`}},
	{"own-key", "staging", map[string]string{"encryptionKey": gceKey}},
	{"own-image", "dev", map[string]string{"regions": `[{"name": "nyc1", "image": "projects/acme/global/images/talos"}]`}},
	{"flannel", "dev", map[string]string{"cni": "flannel"}},
	{"loaded", "production", map[string]string{"alarmEmails": `["ops@example.com"]`, "pools": `[
		{"name": "stateful", "size": "large", "count": 3, "workload": "stateful"},
		{"name": "loaded", "size": "small", "min": 2, "max": 6, "spot": true, "autoscaling": "cpu"}]`}},
	{"pools", "production", map[string]string{"pools": `[
		{"name": "stateful", "size": "large", "count": 3, "workload": "stateful"},
		{"name": "burst", "size": "medium", "min": 3, "max": 8, "spot": {"base": 2}},
		{"name": "steady", "size": "small", "min": 2, "max": 4}]`}},
	{"watched", "production", map[string]string{"flowLogs": "true"}},
	{"open-ports", "production", map[string]string{"openPorts": openPorts}},
}

func forEachOnGoogleCloud(t *testing.T, check func(t *testing.T, g graph)) {
	t.Helper()
	for _, v := range googleCloudVariants {
		t.Run(v.name, func(t *testing.T) { check(t, buildOnGoogleCloud(t, v.stack, v.changes)) })
	}
}

func buildOnGoogleCloud(t *testing.T, stack string, changes map[string]string) graph {
	t.Helper()
	return build(t, stack, stackFile(t, stack, map[string]string{"provider": "gcp"}, changes))
}

// computedByGoogleCloud are the outputs that the program reads and that Google Cloud would compute.
func computedByGoogleCloud(args pulumi.MockResourceArgs, n int) map[string]any {
	outputs := map[string]any{"selfLink": gceAPI + "/" + args.Name, "name": args.Name, "email": args.Name + "@mock", "instanceId": fmt.Sprint(n)}
	if args.TypeToken == gceAddressType {
		outputs["address"] = fmt.Sprintf("10.101.0.%d", n)
		if args.Inputs["addressType"].StringValue() == "EXTERNAL" {
			outputs["address"] = fmt.Sprintf("198.51.100.%d", n)
		}
	}
	return outputs
}

// answerOfGoogleCloud is what a look-up returns.
func answerOfGoogleCloud(args pulumi.MockCallArgs) map[string]any {
	switch args.Token {
	case "gcp:compute/getImage:getImage":
		path := fmt.Sprintf("projects/%s/global/images/%s", args.Args["project"].StringValue(), args.Args["name"].StringValue())
		return map[string]any{"selfLink": "https://www.googleapis.com/compute/v1/" + path}
	case "gcp:compute/getAddresses:getAddresses":
		return map[string]any{"addresses": []any{}}
	case "gcp:projects/getProject:getProject":
		id := strings.TrimPrefix(args.Args["filter"].StringValue(), "id:")
		return map[string]any{"projects": []any{map[string]any{"projectId": id, "number": "123456789012"}}}
	case "gcp:compute/getSubnetwork:getSubnetwork":
		return map[string]any{"network": gceAPI + "/global/networks/shared", "ipCidrRange": "10.50.0.0/20", "selfLink": gceAPI + "/machines"}
	case "gcp:compute/getSubnetworks:getSubnetworks":
		return map[string]any{"subnetworks": []any{
			map[string]any{"name": "other", "networkSelfLink": gceAPI + "/global/networks/other", "ipCidrRange": "10.51.255.0/24"},
			map[string]any{"name": "proxies", "networkSelfLink": gceAPI + "/global/networks/shared", "ipCidrRange": gceProxies},
		}}
	}
	return nil
}

func onlyControlPlanes(nodes []*node) []*node {
	return slices.DeleteFunc(nodes, func(n *node) bool { return !strings.Contains(n.Name, "-control-plane-") })
}

func TestGoogleCloudInvariant01ControlPlanesAreNeverSpot(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		require.NotEmpty(t, onlyControlPlanes(g.ofType(gceInstanceType)))
		for _, n := range g.ofType(gceInstanceType) {
			assert.True(t, n.get("scheduling").IsNull(), n.Name)
		}
		for _, n := range append(g.ofType(gceManagerType), g.ofType(gceTemplateType)...) {
			assert.NotContains(t, n.Name, "control-plane")
		}
	})
}

func TestGoogleCloudInvariant03And04MachinesSpreadOverZones(t *testing.T) {
	g := buildOnGoogleCloud(t, "production", nil)
	zones := map[string]bool{}
	for _, n := range g.ofType(gceInstanceType) {
		zones[strings.TrimRight(n.Name, "0123456789")+n.text("zone")] = true
	}
	assert.Len(t, zones, 12, "control planes and workers of two clusters, in three zones each")
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType(gceManagerType) {
			zones := n.texts("distributionPolicyZones")
			assert.Len(t, zones, 3, n.Name)
			assert.GreaterOrEqual(t, n.get("updatePolicy", "maxSurgeFixed").NumberValue(), float64(len(zones)), "a regional group moves zone by zone")
			assert.Equal(t, "0", n.text("updatePolicy", "maxUnavailableFixed"), n.Name)
		}
	})
}

func TestGoogleCloudInvariant06RulesAreForTheClustersMachinesAlone(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		require.NotEmpty(t, g.ofType(gceFirewallType))
		for _, n := range g.ofType(gceFirewallType) {
			assert.NotEmpty(t, n.text("description"), n.Name)
			assert.NotEmpty(t, n.texts("targetServiceAccounts"), "%s is for machines of other people too", n.Name)
			if strings.HasSuffix(n.Name, "-egress") {
				assert.Equal(t, "EGRESS", n.text("direction"), n.Name)
				assert.Len(t, n.texts("targetServiceAccounts"), 2, n.Name)
				continue
			}
			assert.Equal(t, "INGRESS", n.text("direction"), n.Name)
		}
	})
}

// openToNetworks are the sources of the variant open-ports.
var openToNetworks = map[string][]string{
	"open-tcp-30000-32767-cidrs": {"10.0.0.0/8", "192.168.0.0/16"}, "open-udp-7946-cidrs": {"100.64.0.0/10"},
}

// opening is what a rule may open: the ports, from whom, to whom.
type opening struct{ ports, from, to []string }

// openingsOnGoogleCloud returns what each purpose may open.
func openingsOnGoogleCloud() map[string]opening {
	cp, all := []string{"control-plane"}, []string{"control-plane", "worker"}
	return map[string]opening{
		"etcd":           {[]string{"tcp 2379-2380"}, cp, cp},
		"apid":           {[]string{"tcp 50000"}, cp, all},
		"api":            {[]string{"tcp 6443"}, all, cp},
		"trustd":         {[]string{"tcp 50001"}, all, cp},
		"kubelet":        {[]string{"tcp 10250"}, all, all},
		"overlay":        {[]string{"udp 8472", "udp 51871", "udp 4789"}, all, all},
		"overlay-tcp":    {[]string{"tcp 4240", "tcp 4244"}, all, all},
		"overlay-icmp":   {[]string{"icmp "}, all, all},
		"load-balancer":  {[]string{"tcp 6443"}, nil, cp},
		"health-checks":  {[]string{"tcp 50000"}, nil, []string{"worker"}},
		"operators-apid": {[]string{"tcp 50000"}, nil, cp},
		"operators-api":  {[]string{"tcp 6443"}, nil, cp},
		"egress":         {[]string{"all "}, nil, all},
		// What the stack file opens.
		"open-tcp-9100":              {[]string{"tcp 9100"}, all, all},
		"open-tcp-30000-32767-cidrs": {[]string{"tcp 30000-32767"}, nil, all},
		"open-udp-7946":              {[]string{"udp 7946"}, all, all},
		"open-udp-7946-cidrs":        {[]string{"udp 7946"}, nil, all},
	}
}

func TestGoogleCloudInvariant07And08PortsAreTheLeast(t *testing.T) {
	allowed := openingsOnGoogleCloud()
	roles := func(n *node, property string) (roles []string) {
		for _, email := range n.texts(property) {
			roles = append(roles, strings.TrimSuffix(email[strings.Index(email, "1-")+2:], "@mock"))
		}
		return roles
	}
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType(gceFirewallType) {
			name := n.Name[strings.Index(n.Name, "1-")+2:]
			may, known := allowed[name]
			require.True(t, known, "%s serves no purpose", name)
			assert.ElementsMatch(t, may.from, roles(n, "sourceServiceAccounts"), name)
			assert.ElementsMatch(t, may.to, roles(n, "targetServiceAccounts"), name)
			assert.Len(t, n.get("allows").ArrayValue(), 1, "%s: a refresh of several protocols is never clean", name)
			for i := range n.get("allows").ArrayValue() {
				ports := n.texts("allows", i, "ports")
				if len(ports) == 0 {
					ports = []string{""}
				}
				for _, port := range ports {
					assert.Contains(t, may.ports, n.text("allows", i, "protocol")+" "+port, name)
				}
			}
			switch ranges := n.texts("sourceRanges"); name {
			case "load-balancer":
				assert.Len(t, ranges, 3)
				assert.Subset(t, ranges, []string{"130.211.0.0/22", "35.191.0.0/16"})
			case "health-checks":
				assert.ElementsMatch(t, ranges, []string{"130.211.0.0/22", "35.191.0.0/16"})
			case "operators-apid", "operators-api":
				assert.Len(t, ranges, 1)
				assert.True(t, name == "operators-apid" || strings.HasSuffix(t.Name(), "/public"), "nobody dials a private control plane past its balancer")
			default:
				assert.ElementsMatch(t, openToNetworks[name], ranges, name)
			}
		}
	})
}

// TestGoogleCloudGroupsSpreadWithoutMoving: Google moves the machines of a group only where its autoscaler demands it, and spot
// machines start wherever there are some.
func TestGoogleCloudGroupsSpreadWithoutMoving(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType(gceManagerType) {
			shape, moves := n.text("distributionPolicyTargetShape"), n.text("updatePolicy", "instanceRedistributionType")
			autoscaled, want := slices.Contains(n.IgnoreChange, "targetSize"), [2]string{"", "NONE"}
			switch {
			case autoscaled:
				want = [2]string{"", "PROACTIVE"}
			case strings.HasSuffix(n.Name, "-spot"):
				want[0] = "BALANCED"
			}
			assert.Equal(t, want, [2]string{shape, moves}, n.Name)
			assert.EqualValues(t, 120, n.get("updatePolicy", "minReadySec").NumberValue(), n.Name)
		}
		for _, n := range g.ofType("gcp:compute/forwardingRule:ForwardingRule") {
			assert.True(t, n.get("allowGlobalAccess").BoolValue(), n.Name)
			assert.Contains(t, n.IgnoreChange, "allowGlobalAccess", "a rule that runs is not replaced for it")
		}
	})
}

// TestGoogleCloudIsNotAskedForBilling: the lookup of a single project also asks Cloud Billing.
func TestGoogleCloudIsNotAskedForBilling(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		for _, call := range g.calls {
			assert.NotEqual(t, "gcp:organizations/getProject:getProject", call.Token)
		}
	})
}

func TestGoogleCloudInvariant07TheAdoptedNetworksProxiesReachTheAPI(t *testing.T) {
	for _, n := range buildOnGoogleCloud(t, "staging", googleCloudVariants[4].changes).ofType(gceFirewallType) {
		if strings.HasSuffix(n.Name, "-load-balancer") {
			assert.Contains(t, n.texts("sourceRanges"), gceProxies, "the adopted network's own proxies")
		}
	}
}

// TestGoogleCloudInvariant09NodesMayDoNothingInTheProject: a node's account is what firewall rules know it by, and no more.
func TestGoogleCloudInvariant09NodesMayDoNothingInTheProject(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		for _, n := range g.nodes {
			assert.False(t, strings.HasPrefix(n.Type, "gcp:projects/"), "%s gives a node's account a role", n.Name)
		}
	})
}

func TestGoogleCloudInvariant10And14TheBalancerIsAProxy(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		require.NotEmpty(t, g.ofType(gceRuleType))
		for _, n := range append(g.ofType(gceRuleType), g.ofType("gcp:compute/regionBackendService:RegionBackendService")...) {
			assert.Equal(t, "INTERNAL_MANAGED", n.text("loadBalancingScheme"), "%s: passthrough does not work with Talos", n.Name)
		}
		public := strings.HasSuffix(t.Name(), "/public")
		for _, n := range g.ofType(gceAddressType) {
			external := n.text("addressType") == "EXTERNAL"
			assert.Equal(t, public && strings.HasSuffix(n.Name, "-public"), external, n.Name)
		}
		for _, n := range g.ofType(gceInstanceType) {
			reachable := !n.get("networkInterfaces", 0, "accessConfigs").IsNull()
			assert.Equal(t, public && strings.Contains(n.Name, "control-plane"), reachable, n.Name)
		}
		for _, n := range g.ofType(gceTemplateType) {
			assert.True(t, n.get("networkInterfaces", 0, "accessConfigs").IsNull(), n.Name)
		}
	})
}

func TestGoogleCloudInvariant11TheBalancerChecksAndTargetsTheControlPlanesAlone(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType("gcp:compute/regionHealthCheck:RegionHealthCheck") {
			assert.Equal(t, "6443", n.text("tcpHealthCheck", "port"))
			assert.LessOrEqual(t, n.get("checkIntervalSec").NumberValue(), 10.0)
		}
		for _, n := range g.ofType("gcp:compute/regionBackendService:RegionBackendService") {
			assert.Len(t, n.get("backends").ArrayValue(), 3, "one group for each zone")
			assert.GreaterOrEqual(t, n.get("timeoutSec").NumberValue(), 300.0, "a quiet watch must not be cut")
			for i := range n.get("backends").ArrayValue() {
				assert.Equal(t, "1", n.text("backends", i, "capacityScaler"))
			}
		}
		var members, controlPlanes []string
		for _, n := range g.ofType(gceMemberType) {
			members = append(members, n.text("instance"))
			assert.True(t, strings.HasSuffix(n.text("instanceGroup"), n.text("zone")), "%s is in a group of another zone", n.Name)
		}
		for _, n := range onlyControlPlanes(g.ofType(gceInstanceType)) {
			controlPlanes = append(controlPlanes, gceAPI+"/"+n.Name)
		}
		assert.ElementsMatch(t, controlPlanes, members)
	})
}

func TestGoogleCloudInvariant13TheEndpointIsInTheCertificates(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType("talos:machine/configurationApply:ConfigurationApply") {
			document := n.text("machineConfigurationInput")
			cluster := strings.Join(strings.Split(n.Name, "-")[:3], "-")
			i := slices.IndexFunc(g.ofType(gceRuleType), func(r *node) bool { return r.Name == cluster+"-api" })
			address := g.ofType(gceRuleType)[i].text("ipAddress")
			assert.Contains(t, document, "endpoint: https://"+address+":6443")
			assert.Contains(t, document, "kubePrism:\n            enabled: true")
			if strings.Contains(n.Name, "control-plane") {
				assert.Contains(t, document, "- "+address+"\n")
			}
		}
	})
}

func TestNamedNodesAreLabeledWithTheirPlace(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		applied := map[string]string{}
		for _, n := range g.ofType("talos:machine/configurationApply:ConfigurationApply") {
			applied[n.Name] = n.text("machineConfigurationInput")
		}
		for _, n := range g.ofType(gceInstanceType) {
			assert.Contains(t, applied[n.Name], "topology.kubernetes.io/zone: "+n.text("zone")+"\n")
			assert.Contains(t, applied[n.Name], "topology.kubernetes.io/region: us-")
			assert.Contains(t, applied[n.Name], "node.kubernetes.io/instance-type: "+n.text("machineType")+"\n")
			assert.NotContains(t, n.text("metadata", "user-data"), "topology.kubernetes.io", "a machine boots before its place is known")
		}
	})
}

func TestGoogleCloudInvariant15EveryDiskHasTheKey(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		var want string
		grants := g.ofType("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember")
		switch keys := g.ofType("gcp:kms/cryptoKey:CryptoKey"); {
		case len(keys) > 0:
			want = "-disks-id"
			assert.Len(t, grants, len(keys))
			assert.NotEmpty(t, keys[0].text("rotationPeriod"))
		case strings.HasSuffix(t.Name(), "/own-key"):
			want = gceKey
			assert.Len(t, grants, 1)
		default:
			assert.Empty(t, grants)
		}
		check := func(n *node, key string) {
			assert.True(t, strings.HasSuffix(key, want) && (key == "") == (want == ""), "%s: %q", n.Name, key)
			for _, grant := range grants {
				if strings.HasPrefix(n.Name, strings.TrimSuffix(grant.Name, "-disks")) && n.Type != gceTemplateType {
					assert.True(t, g.reaches(n, grant), "%s does not wait for the right to use the key", n.Name)
				}
			}
		}
		for _, n := range g.ofType(gceInstanceType) {
			check(n, n.text("bootDisk", "kmsKeySelfLink"))
		}
		for _, n := range g.ofType(gceTemplateType) {
			require.Len(t, n.get("disks").ArrayValue(), 1)
			check(n, n.text("disks", 0, "diskEncryptionKey", "kmsKeySelfLink"))
		}
		for _, grant := range grants {
			assert.Equal(t, "serviceAccount:service-123456789012@compute-system.iam.gserviceaccount.com", grant.text("member"))
		}
	})
}

func TestGoogleCloudInvariant18LabelsKeepToTheAlphabetAndNeverCollide(t *testing.T) {
	long := strings.Repeat("k", 70)
	tags := map[string]string{
		"Team": "Platform", "a/b": "1.0", "a:b": "1-0", "a-b": "x", "a b": "@", "9lives": "cat", "googly": "eyes", "_x": "", long + "1": "one", long + "2": "two",
		"zz": strings.Repeat("v", 100),
	}
	var pairs []string
	for key, value := range tags {
		pairs = append(pairs, fmt.Sprintf("%q: %q", key, value))
	}
	g := buildOnGoogleCloud(t, "dev", map[string]string{"tags": "{" + strings.Join(pairs, ",") + "}"})
	labels := g.ofType(gceRuleType)[0].get("labels").ObjectValue()
	assert.Len(t, labels, len(tags)+7, "no two tags share a label: the user's, and the program's own")
	for key, value := range labels {
		assert.Regexp(t, `^[a-z][a-z0-9_-]{0,62}$`, string(key))
		assert.Regexp(t, `^[a-z0-9_-]{0,63}$`, value.StringValue())
		assert.False(t, strings.HasPrefix(string(key), "goog"), "%s is Google's own", key)
	}
	assert.Equal(t, "platform", labels["team"].StringValue(), "what only needs lower case stays readable")
	assert.Equal(t, "x", labels["a-b"].StringValue(), "what is a label already stays as it is")
}

func TestGoogleCloudInvariant21SpotMachinesAreWhatTheMarketTakes(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType(gceTemplateType) {
			want := map[string]string{"provisioningModel": "STANDARD", "preemptible": "", "automaticRestart": "true", "onHostMaintenance": "MIGRATE", "instanceTerminationAction": ""}
			if strings.HasSuffix(n.Name, "-spot") {
				want = map[string]string{"provisioningModel": "SPOT", "preemptible": "true", "automaticRestart": "false", "onHostMaintenance": "TERMINATE", "instanceTerminationAction": "STOP"}
			}
			for property, value := range want {
				assert.Equal(t, value, n.text("scheduling", property), "%s: %s", n.Name, property)
			}
		}
	})
	sizes := map[string]string{}
	for _, n := range buildOnGoogleCloud(t, "staging", nil).ofType(gceManagerType) {
		sizes[n.Name] = n.text("targetSize")
	}
	assert.Equal(t, map[string]string{"inferadb-staging-nyc1-workers-on-demand": "1", "inferadb-staging-nyc1-workers-spot": "2"}, sizes, "one machine on demand, the others on the market")
}

func TestGoogleCloudInvariant23TheSizeIsIgnoredOnlyWhereAnAutoscalerMovesIt(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType(gceManagerType) {
			bounded := slices.ContainsFunc(g.ofType(gceBoundsType), func(b *node) bool { return b.Name == n.Name })
			assert.Equal(t, bounded, slices.Contains(n.IgnoreChange, "targetSize"), n.Name)
		}
	})
	bounds := map[string]string{}
	for _, n := range buildOnGoogleCloud(t, "production", googleCloudVariants[9].changes).ofType(gceBoundsType) {
		if name, ours := strings.CutPrefix(n.Name, "inferadb-production-nyc1-"); ours {
			bounds[name] = n.text("autoscalingPolicy", "minReplicas") + " to " + n.text("autoscalingPolicy", "maxReplicas")
			assert.Equal(t, "0.6", n.text("autoscalingPolicy", "cpuUtilization", "target"))
		}
	}
	assert.Equal(t, map[string]string{"steady-on-demand": "2 to 4", "burst-spot": "1 to 6"}, bounds, "the base is always there")
}

func TestGoogleCloudInvariant25NamesFitTheirService(t *testing.T) {
	stack := strings.Repeat("s", 26)
	settings := stackFile(t, "production", map[string]string{"provider": "gcp", "pools": `[
		{"name": "` + strings.Repeat("p", 20) + `", "size": "small", "count": 3, "spot": true}, {"name": "` + strings.Repeat("q", 20) + `", "size": "small", "count": 2}]`})
	for _, n := range build(t, stack, settings).nodes {
		if !strings.HasPrefix(n.Type, "gcp:") {
			continue
		}
		assert.Regexp(t, `^[a-z]([-a-z0-9]{0,53}[a-z0-9])?$`, n.Name, "room for Pulumi's suffix")
		if n.Type == "gcp:serviceaccount/account:Account" {
			assert.Regexp(t, `^[a-z][-a-z0-9]{4,28}[a-z0-9]$`, n.text("accountId"))
		}
		if n.Type == gceManagerType {
			assert.LessOrEqual(t, len(n.text("baseInstanceName")), 58)
		}
	}
}

func TestGoogleCloudInvariant29ProductionIsProtected(t *testing.T) {
	protected := map[string]bool{}
	for _, n := range buildOnGoogleCloud(t, "production", nil).nodes {
		if n.Protect {
			protected[n.Type] = true
		}
		if n.Type == gceInstanceType {
			assert.Equal(t, "true", n.text("deletionProtection"), n.Name)
			assert.True(t, n.Protect, n.Name)
		}
	}
	assert.Equal(t, map[string]bool{
		"talos:machine/secrets:Secrets": true, "talos:machine/bootstrap:Bootstrap": true, gceInstanceType: true, gceAddressType: true, gceRuleType: true, "gcp:kms/cryptoKey:CryptoKey": true,
	}, protected)
	stateless := map[string]string{"pools": `[{"name": "web", "size": "small", "count": 2}]`}
	for _, n := range buildOnGoogleCloud(t, "production", stateless).ofType(gceInstanceType) {
		keeps := strings.Contains(n.Name, "control-plane")
		assert.Equal(t, keeps, n.Protect, "%s: a pool that keeps nothing can shrink", n.Name)
		// Google refuses to delete a machine that has it, whatever Pulumi allows.
		assert.Equal(t, fmt.Sprint(keeps), n.text("deletionProtection"), n.Name)
	}
	for _, n := range buildOnGoogleCloud(t, "staging", nil).nodes {
		assert.False(t, n.Protect, n.Name)
	}
}

func TestGoogleCloudInvariant30MachinesAreNotReplacedTogether(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType(gceInstanceType) {
			assert.ElementsMatch(t, n.IgnoreChange, []string{"bootDisk", "machineType", "metadata", "zone"}, n.Name)
			assert.Equal(t, "false", n.text("allowStoppingForUpdate"), n.Name)
			assert.Equal(t, n.Name, n.text("name"), "a node keeps its name")
		}
	})
}

func TestGoogleCloudInvariant33BootstrapWaitsForTheWholeWayToTheAPI(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		for _, b := range g.ofType("talos:machine/bootstrap:Bootstrap") {
			way := slices.Concat(g.ofType(gceRuleType), g.ofType(gceMemberType), g.ofType(gceFirewallType), onlyControlPlanes(g.ofType(gceInstanceType)))
			for _, n := range way {
				if strings.HasPrefix(n.Name, b.Name) {
					assert.True(t, g.reaches(b, n), "bootstrap does not wait for %s", n.Name)
				}
			}
			for _, n := range append(g.ofType(gceInstanceType), g.ofType(gceManagerType)...) {
				assert.False(t, g.reaches(n, b), "%s waits for the bootstrap", n.Name)
			}
		}
	})
}

func TestGoogleCloudGraphHasNoNeedlessEdge(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		machines := append(g.ofType(gceInstanceType), g.ofType(gceManagerType)...)
		for _, n := range machines {
			for _, other := range slices.Concat(machines, g.ofType(gceRuleType), g.ofType("gcp:compute/regionBackendService:RegionBackendService")) {
				assert.False(t, g.reaches(n, other), "%s waits for %s", n.Name, other.Name)
			}
		}
		for _, rule := range g.ofType(gceRuleType) {
			for _, n := range machines {
				assert.False(t, g.reaches(rule, n), "the balancer waits for %s", n.Name)
			}
		}
	})
}

func TestGoogleCloudInvariant35LookUpsHaveAProviderToo(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		for _, call := range g.calls {
			assert.NotEmpty(t, call.Provider, call.Token)
		}
	})
	var regions []string
	for _, n := range buildOnGoogleCloud(t, "production", nil).ofType("pulumi:providers:gcp") {
		regions = append(regions, n.text("region"))
		assert.Equal(t, gceProject, n.text("project"))
	}
	assert.ElementsMatch(t, []string{"us-east4", "us-west1"}, regions)
}

func TestGoogleCloudInvariant36AnAdoptedNetworkIsLeftAsItIs(t *testing.T) {
	g := buildOnGoogleCloud(t, "staging", googleCloudVariants[4].changes)
	for _, token := range []string{"network:Network", "subnetwork:Subnetwork", "router:Router", "routerNat:RouterNat"} {
		assert.Empty(t, g.ofType("gcp:compute/"+token))
	}
	for _, n := range g.ofType(gceInstanceType) {
		assert.Equal(t, gceAPI+"/machines", n.text("networkInterfaces", 0, "subnetwork"), n.Name)
	}
	_, err := tryBuild("staging", stackFile(t, "staging", map[string]string{"provider": "gcp", "operatorCidrs": `["10.50.0.0/16"]`,
		"regions": `[{"name": "nyc1", "network": {"id": "mine", "subnetIds": ["machines"]}}]`}))
	assert.ErrorContains(t, err, "subnet machines lies in shared, not in mine; name a subnet of the network")
}

func TestGoogleCloudInvariant37ImagesArePinnedAndNeverDownloaded(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		found := false
		for _, call := range g.calls {
			if call.Token != "gcp:compute/getImage:getImage" {
				continue
			}
			found = true
			assert.False(t, call.Args.HasValue("family") || call.Args.HasValue("mostRecent"), "a family's image changes")
			if strings.HasSuffix(t.Name(), "/own-image") {
				assert.Equal(t, "talos", call.Args["name"].StringValue())
			} else {
				assert.Regexp(t, `^talos-v\d+-\d+-\d+-amd64-[0-9a-f]{12}$`, call.Args["name"].StringValue())
			}
		}
		assert.True(t, found)
		// The engine and the provider read an asset in every preview, wherever it comes from.
		for _, n := range g.nodes {
			assert.False(t, hasAsset(resource.NewObjectProperty(n.Inputs)), "%s would be downloaded on every preview", n.Name)
		}
	})
}

func hasAsset(v resource.PropertyValue) bool {
	switch {
	case v.IsAsset(), v.IsArchive():
		return true
	case v.IsSecret():
		return hasAsset(v.SecretValue().Element)
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

func TestGoogleCloudInvariant39NodesWaitForTheirWayOut(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		nats := g.ofType("gcp:compute/routerNat:RouterNat")
		if len(nats) == 0 {
			t.Skip("an adopted network has its own way out")
		}
		for _, n := range append(g.ofType(gceInstanceType), g.ofType(gceManagerType)...) {
			assert.True(t, slices.ContainsFunc(nats, func(way *node) bool { return g.reaches(n, way) }), n.Name)
		}
	})
}

func TestGoogleCloudNeedsAProject(t *testing.T) {
	t.Setenv("GOOGLE_PROJECT", "")
	_, err := tryBuild("dev", stackFile(t, "dev", map[string]string{"provider": "gcp"}))
	assert.ErrorContains(t, err, "gcp:project: is not set, and neither is GOOGLE_PROJECT; run: pulumi config set gcp:project my-project")
	for _, id := range []string{"My Project", "123456789012", "a"} {
		settings := stackFile(t, "dev", map[string]string{"provider": "gcp"})
		settings["gcp:project"] = id
		_, err = tryBuild("dev", settings)
		assert.ErrorContains(t, err, "gcp:project: \""+id+"\" is not a project's id")
	}
	settings := stackFile(t, "dev", map[string]string{"provider": "gcp"})
	settings["gcp:project"] = "example.com:others"
	g, err := tryBuild("dev", settings)
	require.NoError(t, err)
	assert.Equal(t, "example.com:others", g.ofType("pulumi:providers:gcp")[0].text("project"), "the stack's project goes before the environment's")
}
