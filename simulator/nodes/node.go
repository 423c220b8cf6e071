package nodes

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/cosi-project/runtime/pkg/state"
	"github.com/inferadb/infra/simulator/talos"
	"github.com/siderolabs/crypto/x509"
	"google.golang.org/grpc"
)

// node is a machine that runs, from one boot to the next.
type node struct {
	daemon   *Daemon
	id, name string
	// ctx ends with the node.
	ctx    context.Context
	cancel context.CancelFunc

	apid  *grpc.Server
	talos *connections
	// kubernetes serves the Kubernetes API on a control plane.
	kubernetes     *http.Server
	kubernetesPort *connections
	resources      state.State
	events         events

	// stopping serializes stopEtcd and the end of watchEtcd.
	stopping sync.Mutex

	mutex   sync.Mutex
	current talos.Node
	etcd    *member
	// published is what the resources were made from.
	published map[string]string
	// skipHash: the snapshot that was uploaded is a copy of the database, without a checksum.
	skipHash bool
	// upgrading is set while a sequence runs that ends in a reboot.
	upgrading bool
}

// startNode boots a machine: its servers listen when it returns, but for etcd, which its cluster starts.
func (d *Daemon) startNode(state talos.Node, seen look) (*node, error) {
	n := &node{daemon: d, id: state.ID, name: state.Name, current: state}
	n.ctx, n.cancel = context.WithCancel(d.ctx)
	if err := errors.Join(n.startTalos(seen), n.startKubernetes()); err != nil {
		n.stop(true)
		return nil, err
	}
	return n, nil
}

// startTalos serves the Talos API. A worker's certificate is issued by a control plane.
// https://github.com/siderolabs/talos/blob/v1.13.0/internal/app/machined/pkg/controllers/secrets/api.go
func (n *node) startTalos(seen look) error {
	authority := n.current.Config.Machine().Security().IssuingCA()
	for _, peer := range seen.nodes {
		if peer.Up && peer.ControlPlane && peer.Cluster == n.current.Cluster && len(authority.Key) == 0 {
			authority = peer.Config.Machine().Security().IssuingCA()
		}
	}
	accepted := acceptedBy(n.current.Config.Machine().Security().AcceptedCAs())
	names := func() []string { return n.hosts(n.state().Config.Machine().Security().CertSANs()) }
	config, err := follow(names, func(hosts []string) (*tls.Config, error) {
		identity, err := issue(authority, accepted, n.name, hosts)
		return identity.config(tls.RequireAndVerifyClientCert, "h2"), err
	})
	if err != nil {
		return err
	}
	if n.talos, err = listen(); err != nil {
		return err
	}
	n.resources = newResources()
	n.apid = n.newApid(config)
	n.daemon.spawn(func() { _ = n.apid.Serve(n.talos) })
	return nil
}

func listen() (*connections, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &connections{Listener: listener, open: map[net.Conn]struct{}{}}, nil
}

func acceptedBy(authorities []*x509.PEMEncodedCertificate) [][]byte {
	var list [][]byte
	for _, ca := range authorities {
		list = append(list, ca.Crt)
	}
	return list
}

// hosts returns the names and addresses in the node's certificates.
func (n *node) hosts(configured []string) []string {
	state := n.state()
	hosts := []string{n.name, state.PrivateIP, state.PublicIP}
	if endpoint := state.Config.Cluster().Endpoint(); endpoint != nil {
		hosts = append(hosts, endpoint.Hostname())
	}
	return append(hosts, configured...)
}

// startKubernetes serves the Kubernetes API on a control plane. It answers as far as etcd does.
func (n *node) startKubernetes() error {
	if !n.current.ControlPlane {
		return nil
	}
	cluster := n.current.Config.Cluster()
	names := func() []string { return n.hosts(n.state().Config.Cluster().CertSANs()) }
	config, err := follow(names, func(hosts []string) (*tls.Config, error) {
		identity, err := issue(cluster.IssuingCA(), acceptedBy(cluster.AcceptedCAs()), "kube-apiserver", hosts)
		return identity.config(tls.VerifyClientCertIfGiven, "h2", "http/1.1"), err
	})
	if err != nil {
		return err
	}
	if n.kubernetesPort, err = listen(); err != nil {
		return err
	}
	n.kubernetes = &http.Server{
		Handler: newAPI(n), ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet,
		TLSConfig: config,
	}
	n.daemon.spawn(func() { _ = n.kubernetes.ServeTLS(n.kubernetesPort, "", "") })
	return nil
}

// state returns the node as the store had it at the last look.
func (n *node) state() talos.Node {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return n.current
}

// update lets the node follow what has changed in the store.
func (n *node) update(state talos.Node) {
	n.mutex.Lock()
	n.current = state
	n.mutex.Unlock()
	if n.kubernetes != nil {
		if state.Faults.Has(talos.FaultAPIDown) {
			n.kubernetesPort.cut()
		}
	}
	n.publish()
}

func (n *node) skipsHashCheck() bool {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return n.skipHash
}

// listens returns the loopback address of a port, or "" where nothing listens.
func (n *node) listens(port int) string {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	switch {
	case port == talosPort:
		return n.talos.Addr().String()
	case port == kubernetesPort && n.kubernetes != nil && n.etcd != nil && !n.current.Faults.Has(talos.FaultAPIDown):
		return n.kubernetesPort.Addr().String()
	case port == etcdClientPort && n.etcd != nil:
		return n.etcd.client
	case port == etcdPeerPort && n.etcd != nil:
		return n.etcd.peer
	}
	return ""
}

// member returns the node's etcd, or nil while it does not run.
func (n *node) member() *member {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return n.etcd
}

// stop ends everything that the node runs, etcd last: its leadership moves on while the others still hear of it, unless
// the node crashes.
func (n *node) stop(crash bool) {
	n.cancel()
	if n.kubernetes != nil {
		n.kubernetes.Close()
	}
	if n.apid != nil {
		n.apid.Stop()
	}
	n.stopEtcd(crash)
}
