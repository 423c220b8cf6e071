package graph

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/tests/pages"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// concern is a box of the diagrams: the resources that serve one purpose.
type concern struct {
	id, title, color string
	// types by the last part of their tokens, and, if given, what their names begin with, or are: "=api".
	types, names string
}

const (
	cloudColor   = "#ddf4ff"
	machineColor = "#dafbe1"
	talosColor   = "#fff8c5"
)

// concerns of all clouds, in the order of the bring-up: a resource belongs to the first that takes it.
var concerns = []concern{
	{id: "secrets", title: "Secrets", color: talosColor, types: "Secrets"},
	{id: "network", title: "Network", color: cloudColor,
		types: "Vpc Subnet InternetGateway RouteTable Route RouteTableAssociation Eip NatGateway VpcEndpoint Network Subnetwork Router RouterNat"},
	{id: "identities", title: "Identities", color: cloudColor, types: "Role InstanceProfile Account Tag SshKey"},
	{id: "keys", title: "Disk keys", color: cloudColor, types: "Key Alias KeyRing CryptoKey CryptoKeyIAMMember", names: "disks"},
	{id: "rule", title: "Load balancer's rule", color: cloudColor, types: "Firewall", names: "=api"},
	{id: "firewall", title: "Firewall", color: cloudColor, types: "SecurityGroup SecurityGroupIngressRule SecurityGroupEgressRule Firewall"},
	{id: "image", title: "Image", color: cloudColor, types: "CustomImage"},
	{id: "endpoint", title: "Endpoint", color: cloudColor, types: "Zone Record Address", names: "api private"},
	{id: "balancer", title: "Load balancer", color: cloudColor,
		types: "LoadBalancer TargetGroup Listener ForwardingRule RegionTargetTcpProxy RegionBackendService RegionHealthCheck InstanceGroup"},
	{id: "machines", title: "Control planes", color: machineColor,
		types: "NetworkInterface Instance Droplet Address", names: "control-plane"},
	{id: "targets", title: "Load balancer's targets", color: cloudColor, types: "TargetGroupAttachment InstanceGroupMembership"},
	{id: "fixed", title: "Worker pools of named nodes", color: machineColor, types: "NetworkInterface Instance Droplet Address"},
	{id: "elastic", title: "Scaling groups", color: machineColor,
		types: "LaunchTemplate Group LifecycleHook Policy RegionInstanceTemplate RegionInstanceGroupManager RegionAutoscaler HealthCheck"},
	{id: "drain", title: "Interruption handling", color: machineColor, types: "Queue QueuePolicy EventRule EventTarget RolePolicy"},
	{id: "alarms", title: "Alarms", color: cloudColor, types: "MetricAlarm Topic TopicPolicy Key AlertPolicy Metric"},
	{id: "configure", title: "Configure control planes", color: talosColor, types: "ConfigurationApply", names: "control-plane"},
	{id: "bootstrap", title: "Bootstrap", color: talosColor, types: "Bootstrap"},
	{id: "kubeconfig", title: "Kubeconfig", color: talosColor, types: "Kubeconfig"},
	{id: "workers", title: "Configure workers", color: talosColor, types: "ConfigurationApply"},
}

func (c concern) takes(kind, name string) bool {
	begins := func(prefix string) bool { return strings.HasPrefix(name, prefix) || prefix == "="+name }
	return slices.Contains(strings.Fields(c.types), kind) &&
		(c.names == "" || slices.ContainsFunc(strings.Fields(c.names), begins))
}

// TestTheDiagramsShowTheGraph compares the diagrams of docs/architecture.md with the program: production in one region,
// with a pool of each kind. `make graph` draws them.
func TestTheDiagramsShowTheGraph(t *testing.T) {
	stateful := `{"name":"data","size":"large","count":5,"workload":"stateful"}`
	elastic := `,{"name":"web","size":"medium","min":2,"max":9,"spot":{"base":2},"autoscaling":"cpu"}`
	pools := map[string]string{"aws": elastic, "gcp": strings.Replace(elastic, `"min":2`, `"min":3`, 1), "digitalocean": ""}
	for provider, title := range map[string]string{"aws": "AWS", "gcp": "Google Cloud", "digitalocean": "DigitalOcean"} {
		t.Run(provider, func(t *testing.T) {
			g := build(t, "production", stackFile(t, "production", map[string]string{
				"provider": provider, "regions": `["nyc1"]`, "pools": "[" + stateful + pools[provider] + "]",
			}))
			d := g.diagram(t, "inferadb-production-nyc1", "A production cluster on "+title+", and what waits for what")
			pages.FreshFile(t, *update, filepath.Join(root, "docs", "graph", provider+".mmd"), d.mermaid())
			if provider == "aws" {
				// GitHub draws the block.
				pages.Fresh(t, *update, filepath.Join(root, "docs", "architecture.md"), "diagram", "```mermaid\n"+d.mermaid()+"```\n")
			}
		})
	}
}

// diagram gathers a cluster's resources by their concerns.
func (g graph) diagram(t *testing.T, cluster, title string) diagram {
	t.Helper()
	home, counts := map[string]string{}, map[string]map[string]int{}
	for urn, n := range g.nodes {
		if !n.Custom || strings.HasPrefix(n.Type, "pulumi:providers:") {
			continue
		}
		kind := n.Type[strings.LastIndex(n.Type, ":")+1:]
		name := strings.TrimPrefix(strings.TrimPrefix(n.Name, cluster), "-")
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
	var boxes []box
	for _, c := range concerns {
		if counts[c.id] != nil {
			boxes = append(boxes, box{id: c.id, title: c.title, color: c.color, lines: lines(counts[c.id])})
		}
	}
	d, err := newDiagram(title, boxes, arrows)
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

// diagram is a graph without cycles.
type diagram struct {
	title string
	boxes []box
	// arrows lead from a box to those that wait for it, by their ids.
	arrows map[string][]string
}

// box is a node of the diagram.
type box struct {
	// id is a word; title is above lines. color is the background, as in CSS.
	id, title, color string
	lines            []string
}

// newDiagram draws arrows only where no way over other boxes says the same, and refuses a cycle.
func newDiagram(title string, boxes []box, arrows map[string][]string) (diagram, error) {
	d := diagram{title, boxes, arrows}
	for _, box := range boxes {
		if slices.Contains(d.beyond(box.id), box.id) {
			return d, fmt.Errorf("%s waits for itself by way of other boxes", box.title)
		}
	}
	reduced := map[string][]string{}
	for from, targets := range arrows {
		for _, to := range slices.Compact(slices.Sorted(slices.Values(targets))) {
			detour := func(by string) bool { return by != to && slices.Contains(d.beyond(by), to) }
			if !slices.ContainsFunc(targets, detour) {
				reduced[from] = append(reduced[from], to)
			}
		}
	}
	d.arrows = reduced
	return d, nil
}

// beyond are the boxes to which a way leads from the box.
func (d diagram) beyond(id string) []string {
	seen := map[string]bool{}
	var visit func(id string)
	visit = func(id string) {
		for _, next := range d.arrows[id] {
			if !seen[next] {
				seen[next] = true
				visit(next)
			}
		}
	}
	visit(id)
	return slices.Sorted(maps.Keys(seen))
}

// mermaid returns the diagram as a flowchart: https://mermaid.js.org/syntax/flowchart.html
func (d diagram) mermaid() string {
	var text strings.Builder
	fmt.Fprintf(&text, "---\ntitle: %s\n---\nflowchart TD\n", d.title)
	for _, box := range d.boxes {
		fmt.Fprintf(&text, "  %s[\"<b>%s</b><br/>%s\"]\n", box.id, box.title, strings.Join(box.lines, "<br/>"))
	}
	for _, box := range d.boxes {
		for _, to := range d.arrows[box.id] {
			fmt.Fprintf(&text, "  %s --> %s\n", box.id, to)
		}
	}
	for _, box := range d.boxes {
		fmt.Fprintf(&text, "  style %s fill:%s,stroke:#57606a,color:#1f2328\n", box.id, box.color)
	}
	return text.String()
}

func exampleDiagram(t *testing.T) diagram {
	t.Helper()
	d, err := newDiagram("Life & death", []box{
		{id: "a", title: "First", lines: []string{"Vpc"}, color: "#ffffff"},
		{id: "b", title: "Second", lines: []string{"Subnet × 3", "Route"}, color: "#ffffff"},
		{id: "c", title: "Third", color: "#ffffff"},
	}, map[string][]string{"a": {"b", "c", "b"}, "b": {"c"}})
	require.NoError(t, err)
	return d
}

func TestADiagramHasNoNeedlessArrow(t *testing.T) {
	d := exampleDiagram(t)
	assert.Equal(t, map[string][]string{"a": {"b"}, "b": {"c"}}, d.arrows)
	assert.Contains(t, d.mermaid(), `b["<b>Second</b><br/>Subnet × 3<br/>Route"]`)
	assert.Contains(t, d.mermaid(), "a --> b\n")
}

func TestADiagramRefusesACycle(t *testing.T) {
	_, err := newDiagram("", []box{{id: "a", title: "A"}, {id: "b"}}, map[string][]string{"a": {"b"}, "b": {"a"}})
	assert.ErrorContains(t, err, "A waits for itself")
}
