package nodes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/inferadb/infra/simulator/talos"
	"github.com/siderolabs/talos/pkg/machinery/resources/k8s"
)

const system = "kube-system"

var podKind, deploymentKind = kindOf("pods"), kindOf("deployments")

// kindOf returns the kind of a resource that every API server of the simulator has.
func kindOf(resource string) kind {
	return kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.resource == resource })]
}

// derived returns the objects that follow from the nodes and from what the control planes have created.
func (a api) derived(k kind, namespace string) []object {
	if k.resource == "namespaces" {
		var list []object
		for _, name := range []string{"default", "kube-node-lease", "kube-public", system} {
			list = append(list, object{"kind": "Namespace", "apiVersion": "v1",
				"metadata": object{"name": name, "uid": name}})
		}
		return list
	}
	if namespace != "" && namespace != system {
		return nil
	}
	if k.resource == "pods" {
		return a.derivedPods()
	}
	return nil
}

// derivedPods returns the static pods of control planes and the pods of DaemonSets, which are created again after a
// deletion.
func (a api) derivedPods() []object {
	objects, nodes, created := a.known()
	var list []object
	for _, o := range objects {
		i := slices.IndexFunc(nodes, func(n talos.Node) bool { return n.Name == o.Name })
		if i < 0 {
			continue
		}
		state := nodes[i]
		if state.ControlPlane {
			list = append(list, a.staticPods(state)...)
		}
		for _, set := range created {
			if set.Kind == "DaemonSet" {
				pod := newPod(set.Namespace, set.Name+"-"+suffix(set.Name, state.Name), state.Name, set.Name, "")
				meta(pod)["ownerReferences"] = owner("apps/v1", "DaemonSet", set.Name)
				setReady(pod, state.Up && state.Joined == "" && !state.Faults.Has(talos.FaultNotReady))
				list = append(list, pod)
			}
		}
	}
	return list
}

// staticPods returns the pods that Talos starts on a control plane. The kubelet shows them as mirror pods.
// https://github.com/siderolabs/talos/blob/v1.13.0/internal/app/machined/pkg/controllers/k8s/control_plane_static_pod.go
func (a api) staticPods(state talos.Node) []object {
	cluster := state.Config.Cluster()
	running := a.node.daemon.node(state.ID)
	var list []object
	for _, component := range []struct{ name, image, version string }{
		{"kube-apiserver", cluster.APIServer().Image(), versionOn(running, k8s.NewAPIServerConfig())},
		{"kube-controller-manager", cluster.ControllerManager().Image(),
			versionOn(running, k8s.NewControllerManagerConfig())},
		{"kube-scheduler", cluster.Scheduler().Image(), versionOn(running, k8s.NewSchedulerConfig())},
	} {
		pod := newPod(system, component.name+"-"+state.Name, state.Name, component.name, component.image)
		meta(pod)["annotations"] = object{
			"kubernetes.io/config.mirror": "static", "kubernetes.io/config.source": "file",
			"talos.dev/config-version": component.version,
		}
		labels := meta(pod)["labels"].(object)
		labels["component"], labels["tier"] = component.name, "control-plane"
		meta(pod)["ownerReferences"] = owner("v1", "Node", state.Name)
		up := state.Up && running != nil && running.member() != nil
		setReady(pod, up && !(component.name == "kube-apiserver" && state.Faults.Has(talos.FaultAPIDown)))
		list = append(list, pod)
	}
	return list
}

func suffix(parts ...string) string {
	sum := sha256.Sum256(fmt.Append(nil, parts))
	return hex.EncodeToString(sum[:])[:5]
}

func owner(apiVersion, kind, name string) []any {
	return []any{object{"apiVersion": apiVersion, "kind": kind, "name": name, "uid": kind + "-" + name,
		"controller": true}}
}

func newPod(namespace, name, node, app, image string) object {
	return object{
		"kind": "Pod", "apiVersion": "v1",
		"metadata": object{
			"namespace": namespace, "name": name, "uid": "pod-" + name, "creationTimestamp": "2026-01-01T00:00:00Z",
			"resourceVersion": "1",
			"labels":          object{"k8s-app": app},
		},
		"spec": object{"nodeName": node, "containers": []any{object{"name": app, "image": image}}},
		"status": object{"phase": "Running", "containerStatuses": []any{object{"name": app, "image": image,
			"ready": true}}},
	}
}

// setReady writes the condition of a pod that a service or a budget looks at.
func setReady(pod object, ready bool) {
	status, _ := pod["status"].(object)
	if status == nil {
		status = object{}
		pod["status"] = status
	}
	word := "False"
	if ready {
		word = "True"
	}
	status["conditions"] = []any{object{"type": "Ready", "status": word}}
	containers, _ := status["containerStatuses"].([]any)
	for _, item := range containers {
		if container, ok := item.(object); ok {
			container["ready"] = ready
		}
	}
}

func podReady(pod object) bool {
	status, _ := pod["status"].(object)
	conditions, _ := status["conditions"].([]any)
	for _, item := range conditions {
		if condition, ok := item.(object); ok && condition["type"] == "Ready" {
			return condition["status"] == "True" && meta(pod)["deletionTimestamp"] == nil
		}
	}
	return false
}

// startPod does what a kubelet would: a pod that has a node runs.
func (a api) startPod(pod object) {
	if text(pod, "spec", "nodeName") == "" {
		pod["status"] = object{"phase": "Pending"}
		return
	}
	pod["status"] = object{"phase": "Running"}
	setReady(pod, true)
}

// withHealth lets pods on nodes that are not ready not be ready either.
func (a api) withHealth(pods []object) []object {
	_, nodes, _ := a.known()
	for _, pod := range pods {
		name := text(pod, "spec", "nodeName")
		i := slices.IndexFunc(nodes, func(n talos.Node) bool { return n.Name == name })
		if name != "" && (i < 0 || !nodeReady(&nodes[i])) {
			setReady(pod, false)
		}
	}
	return pods
}

// withPods gives DaemonSets the pods of all nodes, which follow a change at once.
func (a api) withPods(sets []object) []object {
	objects, _, _ := a.known()
	pods := a.derivedPods()
	for _, set := range sets {
		ready := 0
		for _, pod := range pods {
			if labelsOf(pod)["k8s-app"] == text(set, "metadata", "name") && podReady(pod) {
				ready++
			}
		}
		set["status"] = object{
			"desiredNumberScheduled": len(objects), "currentNumberScheduled": len(objects),
			"updatedNumberScheduled": len(objects),
			"numberReady":            ready, "numberAvailable": ready, "numberUnavailable": len(objects) - ready,
			"observedGeneration": meta(set)["generation"],
		}
	}
	return sets
}

func replicasOf(deployment object) int {
	spec, _ := deployment["spec"].(object)
	switch n := spec["replicas"].(type) {
	case float64:
		return int(n)
	case int:
		return n
	}
	return 1
}

// podsOf returns the pods of a Deployment.
func podsOf(deployment object, pods []object) []object {
	return slices.DeleteFunc(slices.Clone(pods), func(pod object) bool {
		return labelsOf(pod)["k8s-app"] != text(deployment, "metadata", "name") ||
			text(pod, "metadata", "namespace") != text(deployment, "metadata", "namespace")
	})
}

func (a api) withReplicas(ctx context.Context, deployments []object) ([]object, error) {
	pods, err := a.stored(ctx, podKind, "")
	if err != nil {
		return nil, err
	}
	pods = a.withHealth(pods)
	for _, d := range deployments {
		ready := 0
		for _, pod := range podsOf(d, pods) {
			if podReady(pod) {
				ready++
			}
		}
		want := replicasOf(d)
		d["status"] = object{
			"replicas": want, "updatedReplicas": want, "readyReplicas": ready, "availableReplicas": ready,
			"observedGeneration": meta(d)["generation"],
		}
	}
	return deployments, nil
}
