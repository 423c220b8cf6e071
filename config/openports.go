package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/regions"
)

// fromNodes means the cluster's nodes among the sources of a port.
const fromNodes = "nodes"

// guardedPorts are ports for which the program has rules, limited to the machines that need them. Talos has no SSH.
// https://docs.siderolabs.com/talos/v1.13/learn-more/talos-network-connectivity
// https://docs.cilium.io/en/stable/operations/system_requirements/#firewall-rules
var guardedPorts = []struct {
	protocol  string
	low, high int
	name      string
}{
	{"tcp", 22, 22, "SSH"}, {"tcp", 2379, 2380, "etcd"}, {"tcp", 4240, 4240, "Cilium"}, {"tcp", 4244, 4244, "Hubble"},
	{"tcp", 6443, 6443, "the Kubernetes API"}, {"tcp", 10250, 10250, "the kubelet"}, {"tcp", 50000, 50001, "Talos"},
	{"udp", 4789, 4789, "VXLAN"}, {"udp", 8472, 8472, "VXLAN"}, {"udp", 51871, 51871, "WireGuard"},
}

// insideRanges are the addresses that the internet does not route: RFC 1918, and RFC 6598, which AWS accepts for
// networks too.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
var insideRanges = []netip.Prefix{
	netip.MustParsePrefix(
		"10.0.0.0/8",
	), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"),
}

// openPorts resolves the ports of the stack file for one cluster. A firewall accepts each rule once, so two settings
// cannot open the same port.
func (l *loader) openPorts(p *target) {
	seen := map[string]string{}
	for i, settings := range l.stack.OpenPorts {
		path := fmt.Sprintf("openPorts[%d]", i)
		low, high, ok := l.ports(join(path, "ports"), string(settings.Ports))
		if !slices.Contains([]string{"tcp", "udp"}, settings.Protocol) {
			l.requireOneOf(join(path, "protocol"), settings.Protocol, []string{"tcp", "udp"})
			continue
		}
		if !ok {
			continue
		}
		open := cluster.OpenPort{Protocol: settings.Protocol, Low: low, High: high}
		l.guarded(join(path, "ports"), open)
		l.openFrom(p, join(path, "from"), settings.From, &open)
		if first, twice := seen[open.String()]; twice {
			l.Reject(path, fmt.Sprintf("opens %s, as %s does", open, first), "write all sources into one of them")
		}
		seen[open.String()] = path
		p.cluster.OpenPorts = append(p.cluster.OpenPorts, open)
	}
}

// ports reads "9100" or "30000-32767".
func (l *loader) ports(path, text string) (low, high int, ok bool) {
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	low, lowErr := strconv.Atoi(first)
	high, highErr := strconv.Atoi(last)
	switch {
	case text == "":
		l.Reject(path, "is missing", `write a port like "9100", or a range like "30000-32767"`)
	case lowErr != nil || highErr != nil || low < 1 || high < low || high > 65535:
		l.Reject(
			path,
			fmt.Sprintf("%q is neither a port nor a range of ports", text),
			`write a port like "9100", or a range like "30000-32767"`,
		)
	default:
		return low, high, true
	}
	return 0, 0, false
}

func (l *loader) guarded(path string, open cluster.OpenPort) {
	for _, g := range guardedPorts {
		if g.protocol == open.Protocol && open.Low <= g.high && g.low <= open.High {
			l.Reject(
				path,
				fmt.Sprintf("%s holds the port of %s, which is open to what needs it and nothing else", open, g.name),
				"leave that port out",
			)
		}
	}
}

// openFrom reads the sources: the cluster's nodes, private networks, and the addresses that the cloud's own load
// load balancers and health checks come from.
func (l *loader) openFrom(p *target, path string, from []string, open *cluster.OpenPort) {
	if len(from) == 0 {
		open.Nodes = true
		return
	}
	for i, text := range from {
		at := fmt.Sprintf("%s[%d]", path, i)
		if slices.Index(from, text) < i {
			l.Reject(at, text+" is named twice", "name each source once")
			continue
		}
		if text == fromNodes {
			open.Nodes = true
			continue
		}
		source, err := netip.ParsePrefix(text)
		if err != nil {
			l.Reject(
				at,
				fmt.Sprintf("%q is neither nodes nor a range of addresses", text),
				"write nodes, or a range like 10.0.0.0/16",
			)
			continue
		}
		if _, ok := l.cidr(at, text); !ok {
			continue
		}
		if !isInside(source) && !slices.Contains(p.capabilities.HealthChecks, source) {
			l.Reject(
				at,
				text+" is not a private range, and no setting opens a port to the internet",
				"choose a range in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10"+
					healthCheckRanges(p.capabilities),
			)
			continue
		}
		open.Ranges = append(open.Ranges, source)
	}
}

func isInside(source netip.Prefix) bool {
	return slices.ContainsFunc(insideRanges, func(inside netip.Prefix) bool {
		return inside.Bits() <= source.Bits() && inside.Contains(source.Addr())
	})
}

// healthCheckRanges returns the cloud's sources of health checks, in words that follow the private ranges.
func healthCheckRanges(can regions.Capabilities) string {
	var text string
	for _, prefix := range can.HealthChecks {
		text += fmt.Sprintf(", or %s, where load balancers of %s come from", prefix, can.DisplayName)
	}
	return text
}
