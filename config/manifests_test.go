package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inferadb/infra/machineconfig"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const fluxNamespace = "{apiVersion: v1, kind: Namespace, metadata: {name: flux-system}}"

// TestBootstrapManifests reads them from files and from the stack file itself. They follow Cilium's, and never stand
// in user data.
func TestBootstrapManifests(t *testing.T) {
	const account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: flux, namespace: flux-system}\n"
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "manifests"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "manifests", "flux.yaml"), []byte(account), 0o600))
	clusters, _, err := LoadFrom(folder, "test", manifests("manifests/flux.yaml", fluxNamespace).settings())
	require.NoError(t, err)
	var names []string
	for _, manifest := range clusters[0].Manifests {
		names = append(names, manifest.Name)
	}
	assert.Equal(t, []string{"cilium", "cilium-policies", "manifests-000", "manifests-001"}, names)
	assert.IsIncreasing(t, names, "Talos goes by the names")
	assert.Equal(t, account, clusters[0].Manifests[2].Contents)
	assert.Equal(t, clusters[0].Manifests, clusters[0].AppliedConfiguration().Manifests)
	assert.Empty(t, clusters[0].ControlPlaneConfiguration().Manifests)
	assert.Empty(t, clusters[0].WorkerConfiguration(clusters[0].Pools[0]).Manifests)

	bring := manifests(fluxNamespace, "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: cilium, namespace: kube-system}}").with("cni", "none")
	clusters, _, err = Load("test", bring.settings())
	require.NoError(t, err, "with cni: none the manifests may bring Cilium")
	assert.Len(t, clusters[0].Manifests, 2)
}

// TestSecretsAmongManifests may stand in an encrypted stack file, and in no file beside it.
func TestSecretsAmongManifests(t *testing.T) {
	const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: token, namespace: default}\nstringData: {token: hunter2}\n"
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "secret.yaml"), []byte(secret), 0o600))
	clusters, _, err := LoadFrom(folder, "test", manifests(secret).settings(), "inferadb:bootstrapManifests")
	require.NoError(t, err)
	assert.Contains(t, clusters[0].Manifests[2].Contents, "hunter2")
	_, _, err = LoadFrom(folder, "test", manifests("secret.yaml").settings(), "inferadb:bootstrapManifests")
	assert.ErrorContains(t, err, "bootstrapManifests[0]: secret.yaml has Secret default/token in clear")
	assert.NotContains(t, err.Error(), "hunter2")
}

// TestOwnManifestsAreRead: what the program installs passes the checks that compare the stack file's objects with it.
func TestOwnManifestsAreRead(t *testing.T) {
	for kubernetes, talos := range map[string]string{"1.32.4": "v1.12.1", DefaultKubernetesVersion: DefaultTalosVersion} {
		for _, manifest := range loadOne(t, stackFile{"kubernetesVersion": kubernetes, "talosVersion": talos}).Manifests {
			objects, err := machineconfig.Objects(manifest.Contents, true)
			require.NoError(t, err, manifest.Name)
			assert.Equal(t, len(objects), strings.Count("\n"+manifest.Contents, "\nkind:"), manifest.Name)
		}
	}
}
