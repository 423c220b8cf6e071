package running

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const clusterName = "inferadb-staging-nyc1"

func TestACiliumOfOnesOwnIsNotOverwritten(t *testing.T) {
	before := stateOf(t, stackFile(t, "cni", "none"))
	refused := refusals(t, stackFile(t), before)
	require.Len(t, refused, 1)
	assert.Contains(t, refused[0], "cni: "+clusterName+" runs without the Cilium that cni: cilium installs")
	assert.Empty(t, refusals(t, stackFile(t, "cni", "none"), before))
	assert.Empty(t, refusals(t, stackFile(t, "acknowledge", `["cilium-replaced:`+clusterName+`"]`), before))
}

func TestCiliumIsHandedOverBeforeItLeavesTheConfiguration(t *testing.T) {
	before := stateOf(t, stackFile(t))
	refused := refusals(t, stackFile(t, "cni", "none"), before)
	require.Len(t, refused, 1)
	assert.Contains(t, refused[0], "cni: the program installed Cilium 1.20.2 in "+clusterName)
	assert.Contains(t, refused[0], "docs/next-steps.md#hand-cilium-over")
	assert.Empty(t, refusals(t, stackFile(t, "cni", "none", "acknowledge", `["cilium-handed-over:`+clusterName+`"]`), before))
}

func TestNodesKeepTheirNames(t *testing.T) {
	before := stateOf(t, stackFile(t))
	refused := refusals(t, stackFile(t, "cloudController", "true"), before)
	require.Len(t, refused, 2, "control planes, and the pool")
	assert.Contains(t, refused[0], "cloudController: has "+clusterName+"-control-plane-0")
	assert.Contains(t, refused[0], "register by its full name instead of its host name")
	with := stackFile(t, "cloudController", "true")
	assert.Empty(t, refusals(t, with, stateOf(t, with)))
	refused = refusals(t, stackFile(t), stateOf(t, with))
	require.Len(t, refused, 2)
	assert.Contains(t, refused[0], "register by its host name instead of its full name")

	// A controller that knows nodes by their host names can be had later.
	by := `{"all":["cluster: {externalCloudProvider: {enabled: true}}"]}`
	warnings, err := Check(stackFile(t, "patches", by), before, false)
	require.NoError(t, err)
	assert.Contains(t, strings.Join(warnings, "\n"), clusterName+"-control-plane: its running nodes do not wait for a cloud controller")
}

func TestAnotherCiliumIsAnnounced(t *testing.T) {
	before := stateOf(t, stackFile(t, "kubernetesVersion", "1.32.4"))
	warnings, err := Check(stackFile(t, "kubernetesVersion", "1.33.0"), before, false)
	require.NoError(t, err)
	assert.Contains(t, strings.Join(warnings, "\n"), clusterName+": the nodes are given Cilium 1.20.2 instead of 1.19.3")

	warnings, err = Check(stackFile(t, "podEncryption", "none"), stateOf(t, stackFile(t)), false)
	require.NoError(t, err)
	assert.Contains(t, strings.Join(warnings, "\n"), clusterName+": the nodes are given another podEncryption")
}
