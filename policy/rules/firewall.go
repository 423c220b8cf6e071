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
		Remedy: "name the nodes' security group, service account or tag as the source, or open 6443 and 50000 alone",
		one:    nodePortsFromNodes,
	},
}

// opening is one way in: a source, and the ports that it reaches.
type opening struct {
	source source
	ports  ports
}

// source is where packets may come from.
type source struct {
	at field
	// kind says how to read it.
	kind sourceKind
}

type sourceKind int

const (
	// peer is a group, tag, account or load balancer.
	peer sourceKind = iota
	// addresses are a range of them, or one.
	addresses
	// nobody is no source at all, which some clouds read as everybody.
	nobody
)

// ports are a range of them, of one protocol or of all.
type ports struct {
	at        field
	protocol  string
	low, high int
}

// covers reports whether the port of the protocol is among them.
func (p ports) covers(protocol string, port int) bool {
	return (p.protocol == protocol || p.protocol == "all") && p.low <= port && port <= p.high
}

// pair is every source with every range of ports.
func pair(sources []source, ranges []ports) []opening {
	var openings []opening
	for _, s := range sources {
		for _, p := range ranges {
			openings = append(openings, opening{source: s, ports: p})
		}
	}
	return openings
}

// sourcesAt are the sources that stand at a path, in a list or alone.
func sourcesAt(at field, kind sourceKind) []source {
	var sources []source
	for _, item := range at.items() {
		sources = append(sources, source{at: item, kind: kind})
	}
	if at.present() && !at.value.IsArray() {
		sources = append(sources, source{at: at, kind: kind})
	}
	return sources
}

// sourcesOf are those that stand under the keys of a rule. Without any, nobody is named at the field.
func sourcesOf(rule field, addressKeys, peerKeys []string, none field) []source {
	var sources []source
	for _, key := range addressKeys {
		sources = append(sources, sourcesAt(rule.at(key), addresses)...)
	}
	for _, key := range peerKeys {
		// "self: false" of a security group names nobody.
		if rule.at(key).text() != "false" {
			sources = append(sources, sourcesAt(rule.at(key), peer)...)
		}
	}
	if len(sources) == 0 {
		sources = []source{{at: none, kind: nobody}}
	}
	return sources
}

// portsOf reads a protocol and a range such as 80, 8000-8080 or all. What cannot be read may be anything, so it is all;
// what is not known yet is none.
func portsOf(at field, protocol, text string) ports {
	p := ports{at: at, protocol: protocolOf(protocol), low: 0, high: 65535}
	if at.unknown() {
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

// protocolOf is the name of a protocol that clouds also write as a number:
// https://www.iana.org/assignments/protocol-numbers
func protocolOf(text string) string {
	names := map[string]string{"-1": "all", "": "all", "1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
	text = strings.ToLower(text)
	if name, ok := names[text]; ok {
		return name
	}
	return text
}

// openings are the ways in that a resource makes, whatever its cloud calls it.
var openings = ask(cloud.openings)

func closedToTheInternet(r Resource) []finding {
	var found []finding
	for _, o := range openings(r) {
		switch {
		case o.source.kind == nobody:
			found = append(found, o.source.at.problem("names no source, which means everybody", ""))
		case o.source.kind == addresses:
			if reason := tooWide(o.source.at.text()); reason != "" {
				found = append(found, o.source.at.problem(reason, ""))
			}
		}
	}
	return found
}

// The widest ranges that somebody can own: a registry hands out no network larger than a /8, or a /16 of IPv6's.
const widestIPv4, widestIPv6 = 8, 16

// tooWide says why a range of addresses is the internet, or too much of it; two halves are the whole.
func tooWide(text string) string {
	// Some load balancers say before an address what kind it is.
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

func noSSH(r Resource) []finding {
	var found []finding
	for _, o := range openings(r) {
		if o.ports.covers("tcp", 22) {
			found = append(found, o.ports.at.problem("opens port 22, and Talos has no SSH", ""))
		}
	}
	return found
}

// nodePorts are those that only nodes need:
// https://docs.siderolabs.com/talos/v1.13/learn-more/talos-network-connectivity and
// https://docs.cilium.io/en/stable/operations/system_requirements/#firewall-rules
var nodePorts = []struct {
	protocol string
	port     int
	name     string
}{
	{"tcp", 2379, "etcd"}, {"tcp", 2380, "etcd"}, {"tcp", 10250, "the kubelet"}, {"tcp", 50001, "Talos' trustd"},
	{
		"tcp",
		4240,
		"Cilium",
	}, {"tcp", 4244, "Hubble"}, {"udp", 4789, "VXLAN"}, {"udp", 8472, "VXLAN"}, {"udp", 51871, "WireGuard"},
}

func nodePortsFromNodes(r Resource) []finding {
	var found []finding
	for _, o := range openings(r) {
		var opened []string
		for _, p := range nodePorts {
			if o.ports.covers(p.protocol, p.port) && !slices.Contains(opened, p.name) {
				opened = append(opened, p.name)
			}
		}
		if o.source.kind != peer && len(opened) > 0 {
			found = append(
				found,
				o.ports.at.problem("opens "+strings.Join(opened, ", ")+" to addresses instead of nodes", ""),
			)
		}
	}
	return found
}
