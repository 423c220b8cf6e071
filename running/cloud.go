package running

import (
	"slices"

	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/regions"
)

// reader tells from the resources in the state what runs on one cloud. Each cloud's own file registers one.
type reader struct {
	// standing are the types of what stands in the cluster's subnets, besides machines, and is not moved by an update.
	standing []string
	// template is the type of what scaling groups make their machines from; empty where there are no groups.
	template string
	// fixedAccess is why a running cluster cannot be given the other access, by the one that it has.
	fixedAccess map[config.Access]string
	// namesOwnKey reports whether the cloud names its own key of a disk like one of the customer's.
	namesOwnKey bool
	// network is what the state tells of the network that the cluster stands in.
	network func(Cluster) network
	// machine reads a named node's machine.
	machine func(Resource) machineState
	// madeKey returns the key that the cluster made for its disks, as its disks name it; empty if it made none. It is
	// nil where disks have no keys.
	madeKey func(Cluster) string
	// zones returns what stands in each zone that a running cluster cannot leave. It is nil where there are no zones.
	zones func(Cluster) map[string][]string
}

// machineState is what the state tells of a machine.
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

// stands reports whether a part of the cluster stands in its subnets that an update does not move.
func (c Cluster) stands() bool {
	types := regions.MachineResources()
	for _, r := range readers {
		types = append(types, r.standing...)
	}
	return slices.ContainsFunc(c.Resources, func(r Resource) bool { return slices.Contains(types, r.Type) })
}

// startAgain is how a cluster that has not been started yet gets another network or other zones.
const startAgain = "; or run make destroy and make up again: the cluster was not started yet, so that nothing is lost"

// refusePlace refuses an edit of where the cluster stands.
func (c *comparison) refusePlace(path, problem, remedy string) {
	if !c.was.Bootstrapped {
		remedy += startAgain
	}
	c.refuse(path, problem, remedy)
}
