package operatetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/version"
)

func (c *Cluster) serveKubernetes() {
	mux := http.NewServeMux()
	list := func(path string, items func(*http.Request) any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { answer(w, http.StatusOK, items(r)) })
	}
	list("/version", func(*http.Request) any { return version.Info{GitVersion: "v" + c.Kubernetes} })
	list("/api/v1/nodes", func(*http.Request) any { return corev1.NodeList{Items: c.nodes()} })
	list("/api/v1/pods",
		func(r *http.Request) any { return corev1.PodList{Items: c.pods(r.URL.Query().Get("fieldSelector"))} })
	list("/apis/policy/v1/poddisruptionbudgets",
		func(*http.Request) any { return policyv1.PodDisruptionBudgetList{Items: c.Budgets} })
	list("/apis/apps/v1/namespaces/kube-system/deployments",
		func(*http.Request) any { return appsv1.DeploymentList{Items: c.Deployments} })
	list("/apis/apps/v1/namespaces/kube-system/daemonsets",
		func(*http.Request) any { return appsv1.DaemonSetList{Items: c.DaemonSets} })
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, c.Metrics) })
	mux.HandleFunc("GET "+leases+"/inferadb-upgrade", c.getLease)
	mux.HandleFunc("POST "+leases, c.putLease)
	mux.HandleFunc("PUT "+leases+"/inferadb-upgrade", c.putLease)
	mux.HandleFunc("GET /api/v1/nodes/{name}", c.getNode)
	mux.HandleFunc("PATCH /api/v1/nodes/{name}", c.patchNode)
	mux.HandleFunc("DELETE /api/v1/nodes/{name}", c.deleteNode)
	mux.HandleFunc("POST /api/v1/namespaces/{namespace}/pods/{name}/eviction", c.evict)
	mux.HandleFunc("/", c.object)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.APIDown || !c.quorum() {
			http.Error(w, "no backend", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	server.TLS = c.authority.serverTLS(c.t)
	server.StartTLS()
	c.t.Cleanup(server.Close)
	c.server = server.URL
}

const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"

func (c *Cluster) getLease(w http.ResponseWriter, _ *http.Request) {
	if c.Lease == nil {
		refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, "there is no such lease")
		return
	}
	answer(w, http.StatusOK, c.Lease)
}

// putLease takes a Lease whose version is that of the one before.
func (c *Cluster) putLease(w http.ResponseWriter, r *http.Request) {
	var lease coordinationv1.Lease
	if err := json.NewDecoder(r.Body).Decode(&lease); err != nil {
		refuse(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
		return
	}
	has := ""
	if c.Lease != nil {
		has = c.Lease.ResourceVersion
	}
	if lease.ResourceVersion != has {
		refuse(w, http.StatusConflict, metav1.StatusReasonConflict, "the object has been modified")
		return
	}
	c.Renew(lease)
	answer(w, http.StatusOK, c.Lease)
}

// Renew puts a Lease into the API with a version of its own.
func (c *Cluster) Renew(lease coordinationv1.Lease) {
	c.versions++
	lease.ResourceVersion = strconv.Itoa(c.versions)
	c.Lease = &lease
}

func answer(w http.ResponseWriter, code int, object any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(object)
}

func refuse(w http.ResponseWriter, code int, reason metav1.StatusReason, message string) {
	answer(w, code, metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status: metav1.StatusFailure,
		Code:   int32(code), Reason: reason, Message: message})
}

func (c *Cluster) nodes() []corev1.Node {
	var all []corev1.Node
	for _, n := range c.Nodes {
		if n.Absent {
			continue
		}
		ready := corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady"}
		if n.NotReady || n.Down {
			ready.Status, ready.Reason, ready.Message = corev1.ConditionUnknown, "NodeStatusUnknown",
				"Kubelet stopped posting node status."
		}
		all = append(all, corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels, Annotations: n.Annotations},
			Spec:       corev1.NodeSpec{Unschedulable: n.Unschedulable, Taints: n.Taints},
			Status: corev1.NodeStatus{
				Conditions: []corev1.NodeCondition{ready},
				Addresses:  []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: n.Address}},
				NodeInfo:   corev1.NodeSystemInfo{KubeletVersion: "v" + n.Kubelet, OSImage: "Talos (" + n.Talos + ")"},
			},
		})
	}
	return all
}

// pods returns the static pods and the others, of all nodes or of one.
func (c *Cluster) pods(selector string) []corev1.Pod {
	var all []corev1.Pod
	for _, n := range c.Nodes {
		for _, component := range slices.Sorted(maps.Keys(n.Components)) {
			all = append(all, staticPod(n, component))
		}
	}
	for _, p := range c.Pods {
		all = append(all, *p)
	}
	node, one := strings.CutPrefix(selector, "spec.nodeName=")
	return slices.DeleteFunc(all, func(p corev1.Pod) bool { return one && p.Spec.NodeName != node })
}

func staticPod(n *Node, component string) corev1.Pod {
	ready := corev1.ConditionTrue
	if slices.Contains(n.NotReadyComponents, component) {
		ready = corev1.ConditionFalse
	}
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: component + "-" + n.Name, Namespace: "kube-system",
			Annotations: map[string]string{corev1.MirrorPodAnnotationKey: "x"}},
		Spec: corev1.PodSpec{NodeName: n.Name,
			Containers: []corev1.Container{{Name: component, Image: "registry.k8s.io/" + component + ":v" +
				n.Components[component]}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning,
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: component,
				State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(
					n.started)}}}}},
	}
}

// Pod creates a pod on a node that a ReplicaSet owns.
func Pod(namespace, name, node string, labels map[string]string) *corev1.Pod {
	yes := true
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels,
			OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: name, Controller: &yes}}},
		Spec:   corev1.PodSpec{NodeName: node},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
}

// Budget creates a PodDisruptionBudget.
func Budget(namespace, name string, allowed int32, matching map[string]string) policyv1.PodDisruptionBudget {
	return policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: matching}},
		Status:     policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: allowed},
	}
}

func deployment(name string, replicas int32) appsv1.Deployment {
	return appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "kube-system"},
		Spec: appsv1.DeploymentSpec{Replicas: &replicas}, Status: appsv1.DeploymentStatus{ReadyReplicas: replicas}}
}

func (c *Cluster) getNode(w http.ResponseWriter, r *http.Request) {
	for _, n := range c.nodes() {
		if n.Name == r.PathValue("name") {
			answer(w, http.StatusOK, n)
			return
		}
	}
	refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, "there is no such node")
}

// patchNode takes a merge patch of what cordoning changes, of taints and labels.
func (c *Cluster) patchNode(w http.ResponseWriter, r *http.Request) {
	var change struct {
		Spec struct {
			Unschedulable *bool
			Taints        *[]corev1.Taint
		}
		Metadata struct {
			Annotations map[string]*string
			Labels      map[string]string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&change); err != nil {
		refuse(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
		return
	}
	for _, n := range c.Nodes {
		if n.Name != r.PathValue("name") {
			continue
		}
		if change.Spec.Unschedulable != nil {
			n.Unschedulable = *change.Spec.Unschedulable
			c.record("%s %s", map[bool]string{true: "cordon", false: "uncordon"}[n.Unschedulable], n.Name)
		}
		if change.Spec.Taints != nil {
			n.Taints = *change.Spec.Taints
			c.record("taint %s", n.Name)
		}
		for key, value := range change.Metadata.Labels {
			n.Labels[key] = value
			c.record("label %s %s", n.Name, key)
		}
		for key, value := range change.Metadata.Annotations {
			if value == nil {
				delete(n.Annotations, key)
			} else {
				n.Annotations[key] = *value
			}
		}
	}
	c.getNode(w, r)
}

// evict takes a pod away unless a budget forbids it. The pod that its owner would make anew is not there.
func (c *Cluster) evict(w http.ResponseWriter, r *http.Request) {
	i := slices.IndexFunc(c.Pods, func(p *corev1.Pod) bool {
		return p.Namespace == r.PathValue("namespace") && p.Name == r.PathValue("name")
	})
	if i < 0 {
		refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, "there is no such pod")
		return
	}
	for _, b := range c.Budgets {
		selector, _ := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if b.Namespace == c.Pods[i].Namespace && selector.Matches(labels.Set(c.Pods[i].Labels)) &&
			b.Status.DisruptionsAllowed == 0 {
			// The budget's name is only among the causes, as tests/apiserver shows with a real server.
			refusal := apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.",
				0).Status()
			refusal.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
			refusal.Details.Causes = []metav1.StatusCause{{Type: policyv1.DisruptionBudgetCause,
				Message: fmt.Sprintf("The disruption budget %s needs 1 healthy pods and has 1 currently", b.Name)}}
			answer(w, http.StatusTooManyRequests, refusal)
			return
		}
	}
	c.record("evict %s", c.Pods[i].Name)
	c.Pods = slices.Delete(c.Pods, i, i+1)
	answer(w, http.StatusCreated, metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status: metav1.StatusSuccess})
}

func tag(image string) string {
	return strings.TrimPrefix(image[strings.LastIndex(image, ":")+1:], "v")
}

// applied gives a node the versions of a configuration's images.
func (c *Cluster) applied(n *Node, provider config.Provider) {
	set := func(component, image string) {
		if n.Components[component] != tag(image) {
			n.Components[component], n.started = tag(image), later(n.started)
			c.record("%s %s %s", component, n.Name, tag(image))
		}
	}
	if n.Components != nil {
		set("kube-apiserver", provider.Cluster().APIServer().Image())
		set("kube-controller-manager", provider.Cluster().ControllerManager().Image())
		set("kube-scheduler", provider.Cluster().Scheduler().Image())
	}
	if kubelet := tag(provider.Machine().Kubelet().Image()); kubelet != n.Kubelet {
		n.Kubelet = kubelet
		c.record("kubelet %s %s", n.Name, kubelet)
	}
}
