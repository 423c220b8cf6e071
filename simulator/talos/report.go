package talos

import (
	"strings"

	"github.com/inferadb/infra/simulator/network"
)

// NodeStatus is how far a machine has come.
type NodeStatus struct {
	Cluster  string `json:"cluster"`
	Node     string `json:"node"`
	Machine  string `json:"machine"`
	Provider string `json:"provider"`
	Region   string `json:"region"`
	Address  string `json:"address"`
	Role     string `json:"role"`
	// Booted means that Talos accepted the configuration, Joined that the node does its work in the Kubernetes cluster.
	Booted bool `json:"booted"`
	Joined bool `json:"joined"`
	// Ready means that the network of its pods works too: there is a plugin, and its packets reach every other node.
	Ready bool `json:"ready"`
	// Reason is why the machine has not booted, has not joined or is not ready.
	Reason string `json:"reason,omitempty"`
	// Labels are those that the machine's configuration gives the node.
	Labels map[string]string `json:"labels,omitempty"`
}

// Report returns the status of every machine, in the network's order.
func Report(clouds network.Network, memory Memory) ([]NodeStatus, error) {
	c, err := observe(clouds, memory)
	if err != nil {
		return nil, err
	}
	statuses := make([]NodeStatus, 0, len(c.nodes))
	for _, n := range c.nodes {
		status := NodeStatus{
			Node: n.Name, Machine: n.ID, Provider: n.Provider, Region: n.Region, Address: n.PrivateIP,
			Booted: n.booted(),
		}
		if err := c.joined(n); err != nil {
			status.Reason = strings.ReplaceAll(err.Error(), "\n", " ")
		} else {
			status.Joined = true
			status.Labels = n.config.Machine().NodeLabels()
			network := c.podNetwork(n)
			switch status.Ready = network == nil; {
			case !status.Ready:
				status.Reason = network.Error()
			case n.config.Cluster().ExternalCloudProvider().Enabled():
				// The simulator runs no controller that would take it away.
				status.Reason = "taint node.cloudprovider.kubernetes.io/uninitialized: pods wait for a cloud controller"
			}
		}
		if n.config != nil {
			status.Cluster = c.name(n)
			status.Role = n.config.Machine().Type().String()
		}
		statuses = append(statuses, status)
	}
	return statuses, nil
}

// Reconcile lets the machines do what they do by themselves: boot, join etcd, be forgotten. It is for the clouds to
// call whenever a machine comes or goes, so that a cluster that loses its control planes all at once is lost.
func Reconcile(clouds network.Network, memory Memory) error {
	_, err := observe(clouds, memory)
	return err
}

// name returns the name of the machine's cluster; a worker's configuration need not have it.
func (c *clusters) name(n *node) string {
	for _, peer := range append([]*node{n}, c.controlPlanes(n.clusterID())...) {
		if name := peer.config.Cluster().Name(); name != "" {
			return name
		}
	}
	return n.clusterID()
}
