package talos

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/network"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Kubernetes is the API of a cluster, as a kubeconfig reaches it.
type Kubernetes struct {
	clusters *clusters
	cluster  string
	objects  nodeObjects
}

// nodeObjects are the nodes that the API knows, by name. A machine registers itself when it joins; nothing takes the
// object of one that is gone away, because no cloud controller runs in a new cluster.
type nodeObjects map[string]*nodeObject

type nodeObject struct {
	Unschedulable bool     `json:"unschedulable,omitempty"`
	Taints        []string `json:"taints,omitempty"`
	// Labels and Annotations are those that were set through the API.
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// NodeObject is what the API knows of a node.
type NodeObject struct {
	Name                string
	Unschedulable       bool
	Taints              []string
	Labels, Annotations map[string]string
}

// NodeObjects returns the nodes that a cluster's API knows, by name. Machines that have joined register themselves.
func (v *View) NodeObjects(cluster string) ([]NodeObject, error) {
	memory := v.clusters.memory
	objects, err := recallNodes(memory, cluster)
	if err != nil {
		return nil, err
	}
	registered := false
	for _, n := range v.clusters.nodes {
		if n.booted() && n.clusterID() == cluster && objects[n.Name] == nil && v.clusters.joined(n) == nil {
			objects[n.Name], registered = register(n), true
		}
	}
	if registered {
		if err := keep(memory, kubernetesPrefix, cluster, objects); err != nil {
			return nil, err
		}
	}
	var list []NodeObject
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		o := objects[name]
		list = append(list, NodeObject{
			Name: name, Unschedulable: o.Unschedulable, Taints: slices.Clone(o.Taints),
			Labels: maps.Clone(o.Labels), Annotations: maps.Clone(o.Annotations),
		})
	}
	return list, nil
}

// register returns the node as its kubelet registers it. Later the kubelet may not change its own taints.
// https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
func register(n *node) *nodeObject {
	object := &nodeObject{}
	if n.controlPlane() && !n.config.Cluster().ScheduleOnControlPlanes() {
		object.Taints = append(object.Taints, "node-role.kubernetes.io/control-plane:NoSchedule")
	}
	taints := n.config.Machine().NodeTaints()
	for _, key := range slices.Sorted(maps.Keys(taints)) {
		value, effect, found := strings.Cut(taints[key], ":")
		switch {
		case !found:
			object.Taints = append(object.Taints, key+":"+value)
		case value == "":
			object.Taints = append(object.Taints, key+":"+effect)
		default:
			object.Taints = append(object.Taints, key+"="+value+":"+effect)
		}
	}
	return object
}

func recallNodes(memory Memory, cluster string) (nodeObjects, error) {
	saved, err := recall[nodeObjects](memory, kubernetesPrefix, cluster)
	if err != nil || saved == nil {
		return nodeObjects{}, err
	}
	return *saved, nil
}

// SetNodeObject changes what a cluster's API has of a node.
func SetNodeObject(memory Memory, cluster string, changed NodeObject) error {
	objects, err := recallNodes(memory, cluster)
	if err != nil {
		return err
	}
	objects[changed.Name] = &nodeObject{
		Unschedulable: changed.Unschedulable, Taints: changed.Taints, Labels: changed.Labels,
		Annotations: changed.Annotations,
	}
	return keep(memory, kubernetesPrefix, cluster, objects)
}

// DeleteNodeObject takes a node off a cluster's API.
func DeleteNodeObject(memory Memory, cluster, name string) error {
	objects, err := recallNodes(memory, cluster)
	if err != nil {
		return err
	}
	delete(objects, name)
	return keep(memory, kubernetesPrefix, cluster, objects)
}

// KubernetesNode is a node as `kubectl get nodes` shows it.
type KubernetesNode struct {
	Name, Role, Version  string
	Ready, Unschedulable bool
	Taints               []string
}

const kubernetesPrefix = "kubernetes/"

// ConnectKubernetes reaches the API with a context of a kubeconfig, under the same conditions as Reach.
func ConnectKubernetes(
	clouds network.Network,
	memory Memory,
	file *clientcmdapi.Config,
	context string,
) (*Kubernetes, error) {
	name, err := Reach(clouds, memory, file, context)
	if err != nil {
		return nil, err
	}
	c, err := observe(clouds, memory)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(c.nodes, func(n *node) bool { return n.Name == name && n.controlPlane() })
	if i < 0 {
		return nil, fmt.Errorf("%s does not run any more", name)
	}
	k := &Kubernetes{clusters: c, cluster: c.nodes[i].clusterID()}
	if k.objects, err = recallNodes(memory, k.cluster); err != nil {
		return nil, err
	}
	for _, n := range c.nodes {
		if k.has(n) && k.objects[n.Name] == nil && c.joined(n) == nil {
			k.objects[n.Name] = register(n)
		}
	}
	return k, nil
}

// has reports whether a machine is one of the cluster's.
func (k *Kubernetes) has(n *node) bool { return n.booted() && n.clusterID() == k.cluster }

// Save keeps the changes of the nodes.
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
			listed.Ready = k.clusters.joined(n) == nil && k.clusters.podNetwork(n) == nil
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
