package running

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheProgramsOwnVersionsUpgradeNoCluster(t *testing.T) {
	before := stateOf(t, stackFile(t))
	assert.Equal(t, []string{
		"kubernetesVersion: is not set, and inferadb-staging-nyc1 runs 1.35.0: the program's default 1.36.5 would upgrade it; " +
			"write kubernetesVersion: 1.35.0 into the stack file",
		"talosVersion: is not set, and inferadb-staging-nyc1 runs v1.12.1: the program's default v1.13.10 would upgrade it; " +
			"write talosVersion: v1.12.1 into the stack file",
	}, refusals(t, stackFile(t, "talosVersion", "", "kubernetesVersion", ""), before))
	assert.Empty(t, refusals(t, stackFile(t, "talosVersion", "v1.12.2", "kubernetesVersion", "1.35.1"), before), "a version that is said is meant")
	assert.Empty(t, refusals(t, stackFile(t), before))
}

// TestNoUpdateWhileNodesAreUpgraded closes the time in which the stack file has the versions of before.
func TestNoUpdateWhileNodesAreUpgraded(t *testing.T) {
	before := stateOf(t, stackFile(t))
	assert.Equal(t, []string{
		"upgrade: an upgrade to Talos v1.12.2 and Kubernetes 1.35.1 is under way, and an update would take nodes back to the versions of before; " +
			"finish it: make upgrade STACK=staging; it then removes the key",
	}, refusals(t, stackFile(t, "upgrade", `{"talos":"v1.12.2","kubernetes":"1.35.1"}`), before))
	assert.Empty(t, refusals(t, stackFile(t, "upgrade", `{"talos":"v1.12.2","kubernetes":"1.35.1"}`), State{}), "nothing runs yet")
}
