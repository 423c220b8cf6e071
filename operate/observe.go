package operate

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Operator holds the connections to one cluster.
type Operator struct {
	cluster    *Cluster
	talos      *talosNodes
	kubernetes *kubernetesAPI
	// Limit is how long a node may take to answer.
	Limit time.Duration
}

// Open prepares the connections to a cluster.
func Open(ctx context.Context, c *Cluster) (*Operator, error) {
	kubernetes, err := openKubernetes(c)
	if err != nil {
		return nil, err
	}
	talos, err := openTalos(ctx, c)
	if err != nil {
		return nil, err
	}
	return &Operator{cluster: c, talos: talos, kubernetes: kubernetes, Limit: 10 * time.Second}, nil
}

// Close ends the connections.
func (op *Operator) Close() error { return op.talos.Close() }

// Observe asks all nodes and the API at the same time. It takes no longer than twice the limit, whatever does not
// answer.
func (op *Operator) Observe(ctx context.Context) *Observation {
	o := &Observation{Cluster: op.cluster, Time: time.Now(), Certificates: op.cluster.certificates()}
	for i, m := range op.cluster.Machines() {
		o.Nodes = append(o.Nodes, &Node{Machine: m, ControlPlane: i < len(op.cluster.ControlPlanes)})
	}
	var objects kubernetesObjects
	together(append([]func(){func() {
		limited, cancel := context.WithTimeout(ctx, op.Limit)
		defer cancel()
		objects = op.kubernetes.read(limited)
	}}, op.lookers(ctx, o.ControlPlanes(), "")...)...)
	o.add(objects)
	through := ""
	if i := slices.IndexFunc(o.ControlPlanes(), func(n *Node) bool { return n.TalosError == "" }); i >= 0 {
		through = o.ControlPlanes()[i].Name
	}
	workers := o.Nodes[len(op.cluster.ControlPlanes):]
	if through == "" {
		for _, n := range workers {
			n.TalosError = "no control plane answers that would forward to it"
		}
		return o
	}
	together(op.lookers(ctx, workers, through)...)
	return o
}

// lookers return a function for each node that asks it.
func (op *Operator) lookers(ctx context.Context, nodes []*Node, through string) []func() {
	var all []func()
	for _, n := range nodes {
		all = append(all, func() {
			limited, cancel := context.WithTimeout(ctx, op.Limit)
			defer cancel()
			op.look(limited, n, through)
		})
	}
	return all
}

// look asks the Talos API of one node.
func (op *Operator) look(ctx context.Context, n *Node, through string) {
	c, ctx := op.talos.reach(ctx, n.Machine, through)
	var err error
	if n.Talos, err = versionOf(ctx, c); err == nil {
		n.BootID, err = bootIDOf(ctx, c)
	}
	if err == nil {
		n.Schematic, err = schematicOf(ctx, c)
	}
	if err != nil {
		n.TalosError, n.EtcdError = reason(err), "its Talos API does not answer"
		return
	}
	if n.ControlPlane {
		n.Etcd, err = etcdOf(ctx, c)
		n.EtcdError = reason(err)
	}
}

// together runs functions at the same time and waits for all.
func together(functions ...func()) {
	var group sync.WaitGroup
	for _, f := range functions {
		group.Go(f)
	}
	group.Wait()
}
