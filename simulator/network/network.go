// Package network is what the Talos part knows of the clouds: the machines, and whether a packet reaches them.
package network

import (
	"errors"
	"fmt"
	"strconv"
)

// ErrNotHere means that an address or a name leads to nothing in a cloud.
var ErrNotHere = errors.New("does not lead to anything")

// Machine is a virtual machine.
type Machine struct {
	// Off reports whether the machine is switched off. It keeps its disks and its addresses.
	Off                                                                               bool
	ID, Name, Provider, Region, NetworkID, PrivateIP, PublicIP, Architecture, ImageID string
	// UserData is what the machine reads from its metadata service: decoded from the API's base64, perhaps gzip.
	UserData []byte
	// DiskFault is why the machine would not start again after it stops; empty if it would.
	DiskFault string
	// MTU is the size of the largest packet that the machine's network carries; 0 if it is not known.
	MTU int
}

// Port is where a packet goes to. Of ICMP the number is the type.
type Port struct {
	Protocol string
	Number   int
}

// TCP returns a port of TCP.
func TCP(number int) Port { return Port{"tcp", number} }

// UDP returns a port of UDP.
func UDP(number int) Port { return Port{"udp", number} }

// ICMP returns a type of ICMP.
func ICMP(kind int) Port { return Port{"icmp", kind} }

func (p Port) String() string {
	switch p.Protocol {
	case "tcp":
		return strconv.Itoa(p.Number)
	case "icmp":
		return fmt.Sprintf("ICMP type %d", p.Number)
	default:
		return fmt.Sprintf("%d/%s", p.Number, p.Protocol)
	}
}

// Service is what a machine needs of the internet.
type Service string

// Images are in registries all over the internet, behind HTTPS. Names and Time are what the cloud's own servers may
// answer, or servers on the internet.
const (
	Images Service = "images"
	Names  Service = "names"
	Time   Service = "time"
)

// Finding is something that does not work, and why.
type Finding struct{ Subject, Reason string }

func (f Finding) String() string { return f.Subject + ": " + f.Reason }

// Network is the clouds as Talos sees them. All calls happen under the store's lock.
type Network interface {
	// Machines lists the machines of every cloud, in a stable order.
	Machines() []Machine
	// Dial follows TCP from a machine to host:port. A nil from is the operator, who has a route into every private
	// network but is subject to every firewall, with the address OperatorIP. host is an address or a name.
	//
	// It returns the machines that may answer (a load balancer's targets, or the one machine that has the address), or
	// an error that names where the packet is lost.
	Dial(from *Machine, host string, port int) ([]Machine, error)
	// Deliver returns why a packet of any protocol does not get from a machine to the private address of another one
	// of its network; nil if it does.
	Deliver(from, to Machine, port Port) error
	// ReachService returns why a machine does not reach a service; nil if it does.
	ReachService(from Machine, service Service) error
}
