package style

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

func TestThePolicyDeniesTheMetadataServiceAndNothingElse(t *testing.T) {
	assertDenies(t, "deny-metadata", map[string]any{"toCIDR": []any{"169.254.169.254/32"}})
}

func TestThePolicyDeniesTheTalosAPIAndNothingElse(t *testing.T) {
	port := func(number string) map[string]any { return map[string]any{"port": number, "protocol": "TCP"} }
	assertDenies(t, "deny-talos-api", map[string]any{
		"toEntities": []any{"host", "remote-node"},
		"toPorts":    []any{map[string]any{"ports": []any{port("50000"), port("50001")}}},
	})
}

// assertDenies wants a policy for every pod, with one denial and no default that shuts the rest.
func assertDenies(t *testing.T, name string, denied map[string]any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "docs", "policies", name+".yaml"))
	require.NoError(t, err)
	var policy map[string]any
	require.NoError(t, yaml.Unmarshal(text, &policy))
	assert.Equal(t, "cilium.io/v2 CiliumClusterwideNetworkPolicy", policy["apiVersion"].(string)+" "+policy["kind"].(string))
	assert.Equal(t, map[string]any{"name": name}, policy["metadata"])
	spec := policy["spec"].(map[string]any)
	delete(spec, "description")
	assert.Equal(t, map[string]any{
		"endpointSelector": map[string]any{}, "enableDefaultDeny": map[string]any{"egress": false}, "egressDeny": []any{denied},
	}, spec)
}
