package machineconfig

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

func TestEachKubernetesHasItsCilium(t *testing.T) {
	for kubernetes, want := range map[string]string{
		"1.32.9": "1.19.3", "1.33.0": "1.20.2", "1.35.4": "1.20.2", "1.36.5": "1.20.2",
	} {
		version, err := CiliumVersion(kubernetes)
		require.NoError(t, err)
		assert.Equal(t, want, version, kubernetes)
	}
	for _, kubernetes := range []string{"1.31.9", "1.37.0", "2.33.0", "x"} {
		_, err := CiliumVersion(kubernetes)
		assert.Error(t, err, kubernetes)
	}
}

// TestCiliumFiles holds the table and the files together.
func TestCiliumFiles(t *testing.T) {
	files, err := ciliumFiles.ReadDir("cilium")
	require.NoError(t, err)
	require.Len(t, files, len(ciliumReleases))
	for _, release := range ciliumReleases {
		for _, encrypted := range []bool{true, false} {
			manifests, err := Cilium(release.version, encrypted)
			require.NoError(t, err)
			texts := map[string]string{}
			for _, manifest := range manifests {
				texts[manifest.Name] = manifest.Contents
			}
			version, found := InstalledCilium(texts)
			assert.Equal(t, release.version, version)
			assert.Equal(t, encrypted, found)
			daemonSet := objectNamed(t, texts["cilium"], "DaemonSet", "cilium")
			assert.Equal(t, map[string]any{
				"meta.helm.sh/release-name": "cilium", "meta.helm.sh/release-namespace": "kube-system",
			}, daemonSet["metadata"].(map[string]any)["annotations"])
			for _, name := range []string{"deny-metadata", "deny-talos-api"} {
				objectNamed(t, texts["cilium-policies"], "CiliumClusterwideNetworkPolicy", name)
			}
		}
	}
	_, err = Cilium("1.18.0", true)
	assert.EqualError(t, err, "the program carries no Cilium 1.18.0")
	version, _ := InstalledCilium(map[string]string{"flux": "kind: Namespace"})
	assert.Empty(t, version)
}

// TestCiliumConfig reads what Talos needs of Cilium in its own configuration.
func TestCiliumConfig(t *testing.T) {
	for _, release := range ciliumReleases {
		for _, encrypted := range []bool{true, false} {
			manifests, err := Cilium(release.version, encrypted)
			require.NoError(t, err)
			data := objectNamed(t, manifests[0].Contents, "ConfigMap", "cilium-config")["data"].(map[string]any)
			for key, want := range map[string]string{
				"kube-proxy-replacement": "true", "ipam": "kubernetes", "cgroup-root": "/sys/fs/cgroup", "routing-mode": "tunnel",
				"tunnel-protocol": "vxlan", "enable-hubble": "false", "enable-k8s-networkpolicy": "true", "enable-non-default-deny-policies": "true",
			} {
				assert.Equal(t, want, data[key], "%s: %s", release.version, key)
			}
			assert.Equal(t, encrypted, data["enable-wireguard"] == "true")
			assert.NotContains(t, manifests[0].Contents, "SYS_MODULE")
			assert.Contains(t, manifests[0].Contents, "name: KUBERNETES_SERVICE_PORT\n              value: \"7445\"")
		}
	}
}

// TestManifestsStandInTheConfiguration: they arrive as they are, and no patch changes them.
func TestManifestsStandInTheConfiguration(t *testing.T) {
	manifests, err := Cilium("1.20.2", true)
	require.NoError(t, err)
	in := input(ControlPlane, func(in *Input) { in.Manifests = manifests })
	for _, manifest := range manifests {
		assert.Equal(t, manifest.Contents, InlineManifests(loaded(t, in))[manifest.Name])
	}
	in.Patches = []string{"cluster: {inlineManifests: [{name: ci, contents: 'kind: Namespace'}]}"}
	assert.Len(t, InlineManifests(loaded(t, in)), 3, "a patch may add one")
	in.Patches = []string{"cluster: {inlineManifests: [{name: cilium, contents: 'kind: Namespace'}]}"}
	_, err = Generate(in, bundleOfWords())
	assert.ErrorContains(t, err, `inline manifest name "cilium" is duplicate`)
	in.Patches = []string{"cluster: {inlineManifests: {$patch: delete}}"}
	_, err = Generate(in, bundleOfWords())
	assert.ErrorContains(t, err, "a patch changes the inline manifest")
}

func objectNamed(t *testing.T, text, kind, name string) map[string]any {
	t.Helper()
	for _, part := range strings.Split(text, "\n---\n") {
		var object map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(part), &object))
		metadata, _ := object["metadata"].(map[string]any)
		if object["kind"] == kind && metadata["name"] == name {
			return object
		}
	}
	require.Fail(t, "no such object", "%s %s", kind, name)
	return nil
}
