//go:build apiserver

package apiserver

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inferadb/infra/components/machineconfig"
	"github.com/inferadb/infra/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// apply sends an object by server-side apply, and has the server refuse what it does not know.
func apply(t *testing.T, admin *rest.RESTClient, object *unstructured.Unstructured) error {
	t.Helper()
	path := pathOf(t, admin, object)
	require.NotEmpty(t, path, "the server has no %s", object.GroupVersionKind())
	text, err := json.Marshal(object)
	require.NoError(t, err)
	return admin.Patch(types.ApplyPatchType).AbsPath(path).Param("fieldManager", "test").Param("fieldValidation", "Strict").
		Body(text).Do(t.Context()).Error()
}

// pathOf is the address of an object; empty if the server does not know its kind.
func pathOf(t *testing.T, admin *rest.RESTClient, object *unstructured.Unstructured) string {
	t.Helper()
	version := object.GroupVersionKind().GroupVersion()
	root := "/apis/" + version.String()
	if version.Group == "" {
		root = "/api/" + version.Version
	}
	var list metav1.APIResourceList
	text, err := admin.Get().AbsPath(root).Do(t.Context()).Raw()
	if err != nil || json.Unmarshal(text, &list) != nil {
		return ""
	}
	i := slices.IndexFunc(list.APIResources, func(r metav1.APIResource) bool {
		return r.Kind == object.GetKind() && !strings.Contains(r.Name, "/")
	})
	switch {
	case i < 0:
		return ""
	case list.APIResources[i].Namespaced:
		return root + "/namespaces/" + object.GetNamespace() + "/" + list.APIResources[i].Name + "/" + object.GetName()
	}
	return root + "/" + list.APIResources[i].Name + "/" + object.GetName()
}

// definitions are Cilium's own kinds, which its operator registers. They stand in Cilium's Go module, as the chart does
// that tools/cilium renders.
func definitions(t *testing.T, version string) []*unstructured.Unstructured {
	t.Helper()
	answer, err := exec.Command("go", "mod", "download", "-json", "github.com/cilium/cilium@v"+version).Output()
	require.NoError(t, err, "%s", answer)
	var module struct{ Dir string }
	require.NoError(t, json.Unmarshal(answer, &module))
	files, err := filepath.Glob(filepath.Join(module.Dir, "pkg/k8s/apis/cilium.io/client/crds/*/*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var all []*unstructured.Unstructured
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		objects, err := machineconfig.Manifest{Contents: string(text)}.Objects()
		require.NoError(t, err, file)
		all = append(all, objects...)
	}
	return all
}

// TestTheServerTakesCilium applies what `cni: cilium` installs, with and without encryption: Cilium's objects, and the
// network policies of docs/policies.
func TestTheServerTakesCilium(t *testing.T) {
	s := production(t)
	admin := s.admin(t)
	version, err := machineconfig.CiliumVersion(config.DefaultKubernetesVersion)
	require.NoError(t, err)
	for _, definition := range definitions(t, version) {
		require.NoError(t, apply(t, admin, definition), definition.GetName())
	}
	applied := map[string]int{}
	for _, encrypted := range []bool{true, false} {
		manifests, err := machineconfig.Cilium(version, encrypted)
		require.NoError(t, err)
		for _, manifest := range manifests {
			objects, err := manifest.Objects()
			require.NoError(t, err)
			for _, object := range objects {
				require.Eventually(t, func() bool { return pathOf(t, admin, object) != "" }, time.Minute,
					200*time.Millisecond, object.GetKind())
				assert.NoError(t, apply(t, admin, object), "%s %s", object.GetKind(), object.GetName())
				applied[object.GetKind()]++
				refusesUnknown(t, admin, object)
			}
		}
	}
	assert.Equal(t, 4, applied["CiliumClusterwideNetworkPolicy"])
	assert.Equal(t, 4, applied["DaemonSet"])
}

// refusesUnknown shows that a misspelled field of the object would have been seen.
func refusesUnknown(t *testing.T, admin *rest.RESTClient, object *unstructured.Unstructured) {
	t.Helper()
	misspelled := object.DeepCopy()
	misspelled.Object["misspelled"] = map[string]any{}
	assert.ErrorContains(t, apply(t, admin, misspelled), "misspelled", "%s %s", object.GetKind(), object.GetName())
	spec, ok := misspelled.Object["spec"].(map[string]any)
	if !ok {
		return
	}
	delete(misspelled.Object, "misspelled")
	spec["misspelled"] = []any{}
	assert.ErrorContains(t, apply(t, admin, misspelled), ".spec.misspelled", "%s %s", object.GetKind(), object.GetName())
}
