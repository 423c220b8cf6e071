package graph

import (
	"fmt"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/tests/pages"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	operatorNetwork = "203.0.113.0/24"
	nodeNetwork     = "10.101.128.0/18"
)

// sourceNames are what address ranges are in the page.
var sourceNames = map[string]string{
	operatorNetwork: "operators", nodeNetwork: "nodes' network",
	"130.211.0.0/22": "Google's health checks", "35.191.0.0/16": "Google's health checks",
	"10.101.188.0/22": "load balancer's proxies",
}

// door is a port of a role's machines, or of the load balancer.
type door struct{ to, protocol, port string }

// access is who may reach each door on one cloud, and what the rules say it is for.
type access struct {
	sources map[door][]string
	purpose map[door]string
}

// add lets sources in. Addresses are named as the page names them.
func (a access) add(to, protocol, port, purpose string, sources ...string) {
	d := door{to, protocol, port}
	for _, source := range sources {
		if name, known := sourceNames[strings.TrimPrefix(source, "cidr:")]; known {
			source = name
		}
		if !slices.Contains(a.sources[d], source) {
			a.sources[d] = append(a.sources[d], source)
		}
	}
	if a.purpose[d] == "" {
		a.purpose[d] = purpose
	}
}

// TestThePortsPageIsFresh compares docs/ports.md with the firewalls that the program makes for a private production
// cluster, and with the firewall of its nodes. `make graph` writes it.
func TestThePortsPageIsFresh(t *testing.T) {
	readers := map[string]func(g graph, a access){"aws": readSecurityGroups, "gcp": readGoogleFirewalls,
		"digitalocean": readDigitalOceanFirewalls}
	byCloud, purpose, nodes := map[string]access{}, map[door]string{}, map[string][]string{}
	for _, provider := range slices.Sorted(maps.Keys(readers)) {
		settings := map[string]string{"provider": provider, "regions": `["nyc1"]`, "operatorCidrs": `["` + operatorNetwork + `"]`,
			"pools": `[{"name":"data","size":"large","count":3}]`}
		if provider != "digitalocean" {
			settings["pools"] = `[{"name":"data","size":"large","count":3},{"name":"web","size":"medium","min":3,"max":9}]`
		}
		g := build(t, "production", stackFile(t, "production", settings))
		a := access{map[door][]string{}, map[door]string{}}
		readers[provider](g, a)
		byCloud[provider] = a
		for d, text := range a.purpose {
			if purpose[d] == "" || provider == "aws" {
				purpose[d] = text
			}
		}
		for role, sources := range nodeFirewalls(t, g) {
			nodes[role] = append(nodes[role], sources...)
		}
	}
	pages.Fresh(t, *update, filepath.Join(root, "docs", "ports.md"), "ports", portTable(purpose, byCloud, nodes))
}

func portTable(purpose map[door]string, byCloud map[string]access, nodes map[string][]string) string {
	var text strings.Builder
	text.WriteString("\n| to | port | for | AWS | Google Cloud | DigitalOcean | node firewall |\n|---|---|---|---|---|---|---|\n")
	doors := slices.SortedFunc(maps.Keys(purpose), func(a, b door) int {
		return strings.Compare(fmt.Sprintf("%s %6s %s", a.to, strings.Split(a.port, "-")[0], a.protocol),
			fmt.Sprintf("%s %6s %s", b.to, strings.Split(b.port, "-")[0], b.protocol))
	})
	for _, d := range doors {
		node := "lets it through"
		switch {
		case d.port == "50000":
			node = strings.Join(slices.Compact(slices.Sorted(slices.Values(nodes[d.to]))), ", ")
		case d.to == "load-balancer":
			node = "–"
		}
		fmt.Fprintf(&text, "| %s | %s | %s |", d.to, strings.TrimSpace(d.protocol+" "+d.port), purpose[d])
		for _, provider := range []string{"aws", "gcp", "digitalocean"} {
			sources := byCloud[provider].sources[d]
			if len(sources) == 0 {
				sources = []string{"none"}
			}
			fmt.Fprintf(&text, " %s |", strings.Join(slices.Sorted(slices.Values(sources)), ", "))
		}
		fmt.Fprintf(&text, " %s |\n", node)
	}
	return text.String() + "\n"
}

func readSecurityGroups(g graph, a access) {
	role := func(id string) string {
		return strings.TrimSuffix(strings.TrimPrefix(id, "inferadb-production-nyc1-"), "-id")
	}
	for _, n := range g.ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
		port := n.Text("fromPort")
		if to := n.Text("toPort"); to != port {
			port += "-" + to
		}
		if n.Text("ipProtocol") == "icmp" {
			port = ""
		}
		source := n.Text("cidrIpv4")
		if source == "" {
			source = role(n.Text("referencedSecurityGroupId"))
		}
		a.add(role(n.Text("securityGroupId")), n.Text("ipProtocol"), port, n.Text("description"), source)
	}
}

func readGoogleFirewalls(g graph, a access) {
	role := func(email string) string {
		return strings.TrimSuffix(strings.TrimPrefix(email, "inferadb-production-nyc1-"), "@mock")
	}
	for _, n := range g.ofType("gcp:compute/firewall:Firewall") {
		if n.Text("direction") == "EGRESS" {
			continue
		}
		sources := n.Texts("sourceRanges")
		for _, email := range n.Texts("sourceServiceAccounts") {
			sources = append(sources, role(email))
		}
		ports := n.Texts("allows", 0, "ports")
		if len(ports) == 0 {
			ports = []string{""}
		}
		for _, port := range ports {
			for _, email := range n.Texts("targetServiceAccounts") {
				a.add(role(email), n.Text("allows", 0, "protocol"), port, n.Text("description"), sources...)
			}
		}
	}
	// Firewall rules do not apply to the proxies of an internal load balancer:
	// https://cloud.google.com/load-balancing/docs/tcp/internal-proxy#firewall-rules
	for _, n := range g.ofType("gcp:compute/forwardingRule:ForwardingRule") {
		a.add("load-balancer", "tcp", n.Text("portRange"), "", "anyone with a route into the network")
	}
}

// roleOf returns the role of a tag, whose name is "<cluster>-<role>-<hash>".
func roleOf(tag string) string {
	if strings.Contains(tag, "-control-plane-") {
		return "control-plane"
	}
	return "worker"
}

func readDigitalOceanFirewalls(g graph, a access) {
	for _, n := range g.ofType("digitalocean:index/firewall:Firewall") {
		for i := range n.Get("inboundRules").ArrayValue() {
			sources := n.Texts("inboundRules", i, "sourceAddresses")
			for _, tag := range n.Texts("inboundRules", i, "sourceTags") {
				sources = append(sources, roleOf(tag))
			}
			if len(n.Texts("inboundRules", i, "sourceLoadBalancerUids")) > 0 {
				sources = append(sources, "load-balancer")
			}
			a.add(roleOf(n.Text("tags", 0)), n.Text("inboundRules", i, "protocol"), n.Text("inboundRules", i, "portRange"), "", sources...)
		}
	}
	for _, n := range g.ofType("digitalocean:index/loadBalancer:LoadBalancer") {
		a.add("load-balancer", "tcp", n.Text("forwardingRules", 0, "entryPort"), "", n.Texts("firewall", "allows")...)
	}
}

// nodeFirewalls returns whom the nodes of each role let in to the Talos API, the only port that their firewall has a
// rule for.
func nodeFirewalls(t *testing.T, g graph) map[string][]string {
	t.Helper()
	sources := map[string][]string{}
	for _, n := range g.nodes {
		text := n.Text("machineConfigurationInput") + n.Text("metadata", "user-data")
		if n.Type != "talos:machine/configurationApply:ConfigurationApply" && n.Type != "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate" {
			continue
		}
		provider, err := configloader.NewFromBytes([]byte(text))
		require.NoError(t, err, n.Name)
		role := "worker"
		if strings.Contains(n.Name, "-control-plane-") {
			role = "control-plane"
		}
		for _, rule := range provider.NetworkRules().Rules() {
			assert.Equal(t, [][2]uint16{{50000, 50000}}, rule.PortRanges())
			assert.Empty(t, rule.ExceptSubnets())
			for _, prefix := range rule.Subnets() {
				sources[role] = append(sources[role], nameOf(prefix))
			}
		}
	}
	require.Len(t, sources, 2)
	return sources
}

func nameOf(prefix netip.Prefix) string {
	if name, known := sourceNames[prefix.String()]; known {
		return name
	}
	return prefix.String()
}
