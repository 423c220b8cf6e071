// Package running compares a stack file with the clusters that its stack runs already, and refuses the edits that they
// would not survive, before the first resource is registered.
package running

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/regions"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"

	talosconfig "github.com/siderolabs/talos/pkg/machinery/config"
)

// State is what the stack's last update left in the state: empty for a new stack.
type State struct {
	Resources []Resource
}

// Resource is one resource of the state.
type Resource struct {
	URN, Type, Name string
	// Outputs are in clear, those that are secret as well.
	Outputs map[string]any
}

// Text returns an output that is a string; empty if there is none of this name.
func (r Resource) Text(output string) string {
	text, _ := r.Outputs[output].(string)
	return text
}

// The types by which a cluster is recognized in the state.
const (
	clusterType   = "inferadb:index:TalosCluster"
	applyType     = "talos:machine/configurationApply:ConfigurationApply"
	bootstrapType = "talos:machine/bootstrap:Bootstrap"
	secretsType   = "talos:machine/secrets:Secrets"
)

// readResources is the engine's own function that returns the outputs of every resource in a stack's state. The state
// that it reads is the one that the running command started from.
// https://github.com/pulumi/pulumi/blob/v3.258.0/pkg/resource/deploy/builtins.go
const readResources = "pulumi:pulumi:readStackResourceOutputs"

// Read returns the state of the stack that the program runs for.
func Read(ctx *pulumi.Context) (State, error) {
	name := ctx.Organization() + "/" + ctx.Project() + "/" + ctx.Stack()
	var answer struct {
		Outputs map[string]struct {
			Type    string         `pulumi:"type"`
			Outputs map[string]any `pulumi:"outputs"`
		} `pulumi:"outputs"`
	}
	if _, err := ctx.InvokePackageRaw(readResources, map[string]any{"stackName": name}, &answer, ""); err != nil {
		return State{}, fmt.Errorf("reading the state of stack %s: %w", name, err)
	}
	var state State
	for urn, r := range answer.Outputs {
		state.Resources = append(state.Resources, Resource{
			URN: urn, Type: r.Type, Name: urn[strings.LastIndex(urn, "::")+2:], Outputs: r.Outputs,
		})
	}
	slices.SortFunc(state.Resources, func(a, b Resource) int { return strings.Compare(a.URN, b.URN) })
	return state, nil
}

// Cluster is a cluster of the state.
type Cluster struct {
	// Name as cluster.Cluster has it: "inferadb-staging-nyc1".
	Name string
	// Resources are those of the cluster.
	Resources []Resource
	// Bootstrapped reports whether etcd was started: before that, no edit can lose anything.
	Bootstrapped bool
	// Nodes are the named nodes that were given a configuration, sorted by name.
	Nodes []Node
}

// Node is a named node as it was configured last.
type Node struct {
	// Name of the machine: "inferadb-staging-nyc1-control-plane-0".
	Name string
	// Address is the node's private address, Endpoint the one at which its Talos API was called last.
	Address, Endpoint string
	ControlPlane      bool
	// Config is the configuration that was applied last.
	Config talosconfig.Provider
}

// OfType returns the cluster's resources of a type, such as "talos:machine/secrets:Secrets".
func (c Cluster) OfType(token string) []Resource {
	var found []Resource
	for _, r := range c.Resources {
		if r.Type == token {
			found = append(found, r)
		}
	}
	return found
}

// ControlPlanes returns the control planes among the nodes.
func (c Cluster) ControlPlanes() []Node {
	var found []Node
	for _, n := range c.Nodes {
		if n.ControlPlane {
			found = append(found, n)
		}
	}
	return found
}

// HasMachine reports whether a named node's machine is in the state. After a refresh it is not there if the cloud does
// not have it any more.
func (c Cluster) HasMachine(node string) bool {
	_, ok := c.Machine(node)
	return ok
}

// Provider returns the cloud that the cluster runs on; empty if none of its resources tells.
func (c Cluster) Provider() regions.Provider {
	for _, r := range c.Resources {
		for _, provider := range regions.Providers() {
			if strings.HasPrefix(r.Type, string(provider)+":") {
				return provider
			}
		}
	}
	return ""
}

// Pool returns the named nodes of a worker pool.
func (c Cluster) Pool(name string) []Node {
	var found []Node
	for _, n := range c.Nodes {
		if !n.ControlPlane && isNumbered(n.Name, c.Name+"-"+name) {
			found = append(found, n)
		}
	}
	return found
}

// isNumbered reports whether the name is the prefix, a dash and a number.
func isNumbered(name, prefix string) bool {
	number, ok := strings.CutPrefix(name, prefix+"-")
	return ok && number != "" && strings.Trim(number, "0123456789") == ""
}

// Clusters returns the clusters of the state, sorted by name. The error names a node whose configuration cannot be
// read.
func (s State) Clusters() ([]Cluster, error) {
	var clusters []Cluster
	for _, r := range s.Resources {
		if r.Type == clusterType {
			clusters = append(clusters, Cluster{Name: r.Name})
		}
	}
	for _, r := range s.Resources {
		if i := ownerOf(clusters, r.Name); i >= 0 && r.Type != clusterType {
			clusters[i].Resources = append(clusters[i].Resources, r)
		}
	}
	for i := range clusters {
		c := &clusters[i]
		c.Bootstrapped = len(c.OfType(bootstrapType)) > 0
		for _, r := range c.OfType(applyType) {
			node, err := nodeOf(r)
			if err != nil {
				return nil, err
			}
			c.Nodes = append(c.Nodes, node)
		}
	}
	return clusters, nil
}

// ownerOf returns the index of the cluster that a resource belongs to, by its name; -1 for none. The longest name wins:
// a region's name may begin with another's.
func ownerOf(clusters []Cluster, resource string) int {
	owner := -1
	for i, c := range clusters {
		mine := resource == c.Name || strings.HasPrefix(resource, c.Name+"-")
		if mine && (owner < 0 || len(c.Name) > len(clusters[owner].Name)) {
			owner = i
		}
	}
	return owner
}

func nodeOf(applied Resource) (Node, error) {
	provider, err := configloader.NewFromBytes([]byte(applied.Text("machineConfigurationInput")))
	if err != nil {
		// Talos' error may quote the configuration, which is secret.
		return Node{}, fmt.Errorf("%s: the state holds a machine configuration that Talos cannot read", applied.Name)
	}
	return Node{
		Name: applied.Name, Address: applied.Text("node"), Endpoint: applied.Text("endpoint"), Config: provider,
		ControlPlane: provider.Machine() != nil && provider.Machine().Type() == machine.TypeControlPlane,
	}, nil
}

// Find returns the cluster of the state that a stack file's cluster is; false if it does not run yet.
func Find(clusters []Cluster, cluster cluster.Cluster) (Cluster, bool) {
	i := slices.IndexFunc(clusters, func(c Cluster) bool { return c.Name == cluster.Name })
	if i < 0 {
		return Cluster{}, false
	}
	return clusters[i], true
}
