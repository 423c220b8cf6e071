package aws

import (
	"fmt"

	"github.com/inferadb/infra/simulator/network"
)

// jumboMTU is what a VPC carries between its machines:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/network_mtu.html#jumbo_frame_instances
const jumboMTU = 9001

// internet is an address for every server on the internet. It is of the range for documentation.
const internet = "203.0.113.80"

// Deliver follows a packet of any protocol within a network.
func (n cloudNetwork) Deliver(from, to network.Machine, port network.Port) error {
	sender, receiver := n.store.Get(instanceType, from.Region, from.ID), n.store.Get(instanceType, to.Region, to.ID)
	if sender == nil || receiver == nil {
		return fmt.Errorf("%s or %s does not run any more", from.ID, to.ID)
	}
	source, target := source{machine: sender, place: interfaceOf(n.store, sender)}, source{machine: receiver,
		place: interfaceOf(n.store, receiver)}
	if source.place.vpc != target.place.vpc {
		return fmt.Errorf("%s: %w (from %s)", to.PrivateIP, network.ErrNotHere, source)
	}
	return n.passes(source, target, source.place.privateIP, port)
}

// ReachService follows a packet to the internet. Names are answered by the network's own resolver, which no firewall
// can block; time comes from the internet, because Talos asks AWS for no server.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
// https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
func (n cloudNetwork) ReachService(from network.Machine, service network.Service) error {
	machine := n.store.Get(instanceType, from.Region, from.ID)
	if machine == nil {
		return fmt.Errorf("%s does not run any more", from.ID)
	}
	sender := source{machine: machine, place: interfaceOf(n.store, machine)}
	if service == network.Names {
		vpc := n.store.Get(vpcType, from.Region, sender.place.vpc)
		if vpc == nil || !vpc.State.Bool("enableDnsSupport") {
			return fmt.Errorf("%s: the network %s has no resolver without enableDnsSupport", sender, sender.place.vpc)
		}
		return nil
	}
	if _, err := n.egressAddress(sender); err != nil {
		return err
	}
	port := network.TCP(443)
	if service == network.Time {
		port = network.UDP(123)
	}
	if err := n.askFirewall(egressType, from.Region, sender.place.groups, nil, internet, port); err != nil {
		return fmt.Errorf("%s to the internet: %w", sender, err)
	}
	return nil
}

// egressAddress returns the public address from which a machine's packets reach the internet, or why they do not.
// https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
func (n cloudNetwork) egressAddress(from source) (string, error) {
	region := from.machine.Region
	route := n.defaultRoute(region, from.place.subnet)
	id := route.String("natGatewayId")
	if id == "" {
		if err := n.entersInternet(region, from.place.vpc, from.place.subnet); err != nil {
			return "", fmt.Errorf("%s: %w", from, err)
		}
		if from.place.publicIP == "" {
			return "", fmt.Errorf("%s: has no public address, and its subnet %s leads to an internet gateway, not "+
				"to a NAT gateway", from, from.place.subnet)
		}
		return from.place.publicIP, nil
	}
	nat := n.store.Get(natType, region, id)
	switch {
	case nat == nil:
		return "", fmt.Errorf("%s: the subnet %s leads to the NAT gateway %s, which does not exist: the route is a "+
			"blackhole", from, from.place.subnet, id)
	case nat.State.String("connectivityType") == "private":
		return "", fmt.Errorf("%s: the NAT gateway %s is private, and has no route to the internet", from, id)
	}
	if err := n.entersInternet(region, from.place.vpc, nat.State.String("subnetId")); err != nil {
		return "", fmt.Errorf("%s: the subnet of the NAT gateway %s has no egress: %w", from, id, err)
	}
	address := n.store.Get(addressType, region, nat.State.String("allocationId"))
	if address == nil {
		return "", fmt.Errorf("%s: the NAT gateway %s has no public address: there is no elastic IP %q", from, id,
			nat.State.String("allocationId"))
	}
	return address.State.String("publicIp"), nil
}

// entersInternet returns why a subnet leads to no internet gateway that is attached to its network; nil if it does.
func (n cloudNetwork) entersInternet(region, vpc, subnet string) error {
	if n.store.Get(subnetType, region, subnet) == nil {
		return fmt.Errorf("there is no subnet %s", subnet)
	}
	id := n.defaultRoute(region, subnet).String("gatewayId")
	if id == "" {
		return fmt.Errorf("the subnet %s has no route to the internet", subnet)
	}
	gateway := n.store.Get(gatewayType, region, id)
	if gateway == nil || gateway.State.String("vpcId") != vpc {
		return fmt.Errorf("the subnet %s leads to the internet gateway %s, which is not attached to %s: the route "+
			"is a blackhole", subnet, id, vpc)
	}
	return nil
}
