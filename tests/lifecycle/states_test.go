package lifecycle

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// secondState is the same stack in another checkout: a state of its own, in the same accounts.
func (s *stack) secondState(provider string) *stack {
	s.t.Helper()
	second := newStack(s.t, s.name, provider)
	second.environment = append(second.environment, "SIMULATOR_STORE="+s.path("store"))
	return second
}

// TestTwoStatesOneAccount runs one stack from two checkouts. The second is refused before it makes anything, and its
// destroy leaves the first one's firewalls, targets and machines as they are.
func TestTwoStatesOneAccount(t *testing.T) {
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			first := newStack(t, "dev", cloud)
			first.up()
			before, machines := first.existing(), first.nodes()

			second := first.secondState(cloud)
			for _, command := range [][]string{{"preview"}, {"up", "--yes", "--skip-preview"}} {
				_, err := second.try(nil, "pulumi", append(command, "--non-interactive", "--color", "never")...)
				require.ErrorContains(t, err, "regions[0]: ")
				assert.ErrorContains(t, err, "which the state of this stack does not know")
				assert.ErrorContains(t, err, "docs/state.md#one-cluster-one-state")
			}
			second.pulumi("destroy", "--yes", "--skip-preview")

			assert.Equal(t, before, first.existing(), "the second state touched nothing")
			assert.ElementsMatch(t, machines, first.nodes())
			first.settled()
			first.destroy()
		})
	}
}

// TestTagsBelongToOneState begins a cluster from two checkouts at once: neither knew of the other when it asked. The
// tags by which firewalls and load balancer find the droplets are not shared, so that what one deletes is its own.
func TestTagsBelongToOneState(t *testing.T) {
	t.Parallel()
	first := newStack(t, "dev", "digitalocean")
	second := first.secondState("digitalocean")
	// Nothing is made but the second state's tags.
	text := second.failingUp("digitalocean:index/vpc:Vpc#1,digitalocean:index/sshKey:SshKey#1,digitalocean:index/customImage:CustomImage#1")
	require.Contains(t, text, "simulated fault")
	first.up()
	machines := first.nodes()
	second.pulumi("destroy", "--yes", "--skip-preview")
	assert.ElementsMatch(t, machines, first.nodes())
	first.settled()

	// The state of a cluster from before has the tag under a name that the program gave. It keeps it.
	state := first.export()
	for _, r := range state["deployment"].(map[string]any)["resources"].([]any) {
		if r := r.(map[string]any); r["type"] == "digitalocean:index/tag:Tag" {
			delete(r["inputs"].(map[string]any), "__defaults")
		}
	}
	first.importState(state)
	first.settled()
	first.destroy()
}

// importState replaces the stack's state.
func (s *stack) importState(state map[string]any) {
	s.t.Helper()
	text, err := json.Marshal(state)
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(s.path("edited.json"), text, 0o600))
	s.pulumi("stack", "import", "--file", s.path("edited.json"))
}
