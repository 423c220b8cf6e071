package graph

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/tests/picture"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// concern is a box of the pictures: the resources that serve one purpose.
type concern struct {
	id, title, colour string
	// types by the last part of their tokens, and, if given, what their names begin with, or are: "=api".
	types, names string
}

const (
	cloudColour   = "#ddf4ff"
	machineColour = "#dafbe1"
	talosColour   = "#fff8c5"
)

// concerns of all clouds, in the order of the bring-up: a resource belongs to the first that takes it.
var concerns = []concern{
	{id: "secrets", title: "Secrets", colour: talosColour, types: "Secrets"},
	{id: "network", title: "Network", colour: cloudColour,
		types: "Vpc Subnet InternetGateway RouteTable Route RouteTableAssociation Eip NatGateway VpcEndpoint Network Subnetwork Router RouterNat"},
	{id: "identities", title: "Identities", colour: cloudColour, types: "Role InstanceProfile Account Tag SshKey"},
	{id: "keys", title: "Disk keys", colour: cloudColour, types: "Key Alias KeyRing CryptoKey CryptoKeyIAMMember", names: "disks"},
	{id: "rule", title: "Balancer's rule", colour: cloudColour, types: "Firewall", names: "=api"},
	{id: "firewall", title: "Firewall", colour: cloudColour, types: "SecurityGroup SecurityGroupIngressRule SecurityGroupEgressRule Firewall"},
	{id: "image", title: "Image", colour: cloudColour, types: "CustomImage"},
	{id: "endpoint", title: "Endpoint", colour: cloudColour, types: "Zone Record Address", names: "api private"},
	{id: "balancer", title: "Load balancer", colour: cloudColour,
		types: "LoadBalancer TargetGroup Listener ForwardingRule RegionTargetTcpProxy RegionBackendService RegionHealthCheck InstanceGroup"},
	{id: "machines", title: "Control planes", colour: machineColour,
		types: "NetworkInterface Instance Droplet Address", names: "control-plane"},
	{id: "targets", title: "Balancer's targets", colour: cloudColour, types: "TargetGroupAttachment InstanceGroupMembership"},
	{id: "fixed", title: "Fixed pools", colour: machineColour, types: "NetworkInterface Instance Droplet Address"},
	{id: "elastic", title: "Elastic pools", colour: machineColour,
		types: "LaunchTemplate Group LifecycleHook Policy RegionInstanceTemplate RegionInstanceGroupManager RegionAutoscaler HealthCheck"},
	{id: "drain", title: "Drain path", colour: machineColour, types: "Queue QueuePolicy EventRule EventTarget RolePolicy"},
	{id: "alarms", title: "Alarms", colour: cloudColour, types: "MetricAlarm Topic TopicPolicy Key AlertPolicy Metric"},
	{id: "configure", title: "Configure control planes", colour: talosColour, types: "ConfigurationApply", names: "control-plane"},
	{id: "bootstrap", title: "Bootstrap", colour: talosColour, types: "Bootstrap"},
	{id: "kubeconfig", title: "Kubeconfig", colour: talosColour, types: "Kubeconfig"},
	{id: "workers", title: "Configure fixed pools", colour: talosColour, types: "ConfigurationApply"},
}

func (c concern) takes(kind, name string) bool {
	begins := func(prefix string) bool { return strings.HasPrefix(name, prefix) || prefix == "="+name }
	return slices.Contains(strings.Fields(c.types), kind) && (c.names == "" || slices.ContainsFunc(strings.Fields(c.names), begins))
}

// TestThePicturesShowTheGraph compares the pictures of docs/architecture.md with the program: production in one region, with a
// pool of each kind. `make graph` draws them.
func TestThePicturesShowTheGraph(t *testing.T) {
	stateful := `{"name":"data","size":"large","count":5,"workload":"stateful"}`
	elastic := `,{"name":"web","size":"medium","min":2,"max":9,"spot":{"base":2},"autoscaling":"cpu"}`
	pools := map[string]string{"aws": elastic, "gcp": strings.Replace(elastic, `"min":2`, `"min":3`, 1), "digitalocean": ""}
	for provider, title := range map[string]string{"aws": "AWS", "gcp": "Google Cloud", "digitalocean": "DigitalOcean"} {
		t.Run(provider, func(t *testing.T) {
			g := build(t, "production", stackFile(t, "production", map[string]string{
				"provider": provider, "regions": `["nyc1"]`, "pools": "[" + stateful + pools[provider] + "]",
			}))
			d := g.picture(t, "inferadb-production-nyc1", "A production cluster on "+title+", and what waits for what")
			for ending, got := range map[string]string{".svg": d.SVG(), ".mmd": d.Mermaid()} {
				path := filepath.Join(root, "docs", "graph", provider+ending)
				if *update {
					require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
				}
				want, err := os.ReadFile(path)
				require.NoError(t, err)
				assert.Equal(t, string(want), got, "run: make graph")
			}
		})
	}
}

// picture gathers a cluster's resources by their concerns.
func (g graph) picture(t *testing.T, cluster, title string) picture.Diagram {
	t.Helper()
	home, counts := map[string]string{}, map[string]map[string]int{}
	for urn, n := range g.nodes {
		if !n.Custom || strings.HasPrefix(n.Type, "pulumi:providers:") {
			continue
		}
		kind, name := n.Type[strings.LastIndex(n.Type, ":")+1:], strings.TrimPrefix(strings.TrimPrefix(n.Name, cluster), "-")
		i := slices.IndexFunc(concerns, func(c concern) bool { return c.takes(kind, name) })
		require.GreaterOrEqual(t, i, 0, "no concern takes %s %s: add it to the list", n.Type, name)
		home[urn] = concerns[i].id
		if counts[home[urn]] == nil {
			counts[home[urn]] = map[string]int{}
		}
		counts[home[urn]][kind]++
	}
	arrows := map[string][]string{}
	for urn, n := range g.nodes {
		for _, before := range n.DependsOn {
			if from, to := home[before], home[urn]; from != "" && to != "" && from != to {
				arrows[from] = append(arrows[from], to)
			}
		}
	}
	var boxes []picture.Box
	for _, c := range concerns {
		if counts[c.id] != nil {
			boxes = append(boxes, picture.Box{ID: c.id, Title: c.title, Lines: lines(counts[c.id]), Colour: c.colour})
		}
	}
	d, err := picture.New(title, boxes, arrows)
	require.NoError(t, err)
	return d
}

// lines say how many resources of each type there are, the most numerous first.
func lines(counts map[string]int) []string {
	kinds := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for i, kind := range kinds {
		if counts[kind] > 1 {
			kinds[i] = fmt.Sprintf("%s × %d", kind, counts[kind])
		}
	}
	return kinds
}
