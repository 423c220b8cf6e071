package talos

import (
	"testing"

	"github.com/inferadb/infra/simulator/world"
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
func (l *lab) apply(node string, patches ...string) {
	l.t.Helper()
	document := l.document(machine.TypeControlPlane, patches...)
	require.NoError(l.t, l.do(apply, l.call(node, world.Values{"machineConfigurationInput": document})))
}

func (l *lab) objects() []Object {
	l.t.Helper()
	var objects []Object
	require.NoError(l.t, l.store.Do(func(w *world.World) error {
		all, err := Objects(l, w)
		objects = all["test"]
		return err
	}))
	return objects
}

func TestNodesAreReadyOnceTheirClusterHasANetworkPlugin(t *testing.T) {
	l := newLab(t)
	for _, node := range []string{"cp-1", "cp-2", "cp-3"} {
		l.apply(node, withoutCNI)
	}
	assert.Empty(t, l.objects(), "nothing is created before etcd runs")
	l.bootstrap()
	for name, status := range l.report() {
		assert.True(t, status.Joined, "%s: %s", name, status.Reason)
		assert.False(t, status.Ready, name)
		assert.Contains(t, status.Reason, "cni plugin not initialized", name)
	}
	l.apply("cp-2", withoutCNI, inline("cilium", plugin))
	for name, status := range l.report() {
		assert.True(t, status.Ready, "%s: %s", name, status.Reason)
	}
	// What was created stays when the text goes, and what cannot be read changes nothing.
	l.apply("cp-2", withoutCNI, inline("broken", "{"))
	assert.True(t, l.report()["worker-1"].Ready)
	assert.True(t, hasObject(l.objects(), "DaemonSet", "cilium"))
}

func TestFlannelIsTalosOwn(t *testing.T) {
	l := newLab(t)
	l.bootstrap()
	assert.True(t, l.report()["worker-1"].Ready)
	assert.True(t, hasObject(l.objects(), "DaemonSet", "kube-flannel"))
	assert.True(t, hasObject(l.objects(), "DaemonSet", "kube-proxy"))
}

// A kind that the API server does not know is tried again until it does.
func TestAPolicyWaitsForItsKind(t *testing.T) {
	const policy = "{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: deny}}"
	l := newLab(t)
	l.apply("cp-1", withoutCNI, inline("a-policy", policy))
	l.bootstrap()
	assert.False(t, hasObject(l.objects(), "CiliumClusterwideNetworkPolicy", "deny"))
	l.apply("cp-2", inline("operator", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: cilium-operator, namespace: kube-system}}"))
	l.objects()
	assert.True(t, hasObject(l.objects(), "CiliumClusterwideNetworkPolicy", "deny"))
}

// A namespace comes before what stands in it, and without one the API server takes nothing.
func TestNamespacesComeFirst(t *testing.T) {
	const account, space = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: flux, namespace: flux-system}}",
		"{apiVersion: v1, kind: Namespace, metadata: {name: flux-system}}"
	l := newLab(t)
	l.apply("cp-1", withoutCNI, inline("a", account))
	l.bootstrap()
	assert.False(t, hasObject(l.objects(), "ServiceAccount", "flux"))
	l.apply("cp-2", withoutCNI, inline("a", account), inline("b", space))
	assert.True(t, hasObject(l.objects(), "ServiceAccount", "flux"))
}
