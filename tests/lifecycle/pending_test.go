package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// machineTypes are the types of named nodes.
var machineTypes = map[string]string{"aws": instance, "gcp": gceInstance, "digitalocean": droplet}

// TestAMachineIsMadeOnce cuts an up off in both ways while the cloud makes the control plane. A plugin that crashes
// leaves nothing in the state: the next up finds the machine by its name. An up that is killed leaves a pending
// creation, which `make up` stops at: docs/operations.md#what-a-killed-up-leaves.
func TestAMachineIsMadeOnce(t *testing.T) {
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "dev", cloud)
			token := machineTypes[cloud]
			if cloud == "digitalocean" {
				// Nothing else of the type is made at the same time.
				s.set("pools", `[{"name":"workers","size":"small","count":0}]`)
			}

			s.failingUp(token + "#1:crash")
			require.Empty(t, s.pending(), "the state knows nothing")
			_, err := s.try(nil, "infra", "pending")
			require.NoError(t, err)
			_, err = s.try(nil, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
			lost := s.lost(token)
			if cloud == "gcp" {
				require.ErrorContains(t, err, "already exists", "Google refuses a second machine of the same name")
			} else {
				require.ErrorContains(t, err, "regions[0]: "+lost.Name+" runs as "+lost.ID)
				require.ErrorContains(t, err, "docs/operations.md#resources-that-the-state-does-not-know")
			}
			_, err = s.try(nil, "simulator", "delete", token, lost.ID)
			require.NoError(t, err)

			s.killedUp(token, token+"#2:hang")
			_, err = s.try(nil, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
			require.Error(t, err, "an up by hand, which Pulumi only warns of, makes no second machine")
			lost = s.lost(token)
			out, err := s.try(nil, "infra", "pending")
			require.ErrorContains(t, err, "1 creations of dev are pending")
			key := token + "::" + lost.Name
			assert.Contains(t, out, "resolve "+key+"=")
			if cloud == "gcp" {
				assert.Contains(t, out, key+"="+lost.ID, "the id of a machine follows from its name")
			}
			_, err = s.try(nil, "infra", "pending", "resolve", key+"="+lost.ID)
			require.NoError(t, err)
			_, err = s.try(nil, "infra", "pending")
			require.NoError(t, err)

			s.up()
			assert.Equal(t, lost.ID, s.idOf(s.urnOf(token, lost.Name)), "the machine that was made is kept")
			s.nodes()
			s.settled()
			s.destroy()
		})
	}
}

// lost is the control plane that the clouds have and the state has not.
func (s *stack) lost(token string) thing {
	s.t.Helper()
	unknown := s.unknown(token)
	var found []thing
	for _, r := range s.existing() {
		if r.Type == token && slices.Contains(unknown, r.ID) && r.Name == "inferadb-dev-nyc1-control-plane-0" {
			found = append(found, r)
		}
	}
	require.Len(s.t, found, 1)
	return found[0]
}

// killedUp kills an up while a creation hangs and nothing else is left to do, and removes the lock.
func (s *stack) killedUp(token, fault string) {
	s.t.Helper()
	up := s.command(context.Background(), []string{"SIMULATOR_FAULT=" + fault},
		"pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
	require.NoError(s.t, up.Start())
	ended := make(chan error, 1)
	go func() { ended <- up.Wait() }()
	before := -1
	require.Eventually(s.t, func() bool {
		pending, count := s.pending(), s.count()
		quiet := count == before
		before = count
		return quiet && slices.ContainsFunc(pending, func(urn string) bool {
			return typeOf(urn) == token
		}) && len(pending) == 1
	}, patience, 3*time.Second, fmt.Sprintf("only %s is being made", token))
	kill(s.t, up)
	require.Error(s.t, <-ended)
	s.pulumi("cancel", "--yes")
}

// count is how many resources the clouds have.
func (s *stack) count() int {
	s.t.Helper()
	return len(s.existing())
}

// TestAnUnknownRuleIsImported has a plugin crash while the cloud makes a firewall rule. Every later up fails, until the
// rule is imported as docs/operations.md#resources-that-the-state-does-not-know says.
func TestAnUnknownRuleIsImported(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "aws")
	const rule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	s.failingUp(rule + "#1:crash")
	text := s.failingUp("none#1")
	require.Contains(t, text, "InvalidPermission.Duplicate")
	ids := s.unknown(rule)
	require.Len(t, ids, 1)
	var name string
	for _, r := range s.existing() {
		if r.ID == ids[0] {
			name = r.Name
		}
	}
	cluster := "inferadb-dev-nyc1"
	s.pulumi("import", rule, name, ids[0], "--parent", "cluster="+s.urnOf("inferadb:index:TalosCluster", cluster),
		"--provider", "aws="+s.urnOf("pulumi:providers:aws", cluster+"-aws"), "--protect=false", "--generate-code=false", "--yes", "--skip-preview")
	s.up()
	assert.Equal(t, ids[0], s.idOf(s.urnOf(rule, name)))
	s.settled()
	s.destroy()
}
