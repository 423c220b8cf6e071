package lifecycle

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// refusedEdit sets a key of a running stack, expects that preview and up refuse it with each of the texts and that
// nothing was touched, and puts the old value back.
func (s *stack) refusedEdit(key, value, back string, texts ...string) {
	s.t.Helper()
	s.set(key, value)
	s.refusedUp(texts...)
	s.set(key, back)
}

// refusedUp expects that preview and up are refused with each of the texts and that nothing is touched.
func (s *stack) refusedUp(texts ...string) {
	s.t.Helper()
	before := s.identities()
	for _, command := range [][]string{{"preview"}, {"up", "--yes", "--skip-preview"}} {
		_, err := s.try(nil, "pulumi", append(command, "--non-interactive", "--color", "never")...)
		require.Error(s.t, err)
		for _, text := range texts {
			assert.ErrorContains(s.t, err, text)
		}
	}
	assert.Equal(s.t, before, s.identities(), "nothing was made and nothing deleted")
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
			for _, lost := range []string{"inferadb-staging-nyc1-control-plane-1", "inferadb-staging-nyc1-control-plane-2"} {
				_, err := s.try(nil, "simulator", "terminate", lost)
				require.NoError(t, err)
			}
			s.pulumi("refresh", "--yes", "--skip-preview")
			s.refusedUp("regions[0]: inferadb-staging-nyc1 has lost inferadb-staging-nyc1-control-plane-1, inferadb-staging-nyc1-control-plane-2",
				"with 2 of 3 machines etcd has lost its quorum", "docs/operations.md#recover-lost-control-planes")
			_, err := s.tryInfra("bootstrap", "forget", "--stack", "staging")
			require.ErrorContains(t, err, "etcd runs on inferadb-staging-nyc1-control-plane-0", "what is left can still be saved")
			s.destroy()
		})
	}
}
