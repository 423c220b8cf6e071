package talos

import (
	"testing"

	"github.com/inferadb/infra/simulator/store"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const withoutCNI = "cluster: {network: {cni: {name: none}}, proxy: {disabled: true}}"

// inline is a patch with one inline manifest.
func inline(name, contents string) string {
	return "cluster:\n  inlineManifests:\n    - name: " + name + "\n      contents: |\n        " + contents + "\n"
}

const plugin = "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: cilium, namespace: kube-system}, spec: {template: {spec: " +
	"{hostNetwork: true, volumes: [{name: cni, hostPath: {path: /etc/cni/net.d}}]}}}}"

// apply gives a running control plane another configuration.
func (h *harness) apply(node string, patches ...string) {
	h.t.Helper()
	document := h.document(machine.TypeControlPlane, patches...)
	require.NoError(h.t, h.do(apply, h.call(node, store.Values{"machineConfigurationInput": document})))
}

func (h *harness) objects() []Object {
	h.t.Helper()
	var objects []Object
	require.NoError(h.t, h.journal.Do(func(st *store.Store) error {
		all, err := Objects(h, st)
		objects = all["test"]
		return err
	}))
	return objects
}

func TestNodesAreReadyOnceTheirClusterHasANetworkPlugin(t *testing.T) {
	h := newHarness(t)
	for _, node := range []string{"cp-1", "cp-2", "cp-3"} {
		h.apply(node, withoutCNI)
	}
	assert.Empty(t, h.objects(), "nothing is created before etcd runs")
	h.bootstrap()
	for name, status := range h.report() {
		assert.True(t, status.Joined, "%s: %s", name, status.Reason)
		assert.False(t, status.Ready, name)
		assert.Contains(t, status.Reason, "cni plugin not initialized", name)
	}
	h.apply("cp-2", withoutCNI, inline("cilium", plugin))
	for name, status := range h.report() {
		assert.True(t, status.Ready, "%s: %s", name, status.Reason)
	}
	// What was created stays when the text goes, and what cannot be read changes nothing.
	h.apply("cp-2", withoutCNI, inline("broken", "{"))
	assert.True(t, h.report()["worker-1"].Ready)
	assert.True(t, hasObject(h.objects(), "DaemonSet", "cilium"))
}

func TestFlannelIsTalosOwn(t *testing.T) {
	h := newHarness(t)
	h.bootstrap()
	assert.True(t, h.report()["worker-1"].Ready)
	assert.True(t, hasObject(h.objects(), "DaemonSet", "kube-flannel"))
	assert.True(t, hasObject(h.objects(), "DaemonSet", "kube-proxy"))
}

// A kind that the API server does not know is tried again until it does.
func TestAPolicyWaitsForItsKind(t *testing.T) {
	const policy = "{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: deny}}"
	h := newHarness(t)
	h.apply("cp-1", withoutCNI, inline("a-policy", policy))
	h.bootstrap()
	assert.False(t, hasObject(h.objects(), "CiliumClusterwideNetworkPolicy", "deny"))
	h.apply("cp-2", inline("operator", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: cilium-operator, namespace: kube-system}}"))
	h.objects()
	assert.True(t, hasObject(h.objects(), "CiliumClusterwideNetworkPolicy", "deny"))
}

// A namespace comes before what stands in it, and without one the API server takes nothing.
func TestNamespacesComeFirst(t *testing.T) {
	const account, space = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: flux, namespace: flux-system}}",
		"{apiVersion: v1, kind: Namespace, metadata: {name: flux-system}}"
	h := newHarness(t)
	h.apply("cp-1", withoutCNI, inline("a", account))
	h.bootstrap()
	assert.False(t, hasObject(h.objects(), "ServiceAccount", "flux"))
	h.apply("cp-2", withoutCNI, inline("a", account), inline("b", space))
	assert.True(t, hasObject(h.objects(), "ServiceAccount", "flux"))
}
