package lifecycle

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// onlyControlPlane is the only control plane of dev.
const onlyControlPlane = "inferadb-dev-nyc1-control-plane-0"

// infra runs the project's command, while the nodes answer.
func (s *stack) infra(arguments ...string) string {
	s.t.Helper()
	out, err := s.tryInfra(arguments...)
	require.NoError(s.t, err)
	return out
}

func (s *stack) tryInfra(arguments ...string) (string, error) {
	s.t.Helper()
	way, stop := s.startNodes()
	defer stop()
	return s.try([]string{strings.TrimPrefix(way, "export ")}, "infra", arguments...)
}

// talosctl runs Talos' command with the stack's own talosconfig.
func (s *stack) talosctl(arguments ...string) string {
	s.t.Helper()
	file := s.path("talosconfig")
	require.NoError(s.t, os.WriteFile(file, []byte(s.pulumi("stack", "output", "talosconfig", "--show-secrets")), 0o600))
	out, err := s.try(nil, "talosctl", append([]string{"--talosconfig", file}, arguments...)...)
	require.NoError(s.t, err)
	return out
}

// addressOf is a named node's address.
func (s *stack) addressOf(name string) string {
	s.t.Helper()
	for _, r := range s.resources() {
		if strings.HasSuffix(r["urn"].(string), applied+"::"+name) {
			return r["outputs"].(map[string]any)["node"].(string)
		}
	}
	require.Fail(s.t, "there is no node "+name)
	return ""
}

// TestOnlyControlPlaneIsLost restores a snapshot the first time and begins with an empty etcd the second time. Without
// either, up would make a machine that nothing bootstraps.
func TestOnlyControlPlaneIsLost(t *testing.T) {
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "dev", cloud)
			s.up()
			s.talosctl("--nodes", s.addressOf(onlyControlPlane), "etcd", "snapshot", s.path("etcd.snapshot"))
			_, err := s.tryInfra("bootstrap", "forget", "--stack", "dev")
			require.ErrorContains(t, err, "etcd runs on "+onlyControlPlane)
			s.loses(onlyControlPlane)
			s.set("acknowledge", `["etcd-restore:inferadb-dev-nyc1"]`)
			s.up()
			s.talosctl("--nodes", s.addressOf(onlyControlPlane), "bootstrap", "--recover-from", s.path("etcd.snapshot"))
			s.nodes()
			s.set("acknowledge", "[]")
			s.settled()

			s.loses(onlyControlPlane)
			assert.Contains(t, s.infra("bootstrap", "forget", "--stack", "dev"), "the next up starts an empty one")
			s.up()
			s.nodes()
			s.settled()
			s.destroy()
		})
	}
}

// loses terminates a machine, and expects that a refresh and an up do not make another.
func (s *stack) loses(name string) {
	s.t.Helper()
	_, err := s.try(nil, "simulator", "terminate", name)
	require.NoError(s.t, err)
	s.pulumi("refresh", "--yes", "--skip-preview")
	s.refusedUp("regions[0]: inferadb-dev-nyc1 has lost "+name, "etcd-restore:inferadb-dev-nyc1", "make forget-bootstrap")
}

// TestBootstrapThatTheStateDoesNotKnow loses the answer of the bootstrap, as a killed up does.
func TestBootstrapThatTheStateDoesNotKnow(t *testing.T) {
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "dev", cloud)
			s.failingUp("aws:ec2/vpc:Vpc#1,gcp:compute/network:Network#1,digitalocean:index/vpc:Vpc#1")
			assert.Contains(t, s.infra("bootstrap", "record", "--stack", "dev"), "it has no control plane yet")
			s.failingUp("talos:machine/bootstrap:Bootstrap#1:lost")
			_, err := s.try(nil, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
			require.ErrorContains(t, err, "AlreadyExists")
			said := s.infra("bootstrap", "record", "--stack", "dev")
			assert.Contains(t, said, "etcd runs with the members "+onlyControlPlane)
			assert.Contains(t, said, "make up STACK=dev")
			assert.Contains(t, s.infra("bootstrap", "record", "--stack", "dev"), "Nothing was changed")
			s.up()
			s.nodes()
			s.settled()
			s.destroy()
		})
	}
}
