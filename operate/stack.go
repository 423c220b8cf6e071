// Package operate works on running clusters: it reports their status, upgrades and repairs nodes, applies configuration
// that an update cannot, changes the number of control planes, renews credentials, and saves and restores etcd. It
// talks to the Talos API and the Kubernetes API with the credentials among a stack's outputs, and keeps no state of its
// own: every run begins with what the nodes report.
package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/config"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Stack is a stack as its outputs and its file describe it.
type Stack struct {
	Name string
	// Folder has the stack file.
	Folder string
	// Clusters are in the order of the stack file. Those that never came up are not among them.
	Clusters []*Cluster
	// Missing names the clusters of the stack file that the outputs do not have.
	Missing []string
	// Marked are the target versions of an unfinished upgrade (inferadb:upgrade); empty if there is none.
	Marked cluster.Upgrade
}

// Cluster is how a cluster is reached, and what the stack file wants of it.
type Cluster struct {
	// Name as the machines' names begin: "inferadb-staging-nyc1".
	Name string
	// Server is the URL of the Kubernetes API.
	Server string
	// ControlPlanes and Workers are the machines that have names.
	ControlPlanes, Workers []Machine
	// Want is the cluster as the stack file has it.
	Want cluster.Cluster

	talos      *clientconfig.Context
	kubernetes *api.Config
}

// Machine is a named node: a control plane, or a worker of a pool with a count. Machines of scaling groups are none.
type Machine struct {
	Name string
	// Pool is the name of its pool; cluster.ControlPlanePool for control planes.
	Pool string
	// Address is where the control planes reach the machine, Endpoint where an operator reaches a control plane.
	Address, Endpoint string
}

// checkUp refuses to work on a stack of which a cluster never came up.
func (s *Stack) checkUp() error {
	if len(s.Missing) > 0 || len(s.Clusters) == 0 {
		return refused("of stack %s never came up: %s; run: make up STACK=%s", s.Name, strings.Join(s.Missing, ", "),
			s.Name)
	}
	return nil
}

// Select returns the cluster with the name, or all clusters if it is empty. An unknown name is refused with the names
// of the clusters.
func (s *Stack) Select(name string) ([]*Cluster, error) {
	if name == "" {
		return s.Clusters, nil
	}
	for _, c := range s.Clusters {
		if c.Name == name {
			return []*Cluster{c}, nil
		}
	}
	return nil, refused("--cluster: stack %s has no cluster %q; it has: %s", s.Name, name, clusterNames(s.Clusters))
}

// Machines returns the machines that have names, control planes first.
func (c *Cluster) Machines() []Machine { return slices.Concat(c.ControlPlanes, c.Workers) }

// outputs are a stack's outputs, as components.Export makes them.
type outputs struct {
	Kubeconfig  string             `json:"kubeconfig"`
	Talosconfig string             `json:"talosconfig"`
	Clusters    map[string]summary `json:"clusters"`
}

type summary struct {
	Name          string        `json:"name"`
	Server        string        `json:"server"`
	ControlPlanes []nodeSummary `json:"controlPlanes"`
	Pools         map[string]struct {
		Nodes []nodeSummary `json:"nodes"`
	} `json:"pools"`
}

type nodeSummary struct {
	Name      string `json:"name"`
	PrivateIP string `json:"privateIp"`
}

// ReadStack reads the stack's outputs from its state, and its file from the folder.
func ReadStack(ctx context.Context, folder, name string) (*Stack, error) {
	if name == "" {
		return nil, errors.New("--stack: is not set; write: --stack staging")
	}
	text, err := Pulumi(ctx, name, "stack", "output", "--json", "--show-secrets")
	if err != nil {
		return nil, err
	}
	settings, encrypted, err := readSettings(ctx, name)
	if err != nil {
		return nil, err
	}
	wanted, _, err := config.LoadFrom(folder, name, settings, encrypted...)
	if err != nil {
		return nil, err
	}
	return parseStack(folder, name, text, wanted)
}

// readSettings returns the settings of the stack file as the engine hands them to the program, and the names of those
// that the file has encrypted.
func readSettings(ctx context.Context, name string) (settings map[string]string, encrypted []string, err error) {
	text, err := Pulumi(ctx, name, "config", "--json", "--show-secrets")
	if err != nil {
		return nil, nil, err
	}
	var found map[string]struct {
		Value  string `json:"value"`
		Secret bool   `json:"secret"`
	}
	if err := json.Unmarshal(text, &found); err != nil {
		return nil, nil, fmt.Errorf("pulumi config of stack %s does not answer with settings; run: make pulumi "+
			"STACK=%s ARGS=config", name, name)
	}
	settings = map[string]string{}
	for key, value := range found {
		settings[key] = value.Value
		if value.Secret {
			encrypted = append(encrypted, key)
		}
	}
	return settings, encrypted, nil
}

// parseStack puts the outputs and the stack file together. Its errors quote nothing of the outputs, which are secret.
func parseStack(folder, name string, text []byte, wanted []cluster.Cluster) (*Stack, error) {
	var out outputs
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("the outputs of stack %s are not those of this program; run: make up STACK=%s", name,
			name)
	}
	if out.Talosconfig == "" || out.Kubeconfig == "" {
		return nil, fmt.Errorf("stack %s has no talosconfig and kubeconfig among its outputs; run: make up STACK=%s",
			name, name)
	}
	talos, err := clientconfig.FromString(out.Talosconfig)
	if err != nil {
		return nil, fmt.Errorf("the output talosconfig of stack %s cannot be read; run: make up STACK=%s", name, name)
	}
	kubernetes, err := clientcmd.Load([]byte(out.Kubeconfig))
	if err != nil {
		return nil, fmt.Errorf("the output kubeconfig of stack %s cannot be read; run: make up STACK=%s", name, name)
	}
	stack := &Stack{Name: name, Folder: folder}
	for _, want := range wanted {
		stack.Marked = want.Upgrade
		about, ok := out.Clusters[want.Region]
		if !ok || talos.Contexts[want.Name] == nil || kubernetes.Contexts[want.Name] == nil {
			stack.Missing = append(stack.Missing, want.Name)
			continue
		}
		stack.Clusters = append(stack.Clusters, newCluster(want, about, talos.Contexts[want.Name], kubernetes))
	}
	return stack, nil
}

func newCluster(want cluster.Cluster, about summary, talos *clientconfig.Context, kubernetes *api.Config) *Cluster {
	c := &Cluster{Name: want.Name, Server: about.Server, Want: want, talos: talos, kubernetes: kubernetes.DeepCopy()}
	c.kubernetes.CurrentContext = want.Name
	for i, node := range about.ControlPlanes {
		machine := Machine{Name: node.Name, Pool: cluster.ControlPlanePool, Address: node.PrivateIP,
			Endpoint: node.PrivateIP}
		// The endpoints are in the order of the control planes.
		if i < len(talos.Endpoints) {
			machine.Endpoint = talos.Endpoints[i]
		}
		c.ControlPlanes = append(c.ControlPlanes, machine)
	}
	for _, pool := range slices.Sorted(maps.Keys(about.Pools)) {
		for _, node := range about.Pools[pool].Nodes {
			c.Workers = append(c.Workers, Machine{Name: node.Name, Pool: pool, Address: node.PrivateIP})
		}
	}
	return c
}
