package lifecycle

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// refusedEdit sets a key of a running stack, expects that preview and up refuse it with each of the texts and that nothing was
// touched, and puts the old value back.
func (s *stack) refusedEdit(key, value, back string, texts ...string) {
	s.t.Helper()
	before := s.identities()
	s.set(key, value)
	for _, command := range [][]string{{"preview"}, {"up", "--yes", "--skip-preview"}} {
		_, err := s.try(nil, "pulumi", append(command, "--non-interactive", "--color", "never")...)
		require.Error(s.t, err, "%s: %s", key, value)
		for _, text := range texts {
			assert.ErrorContains(s.t, err, text)
		}
	}
	assert.Equal(s.t, before, s.identities(), "nothing was made and nothing deleted")
	s.set(key, back)
}

// identities are the resources of the state, each with its id in the cloud.
func (s *stack) identities() map[any]any {
	s.t.Helper()
	ids := map[any]any{}
	for _, r := range s.resources() {
		ids[r["urn"]] = r["id"]
	}
	return ids
}

// TestEtcdKeepsItsQuorum deletes control planes and whole clusters by an edit: only after their members have left.
func TestEtcdKeepsItsQuorum(t *testing.T) {
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "staging", cloud)
			s.up()
			s.refusedEdit("controlPlanes", "1", "3",
				"controlPlanes: inferadb-staging-nyc1 runs 3 control planes, and 1 would delete",
				"etcd-left:inferadb-staging-nyc1-control-plane-2", "docs/operations.md#change-the-number-of-control-planes")
			s.refusedEdit("regions", "[sfo1]", "[nyc1]", "regions: cluster inferadb-staging-nyc1 runs", "cluster-removed:inferadb-staging-nyc1")
			s.settled()
			s.destroy()
		})
	}
}
