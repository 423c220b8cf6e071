package digitalocean

import (
	"fmt"

	"github.com/inferadb/infra/simulator/network"
)

// vpcMTU is what a VPC carries between its droplets: no jumbo frames.
// https://docs.digitalocean.com/products/networking/vpc/details/limits/
const vpcMTU = 1500

// servers are where a service is found: the resolvers that a droplet's metadata names, and an address for
// every other server on the internet, of the range for documentation.
// https://docs.digitalocean.com/support/what-are-digitaloceans-dns-resolvers/
var servers = map[network.Service]struct {
	address string
	port    network.Port
}{
	network.Images: {"203.0.113.80", network.TCP(443)},
	network.Names:  {"67.207.67.2", network.UDP(53)},
	network.Time:   {"203.0.113.80", network.UDP(123)},
}

// Deliver follows a packet of any protocol within a VPC.
func (n cloudNetwork) Deliver(from, to network.Machine, port network.Port) error {
	sender, receiver := n.store.Get(dropletType, "", from.ID), n.store.Get(dropletType, "", to.ID)
	if sender == nil || receiver == nil {
		return fmt.Errorf("%s or %s does not run any more", from.ID, to.ID)
	}
	source, target := end{droplet: sender, address: from.PrivateIP}, end{droplet: receiver, address: to.PrivateIP}
	if !source.inside(receiver.State.String("vpcUuid")) {
		return fmt.Errorf("%s: %w (from %s)", to.PrivateIP, network.ErrNotHere, source)
	}
	return n.passes(source, target, port)
}

// ReachService follows a packet to the internet. A droplet leaves by its own public address; one that has none needs a
// gateway, which the simulated VPCs do not have.
func (n cloudNetwork) ReachService(from network.Machine, service network.Service) error {
	droplet := n.store.Get(dropletType, "", from.ID)
	if droplet == nil {
		return fmt.Errorf("%s does not run any more", from.ID)
	}
	sender := end{droplet: droplet, address: from.PublicIP}
	if from.PublicIP == "" {
		return fmt.Errorf("%s: has no public address, and its VPC has no gateway", sender)
	}
	server := servers[service]
	return n.askFirewall("outboundRules", "destination", sender, end{address: server.address, internet: true},
		server.port)
}
