package operate

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	proxySet   = "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy"
	flannelSet = "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-flannel"
	dnsSet     = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"
)

// runs are the images that the API has for workloads of Talos.
func (f *fixture) runs(paths ...string) []string {
	var images []string
	f.Do(func() {
		for _, path := range paths {
			images = append(images,
				(&manifestChange{wanted: &unstructured.Unstructured{Object: f.Objects[path]}}).images()...)
		}
	})
	return images
}

// TestUpgradeBringsWhatTalosInstallsInLine: after all the nodes, as the new version on every control plane renders it.
func TestUpgradeBringsWhatTalosInstallsInLine(t *testing.T) {
	f := newFixture(t)
	f.UseFlannel()
	dry := f.run(func(u *Upgrade) { u.DryRun = true }, 0, "")
	assert.Contains(t, dry, fmt.Sprintf("kube-proxy 1.36.5 in the configurations of %[1]s-control-plane-0, %[1]s-control-plane-1", clusterName))
	assert.Contains(t, dry, "then what Talos itself installs, such as CoreDNS, as the control planes render it by then; nothing is deleted")
	assert.NotContains(t, dry, " is changed", "the old versions render what runs")
	assert.Empty(t, f.Log())

	out := f.run(nil, 0, "")
	log := short(f.Log())
	configured := slices.Index(log, "kube-proxy control-plane-0 1.36.5")
	assert.Equal(t, []string{"kube-scheduler control-plane-2 1.36.5", "kube-proxy control-plane-0 1.36.5", "kube-proxy control-plane-1 1.36.5",
		"kube-proxy control-plane-2 1.36.5", "kubelet control-plane-0 1.36.5"}, log[configured-1:configured+4])
	assert.Equal(t, []string{"kubelet workers-1 1.36.5", "apply kube-flannel", "apply kube-proxy", "apply coredns"}, log[len(log)-4:])
	assert.Equal(t, []string{"registry.k8s.io/kube-proxy:v1.36.5", "ghcr.io/siderolabs/flannel:v1.13.10", "registry.k8s.io/coredns/coredns:v1.13.10"},
		f.runs(proxySet, flannelSet, dnsSet))
	assert.NotContains(t, out, "hunter3")
	assert.Contains(t, f.run(keepVersions, 0, ""), "all nodes run these versions")
}

// TestWhatIsHalfDoneIsFinished: the next run does what differs, and waits for pods that are on their way.
func TestWhatIsHalfDoneIsFinished(t *testing.T) {
	f := newFixture(t)
	f.UseFlannel()
	f.Do(func() { f.Stuck = []string{"kube-flannel"} })
	f.run(func(u *Upgrade) { u.Node = 300 * time.Millisecond }, Stopped, "DaemonSet kube-system/kube-flannel has 5 of 6 pods of the new kind available")
	f.Do(func() {
		f.Objects[proxySet]["spec"].(map[string]any)["template"] = map[string]any{"spec": map[string]any{"containers": []any{}}}
	})
	dry := f.run(func(u *Upgrade) { keepVersions(u); u.DryRun = true }, 0, "")
	assert.Contains(t, dry, "wait: DaemonSet kube-system/kube-flannel has 5 of 6 pods")
	assert.Contains(t, dry, "DaemonSet kube-system/kube-proxy is changed:\n")
	assert.Contains(t, dry, "- image: registry.k8s.io/kube-proxy:v1.36.5")
	before := len(f.Log())
	f.Do(func() {
		f.Stuck = nil
		f.Objects[flannelSet]["status"].(map[string]any)["updatedNumberScheduled"] = int64(6)
	})
	f.run(keepVersions, 0, "")
	assert.Equal(t, []string{"apply kube-proxy"},
		slices.DeleteFunc(short(f.Log()[before:]), func(line string) bool { return line[:5] != "apply" }))
	f.isUpgraded()
}

// TestWhatOthersChangedOfTalosStays unless it is accepted: a person may have given CoreDNS a zone.
func TestWhatOthersChangedOfTalosStays(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Managers[dnsSet] = "kubectl-edit" })
	f.run(nil, 0, "")
	assert.NotContains(t, f.Log(), "apply coredns")
	out := f.run(keepVersions, 0, "all nodes run these versions")
	assert.Contains(t, out, "Deployment kube-system/coredns is left as it is: kubectl-edit has changed it; to overwrite the change: --accept=manifests")
	f.run(func(u *Upgrade) { keepVersions(u); u.Accept = []string{"manifests"} }, 0, "")
	assert.Contains(t, f.Log(), "apply coredns")
	assert.Equal(t, []string{"registry.k8s.io/coredns/coredns:v1.13.10"}, f.runs(dnsSet))
}

// TestEarlierUpgradesAreNobodyElse: talosctl writes by its own name.
func TestEarlierUpgradesAreNobodyElse(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Managers[dnsSet] = "talosctl" })
	f.run(nil, 0, "")
	assert.Contains(t, f.Log(), "apply coredns")
}

// TestKubeProxyWaitsForTalos: the manifests are not changed before its control planes render the version.
func TestKubeProxyWaitsForTalos(t *testing.T) {
	f := newFixture(t)
	f.UseFlannel()
	f.Do(func() { f.Node("control-plane-1").RendersNothing = true })
	f.run(func(u *Upgrade) { u.Target.Talos = ""; u.Node = 300 * time.Millisecond }, Stopped,
		clusterName+"-control-plane-1: kube-proxy: its Talos did not render kube-proxy 1.36.5 in 300ms; look at: talosctl -n 10.0.0.11 get manifests")
	assert.Empty(t, f.applied())
	assert.Equal(t, []string{"registry.k8s.io/kube-proxy:v1.35.4"}, f.runs(proxySet))
}
