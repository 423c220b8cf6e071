// Package cloud has the interfaces that each cloud implements, and the structs that their methods take and return. It
// uses Pulumi's outputs and the resolved cluster, but no cloud's SDK.
//
// A cluster comes up in stages. Each stage is made by the one before it and has the method that makes the next one, so
// that a step that comes too early does not compile:
//
//	Cloud.Prepare → NetworkMaker.Network → Network.Endpoint → Endpoint.Nodes and Endpoint.Group
package cloud

import (
	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/regions"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Cloud is the first stage: the provider that makes one cluster's resources in one region.
type Cloud interface {
	// Existing asks the cloud for resources with the cluster's names that are not in the state: the resource that every
	// cluster has, and the named machines. It does not ask about resources in the state.
	Existing(known Known, machines []string) ([]Found, error)
	// Prepare creates what the network does not need to exist for: keys, identities, alarms.
	Prepare() (NetworkMaker, error)
}

// NetworkMaker is a cloud that is prepared.
type NetworkMaker interface {
	// Network creates or adopts the network, and creates the firewall of the machines.
	Network() (Network, error)
}

// Network has the properties of the network that machine configurations need.
type Network struct {
	// CIDRs hold the nodes' private addresses: the created network's range, or those of the adopted subnets.
	CIDRs pulumi.StringArrayOutput
	// Ready must exist before a packet gets through to a machine: the firewall's rules.
	Ready []pulumi.Resource
	// The next stage uses this network.
	EndpointMaker
}

// EndpointMaker is a cloud that has a network.
type EndpointMaker interface {
	// Endpoint makes the internal load balancer of the Kubernetes API and the name that nodes know it by.
	Endpoint() (Endpoint, error)
}

// Endpoint is how the Kubernetes API is reached, on port 6443.
type Endpoint struct {
	// Host is the name that nodes and certificates use. Where the cloud has private names it is known before the
	// load balancer.
	Host pulumi.StringOutput
	// LoadBalancer is the load balancer's own name or address: internal, but resolvable by operators who have a route.
	LoadBalancer pulumi.StringOutput
	// Ready must exist before the API can answer through the load balancer.
	Ready []pulumi.Resource
	// The machines join the cluster through this endpoint.
	MachineMaker
}

// MachineMaker is a cloud that has a network and an endpoint.
type MachineMaker interface {
	// Nodes creates nodes that keep their name and identity: the control planes, and the pools with a count. Their
	// image and user data never replace them. Control planes are put behind the endpoint.
	Nodes(NodesArgs) ([]Node, error)
	// Group creates a pool behind the cloud's scaling group. Its machines are replaced when anything changes.
	Group(GroupArgs) (Group, error)
}

// NodesArgs asks for named machines.
type NodesArgs struct {
	// Pool is the pool's name, or cluster.ControlPlanePool.
	Pool string
	// ControlPlane reports whether the machines run etcd and the Kubernetes API.
	ControlPlane bool
	Count        int
	Machine      regions.MachineType
	// DiskGiB is the root disk in GiB.
	DiskGiB int
	// Zones are used in turn: node 0 is in the first.
	Zones []string
	// UserData is the machine configuration, secret YAML.
	UserData pulumi.StringOutput
	// Protected machines are not deleted by an update: what they hold is nowhere else.
	Protected bool
}

// Node is a named machine.
type Node struct {
	Name string
	// PrivateIP is the address that the cluster knows the node by; PublicIP is empty unless the node is reachable from
	// outside.
	PrivateIP, PublicIP pulumi.StringOutput
	// MachineType and Zone are the running machine's, which an update leaves as they are when the stack file changes;
	// Zone is empty on a cloud without zones.
	MachineType, Zone pulumi.StringOutput
	// Identity changes when the machine is replaced: its configuration has to be applied again.
	Identity pulumi.IDOutput
	// Ready must exist before the node can be configured or bootstrapped.
	Ready []pulumi.Resource
}

// GroupArgs asks for a scaling group.
type GroupArgs struct {
	Pool cluster.Pool
	// UserData is the machine configuration, secret YAML.
	UserData pulumi.StringOutput
	// After must be there before the group rolls; nothing for the group of a new cluster.
	After []pulumi.Resource
}

// Group is a scaling group.
type Group struct {
	// Names of the cloud's scaling groups that make up the pool; more than one where the cloud cannot mix spot and on
	// demand.
	Names pulumi.StringArrayOutput
	// InterruptionQueue gets an event for each machine that will be terminated; empty where the cloud notifies only the
	// machine.
	InterruptionQueue pulumi.StringInput
}
