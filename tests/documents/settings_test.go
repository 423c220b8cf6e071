package documents

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/regions"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// exampleRegion is the one that docs/adding-a-region.md adds.
const exampleRegion = "fra1"

// TestEveryYAMLIsReadAndEverySettingAccepted takes each piece of a stack file in a document for a stack of its own, in
// staging on AWS unless it says otherwise.
func TestEveryYAMLIsReadAndEverySettingAccepted(t *testing.T) {
	accepted := 0
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.language != "yaml" || strings.Contains(b.text, exampleRegion) {
				continue
			}
			var piece map[string]any
			if !assert.NoError(t, yaml.Unmarshal([]byte(b.text), &piece), b.at) {
				continue
			}
			if whole, ok := piece["config"].(map[string]any); ok {
				piece = whole
			}
			settings := map[string]any{"inferadb:environment": "staging", "inferadb:provider": providerOf(b), "inferadb:regions": []string{"nyc1"}}
			said := false
			for key, value := range piece {
				if strings.HasPrefix(key, "inferadb:") {
					settings[key], said = value, true
				}
			}
			if said {
				accepted++
				accept(t, b, settings)
			}
		}
	}
	assert.Greater(t, accepted, 4)
}

// providerOf returns the cloud that a block is for: the one that it needs, else AWS.
func providerOf(b block) string {
	if _, err := regions.LookupProvider(b.needs); err == nil {
		return b.needs
	}
	return string(regions.AWS)
}

func accept(t *testing.T, b block, settings map[string]any) {
	t.Helper()
	text, err := yaml.Marshal(map[string]any{"config": settings})
	require.NoError(t, err)
	folder := t.TempDir()
	// What the reader writes into the files that a document names makes its namespace, as an installation of Flux does.
	manifests, _ := settings["inferadb:bootstrapManifests"].([]any)
	for _, item := range manifests {
		if name := fmt.Sprint(item); filepath.IsLocal(name) && strings.HasSuffix(name, ".yaml") {
			require.NoError(t, os.MkdirAll(filepath.Join(folder, filepath.Dir(name)), 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(`{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}}`), 0o600))
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "Pulumi.document.yaml"), text, 0o600))
	read, err := config.ReadStackFile(folder, "document")
	require.NoError(t, err)
	_, _, err = config.LoadFrom(folder, "document", read)
	assert.NoError(t, err, b.at)
}
