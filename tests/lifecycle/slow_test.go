package lifecycle

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slowness is how a cloud is slow in TestSlowClouds.
type slowness struct {
	// refused is a call that the API refuses more often than the provider tries, and what the provider then says; empty
	// for a provider that never gives up.
	refused, says string
	// throttled is a call that is refused less often.
	throttled string
	// timeout is a resource for which the provider does not wait for long enough.
	timeout string
	// changed and deleted are steps that fail, the second after the cloud has done it. Rules of AWS are deleted, not
	// changed.
	changed, deleted string
}

var slowClouds = map[string]slowness{
	"aws": {
		refused: awsVPC + "#1:throttled=30", says: "RequestLimitExceeded", throttled: instance + "#1:throttled=20", timeout: loadBalancer + "#1:timeout",
		changed: awsIn + "@delete#1", deleted: awsVPC + "@delete#1:lost",
	},
	"gcp": {
		throttled: gceInstance + "#1:throttled=30", timeout: gcpBackend + "#1:timeout",
		changed: gcpFirewall + "@update#1:timeout", deleted: gcpNetwork + "@delete#1:lost",
	},
	"digitalocean": {
		refused: doVPC + "#1:throttled=5", says: "429 (too_many_requests)", throttled: droplet + "#1:throttled=3", timeout: doLoadBalancer + "#1:timeout",
		changed: doFirewall + "@update#1", deleted: doVPC + "@delete#1:lost",
	},
}

// TestSlowClouds lets the clouds refuse calls because there are too many, take longer than the providers wait, and not
// know at once of what they have made. What the providers bridge by themselves nobody notices; otherwise the next up
// goes on from there, and nothing is made twice.
func TestSlowClouds(t *testing.T) {
	takesLong(t)
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s, slow := newStack(t, "dev", cloud), slowClouds[cloud]
			if slow.refused != "" {
				assert.Contains(t, s.failingUp(slow.refused), slow.says)
			}
			assert.Regexp(t, "does not exist|was not found|could not be found", s.slowUp(t, "SIMULATOR_PROPAGATION=1h"),
				"what is unknown for longer than the providers try fails")
			assert.Contains(t, s.slowUp(t, "SIMULATOR_PROPAGATION=200ms", "SIMULATOR_FAULT="+slow.timeout), "timeout while waiting for state")
			_, err := s.try([]string{"SIMULATOR_PROPAGATION=200ms", "SIMULATOR_FAULT=" + slow.throttled},
				"pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
			require.NoError(t, err, "what the provider bridges by itself")
			s.nodes()
			s.settled()
			s.madeOnce()

			s.set("operatorCidrs", `["10.0.0.0/8"]`)
			s.failingUp(slow.changed)
			s.up()
			s.settled()
			s.madeOnce()

			_, err = s.try([]string{"SIMULATOR_FAULT=" + slow.deleted}, "pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
			require.ErrorContains(t, err, "simulated fault")
			s.destroy()
		})
	}
}

// slowUp is an up that fails in an environment; it returns what was printed.
func (s *stack) slowUp(t *testing.T, environment ...string) string {
	t.Helper()
	_, err := s.try(environment, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
	require.Error(t, err)
	return err.Error()
}

// madeOnce expects that the state knows everything that the clouds have.
func (s *stack) madeOnce() {
	s.t.Helper()
	known := map[any]bool{}
	for _, resource := range s.resources() {
		known[resource["id"]] = true
	}
	for _, r := range s.existing() {
		// What has no inputs was made by a scaling group.
		assert.True(s.t, len(r.Inputs) == 0 || known[r.ID], "the state knows %s %s", r.Type, r.ID)
	}
}
