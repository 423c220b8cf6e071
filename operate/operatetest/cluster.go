// Package operatetest has fake nodes of a cluster for tests: a Talos API over mutual TLS for each control plane, which
// forwards to the workers, and the part of a Kubernetes API that package operate uses.
package operatetest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Cluster is the fake cluster. Change it with Do while it runs.
type Cluster struct {
	Name       string
	Nodes      []*Node
	Kubernetes string
	// Members are etcd's, Leader is the id of the one that leads.
	Members []*Member
	Leader  uint64
	Alarms  []*machine.EtcdMemberAlarm
	// InUse is the size of a database that was defragmented, Unhealthy how often etcd refuses to remove a member.
	InUse     int64
	Unhealthy int
	// Snapshot is what etcd streams as its snapshot, Database what a member has on its disk, Restored what etcd was
	// started from.
	Snapshot, Database, Restored []byte
	// APIDown means that the load balancer does not answer.
	APIDown bool
	// Pods, Budgets, Deployments and DaemonSets are in the API beside what belongs to the nodes.
	Pods        []*corev1.Pod
	Budgets     []policyv1.PodDisruptionBudget
	Deployments []appsv1.Deployment
	DaemonSets  []appsv1.DaemonSet
	// Objects are what else the API has, by their paths, and Managers who has changed one of them since it was
	// installed.
	Objects  map[string]map[string]any
	Managers map[string]string
	// Stuck are DaemonSets and Deployments of which one pod stays as it was when they change, by name.
	Stuck []string
	// Metrics is what the API server writes of itself.
	Metrics string
	// Lease is that of an upgrade.
	Lease *coordinationv1.Lease
	// Images are those that can be pulled; nil for all.
	Images []string
	// RebootTakes is how long a node is away.
	RebootTakes time.Duration
	// Expiry is when the administrator's credentials end.
	Expiry time.Time

	t           testing.TB
	mu          sync.Mutex
	log         []string
	authority   *authority
	server      string
	certificate []byte
	key         []byte
	running     sync.WaitGroup
	versions    int
}

// Node is a machine.
type Node struct {
	Name, Address, Pool string
	// Endpoint is the control plane's Talos API; empty for a worker and for a node of a scaling group, which has no
	// Address that a control plane forwards to either.
	Endpoint      string
	Talos, BootID string
	Kubelet       string
	// Schematic is that of its image; empty for an image that does not name one. Extensions are the names of others.
	Schematic  string
	Extensions []string
	// Components are the versions of a control plane's static pods, by name.
	Components map[string]string
	// Down makes it answer nothing, Silent makes it answer never.
	Down, Silent bool
	// NotReady, Unschedulable, Labels, Annotations and Taints are Kubernetes'. Absent: Kubernetes has no such node.
	NotReady, Unschedulable, Absent bool
	NotReadyComponents              []string
	Labels, Annotations             map[string]string
	Taints                          []corev1.Taint
	// FallsBack means that an upgrade ends with the old version, StaysAway that the node never answers again.
	FallsBack, StaysAway bool
	// OnReboot is called, with the cluster locked, when the node has come back.
	OnReboot func()
	// NoEtcd: a control plane's etcd has no data, and waits. EtcdState is that of the service otherwise, if it does not
	// run.
	NoEtcd    bool
	EtcdState string
	// RendersNothing: Talos does not follow a change of its configuration with its manifests.
	RendersNothing bool

	// installed and schematic are of the image that was installed.
	installed, schematic string
	started              time.Time
	config               *machineConfig
	// uploaded is the snapshot that the node was given.
	uploaded []byte
	// proxy is the version of kube-proxy in its configuration.
	proxy string
}

// Member is a member of etcd.
type Member struct {
	ID      uint64
	Name    string
	Address string
	Learner bool
	// Lag is how many entries it is behind; Size that of its database.
	Lag    uint64
	Size   int64
	Errors []string
}

// New starts a cluster of control planes, with a pool "workers" of machines that have names.
func New(t testing.TB, name string, controlPlanes, workers int, talos, kubernetes string) *Cluster {
	t.Helper()
	c := &Cluster{
		Name: name, Kubernetes: kubernetes, RebootTakes: 20 * time.Millisecond,
		Expiry: time.Now().Add(365 * 24 * time.Hour),
		t:      t, authority: newAuthority(t), Snapshot: Snapshot("a database"),
		Objects: map[string]map[string]any{}, Managers: map[string]string{},
	}
	for i := range controlPlanes {
		n := c.addNode(fmt.Sprintf("%s-control-plane-%d", name, i), "control-plane", fmt.Sprintf("10.0.0.%d", 10+i),
			talos)
		n.Components = map[string]string{}
		for _, component := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
			n.Components[component] = kubernetes
		}
		c.Members = append(c.Members, &Member{ID: uint64(0xa0 + i), Name: n.Name, Address: n.Address, Size: 84 << 20})
	}
	c.Leader = c.Members[0].ID
	for i := range workers {
		c.addNode(fmt.Sprintf("%s-workers-%d", name, i), "workers", fmt.Sprintf("10.0.1.%d", 10+i), talos)
	}
	c.Deployments = append(c.Deployments, deployment("coredns", 2))
	c.start()
	return c
}

func (c *Cluster) addNode(name, pool, address, talos string) *Node {
	n := &Node{
		Name: name, Pool: pool, Address: address, Talos: talos, BootID: "boot-1", Kubelet: c.Kubernetes,
		Labels: map[string]string{}, Annotations: map[string]string{}, started: time.Now().Add(-time.Hour),
	}
	c.Nodes = append(c.Nodes, n)
	return n
}

// AddGroupNode adds a node of a scaling group.
func (c *Cluster) AddGroupNode(name, pool, talos string) *Node {
	n := c.addNode(name, pool, "10.0.2.10", talos)
	n.Labels["inferadb.com/pool"] = pool
	return n
}

// start opens the listeners, and closes them at the end of the test.
func (c *Cluster) start() {
	c.certificate, c.key = c.authority.client(c.t, c.Expiry)
	for _, n := range c.Nodes {
		n.config = newMachineConfig(c.t, n, c.Kubernetes)
		if n.Pool == "control-plane" {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(c.t, err)
			n.Endpoint = listener.Addr().String()
			c.serveTalos(n, listener)
		}
	}
	c.installRendered()
	c.serveKubernetes()
	// A reboot that has begun writes into the cluster.
	c.t.Cleanup(c.running.Wait)
}

// Do changes the cluster while no request reads it.
func (c *Cluster) Do(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// Node returns the machine whose name ends so.
func (c *Cluster) Node(suffix string) *Node {
	for _, n := range c.Nodes {
		if len(n.Name) >= len(suffix) && n.Name[len(n.Name)-len(suffix):] == suffix {
			return n
		}
	}
	require.Fail(c.t, "there is no such node", suffix)
	return nil
}

// Log returns what was changed, in order: "upgrade <node> v1.13.10", "reboot <node>".
func (c *Cluster) Log() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.log)
}

func (c *Cluster) record(format string, arguments ...any) {
	c.log = append(c.log, fmt.Sprintf(format, arguments...))
}

// Outputs returns the outputs of a stack with only this cluster, as `pulumi stack output --json --show-secrets` prints
// them.
func (c *Cluster) Outputs(region string) []byte {
	encode := base64.StdEncoding.EncodeToString
	talos := &clientconfig.Context{CA: encode(c.authority.pem), Crt: encode(c.certificate), Key: encode(c.key)}
	type node struct {
		Name      string `json:"name"`
		PrivateIP string `json:"privateIp"`
	}
	var controlPlanes, workers []node
	for _, n := range c.Nodes {
		switch {
		case n.Endpoint != "":
			talos.Endpoints = append(talos.Endpoints, n.Endpoint)
			controlPlanes = append(controlPlanes, node{n.Name, n.Address})
		case n.Pool == "workers":
			workers = append(workers, node{n.Name, n.Address})
		}
	}
	contexts := map[string]*clientconfig.Context{c.Name: talos}
	talosconfig, err := (&clientconfig.Config{Context: c.Name, Contexts: contexts}).Bytes()
	require.NoError(c.t, err)
	kubernetes := api.NewConfig()
	kubernetes.Clusters[c.Name] = &api.Cluster{Server: c.server, CertificateAuthorityData: c.authority.pem}
	kubernetes.AuthInfos[c.Name] = &api.AuthInfo{ClientCertificateData: c.certificate, ClientKeyData: c.key}
	kubernetes.Contexts[c.Name] = &api.Context{Cluster: c.Name, AuthInfo: c.Name}
	kubernetes.CurrentContext = c.Name
	kubeconfig, err := clientcmd.Write(*kubernetes)
	require.NoError(c.t, err)
	text, err := json.Marshal(map[string]any{
		"talosconfig": string(talosconfig), "kubeconfig": string(kubeconfig),
		"clusters": map[string]any{region: map[string]any{
			"name": c.Name, "server": c.server, "controlPlanes": controlPlanes,
			"pools": map[string]any{"workers": map[string]any{"nodes": workers}},
		}},
	})
	require.NoError(c.t, err)
	return text
}

// Expire sets the time at which the administrator's credentials expire. Outputs has them from then on.
func (c *Cluster) Expire(at time.Time) { c.certificate, c.key = c.authority.client(c.t, at) }

// reboot takes the node away and brings it back with what was installed.
func (c *Cluster) reboot(n *Node) {
	n.Down = true
	c.record("reboot %s", n.Name)
	for _, m := range c.Members {
		if m.Name == n.Name && m.ID == c.Leader {
			c.elect(m.ID)
		}
	}
	c.running.Go(func() {
		time.Sleep(c.RebootTakes)
		c.Do(func() {
			if n.StaysAway {
				return
			}
			if n.installed != "" && !n.FallsBack {
				n.Talos, n.Schematic = n.installed, n.schematic
				require.NoError(c.t, n.config.render(n))
			}
			n.BootID, n.Down, n.started = n.BootID+"+", false, later(n.started)
			if n.OnReboot != nil {
				n.OnReboot()
			}
		})
	})
}

// elect makes another member the leader.
func (c *Cluster) elect(but uint64) {
	for _, m := range c.Members {
		if m.ID != but && !m.Learner && !c.isDown(m.Name) {
			c.Leader = m.ID
			return
		}
	}
}

func (c *Cluster) isDown(name string) bool {
	return slices.ContainsFunc(c.Nodes, func(n *Node) bool { return n.Name == name && n.Down })
}

// quorum reports whether a majority of the members is up.
func (c *Cluster) quorum() bool {
	up := 0
	for _, m := range c.Members {
		if slices.ContainsFunc(c.Nodes, func(n *Node) bool {
			return n.Name == m.Name && !n.Down && !n.NoEtcd &&
				n.EtcdState == ""
		}) {
			up++
		}
	}
	return up > len(c.Members)/2
}

// later returns the present time, but at least a second after the time before: the API has no fractions of seconds.
func later(before time.Time) time.Time {
	if next := before.Add(time.Second); next.After(time.Now()) {
		return next
	}
	return time.Now()
}
