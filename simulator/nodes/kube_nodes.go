package nodes

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/constants"
)

// known returns what the store has of the API server's cluster.
func (a api) known() (objects []talos.NodeObject, nodes []talos.Node, created []talos.Object) {
	c := a.node.daemon.cluster(a.node.state().Cluster)
	if c == nil {
		return nil, nil, nil
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.objects, c.nodes, c.etcd.Objects
}

// nodeObjects returns the cluster's nodes. Those of deleted machines stay until they are deleted.
func (a api) nodeObjects() []object {
	objects, nodes, _ := a.known()
	var list []object
	for _, o := range objects {
		var state *talos.Node
		for i, n := range nodes {
			if n.Name == o.Name {
				state = &nodes[i]
			}
		}
		list = append(list, nodeObject(o, state))
	}
	return list
}

func nodeObject(o talos.NodeObject, state *talos.Node) object {
	spec := object{}
	if o.Unschedulable {
		spec["unschedulable"] = true
	}
	taints := []any{}
	for _, taint := range o.Taints {
		taints = append(taints, parseTaint(taint))
	}
	if o.Unschedulable {
		taints = append(taints, object{"key": cordonTaint, "effect": "NoSchedule"})
	}
	if !nodeReady(state) {
		taints = append(taints, object{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"})
	}
	if len(taints) > 0 {
		spec["taints"] = taints
	}
	annotations := o.Annotations
	if state != nil && state.Schematic != "" {
		annotations = merged(annotations, map[string]string{constants.K8sExtensionPrefix +
			"schematic": state.Schematic})
	}
	metadata := object{
		"name": o.Name, "uid": "node-" + o.Name, "creationTimestamp": "2026-01-01T00:00:00Z",
		"labels": anyMap(merged(baseLabels(o.Name, state), o.Labels)), "annotations": anyMap(annotations),
	}
	made := object{"kind": "Node", "apiVersion": "v1", "metadata": metadata, "spec": spec,
		"status": nodeStatus(o.Name, state)}
	written, _ := json.Marshal([]any{metadata, spec, state != nil && nodeReady(state)})
	sum := sha256.Sum256(written)
	metadata["resourceVersion"] = fmt.Sprint(binary.BigEndian.Uint32(sum[:4]))
	return made
}

const cordonTaint = "node.kubernetes.io/unschedulable"

// nodeReady reports whether a node's kubelet is ready.
func nodeReady(state *talos.Node) bool {
	return state != nil && state.Up && state.Joined == "" && state.NetworkReady &&
		!state.Faults.Has(talos.FaultNotReady)
}

func nodeStatus(name string, state *talos.Node) object {
	ready, reason, message := "True", "KubeletReady", "kubelet is posting ready status"
	switch {
	case state == nil || !state.Up:
		ready, reason, message = "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."
	case !state.NetworkReady:
		ready, reason, message = "False", "KubeletNotReady", "container runtime network not ready: cni plugin not "+
			"initialized"
	case !nodeReady(state):
		ready, reason, message = "False", "KubeletNotReady", cmp.Or(state.Joined, "the kubelet has a fault")
	}
	status := object{"conditions": []any{object{
		"type": "Ready", "status": ready, "reason": reason, "message": message, "lastHeartbeatTime": now(),
		"lastTransitionTime": now(),
	}}}
	if state == nil {
		return status
	}
	status["addresses"] = []any{
		object{"type": "InternalIP", "address": state.PrivateIP}, object{"type": "Hostname", "address": name},
	}
	kubelet := ""
	if version, err := v1alpha1.KubernetesVersionFromImageRef(state.Config.Machine().Kubelet().Image()); err == nil {
		kubelet = "v" + version.String()
	}
	status["nodeInfo"] = object{
		"kubeletVersion": kubelet, "osImage": "Talos (" + state.Talos + ")",
		"bootID": state.BootID, "machineID": state.ID, "systemUUID": state.ID,
		"kernelVersion": "6.18.0-talos", "containerRuntimeVersion": "containerd://2.1.0", "operatingSystem": "linux",
		"architecture": state.Architecture, "kubeProxyVersion": "",
	}
	return status
}

// baseLabels returns what kubelet and Talos give the node by themselves.
func baseLabels(name string, state *talos.Node) map[string]string {
	base := map[string]string{"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
	if state == nil {
		return base
	}
	base["kubernetes.io/arch"] = state.Architecture
	if state.ControlPlane {
		base["node-role.kubernetes.io/control-plane"] = ""
	}
	maps.Copy(base, state.Config.Machine().NodeLabels())
	return base
}

func merged(base, more map[string]string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, base)
	maps.Copy(all, more)
	return all
}

func anyMap(values map[string]string) object {
	all := object{}
	for key, value := range values {
		all[key] = value
	}
	return all
}

// parseTaint reads key=value:Effect or key:Effect.
func parseTaint(text string) object {
	key, effect, _ := strings.Cut(text, ":")
	key, value, hasValue := strings.Cut(key, "=")
	taint := object{"key": key, "effect": effect}
	if hasValue {
		taint["value"] = value
	}
	return taint
}

// changeNode keeps what a client has changed of a node, in the store.
func (a api) changeNode(before, after object) (any, error) {
	name := text(before, "metadata", "name")
	_, nodes, _ := a.known()
	changed := talos.NodeObject{Name: name, Annotations: map[string]string{}, Labels: map[string]string{}}
	spec, _ := after["spec"].(object)
	changed.Unschedulable, _ = spec["unschedulable"].(bool)
	taints, _ := spec["taints"].([]any)
	for _, item := range taints {
		taint, _ := item.(object)
		if key := text(taint, "key"); key != cordonTaint && !strings.HasPrefix(key, "node.kubernetes.io/") {
			changed.Taints = append(changed.Taints, formatTaint(taint))
		}
	}
	annotations, _ := meta(after)["annotations"].(object)
	for key, value := range annotations {
		changed.Annotations[key], _ = value.(string)
	}
	var state *talos.Node
	if i := slices.IndexFunc(nodes, func(n talos.Node) bool { return n.Name == name }); i >= 0 {
		state = &nodes[i]
	}
	base := baseLabels(name, state)
	given, _ := meta(after)["labels"].(object)
	for key, value := range given {
		if label, _ := value.(string); base[key] != label || !hasKey(base, key) {
			changed.Labels[key] = label
		}
	}
	cluster := a.node.state().Cluster
	err := a.node.daemon.change(func(st *store.Store,
		_ network.Network) error {
		return talos.SetNodeObject(st, cluster, changed)
	})
	if err != nil {
		return nil, err
	}
	return nodeObject(changed, state), nil
}

func hasKey(values map[string]string, key string) bool {
	_, has := values[key]
	return has
}

func formatTaint(taint object) string {
	if value := text(taint, "value"); value != "" {
		return text(taint, "key") + "=" + value + ":" + text(taint, "effect")
	}
	return text(taint, "key") + ":" + text(taint, "effect")
}

func (a api) deleteNode(name string) error {
	cluster := a.node.state().Cluster
	return a.node.daemon.change(func(st *store.Store,
		_ network.Network) error {
		return talos.DeleteNodeObject(st, cluster, name)
	})
}
