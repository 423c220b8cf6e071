package gcp

import (
	"fmt"
	"slices"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
)

// internet is an address for every server on the internet. It is of the range for documentation.
const internet = "203.0.113.80"

// Deliver follows a packet of any protocol within a network.
func (n cloudNetwork) Deliver(from, to network.Machine, port network.Port) error {
	sender, receiver := Find(n.store, from), Find(n.store, to)
	if sender == nil || receiver == nil {
		return fmt.Errorf("%s or %s does not run any more", from.Name, to.Name)
	}
	source, target := endOf(sender), endOf(receiver)
	if source.place.network != target.place.network {
		return fmt.Errorf("%s: %w (from %s)", to.PrivateIP, network.ErrNotHere, source)
	}
	return n.passes(source, target, port)
}

// ReachService follows a packet to the internet. Names and time are answered by the metadata server, which no firewall
// can block: https://cloud.google.com/firewall/docs/firewalls#alwaysallowed
func (n cloudNetwork) ReachService(from network.Machine, service network.Service) error {
	machine := Find(n.store, from)
	if machine == nil {
		return fmt.Errorf("%s does not run any more", from.Name)
	}
	if service != network.Images {
		return nil
	}
	sender := endOf(machine)
	if err := n.checkEgress(sender, internet, network.TCP(443)); err != nil {
		return err
	}
	_, err := n.egressAddress(sender)
	return err
}

// egressAddress returns the public address from which a machine's packets reach the internet, or why they do not.
// https://cloud.google.com/nat/docs/overview and https://cloud.google.com/vpc/docs/routes#default-route
func (n cloudNetwork) egressAddress(from end) (string, error) {
	network := n.store.Get(networkType, "", from.place.network)
	switch {
	case network == nil:
		return "", fmt.Errorf("%s: there is no network %s", from, from.place.network)
	case network.State.Bool("deleteDefaultRoutesOnCreate"):
		return "", fmt.Errorf("%s: the network %s has no default route to the internet", from,
			network.State.String("name"))
	case from.place.publicIP != "":
		return from.place.publicIP, nil
	}
	nat := n.store.Find(natType, from.machine.Region, func(r *store.Resource) bool { return n.serves(r, from.place) })
	if nat == nil {
		return "", fmt.Errorf("%s: has no public address, and no NAT gateway serves its subnetwork", from)
	}
	return "203.0.113.1", nil
}

// serves reports whether a NAT gateway is one of the network's router and translates the subnetwork's primary range.
func (n cloudNetwork) serves(nat *store.Resource, place nic) bool {
	router := n.store.Find(routerType, nat.Region, func(r *store.Resource) bool {
		return r.State.String("name") == nat.State.String("router") && same(r.State.String("network"), place.network)
	})
	if router == nil || nat.State.String("sourceSubnetworkIpRangesToNat") != "LIST_OF_SUBNETWORKS" {
		return router != nil
	}
	return slices.ContainsFunc(nat.State.Objects("subnetworks"), func(s store.Values) bool {
		ranges := s.Strings("sourceIpRangesToNats")
		primary := len(ranges) == 0 || slices.Contains(ranges, "ALL_IP_RANGES") ||
			slices.Contains(ranges, "PRIMARY_IP_RANGE")
		return primary && same(s.String("name"), place.subnetwork)
	})
}

// checkEgress checks the firewall of the sender's network. It allows all egress unless a rule denies it:
// https://cloud.google.com/firewall/docs/firewalls#default_firewall_rules
func (n cloudNetwork) checkEgress(from end, address string, port network.Port) error {
	decides := n.deciding(from.place.network, func(rule store.Values) bool {
		ranges := rule.Strings("destinationRanges")
		destined := len(ranges) == 0 || slices.ContainsFunc(ranges, func(text string) bool {
			return network.Contains(text, address)
		})
		return rule.String("direction") == "EGRESS" && isTarget(rule, from.machine.State) && destined &&
			namesPort(rule, port)
	})
	if decides != nil && len(decides.State.Objects("denies")) > 0 {
		return fmt.Errorf("%s: firewall: %s of %s denies %s to %s", from, decides.State.String("name"),
			from.place.network, port, address)
	}
	return nil
}

// mtuOf returns the size of the largest packet of a machine's network:
// https://cloud.google.com/vpc/docs/mtu
func (n cloudNetwork) mtuOf(place nic) int {
	if found := n.store.Get(networkType, "", place.network); found != nil {
		return found.State.Int("mtu")
	}
	return 0
}
