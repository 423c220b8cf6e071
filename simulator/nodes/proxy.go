package nodes

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
)

// The ports of a node.
const (
	etcdClientPort = 2379
	etcdPeerPort   = 2380
	kubernetesPort = 6443
	talosPort      = 50000
)

// peerUser is whom etcd's members call themselves when they ask the proxy for each other.
const peerUser = "etcd"

// processPassword is drawn once: Go reads the proxy's URL once in a process.
var processPassword = sync.OnceValue(rand.Text)

// tunnel answers CONNECT: it leads to the node that has the address, if the clouds' firewalls let the operator through.
func (d *Daemon) tunnel(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "this proxy answers CONNECT only", http.StatusMethodNotAllowed)
		return
	}
	target, err := d.route(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	there, err := net.DialTimeout("tcp", target, 5*time.Second)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		there.Close()
		return
	}
	if _, err := io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		there.Close()
		here.Close()
		return
	}
	d.spawn(func() {
		pipe(d, here, there, io.MultiReader(io.LimitReader(buffered, int64(buffered.Reader.Buffered())), here))
	})
}

// pipe copies in both directions until either end is closed, or the daemon ends.
func pipe(d *Daemon, here, there net.Conn, fromHere io.Reader) {
	ended := make(chan struct{}, 2)
	go func() { _, _ = io.Copy(there, fromHere); ended <- struct{}{} }()
	go func() { _, _ = io.Copy(here, there); ended <- struct{}{} }()
	select {
	case <-ended:
	case <-d.ctx.Done():
	}
	here.Close()
	there.Close()
}

// route returns the loopback address for host:port.
func (d *Daemon) route(r *http.Request) (string, error) {
	host, text, err := net.SplitHostPort(r.Host)
	if err != nil {
		return "", err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return "", err
	}
	if port == etcdPeerPort && r.Header.Get("Proxy-Authorization") == "Basic "+
		base64.StdEncoding.EncodeToString([]byte(peerUser+":"+d.password)) {
		return d.routePeer(host)
	}
	var machines []network.Machine
	err = d.within(func(w *store.Store, clouds network.Network) (err error) {
		machines, err = talos.OperatorReaches(clouds, host, port)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("%s: %w", r.Host, err)
	}
	return d.choose(machines, r.Host, port)
}

// choose picks a machine that listens on the port. A load balancer has several, and takes turns.
func (d *Daemon) choose(machines []network.Machine, host string, port int) (string, error) {
	d.turn.Add(1)
	for i := range machines {
		machine := machines[(int(d.turn.Load())+i)%len(machines)]
		if n := d.node(machine.ID); n != nil {
			if address := n.listens(port); address != "" {
				return address, nil
			}
		}
	}
	return "", fmt.Errorf("%s: connection refused", host)
}

func (d *Daemon) routePeer(address string) (string, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for _, n := range d.nodes {
		if state := n.state(); state.ControlPlane && state.PrivateIP == address {
			if target := n.listens(etcdPeerPort); target != "" {
				return target, nil
			}
		}
	}
	return "", fmt.Errorf("%s:%d: connection refused", address, etcdPeerPort)
}
