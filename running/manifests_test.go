package running

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// manifestList is the value of bootstrapManifests with these texts.
func manifestList(t *testing.T, texts ...string) string {
	t.Helper()
	list, err := json.Marshal(texts)
	require.NoError(t, err)
	return string(list)
}

// TestChangedManifestsAreAnnounced: an update creates what is missing, and leaves everything else to Talos' manifest
// sync.
func TestChangedManifestsAreAnnounced(t *testing.T) {
	const (
		space   = "apiVersion: v1\nkind: Namespace\nmetadata: {name: flux-system}\n"
		account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: flux, namespace: flux-system}\n"
		labeled = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: flux, namespace: flux-system, labels: {a: b}}\n"
		spelled = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  namespace: flux-system\n  name: flux\n"
	)
	warnings := func(before, after string) string {
		said, err := Check(stackFile(t, "bootstrapManifests", after), stateOf(t, stackFile(t, "bootstrapManifests", before)), false)
		require.NoError(t, err)
		return strings.Join(said, "\n")
	}
	before := manifestList(t, space, account)
	assert.NotContains(t, warnings(before, before), "bootstrapManifests")
	assert.NotContains(t, warnings(before, manifestList(t, spelled, space)), "bootstrapManifests", "another spelling in another order is no change")
	assert.NotContains(t, warnings(manifestList(t, space), before), "bootstrapManifests", "what is missing is made")
	changed := warnings(before, manifestList(t, space, labeled))
	assert.Contains(t, changed, "bootstrapManifests: "+clusterName+" has ServiceAccount flux-system/flux, which the update leaves as they are")
	assert.NotContains(t, changed, "no longer in the stack file")
	removed := warnings(before, "[]")
	assert.Contains(t, removed, "bootstrapManifests: "+clusterName+" has Namespace flux-system, ServiceAccount flux-system/flux, which are no longer in the stack file")
	assert.Contains(t, removed, "docs/next-steps.md#change-what-the-cluster-starts-with")
}
