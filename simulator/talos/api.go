package talos

import (
	"bytes"
	stdx509 "crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
)

// credentials are what the provider's clientConfiguration holds: each base64 of PEM.
type credentials struct {
	ca, certificate, key []byte
}

func readCredentials(client store.Values) (credentials, error) {
	var c credentials
	for name, target := range map[string]*[]byte{
		"caCertificate": &c.ca, "clientCertificate": &c.certificate, "clientKey": &c.key,
	} {
		decoded, err := base64.StdEncoding.DecodeString(client.String(name))
		if err != nil || len(decoded) == 0 {
			return c, fmt.Errorf("clientConfiguration.%s: no base64 of PEM", name)
		}
		*target = decoded
	}
	return c, nil
}

// connect reaches the Talos API of a node through an endpoint, as talosctl --endpoints --nodes does: the endpoint's
// apid forwards to the node, and only a control plane's does.
func (c *clusters) connect(client credentials, endpoint, target string) (*node, error) {
	entries, err := c.apid(nil, client, endpoint)
	if err != nil {
		return nil, err
	}
	entry := entries[0]
	if endpoint == target || entry.answersTo(target) {
		return entry, nil
	}
	if !entry.controlPlane() {
		return nil, fmt.Errorf("%s: rpc error: code = PermissionDenied desc = no request forwarding", endpoint)
	}
	reached, err := c.apid(entry, client, target)
	if err != nil {
		return nil, fmt.Errorf("forwarded by %s: %w", entry.Name, err)
	}
	return reached[0], nil
}

// apid dials the Talos API at host and checks certificates in both directions. A nil from is the operator.
func (c *clusters) apid(from *node, client credentials, host string) ([]*node, error) {
	var machine *network.Machine
	if from != nil {
		machine = &from.Machine
	}
	machines, err := c.network.Dial(machine, host, talosPort)
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", host, talosPort, err)
	}
	nodes := make([]*node, 0, len(machines))
	for _, m := range machines {
		n := c.find(m.ID)
		if n != nil && n.off() {
			return nil, fmt.Errorf("%s:%d: %s: %w: no route to host", host, talosPort, m.Name, n.reason)
		}
		if n == nil || !n.booted() {
			return nil, fmt.Errorf("%s:%d: %s has not booted: connection refused", host, talosPort, m.Name)
		}
		if from != nil {
			if err := n.letsIn(from.PrivateIP, network.TCP(talosPort)); err != nil {
				return nil, err
			}
		}
		if err := c.handshake(client, host, n); err != nil {
			return nil, fmt.Errorf("%s:%d: rpc error: code = Unavailable desc = %w", host, talosPort, err)
		}
		nodes = append(nodes, n)
	}
	if len(nodes) == 0 {
		return nil, fmt.Errorf("%s:%d: no machine answers", host, talosPort)
	}
	return nodes, nil
}

// handshake does the mutual TLS between the client and a machine's apid.
func (c *clusters) handshake(client credentials, host string, n *node) error {
	security := n.config.Machine().Security()
	if !n.controlPlane() {
		if err := c.trustd(n); err != nil {
			return fmt.Errorf("%s has no server certificate: %w", n.Name, err)
		}
	}
	if ca := security.IssuingCA(); ca == nil || !bytes.Equal(bytes.TrimSpace(ca.Crt), bytes.TrimSpace(client.ca)) {
		return fmt.Errorf("%s: tls: failed to verify certificate: x509: certificate signed by unknown authority",
			n.Name)
	}
	if err := certificateFor(host, n, security.CertSANs()); err != nil {
		return err
	}
	accepted := stdx509.NewCertPool()
	accepted.AppendCertsFromPEM(security.IssuingCA().Crt)
	for _, ca := range security.AcceptedCAs() {
		accepted.AppendCertsFromPEM(ca.Crt)
	}
	return verifyClient(client.certificate, accepted)
}

func verifyClient(certificate []byte, roots *stdx509.CertPool) error {
	block, _ := pem.Decode(certificate)
	if block == nil {
		return errors.New("the client certificate is not PEM")
	}
	parsed, err := stdx509.ParseCertificate(block.Bytes)
	if err != nil {
		return fmt.Errorf("the client certificate: %w", err)
	}
	usages := []stdx509.ExtKeyUsage{stdx509.ExtKeyUsageClientAuth}
	if _, err := parsed.Verify(stdx509.VerifyOptions{Roots: roots, KeyUsages: usages}); err != nil {
		return fmt.Errorf("remote error: tls: bad certificate: %w", err)
	}
	return nil
}

// certificateFor returns why a machine's server certificate does not hold for host: it is issued for the machine's own
// addresses and names, the cluster's endpoint and the configured ones.
// https://github.com/siderolabs/talos/blob/v1.12.1/internal/app/machined/pkg/controllers/secrets/kubernetes_cert_sans.go
func certificateFor(host string, n *node, configured []string) error {
	names := append([]string{n.PrivateIP, n.PublicIP, n.Name, n.config.Cluster().Endpoint().Hostname()}, configured...)
	if slices.Contains(names, host) {
		return nil
	}
	valid := slices.DeleteFunc(names, func(name string) bool { return name == "" })
	return fmt.Errorf("%s: x509: certificate is valid for %s, not %s", n.Name, strings.Join(valid, ", "), host)
}
