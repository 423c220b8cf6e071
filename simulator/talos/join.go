package talos

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/siderolabs/crypto/x509"
)

// joined returns why a machine is no working node of its cluster; nil if it is.
func (c *clusters) joined(n *node) error {
	if !n.booted() {
		return n.reason
	}
	if n.DiskFault != "" {
		return errors.New(n.DiskFault)
	}
	if n.stuck != nil {
		return n.stuck
	}
	if err := n.addressed(); err != nil {
		return err
	}
	if err := c.quorum(n.clusterID()); err != nil {
		return err
	}
	if n.controlPlane() {
		if err := c.joinsEtcd(n); err != nil {
			return err
		}
	} else if err := c.trustd(n); err != nil {
		return err
	}
	api, err := c.kubernetes(n, n.config.Cluster().Endpoint().Hostname(), n.trustsCluster)
	if err != nil {
		return err
	}
	if err := skew(n, api); err != nil {
		return err
	}
	return c.reachable(n)
}

// trustsCluster returns why the node does not take the control plane for its own, or is not let in.
func (n *node) trustsCluster(api *node) error {
	ca := api.config.Cluster().IssuingCA()
	trusted := slices.ContainsFunc(n.config.Cluster().AcceptedCAs(), func(accepted *x509.PEMEncodedCertificate) bool {
		return bytes.Equal(bytes.TrimSpace(accepted.Crt), bytes.TrimSpace(ca.Crt))
	})
	if !trusted && !bytes.Equal(n.config.Cluster().IssuingCA().Crt, ca.Crt) {
		return fmt.Errorf("%s: tls: failed to verify certificate: x509: certificate signed by unknown authority",
			api.Name)
	}
	if n.clusterID() != api.clusterID() || n.config.Cluster().Secret() != api.config.Cluster().Secret() {
		return fmt.Errorf("%s is of another cluster", api.Name)
	}
	if n.config.Cluster().Token() != api.config.Cluster().Token() {
		return fmt.Errorf("%s: Unauthorized: unknown bootstrap token", api.Name)
	}
	return nil
}

// skew returns an error for a kubelet that is newer than the API server, or more than three minor versions older.
// https://kubernetes.io/releases/version-skew-policy/#kubelet
func skew(n, api *node) error {
	kubelet, err := n.kubelet()
	if err != nil {
		return err
	}
	server, err := api.apiServer()
	if err != nil {
		return err
	}
	if behind := minor(server) - minor(kubelet); behind < 0 || behind > 3 {
		return fmt.Errorf("kubelet %s does not work with the API server %s of %s", kubelet, server, api.Name)
	}
	return nil
}

func minor(version fmt.Stringer) int {
	var major, minor int
	if _, err := fmt.Sscanf(version.String(), "%d.%d", &major, &minor); err != nil {
		return -1
	}
	return minor
}

// reachable returns which peer cannot reach the node: kubelets are read by the API server and, for metrics, by any
// node; the Talos API of every node is reached through the control planes.
func (c *clusters) reachable(n *node) error {
	errs := []error{}
	for _, peer := range c.nodes {
		if peer == n || !peer.booted() || peer.clusterID() != n.clusterID() {
			continue
		}
		errs = append(errs, c.reach(peer, n, kubeletPort))
		if peer.controlPlane() {
			errs = append(errs, c.reach(peer, n, talosPort))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err.(interface{ Unwrap() []error }).Unwrap()[0]
	}
	return nil
}
