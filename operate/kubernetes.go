package operate

import (
	"context"
	"encoding/json"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/machineconfig"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const systemNamespace = "kube-system"

// kubernetesAPI is the API server behind the cluster's load balancer. It knows the four groups that the commands read:
// client-go's own set of all groups takes minutes to compile.
type kubernetesAPI struct {
	// config creates a connection of its own.
	config *rest.Config

	core, apps, policy, coordination *rest.RESTClient
}

func openKubernetes(c *Cluster) (*kubernetesAPI, error) {
	config, err := clientcmd.NewDefaultClientConfig(*c.kubernetes, &clientcmd.ConfigOverrides{}).ClientConfig()
	if err != nil {
		return nil, err
	}
	// The API server shares its time out by itself:
	// https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
	config.QPS = -1
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, policyv1.AddToScheme,
		coordinationv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	api := &kubernetesAPI{config: config}
	for _, group := range []struct {
		client  **rest.RESTClient
		version schema.GroupVersion
		path    string
	}{
		{&api.core, corev1.SchemeGroupVersion, "/api"},
		{&api.apps, appsv1.SchemeGroupVersion, "/apis"},
		{&api.policy, policyv1.SchemeGroupVersion, "/apis"},
		{&api.coordination, coordinationv1.SchemeGroupVersion, "/apis"},
	} {
		own := rest.CopyConfig(config)
		own.GroupVersion, own.APIPath = &group.version, group.path
		if *group.client, err = rest.RESTClientFor(own); err != nil {
			return nil, err
		}
	}
	return api, nil
}

// kubernetesObjects are what an observation needs of the API.
type kubernetesObjects struct {
	err       error
	version   string
	nodes     []corev1.Node
	pods      []corev1.Pod
	budgets   []policyv1.PodDisruptionBudget
	workloads []Workload
}

// read lists the objects. It stops at the first error: an API that answers in part is not healthy.
func (k *kubernetesAPI) read(ctx context.Context) kubernetesObjects {
	var found kubernetesObjects
	text, err := k.core.Get().AbsPath("/version").Do(ctx).Raw()
	if err != nil {
		return kubernetesObjects{err: err}
	}
	var info version.Info
	if err := json.Unmarshal(text, &info); err != nil {
		return kubernetesObjects{err: err}
	}
	found.version = strings.TrimPrefix(info.GitVersion, "v")
	var nodes corev1.NodeList
	var pods corev1.PodList
	var budgets policyv1.PodDisruptionBudgetList
	var deployments appsv1.DeploymentList
	var daemonSets appsv1.DaemonSetList
	for _, list := range []struct {
		client    *rest.RESTClient
		namespace string
		resource  string
		into      runtime.Object
	}{
		{k.core, "", "nodes", &nodes},
		{k.core, "", "pods", &pods},
		{k.policy, "", "poddisruptionbudgets", &budgets},
		{k.apps, systemNamespace, "deployments", &deployments},
		{k.apps, systemNamespace, "daemonsets", &daemonSets},
	} {
		request := list.client.Get().Resource(list.resource)
		if list.namespace != "" {
			request = request.Namespace(list.namespace)
		}
		if err := request.Do(ctx).Into(list.into); err != nil {
			return kubernetesObjects{err: err}
		}
	}
	found.nodes, found.pods, found.budgets = nodes.Items, pods.Items, budgets.Items
	for _, d := range deployments.Items {
		w := Workload{Kind: "Deployment", Name: d.Name, Ready: d.Status.ReadyReplicas, Desired: 1,
			Version: firstVersion(d.Spec.Template)}
		if d.Spec.Replicas != nil {
			w.Desired = *d.Spec.Replicas
		}
		found.workloads = append(found.workloads, w)
	}
	for _, d := range daemonSets.Items {
		found.workloads = append(found.workloads, Workload{Kind: "DaemonSet", Name: d.Name, Ready: d.Status.NumberReady,
			Desired: d.Status.DesiredNumberScheduled, Version: firstVersion(d.Spec.Template)})
	}
	return found
}

// firstVersion returns the version of the first container's image, without a v.
func firstVersion(pods corev1.PodTemplateSpec) string {
	if len(pods.Spec.Containers) == 0 {
		return ""
	}
	return strings.TrimPrefix(machineconfig.ImageTag(pods.Spec.Containers[0].Image), "v")
}

// ownWorkloads are those of kube-system that the cluster itself installs. What else is there is a user's.
var ownWorkloads = []string{"coredns", "cilium", "cilium-envoy", "cilium-operator", "kube-flannel", "kube-proxy"}

// add puts what the API said into the observation.
func (o *Observation) add(objects kubernetesObjects) {
	if objects.err != nil {
		o.APIError = reason(objects.err)
		return
	}
	o.APIVersion = objects.version
	for _, w := range objects.workloads {
		if slices.Contains(ownWorkloads, w.Name) {
			o.Workloads = append(o.Workloads, w)
		}
	}
	for _, item := range objects.nodes {
		found := kubernetesNode(item)
		i := slices.IndexFunc(o.Nodes, func(n *Node) bool { return n.Address == found.Address || n.Name == found.Name })
		switch {
		case i >= 0:
			o.Nodes[i].Kubernetes = found
		case o.isGroup(found.Pool):
			o.GroupNodes = append(o.GroupNodes, found)
		default:
			o.Unknown = append(o.Unknown, found)
		}
	}
	for _, n := range o.ControlPlanes() {
		if n.Kubernetes != nil {
			n.StaticPods = staticPods(n.Kubernetes.Name, objects.pods)
		}
	}
	o.Budgets = o.blocked(objects.budgets, objects.pods)
}

func (o *Observation) isGroup(pool string) bool {
	for _, p := range o.Cluster.Want.Pools {
		if p.Name == pool && p.InScalingGroup() {
			return true
		}
	}
	return false
}

const (
	// cordonedByTalos is Talos' own annotation, cordonedByUs that of an upgrade.
	cordonedByTalos = "talos.dev/cordoned"
	cordonedByUs    = "inferadb.com/upgrade-cordoned"
	byUpgrade       = "an upgrade"
	byTalos         = "Talos"
)

// talosName finds the version in what Talos calls its system: "Talos (v1.13.10)".
var talosName = regexp.MustCompile(`v\d+\.\d+\.\d+[^)\s]*`)

func kubernetesNode(node corev1.Node) *KubernetesNode {
	k := &KubernetesNode{
		Name: node.Name, Pool: node.Labels[cluster.LabelPool], Labels: node.Labels, Taints: node.Spec.Taints,
		Kubelet:   strings.TrimPrefix(node.Status.NodeInfo.KubeletVersion, "v"),
		Talos:     talosName.FindString(node.Status.NodeInfo.OSImage),
		Schematic: node.Annotations[constants.K8sExtensionPrefix+"schematic"],
		Problem:   "its kubelet has never reported",
	}
	for _, address := range node.Status.Addresses {
		if address.Type == corev1.NodeInternalIP && k.Address == "" {
			k.Address = canonical(address.Address)
		}
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			k.Ready = condition.Status == corev1.ConditionTrue
			k.Problem = strings.TrimSpace(condition.Reason + ": " + condition.Message)
		}
	}
	if node.Spec.Unschedulable {
		switch {
		case node.Annotations[cordonedByUs] != "":
			k.Cordoned = byUpgrade
		case node.Annotations[cordonedByTalos] != "":
			k.Cordoned = byTalos
		default:
			k.Cordoned = "a person"
		}
	}
	return k
}

// canonical returns the canonical spelling of an address.
func canonical(text string) string {
	if address, err := netip.ParseAddr(text); err == nil {
		return address.Unmap().String()
	}
	return text
}

// components are the components of a control plane, in the order in which they are upgraded.
var components = []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler"}

// staticPods finds the components of a node. The kubelet shows them to the API under the names of component and node.
func staticPods(node string, pods []corev1.Pod) map[string]StaticPod {
	found := map[string]StaticPod{}
	for _, pod := range pods {
		component, ok := strings.CutSuffix(pod.Name, "-"+node)
		if !ok || pod.Namespace != systemNamespace || !slices.Contains(components, component) ||
			len(pod.Spec.Containers) == 0 {
			continue
		}
		p := StaticPod{Version: strings.TrimPrefix(machineconfig.ImageTag(pod.Spec.Containers[0].Image), "v"), Ready: podReady(pod)}
		for _, status := range pod.Status.ContainerStatuses {
			if status.State.Running != nil {
				p.Started = status.State.Running.StartedAt.Time
			}
		}
		found[component] = p
	}
	return found
}

func podReady(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// blocked returns the budgets that allow no eviction and protect a pod on a machine that has a name.
func (o *Observation) blocked(budgets []policyv1.PodDisruptionBudget, pods []corev1.Pod) []Budget {
	var found []Budget
	for _, budget := range budgets {
		selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
		if err != nil || budget.Status.DisruptionsAllowed > 0 {
			continue
		}
		b := Budget{Namespace: budget.Namespace, Name: budget.Name}
		for _, pod := range pods {
			named := slices.ContainsFunc(o.Nodes,
				func(n *Node) bool { return n.Kubernetes != nil && n.Kubernetes.Name == pod.Spec.NodeName })
			if named && pod.Namespace == budget.Namespace && selector.Matches(labels.Set(pod.Labels)) &&
				evictable(pod) &&
				!slices.Contains(b.Nodes, pod.Spec.NodeName) {
				b.Nodes = append(b.Nodes, pod.Spec.NodeName)
			}
		}
		if len(b.Nodes) > 0 {
			slices.Sort(b.Nodes)
			found = append(found, b)
		}
	}
	return found
}

// patch changes an object of the core group by a merge patch.
func (k *kubernetesAPI) patch(ctx context.Context, resource, name string, change map[string]any) error {
	text, err := json.Marshal(change)
	if err != nil {
		return err
	}
	return k.core.Patch(types.MergePatchType).Resource(resource).Name(name).Body(text).Do(ctx).Error()
}
