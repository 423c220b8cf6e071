// Package talos simulates Talos Linux: machines that boot from their user data and form clusters if the network lets
// them, and the provider through which a Pulumi program configures them. Configuration, secrets and certificates are
// not imitated: Talos' own library makes and reads them.
package talos

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/inferadb/infra/simulator/network"
)

// The ports between the machines of a cluster.
// https://docs.siderolabs.com/talos/v1.13/learn-more/talos-network-connectivity
const (
	etcdClientPort = 2379
	etcdPeerPort   = 2380
	kubernetesPort = 6443
	kubeletPort    = 10250
	talosPort      = 50000
	trustdPort     = 50001
)

// clusters is one look at all machines.
type clusters struct {
	network network.Network
	memory  Memory
	nodes   []*node
	// etcd has the bootstrapped clusters by cluster id.
	etcd map[string]*etcd
	// overlays are the pod networks that have been looked at, by cluster id.
	overlays map[string]overlay
}

// observe boots the machines that are new, forgets those that are gone, and lets control planes join etcd.
func observe(clouds network.Network, memory Memory) (*clusters, error) {
	c := &clusters{network: clouds, memory: memory, etcd: map[string]*etcd{}, overlays: map[string]overlay{}}
	for _, machine := range clouds.Machines() {
		n, err := boot(machine, memory)
		if err != nil {
			return nil, err
		}
		c.nodes = append(c.nodes, n)
		if err := c.pull(n); err != nil {
			return nil, err
		}
	}
	if err := c.recallEtcd(); err != nil {
		return nil, err
	}
	for _, n := range c.nodes {
		if n.controlPlane() && c.mayJoin(n) == nil {
			if err := c.addMember(n); err != nil {
				return nil, err
			}
		}
	}
	for _, n := range c.nodes {
		if err := c.createObjects(n); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// boot starts a machine: from its disk if it has booted before, from its user data if not. The error is the store's;
// why the machine does not boot is the node's reason.
func boot(machine network.Machine, memory Memory) (*node, error) {
	n := &node{Machine: machine}
	saved, err := recall[disk](memory, disks, machine.ID)
	if err != nil {
		return nil, err
	}
	if saved != nil {
		return wake(n, saved), nil
	}
	if machine.Off {
		n.reason = errors.New("it is switched off")
		return n, nil
	}
	document, err := unpack(machine.UserData)
	if err != nil {
		n.reason = err
		return n, nil
	}
	if n.config, n.reason = load(document); n.reason != nil {
		return n, nil
	}
	n.disk = &disk{
		Config: string(document), Started: time.Now(), Talos: installed(n.config),
		Schematic: schematicOf(n.config.Machine().Install().Image()),
	}
	return n, keep(memory, disks, machine.ID, n.disk)
}

// wake starts a machine that has booted before.
func wake(n *node, saved *disk) *node {
	n.disk = saved
	if saved.Wiped {
		n.reason = errors.New("its disk was wiped, so there is nothing to boot")
		return n
	}
	n.config, n.reason = load([]byte(saved.Config))
	switch {
	case saved.Off:
		n.reason = errors.New("it is shut down")
	case saved.Rebooting:
		n.reason = errors.New("it is rebooting")
	case saved.Hung:
		n.reason = errors.New("it does not answer")
	}
	return n
}

// recallEtcd reads the bootstrapped clusters, and forgets deleted machines and the clusters of which none is left.
func (c *clusters) recallEtcd() error {
	for _, id := range kept(c.memory, disks) {
		if c.find(id) == nil {
			c.memory.SetTalos(disks+id, nil)
		}
	}
	for _, cluster := range kept(c.memory, etcds) {
		if !slices.ContainsFunc(c.nodes, func(n *node) bool { return n.config != nil && n.clusterID() == cluster }) {
			c.memory.SetTalos(etcds+cluster, nil)
			continue
		}
		members, err := recall[etcd](c.memory, etcds, cluster)
		if err != nil {
			return err
		}
		c.etcd[cluster] = members
	}
	return nil
}

func (c *clusters) find(machine string) *node {
	for _, n := range c.nodes {
		if n.ID == machine {
			return n
		}
	}
	return nil
}

// controlPlanes returns the booted control planes of a cluster.
func (c *clusters) controlPlanes(cluster string) []*node {
	return slices.DeleteFunc(slices.Clone(c.nodes), func(n *node) bool {
		return !n.controlPlane() || n.clusterID() != cluster
	})
}

// reach returns why a machine's packet does not arrive at another one.
func (c *clusters) reach(from, to *node, port int) error {
	machines, err := c.network.Dial(&from.Machine, to.PrivateIP, port)
	if err != nil {
		return fmt.Errorf("%s to %s:%d: %w", from.Name, to.Name, port, err)
	}
	if !slices.ContainsFunc(machines, func(m network.Machine) bool { return m.ID == to.ID }) {
		return fmt.Errorf("%s to %s:%d: %s is another machine", from.Name, to.Name, port, to.PrivateIP)
	}
	return to.letsIn(from.PrivateIP, network.TCP(port))
}

// trustd returns why a worker gets no certificate for its Talos API: a control plane issues it.
func (c *clusters) trustd(n *node) error {
	reasons := []string{}
	for _, issuer := range c.controlPlanes(n.clusterID()) {
		err := c.reach(n, issuer, trustdPort)
		if err == nil && issuer.config.Machine().Security().Token() != n.config.Machine().Security().Token() {
			err = fmt.Errorf("%s refuses the machine token", issuer.Name)
		}
		if err == nil {
			return nil
		}
		reasons = append(reasons, err.Error())
	}
	if len(reasons) == 0 {
		return errors.New("trustd: no control plane of the cluster runs")
	}
	return fmt.Errorf("trustd: %s", strings.Join(reasons, "; "))
}

// kubernetes dials a cluster's Kubernetes API and returns a control plane that serves it. A nil from is the operator.
// Behind a load balancer every machine may be the one that answers, so all that serve an API must be the right ones.
func (c *clusters) kubernetes(from *node, host string, trusts func(*node) error) (*node, error) {
	var machine *network.Machine
	if from != nil {
		machine = &from.Machine
	}
	machines, err := c.network.Dial(machine, host, kubernetesPort)
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", host, kubernetesPort, err)
	}
	var serving *node
	reasons := []string{}
	for _, m := range machines {
		n := c.find(m.ID)
		if err := c.serves(n); err != nil {
			reasons = append(reasons, fmt.Sprintf("%s: %v", m.Name, err))
			continue
		}
		if err := certificateFor(host, n, n.config.Cluster().CertSANs()); err != nil {
			return nil, err
		}
		if err := trusts(n); err != nil {
			return nil, err
		}
		serving = n
	}
	if serving == nil {
		return nil, fmt.Errorf("%s:%d: no machine serves the Kubernetes API: %s", host, kubernetesPort,
			strings.Join(reasons, "; "))
	}
	return serving, nil
}

// serves returns why a machine serves no Kubernetes API.
func (c *clusters) serves(n *node) error {
	switch {
	case n == nil || !n.booted():
		return errors.New("it has not booted")
	case !n.controlPlane():
		return errors.New("it is a worker")
	case c.quorum(n.clusterID()) != nil:
		return c.quorum(n.clusterID())
	case !c.member(n):
		return errors.New("it has not joined etcd")
	}
	return nil
}
