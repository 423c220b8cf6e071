//go:build apiserver

package apiserver

import (
	"fmt"
	"testing"
	"time"

	"github.com/inferadb/infra/operate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd/api"
)

// kubeconfig is that of an administrator.
func (s *server) kubeconfig(t *testing.T) *api.Config {
	t.Helper()
	authority := s.machine.Cluster().IssuingCA()
	identity, err := issue(authority, "admin", "system:masters")
	require.NoError(t, err)
	return &api.Config{
		CurrentContext: "test",
		Contexts:       map[string]*api.Context{"test": {Cluster: "test", AuthInfo: "admin"}},
		Clusters:       map[string]*api.Cluster{"test": {Server: s.url, CertificateAuthorityData: authority.Crt}},
		AuthInfos: map[string]*api.AuthInfo{"admin": {ClientCertificateData: identity.Crt,
			ClientKeyData: identity.Key}},
	}
}

// run starts a pod on a node, as scheduler and kubelet do.
func run(t *testing.T, s *server, node, name string) {
	t.Helper()
	created := pod("default", name)
	created.Spec.NodeName = node
	require.NoError(t, create(t, s.admin(t), "pods", created))
	own := s.kubelet(t, node)
	var running corev1.Pod
	require.NoError(t, own.Get().Namespace("default").Resource("pods").Name(name).Do(t.Context()).Into(&running))
	running.Status.Phase = corev1.PodRunning
	running.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	running.TypeMeta = created.TypeMeta
	require.NoError(t, own.Put().Namespace("default").Resource("pods").Name(name).SubResource("status").Body(
		&running).Do(t.Context()).Error())
}

// endPods does the kubelet's part of an eviction: it confirms that pods which are being deleted have ended.
func endPods(t *testing.T, s *server, node string) {
	t.Helper()
	own := s.kubelet(t, node)
	go func() {
		for t.Context().Err() == nil {
			var pods corev1.PodList
			_ = own.Get().Resource("pods").Param("fieldSelector", "spec.nodeName="+node).Do(t.Context()).Into(&pods)
			for _, ending := range pods.Items {
				if ending.DeletionTimestamp != nil {
					now := int64(0)
					_ = own.Delete().Namespace(ending.Namespace).Resource("pods").Name(ending.Name).
						Body(&metav1.DeleteOptions{GracePeriodSeconds: &now}).Do(t.Context()).Error()
				}
			}
			time.Sleep(200 * time.Millisecond)
		}
	}()
}

// budget makes one for a pod, with the status that the controller manager would give it.
func budget(t *testing.T, admin *rest.RESTClient, name string) {
	t.Helper()
	one := intstr.FromInt32(1)
	created := &policyv1.PodDisruptionBudget{
		TypeMeta:   metav1.TypeMeta{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MinAvailable: &one, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}},
		},
	}
	require.NoError(t, admin.Post().AbsPath(budgets).Body(created).Do(t.Context()).Error())
	allow(t, admin, name, 0)
}

// allow says how many pods of a budget may be evicted now.
func allow(t *testing.T, admin *rest.RESTClient, name string, evictions int32) {
	t.Helper()
	var current policyv1.PodDisruptionBudget
	require.NoError(t, admin.Get().AbsPath(budgets, name).Do(t.Context()).Into(&current))
	current.TypeMeta = metav1.TypeMeta{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}
	current.Status = policyv1.PodDisruptionBudgetStatus{
		ObservedGeneration: current.Generation, DisruptionsAllowed: evictions,
		CurrentHealthy: 1 + evictions, DesiredHealthy: 1, ExpectedPods: 1 + evictions,
	}
	require.NoError(t, admin.Put().AbsPath(budgets, name, "status").Body(&current).Do(t.Context()).Error())
}

const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"

// evict asks for an eviction once.
func evict(t *testing.T, admin *rest.RESTClient, name string) error {
	t.Helper()
	return admin.Post().Namespace("default").Resource("pods").Name(name).SubResource("eviction").MaxRetries(0).Body(&policyv1.Eviction{
		TypeMeta:   metav1.TypeMeta{APIVersion: "policy/v1", Kind: "Eviction"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
	}).Do(t.Context()).Error()
}

// TestEvictionsHonorBudgets drains a node as an upgrade does: a budget that allows nothing stops it at the limit, with
// the pod and the budget in the error, and one that allows the eviction lets it end.
func TestEvictionsHonorBudgets(t *testing.T) {
	s := production(t)
	admin := s.admin(t)
	createServiceAccounts(t, admin)
	c := resolved(t, nil)
	worker := generate(t, c.WorkerConfiguration(c.Pools[0]), newBundle(t))
	require.NoError(t, s.kubelet(t, "w1").Post().AbsPath(nodes).Body(registration(t, "w1", worker)).Do(t.Context()).Error())
	endPods(t, s, "w1")
	run(t, s, "w1", "guarded")
	run(t, s, "w1", "free")
	budget(t, admin, "guarded")

	err := evict(t, admin, "guarded")
	assert.True(t, apierrors.IsTooManyRequests(err), "%v", err)

	const limit = 5 * time.Second
	began := time.Now()
	err = operate.Drain(t.Context(), s.kubeconfig(t), "w1", limit, 500*time.Millisecond)
	assert.Less(t, time.Since(began), 2*limit)
	assert.ErrorContains(t, err, fmt.Sprintf("the drain did not end in %s: default/guarded: ", limit))
	assert.ErrorContains(t, err, "The disruption budget guarded needs 1 healthy pods and has 1 currently")
	assert.NotContains(t, fmt.Sprint(err), "default/free")
	assert.Equal(t, []string{"guarded"}, podsOf(t, admin, "w1"))

	allow(t, admin, "guarded", 1)
	require.NoError(t, operate.Drain(t.Context(), s.kubeconfig(t), "w1", time.Minute, 500*time.Millisecond))
	assert.Empty(t, podsOf(t, admin, "w1"))
	var after policyv1.PodDisruptionBudget
	require.NoError(t, admin.Get().AbsPath(budgets, "guarded").Do(t.Context()).Into(&after))
	assert.Zero(t, after.Status.DisruptionsAllowed, "the eviction was taken from the budget")
}

// podsOf are the names of a node's pods.
func podsOf(t *testing.T, admin *rest.RESTClient, node string) []string {
	t.Helper()
	var pods corev1.PodList
	require.NoError(t, admin.Get().Resource("pods").Param("fieldSelector", "spec.nodeName="+node).Do(t.Context()).Into(&pods))
	var names []string
	for _, pod := range pods.Items {
		names = append(names, pod.Name)
	}
	return names
}
