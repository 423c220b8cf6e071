package running

import (
	"slices"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/regions"
)

// reader finds in the resources of the state what runs on one cloud. Each cloud's file registers one.
type reader struct {
	// inSubnets are the types of resources, besides machines, that are in the cluster's subnets and that no update
	// moves.
	inSubnets []string
	// template is the type of what scaling groups make their machines from; empty where there are no groups.
	template string
	// fixedAccess is the reason why a running cluster keeps its access, by that access; empty where it can change.
	fixedAccess map[cluster.Access]string
	// namesOwnKey reports whether the cloud names its own key of a disk like one of the customer's.
	namesOwnKey bool
	// network returns the network of the cluster.
	network func(Cluster) network
	// machine reads a named node's machine.
	machine func(Resource) machineState
	// madeKey returns the key that the cluster made for its disks, as its disks name it; empty if it made none. It is
	// nil where disks have no keys.
	madeKey func(Cluster) string
	// zones returns the names of what is in each zone that a running cluster cannot leave. It is nil if there are no
	// zones.
	zones func(Cluster) map[string][]string
}

// machineState is what the state has of a machine.
type machineState struct {
	// size is the machine type.
	size, zone string
	// diskKey is the key of the root disk; empty if the cloud names none.
	diskKey string
	// diskGiB is the size of a disk that does not grow under a running machine; 0 for one that does.
	diskGiB int
}

var readers = map[regions.Provider]reader{}

func register(provider regions.Provider, r reader) reader {
	readers[provider] = r
	return r
}

// reader returns the reader of the cluster's cloud; false if none of its resources tells which that is.
func (c Cluster) reader() (reader, bool) {
	r, ok := readers[c.Provider()]
	return r, ok
}

// zonesOf returns the names of the nodes by the zones of their machines.
func (c Cluster) zonesOf(nodes []Node) map[string][]string {
	found := map[string][]string{}
	r, ok := c.reader()
	if !ok {
		return nil
	}
	for _, node := range nodes {
		if m, ok := c.Machine(node.Name); ok {
			if zone := r.machine(m).zone; zone != "" {
				found[zone] = append(found[zone], node.Name)
			}
		}
	}
	return found
}

// Machine returns the machine of a named node, which is named like it; false if the state has none.
func (c Cluster) Machine(name string) (Resource, bool) {
	i := slices.IndexFunc(
		c.Resources,
		func(r Resource) bool { return r.Name == name && slices.Contains(regions.MachineResources(), r.Type) },
	)
	if i < 0 {
		return Resource{}, false
	}
	return c.Resources[i], true
}

// isPlaced reports whether a part of the cluster that no update moves is in its subnets.
func (c Cluster) isPlaced() bool {
	types := regions.MachineResources()
	for _, r := range readers {
		types = append(types, r.inSubnets...)
	}
	return slices.ContainsFunc(c.Resources, func(r Resource) bool { return slices.Contains(types, r.Type) })
}

// recreateRemedy is how a cluster that has not been started yet gets another network or other zones.
const recreateRemedy = "; or run make destroy and make up again: the cluster was not started yet, so that nothing " +
	"is lost"

// refusePlace refuses an edit of the network or the zones of the cluster.
func (c *comparison) refusePlace(path, problem, remedy string) {
	if !c.was.Bootstrapped {
		remedy += recreateRemedy
	}
	c.refuse(path, problem, remedy)
}
