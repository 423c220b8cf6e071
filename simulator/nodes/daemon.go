// Package nodes makes the machines of a store answer: their Talos APIs, real etcd members, and a small Kubernetes API,
// each over mutual TLS with the cluster's own authorities. A proxy leads to their addresses, which exist nowhere else.
package nodes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
)

// Options are the store that is served, and how it is served.
type Options struct {
	Journal *store.Journal
	// Network is what Talos sees of the clouds.
	Network func(*store.Store) network.Network
	// Proxy is the address that the proxy listens on. A process can have one only: see Start.
	Proxy string
	// Reboot is how long a machine is away when it reboots.
	Reboot time.Duration
	// Log takes a line for each thing that happens.
	Log io.Writer
	// skipReconfigCheck lets etcd change its membership at any time. By default etcd requires that all members have
	// been connected for five seconds and that a majority has started, for which tests have no time.
	skipReconfigCheck bool
}

// Daemon serves the nodes of a store until it is closed.
type Daemon struct {
	options Options
	proxy   *http.Server
	address string
	// password is what etcd's members show to the proxy.
	password string
	// turn counts what the proxy has led to a node.
	turn atomic.Int64

	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
	// refreshing lets one refresh happen at a time.
	refreshing sync.Mutex

	mutex    sync.Mutex
	nodes    map[string]*node
	clusters map[string]*cluster
}

// poll is how often the daemon looks for changes of the store by others.
const poll = 150 * time.Millisecond

// Start serves a store. etcd's members find each other's addresses through the proxy, which Go's HTTP client reads from
// the environment once in a process: the variable HTTPS_PROXY of the process is set, and a second daemon has to use the
// same address.
func Start(options Options) (*Daemon, error) {
	listener, err := net.Listen("tcp", options.Proxy)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	d := &Daemon{
		options: options, address: listener.Addr().String(), password: processPassword(), ctx: ctx, cancel: cancel,
		nodes: map[string]*node{}, clusters: map[string]*cluster{},
	}
	if err := d.useProxy(); err != nil {
		cancel()
		return nil, errors.Join(err, listener.Close())
	}
	d.proxy = &http.Server{Handler: http.HandlerFunc(d.tunnel), ReadHeaderTimeout: 10 * time.Second}
	d.spawn(func() { _ = d.proxy.Serve(listener) })
	if err := d.refresh(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.finishReboots()
	d.spawn(d.watch)
	return d, nil
}

func (d *Daemon) useProxy() error {
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		if err := os.Unsetenv(name); err != nil {
			return err
		}
	}
	return os.Setenv("HTTPS_PROXY", fmt.Sprintf("http://%s:%s@%s", peerUser, d.password, d.address))
}

// Proxy returns the URL for HTTPS_PROXY.
func (d *Daemon) Proxy() string { return "http://" + d.address }

// Close stops everything that the daemon has started. What the nodes have on their disks stays in the store.
func (d *Daemon) Close() error {
	d.cancel()
	err := d.proxy.Close()
	d.refreshing.Lock()
	var stopping sync.WaitGroup
	for id, n := range d.nodes {
		stopping.Go(func() { n.stop(true) })
		delete(d.nodes, id)
	}
	stopping.Wait()
	d.refreshing.Unlock()
	d.running.Wait()
	return err
}

func (d *Daemon) spawn(work func()) {
	d.running.Go(work)
}

func (d *Daemon) logf(format string, arguments ...any) {
	if d.options.Log != nil {
		fmt.Fprintf(d.options.Log, format+"\n", arguments...)
	}
}

// watch reads the store again after each change.
func (d *Daemon) watch() {
	seen := ""
	for d.sleep(poll) {
		info, err := os.Stat(filepath.Join(d.options.Journal.Directory(), store.JournalFile))
		if err != nil {
			continue
		}
		if now := fmt.Sprint(info.Size(), info.ModTime()); now != seen {
			seen = now
			if err := d.refresh(); err != nil {
				d.logf("store: %v", err)
			}
		}
	}
}

// sleep reports whether the daemon still runs after a wait.
func (d *Daemon) sleep(pause time.Duration) bool {
	select {
	case <-d.ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}

// within runs an operation on the store.
func (d *Daemon) within(operation func(*store.Store, network.Network) error) error {
	return d.options.Journal.Do(func(st *store.Store) error { return operation(st, d.options.Network(st)) })
}

// change runs an operation on the store and lets the nodes follow it before it returns.
func (d *Daemon) change(operation func(*store.Store, network.Network) error) error {
	if err := d.within(operation); err != nil {
		return err
	}
	return d.refresh()
}

// look is what one look at the store has shown.
type look struct {
	nodes   []talos.Node
	etcds   map[string]talos.Etcd
	objects map[string][]talos.NodeObject
}

func (d *Daemon) look() (seen look, err error) {
	err = d.within(func(st *store.Store, clouds network.Network) error {
		view, err := talos.Look(clouds, st)
		if err != nil {
			return err
		}
		seen = look{nodes: view.Nodes(), etcds: view.Etcds(), objects: map[string][]talos.NodeObject{}}
		for cluster := range seen.etcds {
			if seen.objects[cluster], err = view.NodeObjects(cluster); err != nil {
				return err
			}
		}
		return nil
	})
	return seen, err
}

// refresh starts and stops nodes as in the store.
func (d *Daemon) refresh() error {
	d.refreshing.Lock()
	defer d.refreshing.Unlock()
	if d.ctx.Err() != nil {
		return d.ctx.Err()
	}
	seen, err := d.look()
	if err != nil {
		return err
	}
	var ended []*node
	d.mutex.Lock()
	up := map[string]talos.Node{}
	for _, state := range seen.nodes {
		if state.Up {
			up[state.ID] = state
		}
	}
	for id, n := range d.nodes {
		if state, stays := up[id]; !stays || state.Boots != n.state().Boots {
			ended = append(ended, n)
			delete(d.nodes, id)
		}
	}
	d.mutex.Unlock()
	var stopping sync.WaitGroup
	for _, n := range ended {
		d.logf("%s: down", n.name)
		// Only a machine that reboots stops its services one by one.
		reboots := slices.ContainsFunc(seen.nodes, func(s talos.Node) bool {
			return s.ID == n.id && (s.Rebooting || s.Up)
		})
		stopping.Go(func() { n.stop(!reboots) })
	}
	stopping.Wait()
	for _, state := range seen.nodes {
		if state.Up {
			d.follow(state, seen)
		}
	}
	d.followClusters(seen)
	return nil
}

// follow starts a node, or updates it.
func (d *Daemon) follow(state talos.Node, seen look) {
	d.mutex.Lock()
	n := d.nodes[state.ID]
	d.mutex.Unlock()
	if n == nil {
		var err error
		if n, err = d.startNode(state, seen); err != nil {
			d.logf("%s: %v", state.Name, err)
			return
		}
		d.logf("%s: up, Talos %s, boot %s", state.Name, state.Talos, state.BootID)
		d.mutex.Lock()
		d.nodes[state.ID] = n
		d.mutex.Unlock()
	}
	n.update(state)
}

func (d *Daemon) followClusters(seen look) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for id, etcd := range seen.etcds {
		c := d.clusters[id]
		if c == nil {
			c = &cluster{daemon: d, id: id, kick: make(chan struct{}, 1)}
			d.clusters[id] = c
			d.spawn(c.run)
		}
		c.set(etcd, seen.objects[id], seen.nodes)
	}
	for id, c := range d.clusters {
		if _, known := seen.etcds[id]; !known {
			c.set(talos.Etcd{}, nil, seen.nodes)
		}
	}
}

// finishReboots boots the machines whose reboot an earlier daemon has begun.
func (d *Daemon) finishReboots() {
	seen, err := d.look()
	if err != nil {
		return
	}
	for _, state := range seen.nodes {
		if state.Rebooting {
			d.spawn(func() { d.finishReboot(state.ID) })
		}
	}
}

func (d *Daemon) finishReboot(machine string) {
	if !d.sleep(d.options.Reboot) {
		return
	}
	if err := d.change(func(st *store.Store, _ network.Network) error {
		return talos.FinishReboot(st,
			machine)
	}); err != nil {
		d.logf("%s: %v", machine, err)
	}
}

// reboot takes a machine away for a while.
func (d *Daemon) reboot(machine string) error {
	if err := d.change(func(st *store.Store, _ network.Network) error {
		return talos.BeginReboot(st,
			machine)
	}); err != nil {
		return err
	}
	d.finishReboot(machine)
	return nil
}

func (d *Daemon) cluster(id string) *cluster {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.clusters[id]
}

// node returns the running node of a machine, or nil.
func (d *Daemon) node(machine string) *node {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.nodes[machine]
}

// runningNodes returns the running nodes of a cluster.
func (d *Daemon) runningNodes(cluster string) []*node {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	var list []*node
	for _, n := range d.nodes {
		if n.state().Cluster == cluster {
			list = append(list, n)
		}
	}
	return list
}
