package digitalocean

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
)

// network follows packets through DigitalOcean.
type cloudNetwork struct {
	store *store.Store
	// operator is the operator's address; empty if the operator is inside every network.
	operator string
}

func newNetwork(st *store.Store) network.Network {
	return cloudNetwork{store: st, operator: network.OperatorIP()}
}

// Machines lists the droplets, on or off.
func (n cloudNetwork) Machines() []network.Machine {
	var machines []network.Machine
	for _, r := range n.store.List(dropletType, "") {
		machines = append(machines, machine(r))
	}
	return machines
}

func machine(r *store.Resource) network.Machine {
	return network.Machine{
		Off: isOff(r), ID: r.ID, Name: r.State.String("name"), Provider: "digitalocean",
		Region: r.State.String("region"), NetworkID: r.State.String("vpcUuid"),
		PrivateIP: r.State.String("ipv4AddressPrivate"), PublicIP: r.State.String("ipv4Address"), Architecture: "amd64",
		ImageID: r.State.String("image"), UserData: []byte(r.State.String(userDataKey)), MTU: vpcMTU,
	}
}

// end is one end of a packet: a droplet, a load balancer, or neither (the operator).
type end struct {
	droplet, loadBalancer *store.Resource
	address               string
	internet              bool
}

func (e end) String() string {
	switch {
	case e.droplet != nil:
		return e.droplet.State.String("name")
	case e.loadBalancer != nil:
		return "the load balancer " + e.loadBalancer.State.String("name")
	case e.internet:
		return "the internet"
	default:
		return "the operator"
	}
}

// inside reports whether a packet's end is in a VPC. The operator has a route into every VPC.
func (e end) inside(vpc string) bool {
	return e.droplet == nil || e.droplet.State.String("vpcUuid") == vpc
}

// Dial follows a packet to host:port. DigitalOcean has no names of its own inside a VPC.
func (n cloudNetwork) Dial(from *network.Machine, host string, port int) ([]network.Machine, error) {
	sender := end{}
	if from != nil {
		droplet := n.store.Get(dropletType, "", from.ID)
		if droplet == nil {
			return nil, fmt.Errorf("%s does not run any more", from.ID)
		}
		sender = end{droplet: droplet, address: from.PrivateIP}
	}
	lost := fmt.Errorf("%s: %w (from %s)", host, network.ErrNotHere, sender)
	for _, loadBalancer := range n.store.List(loadBalancerType, "") {
		internal := loadBalancer.State.String("network") == "INTERNAL"
		if loadBalancer.State.String("ip") == host &&
			(!internal || sender.inside(loadBalancer.State.String("vpcUuid"))) {
			return n.dialLoadBalancer(n.at(sender, loadBalancer), loadBalancer, port)
		}
	}
	for _, droplet := range n.store.List(dropletType, "") {
		private := droplet.State.String("ipv4AddressPrivate") == host && sender.inside(droplet.State.String("vpcUuid"))
		if !private && droplet.State.String("ipv4Address") != host {
			continue
		}
		if err := n.passes(n.at(sender, droplet), end{droplet: droplet, address: host}, network.TCP(port)); err != nil {
			return nil, err
		}
		return []network.Machine{machine(droplet)}, nil
	}
	return nil, lost
}

// at returns the sender with an address, if it is the operator: SIMULATOR_OPERATOR_IP, or one in the target's network.
func (n cloudNetwork) at(sender end, target *store.Resource) end {
	if sender.droplet == nil {
		sender.address = n.operator
		if vpc := n.store.Get(vpcType, "", target.State.String("vpcUuid")); n.operator == "" && vpc != nil {
			sender.address = rangeOf(vpc).Addr().Next().String()
		}
	}
	return sender
}

// dialLoadBalancer follows a packet through a load balancer to the droplets that may answer. The load balancer is a
// proxy: behind it the packet comes from the load balancer.
func (n cloudNetwork) dialLoadBalancer(from end, loadBalancer *store.Resource, port int) ([]network.Machine, error) {
	to := end{loadBalancer: loadBalancer, address: loadBalancer.State.String("ip")}
	if err := n.askFirewall("outboundRules", "destination", from, to, network.TCP(port)); err != nil {
		return nil, err
	}
	if err := admits(loadBalancer, from); err != nil {
		return nil, err
	}
	rules := loadBalancer.State.Objects("forwardingRules")
	i := slices.IndexFunc(rules, func(rule store.Values) bool {
		return rule.Int("entryPort") == port && rule.String("entryProtocol") == "tcp"
	})
	if i < 0 {
		return nil, fmt.Errorf("%s has no forwarding rule for port %d", to, port)
	}
	if loadBalancer.State.Bool("enableProxyProtocol") {
		return nil, fmt.Errorf("%s speaks the PROXY protocol, which its targets do not", to)
	}
	return network.Reached(targets(n.store, loadBalancer),
		fmt.Errorf("%s has no target: no droplet of its VPC has the tag %q", to,
			loadBalancer.State.String("dropletTag")),
		func(target *store.Resource) (network.Machine, error) {
			return machine(target), n.forward(loadBalancer, target, rules[i])
		})
}

// admits asks the load balancer's own firewall.
func admits(loadBalancer *store.Resource, from end) error {
	matches := func(rule string) bool {
		kind, value, _ := strings.Cut(rule, ":")
		return kind == "ip" && value == from.address || kind == "cidr" && network.Contains(value, from.address)
	}
	firewall := loadBalancer.State.Object("firewall")
	allows := firewall.Strings("allows")
	if len(allows) > 0 && !slices.ContainsFunc(allows, matches) ||
		slices.ContainsFunc(firewall.Strings("denies"), matches) {
		return fmt.Errorf("%s (%s) is not admitted by %s", from, from.address, end{loadBalancer: loadBalancer})
	}
	return nil
}

// passes asks the firewalls of both droplets.
func (n cloudNetwork) passes(from, to end, port network.Port) error {
	if from.droplet != nil && from.droplet.ID == to.droplet.ID {
		return nil
	}
	if err := n.askFirewall("outboundRules", "destination", from, to, port); err != nil {
		return err
	}
	return n.askFirewall("inboundRules", "source", to, from, port)
}

// askFirewall asks the firewalls that cover a droplet whether they let a packet through to or from a peer. A droplet
// that none covers is open: https://docs.digitalocean.com/products/networking/firewalls/
func (n cloudNetwork) askFirewall(property, side string, covered, peer end, port network.Port) error {
	if covered.droplet == nil {
		return nil
	}
	var names []string
	for _, firewall := range n.store.List(firewallType, "") {
		if !covers(firewall, covered.droplet) {
			continue
		}
		names = append(names, firewall.State.String("name"))
		for _, rule := range firewall.State.Objects(property) {
			if ruleAllows(rule, side, peer, port) {
				return nil
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("firewall: no rule of %s at %s lets %s through, %s %s (%s)", strings.Join(names, ", "), covered,
		port, side, peer, peer.address)
}

func covers(firewall, droplet *store.Resource) bool {
	return listed(firewall.State["dropletIds"], droplet.ID) ||
		slices.ContainsFunc(firewall.State.Strings("tags"), func(tag string) bool { return hasTag(droplet, tag) })
}

func ruleAllows(rule store.Values, side string, peer end, port network.Port) bool {
	if rule.String("protocol") != port.Protocol {
		return false
	}
	if low, high, _ := ports(rule.String("portRange")); port.Protocol != "icmp" &&
		(port.Number < low || high < port.Number) {
		return false
	}
	if slices.ContainsFunc(rule.Strings(side+"Addresses"), func(cidr string) bool {
		return cidr == peer.address || network.Contains(cidr, peer.address)
	}) {
		return true
	}
	switch {
	case peer.droplet != nil:
		return listed(rule[side+"DropletIds"], peer.droplet.ID) ||
			slices.ContainsFunc(rule.Strings(side+"Tags"), func(tag string) bool { return hasTag(peer.droplet, tag) })
	case peer.loadBalancer != nil:
		return slices.Contains(rule.Strings(side+"LoadBalancerUids"), peer.loadBalancer.ID)
	}
	return false
}
