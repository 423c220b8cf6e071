package talos

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/site"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Kubernetes is the API of a cluster, as a kubeconfig reaches it.
type Kubernetes struct {
	clusters *clusters
	cluster  string
	objects  nodeObjects
}

// nodeObjects are the nodes that the API knows, by name. A machine registers itself when it joins; nothing takes the object of
// one that is gone away, because no cloud controller runs in a new cluster.
type nodeObjects map[string]*nodeObject

type nodeObject struct {
	Unschedulable bool     `json:"unschedulable,omitempty"`
	Taints        []string `json:"taints,omitempty"`
}

// KubernetesNode is a node as `kubectl get nodes` shows it.
type KubernetesNode struct {
	Name, Role, Version  string
	Ready, Unschedulable bool
	Taints               []string
}

const kubernetesPrefix = "kubernetes/"

// ConnectKubernetes reaches the API with a context of a kubeconfig, under the same conditions as Reach.
func ConnectKubernetes(s site.Site, memory Memory, file *clientcmdapi.Config, context string) (*Kubernetes, error) {
	name, err := Reach(s, memory, file, context)
	if err != nil {
		return nil, err
	}
	c, err := observe(s, memory)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(c.nodes, func(n *node) bool { return n.Name == name && n.controlPlane() })
	if i < 0 {
		return nil, fmt.Errorf("%s does not run any more", name)
	}
	k := &Kubernetes{clusters: c, cluster: c.nodes[i].clusterID(), objects: nodeObjects{}}
	saved, err := recall[nodeObjects](memory, kubernetesPrefix, k.cluster)
	if err != nil {
		return nil, err
	}
	if saved != nil {
		k.objects = *saved
	}
	for _, n := range c.nodes {
		if k.has(n) && k.objects[n.Name] == nil && c.joined(n) == nil {
			k.objects[n.Name] = &nodeObject{}
		}
	}
	return k, nil
}

// has reports whether a machine is one of the cluster's.
func (k *Kubernetes) has(n *node) bool { return n.booted() && n.clusterID() == k.cluster }

// Save keeps what the API was told.
func (k *Kubernetes) Save() error {
	return keep(k.clusters.memory, kubernetesPrefix, k.cluster, k.objects)
}

// Nodes lists the cluster's nodes by name.
func (k *Kubernetes) Nodes() []KubernetesNode {
	var nodes []KubernetesNode
	for name, object := range k.objects {
		listed := KubernetesNode{Name: name, Role: "<none>", Unschedulable: object.Unschedulable, Taints: object.Taints}
		for _, n := range k.clusters.nodes {
			if !k.has(n) || n.Name != name {
				continue
			}
			listed.Ready = k.clusters.joined(n) == nil && k.clusters.networkPlugin(n.clusterID()) != ""
			if n.controlPlane() {
				listed.Role = "control-plane"
			}
			if version, err := n.kubelet(); err == nil {
				listed.Version = version.String()
			}
		}
		nodes = append(nodes, listed)
	}
	slices.SortFunc(nodes, func(a, b KubernetesNode) int { return strings.Compare(a.Name, b.Name) })
	return nodes
}

func (k *Kubernetes) object(name string) (*nodeObject, error) {
	if object := k.objects[name]; object != nil {
		return object, nil
	}
	return nil, fmt.Errorf("Error from server (NotFound): nodes %q not found", name)
}

// Cordon keeps new pods from a node, or lets them back.
func (k *Kubernetes) Cordon(name string, unschedulable bool) error {
	object, err := k.object(name)
	if err == nil {
		object.Unschedulable = unschedulable
	}
	return err
}

// Labeled returns the names of the nodes that registered with a label, key=value.
func (k *Kubernetes) Labeled(selector string) []string {
	key, value, _ := strings.Cut(selector, "=")
	var names []string
	for _, n := range k.clusters.nodes {
		if k.has(n) && k.objects[n.Name] != nil && n.config.Machine().NodeLabels()[key] == value {
			names = append(names, n.Name)
		}
	}
	return names
}

// Taint gives a node a taint, key=value:Effect or key:Effect, or takes it away when a dash follows.
func (k *Kubernetes) Taint(name, taint string) error {
	object, err := k.object(name)
	if err != nil {
		return err
	}
	kept, removes := strings.CutSuffix(taint, "-")
	key, effect, valid := strings.Cut(kept, ":")
	if !valid || !slices.Contains([]string{"NoSchedule", "PreferNoSchedule", "NoExecute"}, effect) {
		return fmt.Errorf("error: invalid taint spec: %s", taint)
	}
	key, _, _ = strings.Cut(key, "=")
	before := len(object.Taints)
	object.Taints = slices.DeleteFunc(object.Taints, func(has string) bool {
		hasKey, hasEffect, _ := strings.Cut(has, ":")
		hasKey, _, _ = strings.Cut(hasKey, "=")
		return hasKey == key && hasEffect == effect
	})
	if removes {
		if len(object.Taints) == before {
			return fmt.Errorf("error: taint %q not found", kept)
		}
		return nil
	}
	object.Taints = append(object.Taints, kept)
	return nil
}

// DeleteNode takes a node's object away.
func (k *Kubernetes) DeleteNode(name string) error {
	if _, err := k.object(name); err != nil {
		return err
	}
	delete(k.objects, name)
	return nil
}
