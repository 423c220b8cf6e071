package operate

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// settingsObjects are the objects that podEncryption changes.
var settingsObjects = []string{"cilium-config", "cilium", "cilium-operator"}

const ciliumConfig = "/api/v1/namespaces/kube-system/configmaps/cilium-config"

// rewrite changes the text of the stack file.
func (f *fixture) rewrite(old, changed string) {
	f.t.Helper()
	text := f.file()
	require.Contains(f.t, text, old)
	require.NoError(f.t, os.WriteFile(f.stackFile(), []byte(strings.Replace(text, old, changed, 1)), 0o600))
}

// applied are the objects that were applied.
func (f *fixture) applied() []string {
	var names []string
	for _, line := range f.Log() {
		if name, ok := strings.CutPrefix(line, "apply "); ok {
			names = append(names, name)
		}
	}
	return names
}

// keepVersions lets an upgrade change nothing but manifests.
func keepVersions(u *Upgrade) { u.Target.Talos, u.Target.Kubernetes = "", "" }

// TestUpgradeBringsCiliumInLine shows the difference first, and applies just what differs.
func TestUpgradeBringsCiliumInLine(t *testing.T) {
	f := newFixture(t)
	f.rewrite("  inferadb:pools:", "  inferadb:podEncryption: none\n  inferadb:pools:")
	dry := f.run(func(u *Upgrade) { keepVersions(u); u.DryRun = true }, 0, "")
	assert.Contains(t, dry, "ConfigMap kube-system/cilium-config is changed:")
	assert.Contains(t, dry, "-    enable-wireguard: \"true\"")
	assert.Contains(t, dry, "DaemonSet kube-system/cilium is changed", "the pods follow the settings")
	assert.NotContains(t, dry, "cilium-envoy", "what is as the stack wants it is not named")
	assert.Empty(t, f.Log(), "a dry run writes nothing")

	out := f.run(keepVersions, 0, "")
	assert.Equal(t, settingsObjects, f.applied())
	assert.Contains(t, out, "ConfigMap kube-system/cilium-config is changed\n")
	data, _ := f.Objects[ciliumConfig]["data"].(map[string]any)
	assert.NotContains(t, data, "enable-wireguard")
	assert.Contains(t, f.run(keepVersions, 0, ""), "all nodes run these versions")
}

// TestCiliumComesWhereItIsTested: with the version of Kubernetes that runs, or with the next.
func TestCiliumComesWhereItIsTested(t *testing.T) {
	for _, kubernetes := range []struct {
		from, to string
		first    bool
	}{{"1.32.6", "1.33.2", false}, {"1.33.2", "1.34.1", true}} {
		t.Run(kubernetes.to, func(t *testing.T) {
			f := newFixture(t)
			o := &Observation{Cluster: f.stack().Clusters[0], APIVersion: kubernetes.from}
			assert.Equal(t, kubernetes.first, o.manifestsFirst(kubernetes.to))
			o.manifests = []*manifestChange{{origin: ofCilium}}
			o.Nodes = []*Node{{Kubernetes: &KubernetesNode{Kubelet: kubernetes.from}}}
			o.Cluster.ControlPlanes = nil
			kinds := []stepKind{upgradeKubelet, syncManifests}
			if kubernetes.first {
				kinds = []stepKind{syncManifests, upgradeKubelet}
			}
			var planned []stepKind
			wanted := target
			wanted.Kubernetes = kubernetes.to
			for _, s := range o.plan(wanted) {
				planned = append(planned, s.kind)
			}
			assert.Equal(t, kinds, planned)
		})
	}
}

// TestWhatOthersChanged: a change of Cilium is overwritten only if it is accepted, an object of the stack's own is left
// to who manages it.
func TestWhatOthersChanged(t *testing.T) {
	f := newFixture(t)
	const account = "/api/v1/namespaces/kube-system/serviceaccounts/flux"
	f.rewrite("  inferadb:pools:", "  inferadb:podEncryption: none\n  inferadb:bootstrapManifests:\n"+
		"    - |\n      apiVersion: v1\n      kind: ServiceAccount\n      metadata: {name: flux, namespace: kube-system, labels: {a: b}}\n  inferadb:pools:")
	f.Do(func() {
		f.Managers[ciliumConfig] = "helm"
		f.Managers[account] = "kustomize-controller"
		f.Objects[account] = map[string]any{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": map[string]any{"name": "flux"}}
	})
	out := f.run(keepVersions, Refused, "refused by manifests: ConfigMap kube-system/cilium-config was changed by helm since the program installed it")
	assert.Contains(t, out, "ServiceAccount kube-system/flux is left as it is: kustomize-controller manages it")
	assert.Empty(t, f.applied())
	f.run(func(u *Upgrade) { keepVersions(u); u.Accept = []string{"manifests"} }, 0, "")
	assert.Equal(t, settingsObjects, f.applied())
}

// TestSecretsAmongManifestsAreNotShown, neither where they differ nor where the API server says something about them.
func TestSecretsAmongManifestsAreNotShown(t *testing.T) {
	f := newFixture(t)
	f.rewrite("  inferadb:pools:", "  inferadb:bootstrapManifests:\n"+
		"    - |\n      apiVersion: v1\n      kind: ConfigMap\n      metadata: {name: token, namespace: kube-system}\n      data: {token: hunter2}\n  inferadb:pools:")
	const path = "/api/v1/namespaces/kube-system/configmaps/token"
	f.Do(func() {
		f.Objects[path] = map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "token"}}
	})
	shown := f.run(func(u *Upgrade) { keepVersions(u); u.DryRun = true }, 0, "")
	assert.Contains(t, shown, "hunter2", "what the stack file has in clear is no secret")
	out := f.run(func(u *Upgrade) {
		keepVersions(u)
		manifests := u.Stack.Clusters[0].Want.Manifests
		manifests[len(manifests)-1].Secret = true
	}, 0, "")
	assert.Contains(t, out, "ConfigMap kube-system/token is changed; the difference is a secret")
	assert.NotContains(t, out, "hunter2")
	assert.Equal(t, []string{"token"}, f.applied())
}

// TestTalos112LeftFieldsBehind: what it created is taken over, so that a field which leaves the manifest leaves the
// object.
func TestTalos112LeftFieldsBehind(t *testing.T) {
	f := newFixture(t)
	f.rewrite("  inferadb:pools:", "  inferadb:podEncryption: none\n  inferadb:pools:")
	f.Do(func() {
		metadata := f.Objects[ciliumConfig]["metadata"].(map[string]any)
		metadata["managedFields"] = []any{map[string]any{
			"manager": "talos", "operation": string(metav1.ManagedFieldsOperationUpdate), "apiVersion": "v1", "fieldsType": "FieldsV1",
			"fieldsV1": map[string]any{"f:data": map[string]any{"f:enable-wireguard": map[string]any{}}},
		}}
		f.Managers[ciliumConfig] = "talos"
	})
	f.run(keepVersions, 0, "")
	assert.Contains(t, strings.Join(f.Log(), "\n"), "take over cilium-config\napply cilium-config")
}

// TestTheDifferenceIsSmall: the plan shows what differs, with two lines around it.
func TestTheDifferenceIsSmall(t *testing.T) {
	text, err := difference(map[string]any{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1},
		map[string]any{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 2})
	require.NoError(t, err)
	assert.Equal(t, "--- cluster\n+++ stack\n@@ -4,3 +4,3 @@\n d: 1\n e: 1\n-f: 1\n+f: 2\n", text)
}
