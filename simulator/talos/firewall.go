package talos

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/siderolabs/talos/pkg/machinery/nethelpers"
)

// letsIn says why a machine's own firewall drops what comes from an address to one of its TCP ports; nil if it does not.
// Under the default action accept a rule drops what comes from elsewhere, under block it lets in what comes from there.
// https://github.com/siderolabs/talos/blob/v1.12.1/internal/app/machined/pkg/controllers/network/nftables_chain_config.go
func (n *node) letsIn(from string, port int) error {
	address, err := netip.ParseAddr(from)
	if err != nil || !n.booted() || from == n.PrivateIP {
		return nil
	}
	contains := func(prefix netip.Prefix) bool { return prefix.Contains(address) }
	within := func(ports [2]uint16) bool { return int(ports[0]) <= port && port <= int(ports[1]) }
	firewall := n.config.NetworkRules()
	blocks := firewall.DefaultAction() == nethelpers.DefaultActionBlock
	admitted := !blocks
	for _, rule := range firewall.Rules() {
		if rule.Protocol() != nethelpers.ProtocolTCP || !slices.ContainsFunc(rule.PortRanges(), within) {
			continue
		}
		named := slices.ContainsFunc(rule.Subnets(), contains) && !slices.ContainsFunc(rule.ExceptSubnets(), contains)
		if blocks {
			admitted = admitted || named
		} else {
			admitted = admitted && named
		}
	}
	if !admitted {
		return fmt.Errorf("the firewall of %s drops what comes from %s to port %d", n.Name, from, port)
	}
	return nil
}
