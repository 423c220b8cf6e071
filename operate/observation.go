package operate

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Observation is what the nodes and the API of a cluster answered at one time. Where there was no answer, there is an
// error.
type Observation struct {
	Cluster *Cluster
	Time    time.Time
	// Nodes are the named nodes, control planes first, in the order of the stack's outputs.
	Nodes []*Node
	// GroupNodes are the Kubernetes nodes of scaling groups, and Unknown those that belong to nothing in the stack.
	GroupNodes, Unknown []*KubernetesNode
	// APIVersion is the Kubernetes version of the API server; APIError is why it does not answer.
	APIVersion, APIError string
	// Workloads are the Deployments and DaemonSets that the cluster itself needs.
	Workloads []Workload
	// Budgets are the PodDisruptionBudgets that allow no eviction now.
	Budgets []Budget
	// Certificates are the administrator's credentials.
	Certificates []Certificate

	// away is how many machines are down on purpose: a DaemonSet may lack their pods.
	away int
	// manifests are the objects that differ from the stack's. Only upgrades read them.
	manifests []*manifestChange
	// removed are the APIs that clients use and the target version lacks; removedError is why that is not known. Only
	// upgrades read them.
	removed      []removedAPI
	removedError string
}

// Node is what was seen of a named node.
type Node struct {
	Machine
	ControlPlane bool
	// TalosError is why the Talos API does not answer; empty if it does.
	TalosError string
	// Talos is the running version. BootID changes with each boot.
	Talos, BootID string
	// Schematic is the Image Factory's id of the running image; empty if it is not known.
	Schematic string
	// Etcd is a control plane's view of etcd; EtcdError is why there is none.
	Etcd      EtcdView
	EtcdError string
	// Kubernetes is nil if the API has no such node, or does not answer.
	Kubernetes *KubernetesNode
	// StaticPods are a control plane's kube-apiserver, kube-controller-manager and kube-scheduler.
	StaticPods map[string]StaticPod

	// rendered are the objects that Talos renders on a control plane. Only upgrades read them.
	rendered []*unstructured.Unstructured
}

// EtcdView is what one member knows of etcd.
type EtcdView struct {
	Members []Member
	// ID is the member's own id, Leader the id of the member that it follows; 0 for none.
	ID, Leader              uint64
	Learner                 bool
	RaftIndex, AppliedIndex uint64
	// Size is the size of its database in bytes.
	Size   int64
	Errors []string
	Alarms []Alarm
}

// Member is a member of etcd. One that never started has no name.
type Member struct {
	ID        uint64
	Name      string
	Addresses []string
	Learner   bool
}

// Alarm is an alarm that etcd has raised: NOSPACE or CORRUPT.
type Alarm struct {
	Member uint64
	Kind   string
}

// KubernetesNode is a node as Kubernetes knows it.
type KubernetesNode struct {
	Name, Address, Pool string
	Ready               bool
	// Problem is the kubelet's message if the node is not ready.
	Problem string
	// Cordoned is what cordoned the node: "Talos", "an upgrade" or "a person"; empty if it is schedulable.
	Cordoned string
	// Kubelet is its version without a v; Talos as the node's operating system is called. Schematic is what Talos
	// writes onto the node.
	Kubelet, Talos, Schematic string

	Labels map[string]string
	Taints []corev1.Taint
}

// StaticPod is kube-apiserver, kube-controller-manager or kube-scheduler on one control plane.
type StaticPod struct {
	// Version is the version of its image, without a v.
	Version string
	Ready   bool
	Started time.Time
}

// Workload is a Deployment or a DaemonSet.
type Workload struct {
	Kind, Name     string
	Ready, Desired int32
	// Version is the version of the first container's image, without a v.
	Version string
}

// Budget is a PodDisruptionBudget that allows no eviction now.
type Budget struct {
	Namespace, Name string
	// Nodes are the named nodes that run pods of this budget.
	Nodes []string
}

// Certificate is the client certificate of the kubeconfig or the talosconfig.
type Certificate struct {
	Name   string
	Expiry time.Time
	// Problem is why it cannot be read; empty if it can.
	Problem string
}

// Leader returns the control plane that leads etcd in its own view; nil if there is none.
func (o *Observation) Leader() *Node {
	for _, n := range o.ControlPlanes() {
		if n.EtcdError == "" && n.Etcd.Leader != 0 && n.Etcd.Leader == n.Etcd.ID {
			return n
		}
	}
	return nil
}

// ControlPlanes returns the control planes among the nodes.
func (o *Observation) ControlPlanes() []*Node { return o.Nodes[:len(o.Cluster.ControlPlanes)] }

// Node returns the node with the name; nil if there is none.
func (o *Observation) Node(name string) *Node {
	for _, n := range o.Nodes {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// HasHealthyEtcd reports whether the node is a full member of an etcd that has a leader and reports no errors.
func (n *Node) HasHealthyEtcd() bool {
	return n.EtcdError == "" && n.Etcd.Leader != 0 && !n.Etcd.Learner && len(n.Etcd.Errors) == 0
}
