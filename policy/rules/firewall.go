package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

var firewallRules = []Rule{
	{
		Name:   "closed-to-the-internet",
		Demand: "No firewall rule lets the internet in, by its addresses or by naming no source.",
		Remedy: "name the networks that need it, such as 203.0.113.0/24",
		one:    closedToTheInternet,
	},
	{
		Name:   "no-ssh",
		Demand: "No firewall rule opens port 22: Talos has no SSH.",
		Remedy: "name the ports that are needed; for the machines use talosctl, port 50000",
		one:    noSSH,
	},
	{
		Name:   "node-ports-from-nodes",
		Demand: "Ports by which the nodes speak to each other are open to nodes, never to addresses.",
		Remedy: "name the nodes' security group, service account or tag as the source, or open only 6443 and 50000",
		one:    nodePortsFromNodes,
	},
}

// ingress is a source and the ports that it can reach.
type ingress struct {
	source source
	ports  ports
}

// source is where traffic may come from.
type source struct {
	at field
	// kind tells how the value names the source.
	kind sourceKind
}

type sourceKind int

const (
	// peer is a security group, tag, service account or load balancer.
	peer sourceKind = iota
	// addresses is a range of addresses, or one address.
	addresses
	// noSource is a rule that names no source; some clouds then allow all.
	noSource
)

// ports is a range of ports, of one protocol or of all.
type ports struct {
	at        field
	protocol  string
	low, high int
}

// covers reports whether the range contains the port.
func (p ports) covers(protocol string, port int) bool {
	return (p.protocol == protocol || p.protocol == "all") && p.low <= port && port <= p.high
}

// cross returns every combination of a source and a range of ports.
func cross(sources []source, ranges []ports) []ingress {
	var all []ingress
	for _, s := range sources {
		for _, p := range ranges {
			all = append(all, ingress{source: s, ports: p})
		}
	}
	return all
}

// sourcesAt returns the sources in a field, which is a list or a single value.
func sourcesAt(at field, kind sourceKind) []source {
	var sources []source
	for _, item := range at.items() {
		sources = append(sources, source{at: item, kind: kind})
	}
	if at.isSet() && !at.value.IsArray() {
		sources = append(sources, source{at: at, kind: kind})
	}
	return sources
}

// sourcesOf returns the sources under the keys of a rule. If there are none, it returns a noSource at the field none.
func sourcesOf(rule field, addressKeys, peerKeys []string, none field) []source {
	var sources []source
	for _, key := range addressKeys {
		sources = append(sources, sourcesAt(rule.at(key), addresses)...)
	}
	for _, key := range peerKeys {
		// "self: false" of a security group names no source.
		if rule.at(key).text() != "false" {
			sources = append(sources, sourcesAt(rule.at(key), peer)...)
		}
	}
	if len(sources) == 0 {
		sources = []source{{at: none, kind: noSource}}
	}
	return sources
}

// portsOf parses a protocol and a range such as 80, 8000-8080 or all. A range that cannot be parsed counts as all
// ports; one that is known only after the update counts as none.
func portsOf(at field, protocol, text string) ports {
	p := ports{at: at, protocol: protocolOf(protocol), low: 0, high: 65535}
	if at.isUnknown() {
		p.protocol = "unknown"
	}
	low, high, isRange := strings.Cut(text, "-")
	first, err := strconv.Atoi(low)
	if err != nil || first <= 0 {
		return p
	}
	p.low, p.high = first, first
	if last, err := strconv.Atoi(high); isRange && err == nil {
		p.high = last
	}
	return p
}

// protocolOf returns the name of a protocol, which clouds also write as a number:
// https://www.iana.org/assignments/protocol-numbers
func protocolOf(text string) string {
	names := map[string]string{"-1": "all", "": "all", "1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
	text = strings.ToLower(text)
	if name, ok := names[text]; ok {
		return name
	}
	return text
}

// ingressOf returns what a resource lets in.
var ingressOf = ask(cloud.ingress)

func closedToTheInternet(r Resource) []violation {
	var found []violation
	for _, o := range ingressOf(r) {
		switch {
		case o.source.kind == noSource:
			found = append(found, o.source.at.violation("names no source, which allows all", ""))
		case o.source.kind == addresses:
			if reason := tooWide(o.source.at.text()); reason != "" {
				found = append(found, o.source.at.violation(reason, ""))
			}
		}
	}
	return found
}

// widestIPv4 and widestIPv6 are the prefix lengths of the largest networks that a registry assigns.
const widestIPv4, widestIPv6 = 8, 16

// tooWide returns why a range of addresses is too large a part of the internet; empty if it is not. A limit on
// 0.0.0.0/0 would not be enough, because two /1 ranges cover it.
func tooWide(text string) string {
	// DigitalOcean's load balancers write the kind of a source before it.
	text = strings.TrimPrefix(strings.TrimPrefix(text, "cidr:"), "ip:")
	prefix, err := netip.ParsePrefix(text)
	widest := widestIPv4
	if prefix.Addr().Is6() {
		widest = widestIPv6
	}
	switch {
	case err != nil, prefix.Bits() >= widest, prefix.Addr().IsPrivate():
		return ""
	case prefix.Bits() == 0:
		return "lets the whole internet in"
	}
	return fmt.Sprintf("is wider than a /%d and lets a large part of the internet in", widest)
}

func noSSH(r Resource) []violation {
	var found []violation
	for _, o := range ingressOf(r) {
		if o.ports.covers("tcp", 22) {
			found = append(found, o.ports.at.violation("opens port 22, and Talos has no SSH", ""))
		}
	}
	return found
}

// nodePorts are the ports that only nodes need:
// https://docs.siderolabs.com/talos/v1.13/learn-more/talos-network-connectivity and
// https://docs.cilium.io/en/stable/operations/system_requirements/#firewall-rules
var nodePorts = []struct {
	protocol string
	port     int
	name     string
}{
	{"tcp", 2379, "etcd"}, {"tcp", 2380, "etcd"}, {"tcp", 10250, "the kubelet"}, {"tcp", 50001, "Talos' trustd"},
	{"tcp", 4240, "Cilium"}, {"tcp", 4244, "Hubble"}, {"udp", 4789, "VXLAN"}, {"udp", 8472, "VXLAN"},
	{"udp", 51871, "WireGuard"},
}

func nodePortsFromNodes(r Resource) []violation {
	var found []violation
	for _, o := range ingressOf(r) {
		var opened []string
		for _, p := range nodePorts {
			if o.ports.covers(p.protocol, p.port) && !slices.Contains(opened, p.name) {
				opened = append(opened, p.name)
			}
		}
		if o.source.kind != peer && len(opened) > 0 {
			reason := "opens " + strings.Join(opened, ", ") + " to addresses instead of nodes"
			found = append(found, o.ports.at.violation(reason, ""))
		}
	}
	return found
}
