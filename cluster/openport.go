package cluster

import (
	"fmt"
	"net/netip"
)

// OpenPort is a port, or a range of ports, that the firewalls of all nodes let in from inside: never from the internet.
type OpenPort struct {
	// Protocol is tcp or udp.
	Protocol  string
	Low, High int
	// Nodes lets the cluster's own nodes in, Ranges further networks.
	Nodes  bool
	Ranges []netip.Prefix
}

// String returns the protocol and the ports: "tcp-9100", "udp-30000-32767".
func (p OpenPort) String() string {
	if p.Low == p.High {
		return fmt.Sprintf("%s-%d", p.Protocol, p.Low)
	}
	return fmt.Sprintf("%s-%d-%d", p.Protocol, p.Low, p.High)
}
