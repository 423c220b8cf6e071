package nodes

import (
	"crypto/tls"
	stdx509 "crypto/x509"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/inferadb/infra/simulator/talos"
	"github.com/siderolabs/talos/pkg/machinery/client/dialer"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// etcd is a client of one member, with a certificate of the cluster's own authority, through the proxy.
func (h *harness) etcd(name string) *clientv3.Client {
	h.t.Helper()
	pair, err := issue(bundle().Certs.Etcd, nil, "test", nil)
	require.NoError(h.t, err)
	roots := stdx509.NewCertPool()
	roots.AppendCertsFromPEM(bundle().Certs.Etcd.Crt)
	c, err := clientv3.New(clientv3.Config{
		Endpoints: []string{fmt.Sprintf("https://%s:%d", h.address(name), etcdClientPort)}, Logger: zap.NewNop(),
		TLS:         &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair.certificate}},
		DialOptions: []grpc.DialOption{grpc.WithContextDialer(dialer.DynamicProxyDialer)},
	})
	require.NoError(h.t, err)
	h.t.Cleanup(func() { c.Close() })
	return c
}

// kubernetes is an administrator's client of the load balancer.
func (h *harness) kubernetes() *kubernetes.Clientset {
	h.t.Helper()
	raw, err := h.talos("cp-1").Kubeconfig(h.t.Context())
	require.NoError(h.t, err)
	config, err := clientcmd.RESTConfigFromKubeConfig(raw)
	require.NoError(h.t, err)
	config.Timeout = 10 * time.Second
	set, err := kubernetes.NewForConfig(config)
	require.NoError(h.t, err)
	return set
}

func TestKubernetesAPI(t *testing.T) {
	h := newCluster(t)
	k := h.kubernetes()
	version, err := k.Discovery().ServerVersion()
	require.NoError(t, err)
	assert.Equal(t, "v1.35.0", version.GitVersion)
	h.eventually(func() error {
		nodes, err := k.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
		if err == nil && len(nodes.Items) != 4 {
			err = fmt.Errorf("%d nodes", len(nodes.Items))
		}
		return err
	})
	t.Run("node", func(t *testing.T) { h.changesNode(k) })
	t.Run("objects", func(t *testing.T) { h.keepsObjects(k) })
	t.Run("eviction", func(t *testing.T) { h.evicts(k) })
	t.Run("no certificate", func(t *testing.T) {
		roots := stdx509.NewCertPool()
		roots.AppendCertsFromPEM(bundle().Certs.K8s.Crt)
		conn, err := dialer.DynamicProxyDialer(t.Context(), endpoint+":6443")
		require.NoError(t, err)
		secured := tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: endpoint})
		_, err = fmt.Fprintf(secured, "GET /readyz HTTP/1.1\r\nHost: %s\r\n\r\n", endpoint)
		require.NoError(t, err)
		answer := make([]byte, 12)
		_, err = secured.Read(answer)
		require.NoError(t, err)
		assert.Equal(t, "HTTP/1.1 401", string(answer))
		require.NoError(t, secured.Close())
	})
	t.Run("balancer", func(t *testing.T) {
		h.fault("cp-1", talos.FaultUnreachable)
		h.fault("cp-2", talos.FaultAPIDown)
		h.eventually(func() error {
			ready := map[string]bool{}
			nodes, err := k.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
			for _, n := range nodes.Items {
				ready[n.Name] = n.Status.Conditions[0].Status == corev1.ConditionTrue
			}
			if err == nil && (ready["cp-1"] || !ready["cp-3"]) {
				err = fmt.Errorf("ready: %v", ready)
			}
			return err
		})
		pods, err := k.CoreV1().Pods("kube-system").List(t.Context(), metav1.ListOptions{LabelSelector: "component=kube-apiserver"})
		require.NoError(t, err)
		for _, pod := range pods.Items {
			want := corev1.ConditionFalse
			if pod.Spec.NodeName == "cp-3" {
				want = corev1.ConditionTrue
			}
			assert.Equal(t, want, pod.Status.Conditions[0].Status, pod.Name)
		}
	})
}

func (h *harness) changesNode(k *kubernetes.Clientset) {
	t := h.t
	_, err := k.CoreV1().Nodes().Patch(t.Context(), "worker-1", types.StrategicMergePatchType,
		[]byte(`{"spec":{"unschedulable":true},"metadata":{"annotations":{"who":"me"}}}`), metav1.PatchOptions{})
	require.NoError(t, err)
	node, err := k.CoreV1().Nodes().Get(t.Context(), "worker-1", metav1.GetOptions{})
	require.NoError(t, err)
	assert.True(t, node.Spec.Unschedulable)
	assert.Equal(t, "me", node.Annotations["who"])
	assert.Equal(t, "v1.35.0", node.Status.NodeInfo.KubeletVersion)
	stale := node.DeepCopy()
	node.Spec.Unschedulable = false
	node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: "a", Value: "b", Effect: corev1.TaintEffectNoSchedule})
	_, err = k.CoreV1().Nodes().Update(t.Context(), node, metav1.UpdateOptions{})
	require.NoError(t, err)
	_, err = k.CoreV1().Nodes().Update(t.Context(), stale, metav1.UpdateOptions{})
	assert.True(t, apierrors.IsConflict(err), "%v", err)
	node, err = k.CoreV1().Nodes().Get(t.Context(), "worker-1", metav1.GetOptions{})
	require.NoError(t, err)
	assert.False(t, node.Spec.Unschedulable)
	assert.Contains(t, node.Spec.Taints, corev1.Taint{Key: "a", Value: "b", Effect: corev1.TaintEffectNoSchedule})
}

func (h *harness) keepsObjects(k *kubernetes.Clientset) {
	t := h.t
	maps := k.CoreV1().ConfigMaps("default")
	made, err := maps.Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "probe"}, Data: map[string]string{"n": "1"},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	made.Data["n"] = "2"
	_, err = maps.Update(t.Context(), made, metav1.UpdateOptions{})
	require.NoError(t, err)
	_, err = maps.Update(t.Context(), made, metav1.UpdateOptions{})
	assert.True(t, apierrors.IsConflict(err), "%v", err)
	_, err = maps.Create(t.Context(), made, metav1.CreateOptions{})
	assert.True(t, apierrors.IsAlreadyExists(err), "%v", err)
	kept, err := h.etcd("cp-3").Get(h.on("cp-3"), "/registry/configmaps/default/probe")
	require.NoError(t, err)
	require.EqualValues(t, 1, kept.Count)
	assert.Contains(t, string(kept.Kvs[0].Value), `"n":"2"`)
	require.NoError(t, maps.Delete(t.Context(), "probe", metav1.DeleteOptions{}))
	_, err = maps.Get(t.Context(), "probe", metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err), "%v", err)
}

// evicts ends pods one at a time, as their budget wants it; what their owner makes again runs elsewhere.
func (h *harness) evicts(k *kubernetes.Clientset) {
	t := h.t
	pods := k.CoreV1().Pods("default")
	isController := true
	for i := range 2 {
		_, err := pods.Create(t.Context(), &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Name: fmt.Sprintf("ledger-%d", i), Labels: map[string]string{"app": "ledger"},
				OwnerReferences: []metav1.OwnerReference{{
					APIVersion: "apps/v1", Kind: "StatefulSet", Name: "ledger", UID: "1", Controller: &isController,
				}},
			},
			Spec: corev1.PodSpec{NodeName: "worker-1", Containers: []corev1.Container{{Name: "ledger", Image: "ledger:v1"}}},
		}, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	one := intstr.FromInt32(1)
	_, err := k.PolicyV1().PodDisruptionBudgets("default").Create(t.Context(), &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "ledger"},
		Spec: policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &one,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "ledger"}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = k.CoreV1().Nodes().Patch(t.Context(), "worker-1", types.StrategicMergePatchType,
		[]byte(`{"spec":{"unschedulable":true}}`), metav1.PatchOptions{})
	require.NoError(t, err)
	h.injectFault("worker-1", talos.FaultSlowDrain+"=1s")
	evict := func(name string) error {
		return pods.EvictV1(t.Context(), &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}})
	}
	require.NoError(t, evict("ledger-0"))
	begun := time.Now()
	assert.True(t, apierrors.IsTooManyRequests(evict("ledger-1")))
	h.eventually(func() error { return evict("ledger-1") })
	assert.Greater(t, time.Since(begun), 500*time.Millisecond)
	h.eventually(func() error {
		left, err := pods.List(t.Context(), metav1.ListOptions{FieldSelector: "spec.nodeName=worker-1"})
		if err == nil && len(left.Items) > 0 {
			err = errors.New("pods are left")
		}
		return err
	})
	elsewhere, err := pods.List(t.Context(), metav1.ListOptions{LabelSelector: "app=ledger"})
	require.NoError(t, err)
	assert.Len(t, elsewhere.Items, 2)
	h.fault("worker-1", "none")
}

// remove takes a machine away. A cloud would write to the journal, which the daemon watches.
func (h *harness) remove(name string) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for i, m := range h.machines {
		if m.Name == name {
			h.machines = append(h.machines[:i:i], h.machines[i+1:]...)
			break
		}
	}
	go func() { _ = h.daemon.refresh() }()
}

// TestServerSideApply: what the control planes have created is changed by its owner, by nobody without force, and for
// all API servers.
func TestServerSideApply(t *testing.T) {
	h := newCluster(t)
	k := h.kubernetes()
	const name = "settings"
	apply := func(manager, value string, options metav1.PatchOptions) (*corev1.ConfigMap, error) {
		options.FieldManager = manager
		return k.CoreV1().ConfigMaps("kube-system").Patch(t.Context(), name, types.ApplyPatchType,
			[]byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings","namespace":"kube-system"},"data":{`+value+`}}`), options)
	}
	made, err := apply("talos", `"a":"1","b":"1"`, metav1.PatchOptions{})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"a": "1", "b": "1"}, made.Data)

	changed, err := apply("talos", `"a":"2"`, metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"a": "2"}, changed.Data, "an owner takes away what it sends no longer")
	read, err := k.CoreV1().ConfigMaps("kube-system").Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, made.Data, read.Data, "a dry run changes nothing")

	_, err = apply("flux", `"a":"3"`, metav1.PatchOptions{})
	require.True(t, apierrors.IsConflict(err), "%v", err)
	assert.ErrorContains(t, err, `conflict with "talos"`)
	yes := true
	_, err = apply("flux", `"a":"3"`, metav1.PatchOptions{Force: &yes})
	require.NoError(t, err)
	_, err = apply("talos", `"a":"4","b":"1"`, metav1.PatchOptions{})
	assert.ErrorContains(t, err, `conflict with "flux"`)

	_, err = k.CoreV1().ConfigMaps("kube-system").Patch(t.Context(), name, types.MergePatchType, []byte(`{"data":{"b":"5"}}`),
		metav1.PatchOptions{FieldManager: "kubectl-edit"})
	require.NoError(t, err)
	_, err = apply("talos", `"b":"1"`, metav1.PatchOptions{})
	assert.ErrorContains(t, err, `conflict with "kubectl-edit"`)
	require.NoError(t, k.CoreV1().ConfigMaps("kube-system").Delete(t.Context(), name, metav1.DeleteOptions{}))
	_, err = k.CoreV1().ConfigMaps("kube-system").Get(t.Context(), name, metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err), "%v", err)
}
