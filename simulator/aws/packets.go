package aws

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
)

// network follows packets through AWS.
type cloudNetwork struct {
	store *store.Store
	// operator is the operator's address; empty if the operator is inside every network.
	operator string
}

func newNetwork(st *store.Store) network.Network {
	return cloudNetwork{store: st, operator: network.OperatorIP()}
}

// Machines lists the machines, running or stopped.
func (n cloudNetwork) Machines() []network.Machine {
	var machines []network.Machine
	for _, r := range n.store.List(instanceType, "") {
		machines = append(machines, n.machine(r))
	}
	return machines
}

func (n cloudNetwork) machine(r *store.Resource) network.Machine {
	place := interfaceOf(n.store, r)
	// A machine whose user data is damaged still runs: Talos reports what is wrong with it.
	userData, _ := base64.StdEncoding.DecodeString(r.State.String(userDataKey))
	architecture, _ := architectureOf(r.State.String("instanceType"))
	if architecture == "x86_64" {
		architecture = "amd64"
	}
	return network.Machine{
		Off: isStopped(r), ID: r.ID, Name: r.Name, Provider: "aws", Region: r.Region, NetworkID: place.vpc,
		PrivateIP: place.privateIP, PublicIP: place.publicIP,
		Architecture: architecture, ImageID: r.State.String("ami"), UserData: userData,
		DiskFault: diskFault(n.store, r),
		MTU:       jumboMTU,
	}
}

// source is where a packet comes from. The operator has no machine.
type source struct {
	machine *store.Resource
	place   nic
}

func (s source) operator() bool { return s.machine == nil }

func (s source) String() string {
	if s.operator() {
		return "the operator"
	}
	return s.machine.ID
}

// Dial follows a packet to host:port.
func (n cloudNetwork) Dial(from *network.Machine, host string, port int) ([]network.Machine, error) {
	sender := source{}
	if from != nil {
		machine := n.store.Get(instanceType, from.Region, from.ID)
		if machine == nil {
			return nil, fmt.Errorf("%s does not run any more", from.ID)
		}
		sender = source{machine: machine, place: interfaceOf(n.store, machine)}
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return n.dialAddress(sender, host, port)
	}
	loadBalancer, address, err := n.resolve(sender, host)
	switch {
	case err != nil:
		return nil, err
	case loadBalancer != nil:
		return n.dialLoadBalancer(sender, loadBalancer, port)
	default:
		return n.dialAddress(sender, address, port)
	}
}

// resolve follows a name to a load balancer or an address. A private zone answers only machines of its networks, and
// only networks that have both DNS attributes on:
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
func (n cloudNetwork) resolve(from source, name string) (*store.Resource, string, error) {
	if loadBalancer := loadBalancerNamed(n.store, name); loadBalancer != nil {
		return loadBalancer, "", nil
	}
	for _, record := range n.store.List(recordType, "") {
		if !strings.EqualFold(record.State.String("fqdn"), strings.TrimSuffix(name, ".")) {
			continue
		}
		zone := n.store.Get(zoneType, "", record.State.String("zoneId"))
		if zone == nil {
			continue
		}
		if networks := zoneNetworks(zone.State); len(networks) > 0 {
			if from.operator() || !slices.Contains(networks, from.place.vpc) {
				continue
			}
			vpc := n.store.Get(vpcType, from.machine.Region, from.place.vpc)
			if vpc == nil || !vpc.State.Bool("enableDnsSupport") || !vpc.State.Bool("enableDnsHostnames") {
				return nil, "", fmt.Errorf("%s does not resolve from %s: the private zone %s needs "+
					"enableDnsSupport and enableDnsHostnames on %s", name, from, zone.ID, from.place.vpc)
			}
		}
		for _, alias := range record.State.Objects("aliases") {
			return n.resolve(from, alias.String("name"))
		}
		for _, value := range record.State.Strings("records") {
			if record.State.String("type") == "CNAME" {
				return n.resolve(from, value)
			}
			return nil, value, nil
		}
	}
	return nil, "", fmt.Errorf("%s: %w (from %s)", name, network.ErrNotHere, from)
}

// dialAddress follows a packet to a machine's own address, private within a network or public.
func (n cloudNetwork) dialAddress(from source, address string, port int) ([]network.Machine, error) {
	var found []network.Machine
	lost := fmt.Errorf("%s: %w (from %s)", address, network.ErrNotHere, from)
	for _, r := range n.store.List(instanceType, "") {
		target := source{machine: r, place: interfaceOf(n.store, r)}
		var err error
		switch {
		case target.place.privateIP == address && (from.operator() || from.place.vpc == target.place.vpc):
			client := n.clientAddress(from, target.machine.Region, target.place.vpc)
			err = n.passes(from, target, client, network.TCP(port))
		case target.place.publicIP == address:
			err = n.crossesInternet(from, target, port)
		default:
			continue
		}
		if err != nil {
			lost = err
			continue
		}
		found = append(found, n.machine(r))
	}
	if len(found) == 0 {
		return nil, lost
	}
	return found, nil
}

// firstAddress returns an address inside a network that no machine has.
func (n cloudNetwork) firstAddress(region, vpc string) string {
	found := n.store.Get(vpcType, region, vpc)
	if found == nil {
		return ""
	}
	return netip.MustParsePrefix(found.State.String("cidrBlock")).Addr().Next().String()
}

// passes asks the firewalls at both ends of a packet within a network.
func (n cloudNetwork) passes(from, target source, address string, port network.Port) error {
	if !from.operator() && from.machine.ID == target.machine.ID {
		return nil
	}
	if !from.operator() {
		if err := n.askFirewall(egressType, from.machine.Region, from.place.groups, target.place.groups,
			target.place.privateIP, port); err != nil {
			return fmt.Errorf("%s to %s: %w", from, target, err)
		}
	}
	if err := n.askFirewall(ingressType, target.machine.Region, target.place.groups, from.place.groups, address,
		port); err != nil {
		return fmt.Errorf("%s to %s: %w", from, target, err)
	}
	return nil
}

// crossesInternet follows a packet to a public address.
func (n cloudNetwork) crossesInternet(from, target source, port int) error {
	address := n.operator
	if !from.operator() {
		var err error
		if address, err = n.egressAddress(from); err != nil {
			return err
		}
		if err := n.askFirewall(egressType, from.machine.Region, from.place.groups, nil, target.place.publicIP,
			network.TCP(port)); err != nil {
			return fmt.Errorf("%s to %s: %w", from, target, err)
		}
	}
	if address == "" {
		address = n.firstAddress(target.machine.Region, target.place.vpc)
	}
	if err := n.entersInternet(target.machine.Region, target.place.vpc, target.place.subnet); err != nil {
		return fmt.Errorf("%s: %w, as %s needs it", target.place.publicIP, err, target)
	}
	if err := n.askFirewall(ingressType, target.machine.Region, target.place.groups, nil, address,
		network.TCP(port)); err != nil {
		return fmt.Errorf("%s to %s: %w", from, target, err)
	}
	return nil
}

// defaultRoute returns the route to everywhere of a subnet's table.
func (n cloudNetwork) defaultRoute(region, subnet string) store.Values {
	association := n.store.Find(associationType, region, func(r *store.Resource) bool {
		return r.State.String("subnetId") == subnet
	})
	if association == nil {
		return nil
	}
	table := association.State.String("routeTableId")
	route := n.store.Find(routeType, region, func(r *store.Resource) bool {
		return r.State.String("routeTableId") == table && r.State.String("destinationCidrBlock") == "0.0.0.0/0"
	})
	if route != nil {
		return route.State
	}
	if found := n.store.Get(routeTableType, region, table); found != nil {
		for _, route := range found.State.Objects("routes") {
			if route.String("cidrBlock") == "0.0.0.0/0" {
				return route
			}
		}
	}
	return nil
}

// dialLoadBalancer follows a packet through a load balancer to the machines that may answer.
func (n cloudNetwork) dialLoadBalancer(from source, loadBalancer *store.Resource, port int) ([]network.Machine, error) {
	name, region, vpc := loadBalancer.State.String("name"), loadBalancer.Region, loadBalancer.State.String("vpcId")
	groups := loadBalancer.State.Strings("securityGroups")
	inside := from.operator() || from.place.vpc == vpc
	if loadBalancer.State.Bool("internal") && !inside {
		return nil, fmt.Errorf("%s cannot reach the load balancer %s: it is internal to %s", from, name, vpc)
	}
	address := n.clientAddress(from, region, vpc)
	if len(groups) > 0 {
		for _, own := range loadBalancer.State.Strings(addressesKey) {
			if err := n.fromMachine(from, groups, own, port); err != nil {
				return nil, fmt.Errorf("%s to the load balancer %s: %w", from, name, err)
			}
		}
		if err := n.askFirewall(ingressType, region, groups, from.place.groups, address,
			network.TCP(port)); err != nil {
			return nil, fmt.Errorf("%s to the load balancer %s: %w", from, name, err)
		}
	}
	listener := n.store.Find(listenerType, region, func(r *store.Resource) bool {
		return r.State.String("loadBalancerArn") == loadBalancer.ID && r.State.Int("port") == port
	})
	if listener == nil {
		return nil, fmt.Errorf("the load balancer %s has no listener on port %d", name, port)
	}
	attachments := slices.DeleteFunc(n.store.List(attachmentType, region), func(r *store.Resource) bool {
		group := r.State.String("targetGroupArn")
		return !slices.Contains(forwardsTo(listener), group) || n.store.Get(targetGroupType, region, group) == nil
	})
	return network.Reached(attachments, fmt.Errorf("the load balancer %s has no target for port %d", name, port),
		func(attachment *store.Resource) (network.Machine, error) {
			group := n.store.Get(targetGroupType, region, attachment.State.String("targetGroupArn"))
			return n.forward(from, loadBalancer, group, attachment, port)
		})
}

// clientAddress returns the source address of a packet into a network of a region.
func (n cloudNetwork) clientAddress(from source, region, vpc string) string {
	switch {
	case !from.operator():
		return from.place.privateIP
	case n.operator != "":
		return n.operator
	default:
		return n.firstAddress(region, vpc)
	}
}

func (n cloudNetwork) fromMachine(from source, groups []string, address string, port int) error {
	if from.operator() {
		return nil
	}
	return n.askFirewall(egressType, from.machine.Region, from.place.groups, groups, address, network.TCP(port))
}

// forward follows a packet from a load balancer to one target. With the client's address preserved, the target's
// firewall sees the client, and a machine that is sent to itself drops the packet:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-troubleshooting.html#loopback-timeout
func (n cloudNetwork) forward(from source, loadBalancer, group, attachment *store.Resource,
	entry int) (network.Machine, error) {
	machine := n.store.Get(instanceType, loadBalancer.Region, attachment.State.String("targetId"))
	if machine == nil {
		return network.Machine{}, fmt.Errorf("the load balancer %s sends to %s, which does not run any more",
			loadBalancer.State.String("name"), attachment.State.String("targetId"))
	}
	if err := checkHealth(loadBalancer, group, machine, n.store); err != nil {
		return network.Machine{}, fmt.Errorf("the load balancer %s to %s: %w", loadBalancer.State.String("name"),
			machine.ID, err)
	}
	target := source{machine: machine, place: interfaceOf(n.store, machine)}
	port := attachment.State.Int("port")
	if port == 0 {
		port = group.State.Int("port")
	}
	if port != entry {
		return network.Machine{}, fmt.Errorf("the load balancer %s sends port %d to port %d of %s, where something "+
			"else answers", loadBalancer.State.String("name"), entry, port, target)
	}
	preserved := group.State.String("preserveClientIp") == "true"
	if preserved && !from.operator() && from.machine.ID == machine.ID {
		return network.Machine{}, fmt.Errorf("the load balancer %s sends %s to itself, and preserveClientIp makes "+
			"it drop that packet", loadBalancer.State.String("name"), from)
	}
	ports := []int{port}
	if health, err := strconv.Atoi(group.State.Object("healthCheck").String("port")); err == nil {
		ports = append(ports, health)
	}
	groups := loadBalancer.State.Strings("securityGroups")
	for i, port := range ports {
		address := loadBalancer.State.Strings(addressesKey)[0]
		peers := groups
		if preserved && i == 0 {
			address = n.clientAddress(from, loadBalancer.Region, target.place.vpc)
			peers = append(slices.Clone(groups), from.place.groups...)
		}
		if len(groups) > 0 {
			if err := n.askFirewall(egressType, loadBalancer.Region, groups, target.place.groups,
				target.place.privateIP,
				network.TCP(port)); err != nil {
				return network.Machine{}, fmt.Errorf("the load balancer %s to %s: %w",
					loadBalancer.State.String("name"), target,
					err)
			}
		}
		if err := n.askFirewall(ingressType, loadBalancer.Region, target.place.groups, peers, address,
			network.TCP(port)); err != nil {
			return network.Machine{}, fmt.Errorf("the load balancer %s to %s: %w", loadBalancer.State.String("name"),
				target, err)
		}
	}
	return n.machine(machine), nil
}

// askFirewall asks the security groups at one end of a packet whether they let it through to or from the other end,
// which is an address and perhaps groups.
func (n cloudNetwork) askFirewall(direction, region string, groups, peers []string, address string,
	port network.Port) error {
	way, inline := "to", "egress"
	if direction == ingressType {
		way, inline = "from", "ingress"
	}
	for _, id := range groups {
		for _, rule := range n.store.List(direction, region) {
			if rule.State.String("securityGroupId") == id && ruleAllows(rule.State, peers, address, port) {
				return nil
			}
		}
		owner := n.store.Get(securityGroupType, region, id)
		if owner == nil {
			owner = n.store.Get(defaultGroupType, region, id)
		}
		if owner != nil && slices.ContainsFunc(owner.State.Objects(inline), func(rule store.Values) bool {
			return inlineAllows(rule, id, peers, address, port)
		}) {
			return nil
		}
		if owner == nil && (direction == egressType || slices.Contains(peers, id)) {
			return nil // a network's default group, untouched: everything out, itself in
		}
	}
	return fmt.Errorf("firewall: no rule of %s lets %s %s %s", strings.Join(groups, ", "), port, way,
		describe(address, peers))
}

func describe(address string, peers []string) string {
	if len(peers) == 0 {
		return address
	}
	return fmt.Sprintf("%s (%s)", address, strings.Join(peers, ", "))
}

func ruleAllows(rule store.Values, peers []string, address string, port network.Port) bool {
	if !portMatches(rule.String("ipProtocol"), rule, port) {
		return false
	}
	if cidr := rule.String("cidrIpv4"); cidr != "" {
		return network.Contains(cidr, address)
	}
	return slices.Contains(peers, rule.String("referencedSecurityGroupId"))
}

func inlineAllows(rule store.Values, own string, peers []string, address string, port network.Port) bool {
	if !portMatches(rule.String("protocol"), rule, port) {
		return false
	}
	for _, cidr := range rule.Strings("cidrBlocks") {
		if network.Contains(cidr, address) {
			return true
		}
	}
	if rule.Bool("self") && slices.Contains(peers, own) {
		return true
	}
	return slices.ContainsFunc(rule.Strings("securityGroups"), func(id string) bool {
		return slices.Contains(peers, id)
	})
}

// protocolNumbers are the numbers that a rule may have instead of a protocol's name.
var protocolNumbers = map[string]string{"1": "icmp", "6": "tcp", "17": "udp"}

// portMatches reports whether a rule is about a port. The first number of a rule for ICMP is the type, -1 for all.
func portMatches(protocol string, rule store.Values, port network.Port) bool {
	if protocol == "-1" || protocol == "all" {
		return true
	}
	if name := protocolNumbers[protocol]; name != "" {
		protocol = name
	}
	if protocol != port.Protocol {
		return false
	}
	if protocol == "icmp" {
		return rule.Int("fromPort") == -1 || rule.Int("fromPort") == port.Number
	}
	return rule.Int("fromPort") <= port.Number && port.Number <= rule.Int("toPort")
}
