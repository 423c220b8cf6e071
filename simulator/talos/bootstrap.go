package talos

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
)

// createBootstrap starts a cluster's etcd on its first control plane. Only creating it asks the machine for anything.
func createBootstrap(call *schema.Call) error {
	if err := createCluster(call); err != nil {
		return explain("Error bootstrapping node", err)
	}
	return explain("Error bootstrapping node", turnaround(call.Inputs))
}

// updateState returns what a change of node or endpoint does to a bootstrap or a kubeconfig: nothing, but to the state.
func updateState(call *schema.Call) error {
	resolveEndpoint(call)
	return turnaround(call.Inputs)
}

// createCluster returns the machine's side of it.
// https://github.com/siderolabs/talos/blob/v1.12.1/internal/app/machined/internal/server/v1alpha1/v1alpha1_server.go
func createCluster(call *schema.Call) error {
	c, n, err := connectFor(call)
	if err != nil {
		return err
	}
	return c.bootstrap(n)
}

// bootstrap starts etcd on a node.
func (c *clusters) bootstrap(n *node) error {
	if !n.controlPlane() {
		return errors.New("rpc error: code = FailedPrecondition desc = bootstrap can only be performed on a " +
			"control plane node")
	}
	if err := n.hasNoEtcdData(); err != nil {
		return err
	}
	if n.stuck != nil {
		return retry{n.stuck}
	}
	if err := c.leadsToControlPlane(n); err != nil {
		return retry{err}
	}
	return c.startEtcd(n)
}

// leadsToControlPlane returns why the cluster's endpoint would not lead to its API once that runs. The call itself
// would succeed in life, and the cluster never come up.
func (c *clusters) leadsToControlPlane(n *node) error {
	host := n.config.Cluster().Endpoint().Hostname()
	machines, err := c.network.Dial(&n.Machine, host, kubernetesPort)
	if err != nil {
		return fmt.Errorf("the cluster's endpoint %s:%d: %w", host, kubernetesPort, err)
	}
	names := []string{}
	for _, m := range machines {
		if slices.ContainsFunc(c.controlPlanes(n.clusterID()), func(peer *node) bool { return peer.ID == m.ID }) {
			return nil
		}
		names = append(names, m.Name)
	}
	return fmt.Errorf("the cluster's endpoint %s:%d leads to no control plane of the cluster that runs, but to [%s]",
		host, kubernetesPort, strings.Join(names, " "))
}
