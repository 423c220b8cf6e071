package talos

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/network"
)

// Start boots every machine for the first time, applies to each the configuration that it had, and bootstraps each
// cluster on its first control plane, as an operator would. It returns what does not work then: of each machine, of the
// ways between them, and of the operator's.
func Start(clouds network.Network, memory Memory) ([]network.Finding, error) {
	applied := map[string]string{}
	for _, id := range kept(memory, disks) {
		saved, err := recall[disk](memory, disks, id)
		if err != nil {
			return nil, err
		}
		applied[id] = saved.Config
	}
	for _, key := range memory.TalosKeys() {
		memory.SetTalos(key, nil)
	}
	c, err := observe(clouds, memory)
	if err != nil {
		return nil, err
	}
	findings := c.applyAll(applied)
	if c, err = observe(clouds, memory); err != nil {
		return nil, err
	}
	for _, cluster := range c.clusterIDs() {
		first := slices.MinFunc(c.controlPlanes(cluster),
			func(a, b *node) int { return strings.Compare(a.Name, b.Name) })
		if err := c.operatorsTalos(first); err != nil {
			findings = append(findings, network.Finding{Subject: "the operator", Reason: err.Error()})
			continue
		}
		if err := c.bootstrap(first); err != nil {
			findings = append(findings, network.Finding{Subject: "bootstrap of " + c.name(first), Reason: err.Error()})
		}
	}
	// The other control planes join one after the other, and the first creates the manifests.
	if c, err = observe(clouds, memory); err != nil {
		return nil, err
	}
	return append(findings, c.findings()...), nil
}

// applyAll gives the machines the configurations that they had, by machine id, where an operator reaches them: control
// planes at their own addresses, workers through a control plane.
func (c *clusters) applyAll(configurations map[string]string) []network.Finding {
	var findings []network.Finding
	for _, n := range c.nodes {
		document := configurations[n.ID]
		if document == "" || !n.booted() {
			continue
		}
		err := c.operatorsTalos(n)
		if !n.controlPlane() {
			err = c.throughControlPlane(n)
		}
		if err != nil {
			findings = append(findings, network.Finding{Subject: n.Name, Reason: "refuses its configuration: " +
				err.Error()})
			continue
		}
		n.disk.Config = document
		if err := c.saveDisk(n); err != nil {
			findings = append(findings, network.Finding{Subject: n.Name, Reason: err.Error()})
		}
	}
	return findings
}

// throughControlPlane returns why no control plane forwards the operator's calls to a worker; nil if one does.
func (c *clusters) throughControlPlane(n *node) error {
	err := errors.New("no control plane runs")
	for _, peer := range c.controlPlanes(n.clusterID()) {
		if err = c.operatorsTalos(peer); err == nil {
			err = c.reach(peer, n, talosPort)
		}
		if err == nil {
			return nil
		}
	}
	return err
}

// clusterIDs returns the clusters that have a control plane, in the order of the machines.
func (c *clusters) clusterIDs() []string {
	var ids []string
	for _, n := range c.nodes {
		if n.controlPlane() && !slices.Contains(ids, n.clusterID()) {
			ids = append(ids, n.clusterID())
		}
	}
	return ids
}

// findings returns what does not work in clusters that have been bootstrapped.
func (c *clusters) findings() []network.Finding {
	var findings []network.Finding
	note := func(n *node, what string, err error) {
		if err != nil {
			findings = append(findings, network.Finding{Subject: n.Name, Reason: what +
				strings.ReplaceAll(err.Error(), "\n", " ")})
		}
	}
	for _, n := range c.nodes {
		if err := c.joined(n); err != nil {
			note(n, "does not join: ", err)
			continue
		}
		note(n, "", c.podNetwork(n))
		note(n, "", c.watched(n))
		note(n, "KubePrism: ", c.kubePrism(n))
		if n.controlPlane() {
			note(n, "", c.behindEndpoint(n))
			note(n, "the operator: ", c.operatorsTalos(n))
			note(n, "the operator: ", c.operatorsKubernetes(n))
		}
	}
	return findings
}

// watched returns why the network plugin's agents do not hear of each other; nil if they do.
func (c *clusters) watched(n *node) error {
	o := c.overlayOf(n.clusterID())
	for _, peer := range c.peers(n) {
		for _, port := range o.watches {
			if err := c.deliver(peer, n, port); err != nil {
				return fmt.Errorf("%s looks after itself: %w", o.plugin, err)
			}
		}
	}
	return nil
}

// kubePrism returns which control plane a node cannot reach without the load balancer; nil if it reaches all.
// https://docs.siderolabs.com/kubernetes-guides/advanced-guides/kubeprism
func (c *clusters) kubePrism(n *node) error {
	for _, peer := range c.peers(n) {
		if !peer.controlPlane() {
			continue
		}
		if err := c.reach(n, peer, kubernetesPort); err != nil {
			return err
		}
	}
	return nil
}

// behindEndpoint returns why a control plane gets no requests by the endpoint of its cluster; nil if it does.
func (c *clusters) behindEndpoint(n *node) error {
	host := n.config.Cluster().Endpoint().Hostname()
	isBehind := func(client *node) bool {
		machines, err := c.network.Dial(&client.Machine, host, kubernetesPort)
		return err == nil && slices.ContainsFunc(machines, func(m network.Machine) bool { return m.ID == n.ID })
	}
	switch {
	case !slices.ContainsFunc(append(c.peers(n), n), isBehind):
		return fmt.Errorf("is not behind the cluster's endpoint %s:%d", host, kubernetesPort)
	case !isBehind(n):
		return fmt.Errorf("the reply to its own request to %s:%d does not reach it", host, kubernetesPort)
	}
	return nil
}

// operatorsTalos returns why the operator does not reach a control plane's Talos API; nil if it is reached.
func (c *clusters) operatorsTalos(n *node) error {
	var err error
	for _, address := range []string{n.PublicIP, n.PrivateIP} {
		if address == "" {
			continue
		}
		if _, err = c.network.Dial(nil, address, talosPort); err == nil {
			return nil
		}
		err = fmt.Errorf("%s:%d: %w", address, talosPort, err)
	}
	return err
}

// operatorsKubernetes returns why the operator reaches the Kubernetes API under none of the names that its certificate
// holds for; nil if it does.
func (c *clusters) operatorsKubernetes(n *node) error {
	var reasons []string
	names := append([]string{n.config.Cluster().Endpoint().Hostname()}, n.config.Cluster().CertSANs()...)
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			continue
		}
		if _, err := c.kubernetes(nil, name, func(*node) error { return nil }); err != nil {
			reasons = append(reasons, err.Error())
			continue
		}
		return nil
	}
	return fmt.Errorf("no route to the Kubernetes API: %s", strings.Join(reasons, "; "))
}
