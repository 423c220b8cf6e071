package style

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// TestThePolicyDeniesTheMetadataServiceAndNothingElse: every pod, one address, and no default that shuts the rest.
func TestThePolicyDeniesTheMetadataServiceAndNothingElse(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, "docs", "policies", "deny-metadata.yaml"))
	require.NoError(t, err)
	var policy map[string]any
	require.NoError(t, yaml.Unmarshal(text, &policy))
	assert.Equal(t, "cilium.io/v2 CiliumClusterwideNetworkPolicy", policy["apiVersion"].(string)+" "+policy["kind"].(string))
	spec := policy["spec"].(map[string]any)
	delete(spec, "description")
	assert.Equal(t, map[string]any{
		"endpointSelector":  map[string]any{},
		"enableDefaultDeny": map[string]any{"egress": false},
		"egressDeny":        []any{map[string]any{"toCIDR": []any{"169.254.169.254/32"}}},
	}, spec)
}
