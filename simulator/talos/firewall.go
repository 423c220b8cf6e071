package talos

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/inferadb/infra/simulator/network"
	"github.com/siderolabs/talos/pkg/machinery/nethelpers"
)

// letsIn returns why a machine's own firewall drops what comes from an address to one of its ports; nil if it does not.
// Under the default action accept a rule drops what comes from elsewhere, under block it lets in what comes from there.
// https://github.com/siderolabs/talos/blob/v1.12.1/internal/app/machined/pkg/controllers/network/nftables_chain_config.go
func (n *node) letsIn(from string, port network.Port) error {
	address, err := netip.ParseAddr(from)
	if err != nil || !n.booted() || from == n.PrivateIP || port.Protocol == "icmp" {
		return nil
	}
	contains := func(prefix netip.Prefix) bool { return prefix.Contains(address) }
	within := func(ports [2]uint16) bool { return int(ports[0]) <= port.Number && port.Number <= int(ports[1]) }
	firewall := n.config.NetworkRules()
	blocks := firewall.DefaultAction() == nethelpers.DefaultActionBlock
	admitted := !blocks
	for _, rule := range firewall.Rules() {
		if rule.Protocol().String() != port.Protocol || !slices.ContainsFunc(rule.PortRanges(), within) {
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
		return fmt.Errorf("the firewall of %s drops what comes from %s to port %s", n.Name, from, port)
	}
	return nil
}

// operator is the name of the operator where a machine could be named.
const operator = "operator"

// Dial returns why a TCP packet does not get from a machine, or from the operator, to a machine's private address; nil
// if it does. It asks the cloud's firewalls and the one of Talos.
func Dial(clouds network.Network, memory Memory, from, to string, port int) error {
	c, err := observe(clouds, memory)
	if err != nil {
		return err
	}
	target, err := c.named(to)
	if err != nil {
		return err
	}
	if from != operator {
		sender, err := c.named(from)
		if err != nil {
			return err
		}
		return c.reach(sender, target, port)
	}
	_, err = clouds.Dial(nil, target.PrivateIP, port)
	return err
}

func (c *clusters) named(name string) (*node, error) {
	i := slices.IndexFunc(c.nodes, func(n *node) bool { return n.Name == name || n.ID == name })
	if i < 0 {
		return nil, fmt.Errorf("there is no machine %s", name)
	}
	return c.nodes[i], nil
}
