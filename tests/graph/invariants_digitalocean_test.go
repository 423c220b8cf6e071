package graph

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The invariants on DigitalOcean, over every stack that it can build.

const (
	dropletType    = "digitalocean:index/droplet:Droplet"
	doFirewallType = "digitalocean:index/firewall:Firewall"
	doBalancerType = "digitalocean:index/loadBalancer:LoadBalancer"
	doTagType      = "digitalocean:index/tag:Tag"
	// ownVPC is the network that a stack adopts.
	ownVPC = "5a4981aa-9653-4bd1-bef5-d6bff52042e4"
)

// The program refuses to begin without a token.
func init() {
	if err := os.Setenv("DIGITALOCEAN_TOKEN", "mock"); err != nil {
		panic(err)
	}
}

var digitalOceanVariants = []struct {
	name, stack string
	changes     map[string]string
}{
	{"dev", "dev", nil},
	{"staging", "staging", nil},
	{"production", "production", nil},
	{"public", "production", map[string]string{"access": "public", "operatorCidrs": `["203.0.113.0/24"]`}},
	{"adopted", "staging", map[string]string{"operatorCidrs": `["10.60.0.0/16"]`, "regions": `[{"name": "nyc1", "network": {"id": "` + ownVPC + `"}}]`}},
	{"endpoint", "staging", map[string]string{"endpoint": "api.example.com"}},
	{"own-image", "dev", map[string]string{"regions": `[{"name": "nyc1", "image": "170000001"}]`}},
	{"flannel", "dev", map[string]string{"cni": "flannel"}},
	{"pools", "production", map[string]string{"pools": `[
		{"name": "stateful", "size": "large", "count": 3, "workload": "stateful"},
		{"name": "web", "size": "small", "count": 2}]`}},
	{"open-ports", "production", map[string]string{"openPorts": openPorts}},
}

func forEachOnDigitalOcean(t *testing.T, check func(t *testing.T, g graph)) {
	t.Helper()
	for _, v := range digitalOceanVariants {
		t.Run(v.name, func(t *testing.T) {
			check(t, build(t, v.stack, stackFile(t, v.stack, map[string]string{"provider": "digitalocean"}, v.changes)))
		})
	}
}

// computedByDigitalOcean are the outputs that the program reads and that DigitalOcean would compute.
func computedByDigitalOcean(args pulumi.MockResourceArgs, n int) map[string]any {
	switch args.TypeToken {
	case dropletType:
		return map[string]any{"ipv4AddressPrivate": fmt.Sprintf("10.101.0.%d", n), "ipv4Address": fmt.Sprintf("198.51.100.%d", n)}
	case doTagType:
		return map[string]any{"name": args.Name + "-0000000"}
	case doBalancerType:
		return map[string]any{"ip": fmt.Sprintf("10.101.63.%d", n)}
	default:
		return nil
	}
}

// texts are the items of a list of texts.
func (n *node) texts(path ...any) []string {
	var texts []string
	if list := n.get(path...); list.IsArray() {
		for i := range list.ArrayValue() {
			texts = append(texts, n.text(append(slices.Clone(path), i)...))
		}
	}
	return texts
}

func TestDigitalOceanInvariant07And08PortsAreTheLeast(t *testing.T) {
	// What each port may come from, by the role that it leads to.
	allowed := map[string][]string{
		"control-plane 2379-2380": {"control-plane"}, "control-plane 6443": {"control-plane", "worker", "balancer"},
		"control-plane 10250": {"control-plane", "worker"}, "control-plane 50000": {"control-plane", "operators"},
		"control-plane 50001": {"control-plane", "worker"}, "worker 10250": {"control-plane", "worker"}, "worker 50000": {"control-plane"},
	}
	for _, role := range []string{"control-plane", "worker"} {
		for _, overlay := range []string{"8472", "4789", "4240", "4244", "51871", ""} {
			allowed[role+" "+overlay] = []string{"control-plane", "worker"}
		}
	}
	opened := map[string][]string{}
	for _, role := range []string{"control-plane", "worker"} {
		opened[role+" 9100"] = []string{"control-plane", "worker"}
		opened[role+" 30000-32767"] = []string{"10.0.0.0/8", "192.168.0.0/16"}
		opened[role+" 7946"] = []string{"control-plane", "worker", "100.64.0.0/10"}
	}
	forEachOnDigitalOcean(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType(doFirewallType) {
			require.Len(t, n.texts("tags"), 1)
			role := roleOf(n.text("tags", 0))
			for i := range n.get("inboundRules").ArrayValue() {
				key := role + " " + n.text("inboundRules", i, "portRange")
				var sources []string
				for _, tag := range n.texts("inboundRules", i, "sourceTags") {
					sources = append(sources, roleOf(tag))
				}
				if addresses := n.texts("inboundRules", i, "sourceAddresses"); len(opened[key]) > 0 {
					sources = append(sources, addresses...)
				} else if len(addresses) > 0 {
					sources = append(sources, "operators")
				}
				if len(n.texts("inboundRules", i, "sourceLoadBalancerUids")) > 0 {
					sources = append(sources, "balancer")
				}
				may := append(slices.Clone(allowed[key]), opened[key]...)
				assert.True(t, len(opened[key]) == 0 || strings.HasSuffix(t.Name(), "/open-ports"), "%s: %s", n.Name, key)
				if key == "control-plane 6443" && strings.HasSuffix(t.Name(), "/public") {
					may = append(may, "operators")
				}
				assert.Subset(t, may, sources, "%s: %s", n.Name, key)
			}
		}
	})
}

func roleOf(tag string) string {
	if strings.Contains(tag, "-control-plane-") {
		return "control-plane"
	}
	return "worker"
}

func TestDigitalOceanInvariant09TheFirewallStandsBeforeTheDroplet(t *testing.T) {
	forEachOnDigitalOcean(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType(dropletType) {
			covered := slices.ContainsFunc(g.ofType(doFirewallType), func(f *node) bool {
				return slices.Contains(n.texts("tags"), f.text("tags", 0)) && g.reaches(n, f) && !f.get("outboundRules").IsNull()
			})
			assert.True(t, covered, n.Name)
		}
	})
}

func TestDigitalOceanInvariant10And11TheBalancerIsInternalAndTargetsTheControlPlanesAlone(t *testing.T) {
	forEachOnDigitalOcean(t, func(t *testing.T, g graph) {
		require.NotEmpty(t, g.ofType(doBalancerType))
		for _, n := range g.ofType(doBalancerType) {
			assert.Equal(t, "INTERNAL", n.text("network"))
			assert.Equal(t, "REGIONAL", n.text("type"))
			assert.NotEmpty(t, n.text("vpcUuid"))
			assert.Equal(t, "tcp", n.text("healthcheck", "protocol"))
			assert.Equal(t, "6443", n.text("healthcheck", "port"))
			assert.LessOrEqual(t, n.get("healthcheck", "checkIntervalSeconds").NumberValue(), 10.0)
			assert.Equal(t, "false", n.text("enableProxyProtocol"))
			require.Len(t, n.get("forwardingRules").ArrayValue(), 1)
			assert.Equal(t, "6443", n.text("forwardingRules", 0, "entryPort"))
			for _, droplet := range g.ofType(dropletType) {
				if droplet.Parent != n.Parent {
					continue
				}
				target := slices.Contains(droplet.texts("tags"), n.text("dropletTag"))
				assert.Equal(t, strings.Contains(droplet.Name, "-control-plane-"), target, droplet.Name)
			}
		}
	})
}

func TestDigitalOceanInvariant13And15ConfigurationsNameTheEndpointAndEncrypt(t *testing.T) {
	forEachOnDigitalOcean(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType(dropletType) {
			document := n.text("userData")
			host := "10.101.63."
			if strings.HasSuffix(t.Name(), "/endpoint") {
				host = "api.example.com"
			}
			assert.Contains(t, document, "endpoint: https://"+host)
			assert.Equal(t, 2, strings.Count(document, "provider: luks2"), "STATE and EPHEMERAL, from the first boot: %s", n.Name)
			assert.Contains(t, document, "validSubnets:", "the kubelet is pinned to the private network")
			if strings.Contains(n.Name, "control-plane") {
				assert.Contains(t, document, "advertisedSubnets:", "so is etcd")
			}
		}
	})
}

func TestDigitalOceanInvariant18TagsKeepToTheAlphabet(t *testing.T) {
	forEachOnDigitalOcean(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType(dropletType) {
			for _, tag := range n.texts("tags") {
				assert.Regexp(t, `^[a-zA-Z0-9:_-]{1,255}$`, tag)
			}
		}
	})
}

func TestDigitalOceanInvariant29And30DropletsAreProtectedAndNeverReplaced(t *testing.T) {
	forEachOnDigitalOcean(t, func(t *testing.T, g graph) {
		production := slices.ContainsFunc(g.ofType("talos:machine/secrets:Secrets"), func(n *node) bool { return n.Protect })
		for _, n := range g.ofType(dropletType) {
			assert.ElementsMatch(t, []string{"image", "userData", "sshKeys", "size", "vpcUuid"}, n.IgnoreChange, n.Name)
			assert.Equal(t, production && !strings.Contains(n.Name, "-web-"), n.Protect, "%s: only a pool that keeps nothing can shrink", n.Name)
			assert.Equal(t, "true", n.text("gracefulShutdown"), n.Name)
			assert.Len(t, n.texts("sshKeys"), 1, "the API wants a key")
		}
		for _, n := range g.ofType(doBalancerType) {
			assert.Equal(t, production, n.Protect)
		}
	})
}

func TestDigitalOceanInvariant33BootstrapWaitsForTheBalancerAndItsFirewall(t *testing.T) {
	forEachOnDigitalOcean(t, func(t *testing.T, g graph) {
		for _, b := range g.ofType("talos:machine/bootstrap:Bootstrap") {
			for _, n := range slices.Concat(g.ofType(doBalancerType), g.ofType(doFirewallType), g.ofType(dropletType)) {
				worker := n.Type == dropletType && !strings.Contains(n.Name, "-control-plane-")
				if strings.HasPrefix(n.Name, b.Name) && !worker && !strings.HasSuffix(n.Name, "-worker") {
					assert.True(t, g.reaches(b, n), "bootstrap does not wait for %s", n.Name)
				}
				if n.Type == dropletType {
					assert.False(t, g.reaches(n, b), "%s waits for the bootstrap", n.Name)
				}
			}
		}
	})
}

// TestDigitalOceanGraphHasNoNeedlessEdge: the machines wait for the balancer, whose address they must know, and only for as
// long as the user brings no name of his own. Nothing else waits.
func TestDigitalOceanGraphHasNoNeedlessEdge(t *testing.T) {
	forEachOnDigitalOcean(t, func(t *testing.T, g graph) {
		droplets := g.ofType(dropletType)
		for _, from := range droplets {
			for _, to := range droplets {
				assert.False(t, g.reaches(from, to), "%s waits for %s", from.Name, to.Name)
			}
			for _, balancer := range g.ofType(doBalancerType) {
				assert.False(t, g.reaches(balancer, from), "the balancer waits for %s", from.Name)
				if balancer.Parent == from.Parent {
					assert.Equal(t, !strings.HasSuffix(t.Name(), "/endpoint"), g.reaches(from, balancer), "%s and the balancer", from.Name)
				}
			}
		}
	})
}

func TestDigitalOceanInvariant36AnAdoptedNetworkIsLeftAsItIs(t *testing.T) {
	forEachOnDigitalOcean(t, func(t *testing.T, g graph) {
		for _, n := range g.nodes {
			assert.False(t, strings.HasPrefix(n.Type, "pulumi:providers:aws") || strings.HasPrefix(n.Type, "pulumi:providers:gcp"), "no other cloud is configured")
		}
		adopted := strings.HasSuffix(t.Name(), "/adopted")
		assert.Equal(t, adopted, len(g.ofType("digitalocean:index/vpc:Vpc")) == 0)
		for _, n := range g.ofType(dropletType) {
			assert.Equal(t, adopted, n.text("vpcUuid") == ownVPC, n.Name)
		}
	})
}

func TestDigitalOceanInvariant37ImagesArePinned(t *testing.T) {
	forEachOnDigitalOcean(t, func(t *testing.T, g graph) {
		images := g.ofType("digitalocean:index/customImage:CustomImage")
		if strings.HasSuffix(t.Name(), "/own-image") {
			assert.Empty(t, images)
			assert.Equal(t, "170000001", g.ofType(dropletType)[0].text("image"))
			return
		}
		assert.Len(t, images, len(g.ofType("inferadb:index:TalosCluster")), "one in each region")
		for _, n := range images {
			assert.Regexp(t, `^https://factory\.talos\.dev/image/[0-9a-f]{64}/v1\.13\.10/digital-ocean-amd64\.raw\.gz$`, n.text("url"))
			assert.Len(t, n.texts("regions"), 1)
		}
	})
}

func TestDigitalOceanWithoutATokenSaysWhichCommandSetsIt(t *testing.T) {
	t.Setenv("DIGITALOCEAN_TOKEN", "")
	t.Setenv("DIGITALOCEAN_ACCESS_TOKEN", "")
	_, err := tryBuild("dev", stackFile(t, "dev", map[string]string{"provider": "digitalocean"}))
	assert.ErrorContains(t, err, "export DIGITALOCEAN_TOKEN=")
	_, err = tryBuild("dev", stackFile(t, "dev"))
	assert.NoError(t, err, "a stack on AWS needs no token of DigitalOcean's")
}
