package nodes

import (
	"context"
	"fmt"
	"testing"

	"github.com/cosi-project/runtime/pkg/safe"
	"github.com/inferadb/infra/simulator/talos"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/resources/config"
	"github.com/siderolabs/talos/pkg/machinery/resources/k8s"
	"github.com/siderolabs/talos/pkg/machinery/resources/runtime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// renders returns the image in a manifest that a control plane renders.
func (h *harness) renders(c *client.Client, id, kind string) string {
	h.t.Helper()
	manifest, err := safe.StateGetByID[*k8s.Manifest](h.t.Context(), c.COSI, id)
	require.NoError(h.t, err)
	assert.Equal(h.t, "k8s.ManifestController", manifest.Metadata().Owner())
	for _, item := range manifest.TypedSpec().Items {
		if object := (unstructured.Unstructured{Object: item.Object}); object.GetKind() == kind {
			containers, _, err := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
			require.NoError(h.t, err)
			return fmt.Sprint(containers[0].(map[string]any)["image"])
		}
	}
	return ""
}

// TestTalosRendersManifests: what a control plane renders follows its configuration and its version, and what the
// cluster has does not.
func TestTalosRendersManifests(t *testing.T) {
	h := newCluster(t)
	c, k := h.talos("cp-1"), h.kubernetes()
	ctx := t.Context()
	assert.Equal(t, "registry.k8s.io/kube-proxy:v1.35.0", h.renders(c, "10-kube-proxy", "DaemonSet"))
	assert.Equal(t, "registry.k8s.io/coredns/coredns:v1.13.0", h.renders(c, "11-core-dns", "Deployment"))

	live, err := safe.StateGetByID[*config.MachineConfig](ctx, c.COSI, config.ActiveID)
	require.NoError(t, err)
	changed, err := live.Provider().PatchV1Alpha1(func(v *v1alpha1.Config) error {
		v.ClusterConfig.ProxyConfig.ContainerImage = "registry.k8s.io/kube-proxy:v1.35.1"
		disabled := true
		v.ClusterConfig.CoreDNSConfig = &v1alpha1.CoreDNS{CoreDNSDisabled: &disabled}
		return nil
	})
	require.NoError(t, err)
	text, err := changed.Bytes()
	require.NoError(t, err)
	_, err = c.ApplyConfiguration(ctx, &machine.ApplyConfigurationRequest{Data: text,
		Mode: machine.ApplyConfigurationRequest_NO_REBOOT})
	require.NoError(t, err)
	assert.Equal(t, "registry.k8s.io/kube-proxy:v1.35.1", h.renders(c, "10-kube-proxy", "DaemonSet"))
	_, err = safe.StateGetByID[*k8s.Manifest](ctx, c.COSI, "11-core-dns")
	require.Error(t, err)

	before := h.mustBootID("cp-2")
	require.NoError(t, h.upgrade("cp-2"))
	h.upgraded("cp-2", "v1.13.1", before)
	assert.Equal(t, "registry.k8s.io/coredns/coredns:v1.13.1", h.renders(h.talos("cp-2"), "11-core-dns", "Deployment"))
	h.healthy("cp-1", "cp-2", "cp-3")
	proxy, err := k.AppsV1().DaemonSets("kube-system").Get(ctx, "kube-proxy", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, "registry.k8s.io/kube-proxy:v1.35.0", proxy.Spec.Template.Spec.Containers[0].Image, "Talos changes no object")
	dns, err := k.AppsV1().Deployments("kube-system").Get(ctx, "coredns", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, "registry.k8s.io/coredns/coredns:v1.13.0", dns.Spec.Template.Spec.Containers[0].Image)
}

// schematicOf is what a node says of its image.
func (h *harness) schematicOf(ctx context.Context, c *client.Client) string {
	h.t.Helper()
	list, err := safe.StateListAll[*runtime.ExtensionStatus](ctx, c.COSI)
	require.NoError(h.t, err)
	for extension := range list.All() {
		if extension.TypedSpec().Metadata.Name == "schematic" {
			return extension.TypedSpec().Metadata.Version
		}
	}
	return ""
}

// TestASchematicComesWithTheImage of the same version.
func TestASchematicComesWithTheImage(t *testing.T) {
	h := newCluster(t)
	const schematic = "0f8d3c9b2a1e4d5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1d2e3f4a5b6c7d8e9f"
	assert.Empty(t, h.schematicOf(h.on("worker-1"), h.talos("cp-1")))
	before := h.mustBootID("worker-1")
	//lint:ignore SA1019 the way before 1.13
	_, err := h.talos("worker-1").Upgrade(h.on("worker-1"), "factory.talos.dev/aws-installer/"+schematic+":v1.13.0", false, false)
	require.NoError(t, err)
	h.upgraded("worker-1", "v1.13.0", before)
	assert.Equal(t, schematic, h.schematicOf(h.on("worker-1"), h.talos("cp-1")))
	worker, err := h.kubernetes().CoreV1().Nodes().Get(t.Context(), "worker-1", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, schematic, worker.Annotations["extensions.talos.dev/schematic"])
}

// TestMetricsNameWhatIsDeprecated and asked for.
func TestMetricsNameWhatIsDeprecated(t *testing.T) {
	h := newCluster(t)
	read := func() string {
		text, err := h.kubernetes().RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
		require.NoError(t, err)
		return string(text)
	}
	assert.NotContains(t, read(), "removed_release")
	for _, name := range []string{"cp-1", "cp-2", "cp-3"} {
		h.injectFault(name, talos.FaultDeprecatedAPI+"=1.36")
	}
	assert.Contains(t, read(), `apiserver_requested_deprecated_apis{group="flowcontrol.apiserver.k8s.io",removed_release="1.36",resource="flowschemas"`)
}
