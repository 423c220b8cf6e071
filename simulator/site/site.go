// Package site is what the Talos part knows of the clouds: the running machines and whether a packet gets through.
package site

import "errors"

// ErrNotHere says that an address or a name leads to nothing in a cloud.
var ErrNotHere = errors.New("does not lead to anything")

// Machine is a virtual machine.
type Machine struct {
	// Off reports whether the machine is switched off. It keeps its disks and its addresses.
	Off                                                                               bool
	ID, Name, Provider, Region, NetworkID, PrivateIP, PublicIP, Architecture, ImageID string
	// UserData is what the machine reads from its metadata service: decoded from the API's base64, perhaps gzip.
	UserData []byte
	// DiskFault says why the machine would not start again after it stops; empty if it would.
	DiskFault string
}

// Site is the clouds as seen by Talos. All calls happen under the world's lock.
type Site interface {
	// Machines lists the machines of every cloud, in a stable order.
	Machines() []Machine
	// Dial follows a packet from a machine to host:port. A nil from is the operator, who has a route into every private
	// network but is subject to every firewall, with the address OperatorIP. host is an address or a name.
	//
	// It returns the machines that may answer (a load balancer's targets, or the one machine that has the address), or
	// an error that says where the packet is lost.
	Dial(from *Machine, host string, port int) ([]Machine, error)
}
