package gcp

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
)

// network follows packets through Google Cloud.
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
		machine := machineOf(r)
		machine.DiskFault, machine.MTU = diskFault(n.store, r), n.mtuOf(interfaceOf(r))
		machines = append(machines, machine)
	}
	return machines
}

// machineOf returns the machine of a resource. Its id is the number, which changes when the machine is replaced; the
// path does not.
func machineOf(r *store.Resource) network.Machine {
	place := interfaceOf(r)
	architecture, _ := architectureOf(r.State.String("machineType"))
	return network.Machine{
		Off: isStopped(r), ID: r.State.String("instanceId"), Name: r.Name, Provider: "gcp", Region: r.Region,
		NetworkID: place.network,
		PrivateIP: place.privateIP, PublicIP: place.publicIP, Architecture: architecture,
		ImageID:  r.State.Object("bootDisk").Object("initializeParams").String("image"),
		UserData: []byte(r.State.Object("metadata").String("user-data")),
	}
}

// Find returns the machine's resource.
func Find(st *store.Store, machine network.Machine) *store.Resource {
	return st.Find(instanceType, machine.Region, func(r *store.Resource) bool {
		return r.State.String("instanceId") == machine.ID
	})
}

// end is one end of a packet: a machine, the operator, or a range of Google's own.
type end struct {
	machine *store.Resource
	place   nic
	address string
	what    string
}

func endOf(r *store.Resource) end {
	place := interfaceOf(r)
	return end{machine: r, place: place, address: place.privateIP, what: r.State.String("name")}
}

func (e end) operator() bool { return e.machine == nil }

func (e end) String() string { return e.what }

// Dial follows a packet to host:port.
func (n cloudNetwork) Dial(from *network.Machine, host string, port int) ([]network.Machine, error) {
	sender := end{address: n.operator, what: "the operator"}
	if from != nil {
		machine := Find(n.store, *from)
		if machine == nil {
			return nil, fmt.Errorf("%s does not run any more", from.Name)
		}
		sender = endOf(machine)
	}
	if _, err := netip.ParseAddr(host); err != nil {
		return nil, fmt.Errorf("%s: %w (from %s)", host, network.ErrNotHere, sender)
	}
	lost := fmt.Errorf("%s: %w (from %s)", host, network.ErrNotHere, sender)
	for _, rule := range n.store.List(ruleType, "") {
		if rule.State.String("ipAddress") != host || !sender.operator() &&
			sender.place.network != path(rule.State.String("network")) {
			continue
		}
		found, err := n.dialLoadBalancer(sender, rule, port)
		if err == nil {
			return found, nil
		}
		lost = err
	}
	for _, r := range n.store.List(instanceType, "") {
		target := endOf(r)
		var err error
		switch {
		case target.place.privateIP == host && (sender.operator() || sender.place.network == target.place.network):
			err = n.passes(n.inside(sender, target), target, network.TCP(port))
		case target.place.publicIP == host:
			err = n.crossesInternet(sender, target, port)
		default:
			continue
		}
		if err == nil {
			return []network.Machine{machineOf(r)}, nil
		}
		lost = err
	}
	return nil, lost
}

// inside returns the sender with an address of the network, if it is the operator and has no address.
func (n cloudNetwork) inside(from, target end) end {
	if from.operator() && from.address == "" {
		if subnetwork := n.store.Get(subnetworkType, target.machine.Region,
			target.place.subnetwork); subnetwork != nil {
			from.address = subnetwork.State.String("gatewayAddress")
		}
	}
	return from
}

// crossesInternet follows a packet to a public address: the firewall sees where it comes from, not from which machine.
func (n cloudNetwork) crossesInternet(from, target end, port int) error {
	if from.operator() {
		return n.passes(n.inside(from, target), target, network.TCP(port))
	}
	address, err := n.egressAddress(from)
	if err == nil {
		err = n.checkEgress(from, target.place.publicIP, network.TCP(port))
	}
	if err != nil {
		return err
	}
	outside := end{what: from.what, address: address}
	return n.passes(outside, target, network.TCP(port))
}

// dialLoadBalancer follows a packet through a load balancer to the machines that may answer.
func (n cloudNetwork) dialLoadBalancer(from end, rule *store.Resource, port int) ([]network.Machine, error) {
	name := rule.State.String("name")
	switch {
	case !managed(rule.State):
		return nil, fmt.Errorf("the load balancer %s passes packets through with its own address, which no "+
			"interface of Talos has", name)
	case !from.operator() && from.machine.Region != rule.Region && !rule.State.Bool("allowGlobalAccess"):
		return nil, fmt.Errorf("%s cannot reach the load balancer %s from another region", from, name)
	case !portIn(rule.State.String("portRange"), port):
		return nil, fmt.Errorf("the load balancer %s has no rule for port %d", name, port)
	}
	proxy := n.store.Get(proxyType, rule.Region, path(rule.State.String("target")))
	if proxy == nil {
		return nil, fmt.Errorf("the load balancer %s has no target proxy", name)
	}
	backend := n.store.Get(backendType, rule.Region, path(proxy.State.String("backendService")))
	if backend == nil {
		return nil, fmt.Errorf("the load balancer %s has no backend service", name)
	}
	return network.Reached(n.members(rule.Region, backend),
		fmt.Errorf("the load balancer %s has no backend for port %d", name, port),
		func(m backendMember) (network.Machine, error) {
			return machineOf(m.machine), n.forward(rule, backend, m.group, m.machine)
		})
}

// backendMember is a machine that an unmanaged instance group has.
type backendMember struct {
	group   string
	machine *store.Resource
}

// members returns the machines behind a backend service.
func (n cloudNetwork) members(region string, backend *store.Resource) []backendMember {
	var all []backendMember
	for _, part := range backend.State.Objects("backends") {
		group := part.String("group")
		for _, machine := range n.inGroup(region, group) {
			all = append(all, backendMember{group, machine})
		}
	}
	return all
}

// inGroup returns the machines of an unmanaged instance group.
func (n cloudNetwork) inGroup(region, group string) []*store.Resource {
	var machines []*store.Resource
	for _, membership := range n.store.List(membershipType, region) {
		if same(membership.State.String("instanceGroup"), group) {
			if machine := n.store.Get(instanceType, region, path(membership.State.String("instance"))); machine != nil {
				machines = append(machines, machine)
			}
		}
	}
	return machines
}

// forward follows a packet from the proxies to a machine, and the health checks, without which nothing is forwarded.
func (n cloudNetwork) forward(rule, backend *store.Resource, groupLink string, machine *store.Resource) error {
	target, name := endOf(machine), rule.State.String("name")
	group := n.store.Get(groupType, rule.Region, path(groupLink))
	if group == nil {
		return fmt.Errorf("the load balancer %s has no group %s", name, path(groupLink))
	}
	port := 0
	for _, named := range group.State.Objects("namedPorts") {
		if named.String("name") == backend.State.String("portName") {
			port = named.Int("port")
		}
	}
	if port == 0 {
		return fmt.Errorf("the group %s has no port named %q, as the load balancer %s wants",
			group.State.String("name"),
			backend.State.String("portName"), name)
	}
	if !portIn(rule.State.String("portRange"), port) {
		return fmt.Errorf("the load balancer %s sends port %s to port %d of %s, where something else answers", name,
			rule.State.String("portRange"), port, target)
	}
	proxies := proxySubnetwork(n.store, rule.Region, rule.State.String("network"))
	if proxies == nil {
		return fmt.Errorf("the load balancer %s has no subnetwork for its proxies", name)
	}
	address := netip.MustParsePrefix(proxies.State.String("ipCidrRange")).Addr().Next().Next().String()
	if err := n.passes(end{what: "the proxies of " + name, address: address}, target, network.TCP(port)); err != nil {
		return err
	}
	check := n.store.Get(regionCheckType, rule.Region, path(backend.State.String("healthChecks")))
	if check == nil {
		return fmt.Errorf("the load balancer %s has no health check", name)
	}
	if probed := check.State.Object("tcpHealthCheck").Int("port"); probed != 0 {
		port = probed
	}
	if err := checkProbe(check); err != nil {
		return fmt.Errorf("the load balancer %s to %s: %w", name, target, err)
	}
	for _, source := range healthCheckers {
		if err := n.passes(end{what: "the health checks of " + name, address: source}, target,
			network.TCP(port)); err != nil {
			return err
		}
	}
	return nil
}

// passes checks the firewall of the target's network. It does not apply to a machine that dials itself.
func (n cloudNetwork) passes(from, target end, port network.Port) error {
	if !from.operator() && from.machine.ID == target.machine.ID {
		return nil
	}
	if !from.operator() {
		if err := n.checkEgress(from, target.address, port); err != nil {
			return err
		}
	}
	decides := n.deciding(target.place.network, func(rule store.Values) bool {
		return applies(rule, from, target, port)
	})
	if decides == nil || len(decides.State.Objects("denies")) > 0 {
		return fmt.Errorf("%s to %s: firewall: no rule of %s lets %s from %s", from, target, target.place.network,
			port, from.address)
	}
	return nil
}

// deciding returns the rule that applies to a packet: the lowest number, and among equals a denial. It is nil if no
// rule of the network matches the packet.
// https://cloud.google.com/firewall/docs/firewalls#priority_order_for_firewall_rules
func (n cloudNetwork) deciding(network string, speaks func(rule store.Values) bool) *store.Resource {
	rules := slices.DeleteFunc(n.store.List(firewallType, ""), func(r *store.Resource) bool {
		return !same(r.State.String("network"), network) || r.State.Bool("disabled") || !speaks(r.State)
	})
	if len(rules) == 0 {
		return nil
	}
	return slices.MinFunc(rules, func(a, b *store.Resource) int {
		return cmp.Or(a.State.Int("priority")-b.State.Int("priority"),
			len(a.State.Objects("allows"))-len(b.State.Objects("allows")))
	})
}

// applies reports whether a rule for ingress matches the packet.
func applies(rule store.Values, from, target end, port network.Port) bool {
	return rule.String("direction") == "INGRESS" && isTarget(rule, target.machine.State) && isSource(rule, from) &&
		namesPort(rule, port)
}

// namesPort reports whether a rule is about a port.
func namesPort(rule store.Values, port network.Port) bool {
	return slices.ContainsFunc(append(rule.Objects("allows"), rule.Objects("denies")...), func(t store.Values) bool {
		if protocol := t.String("protocol"); protocol == "all" || protocol != port.Protocol {
			return protocol == "all"
		}
		ports := t.Strings("ports")
		return len(ports) == 0 || slices.ContainsFunc(ports, func(text string) bool {
			return portIn(text, port.Number)
		})
	})
}

func isTarget(rule, machine store.Values) bool {
	accounts, tags := rule.Strings("targetServiceAccounts"), rule.Strings("targetTags")
	if len(accounts)+len(tags) == 0 {
		return true
	}
	return slices.Contains(accounts, machine.Object("serviceAccount").String("email")) ||
		overlap(tags, machine.Strings("tags"))
}

func isSource(rule store.Values, from end) bool {
	ranges, tags := rule.Strings("sourceRanges"), rule.Strings("sourceTags")
	accounts := rule.Strings("sourceServiceAccounts")
	if len(ranges)+len(accounts)+len(tags) == 0 {
		return true // A rule without sources applies to all.
	}
	if slices.ContainsFunc(ranges, func(text string) bool { return network.Contains(text, from.address) }) {
		return true
	}
	return !from.operator() && (slices.Contains(accounts,
		from.machine.State.Object("serviceAccount").String("email")) || overlap(tags, from.machine.State.Strings("tags")))
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(item string) bool { return slices.Contains(b, item) })
}

// portIn reports whether a port is the one, or among those, that a text such as 2379-2380 names.
func portIn(text string, port int) bool {
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	low, err := strconv.Atoi(first)
	high, problem := strconv.Atoi(last)
	return err == nil && problem == nil && low <= port && port <= high
}
