package lifecycle

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inferadb/infra/simulator/sandbox"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBackend takes the place where state lies through its life: up, nothing left to do, its own state lost and
// everything adopted without a change, and taken down.
func TestBackend(t *testing.T) {
	t.Parallel()
	cli, err := sandbox.CLI(repository, "./backend", t.TempDir())
	require.NoError(t, err)
	s := newFolder(t, "staging", "backend", cli)
	// Nothing in this state is secret: docs/state.md.
	s.environment = append(s.environment, "PULUMI_CONFIG_PASSPHRASE=")
	s.pulumi("stack", "init", "staging", "--secrets-provider", "passphrase")
	s.pulumi("config", "set", "accessLog", "true")
	s.pulumi("config", "set", "repository", "acme/infra")
	s.up()
	s.settled()
	assert.Equal(t, "s3://inferadb-pulumi-state-staging?region=us-east-1\n", s.pulumi("stack", "output", "backend"))
	_, err = s.try(nil, "pulumi", "destroy", "--yes", "--non-interactive", "--color", "never")
	require.ErrorContains(t, err, "protect")

	stamps := s.stamps()
	s.pulumi("preview")
	s.pulumi("refresh", "--preview-only")
	assert.Equal(t, stamps, s.stamps(), "a preview writes nothing into the state: its role in CI may not")

	before, clouds := resources(s), s.existingText()
	for _, folder := range []string{"home", "state"} {
		require.NoError(t, os.RemoveAll(s.path(folder)))
		require.NoError(t, os.Mkdir(s.path(folder), 0o700))
	}
	s.pulumi("stack", "init", "staging", "--secrets-provider", "passphrase")
	_, err = s.try(nil, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
	require.ErrorContains(t, err, "AlreadyExists", "what exists is adopted, not made again")
	assert.Equal(t, clouds, s.existingText(), "and not touched")
	settings := s.environment
	s.environment = append(settings, "BACKEND_ADOPT=1")
	imported := 0
	for step, count := range s.preview() {
		if strings.HasPrefix(step, "import ") {
			imported += count
			continue
		}
		assert.Contains(t, []string{"create pulumi:pulumi:Stack", "create pulumi:providers:aws"}, step, "an import that differs")
	}
	assert.Len(t, before, imported)
	s.up()
	s.environment = settings
	s.settled()
	assert.Equal(t, before, resources(s), "everything was adopted")
	assert.Equal(t, clouds, s.existingText(), "nothing was changed")

	s.pulumi("config", "set", "protection", "false")
	s.up()
	_, err = s.try(nil, "simulator", "set-object-count", "inferadb-pulumi-state-staging", "1")
	require.NoError(t, err)
	_, err = s.try(nil, "pulumi", "destroy", "--yes", "--non-interactive", "--color", "never")
	require.ErrorContains(t, err, "BucketNotEmpty", "a state is never deleted with its bucket")
	_, err = s.try(nil, "simulator", "set-object-count", "inferadb-pulumi-state-staging", "0")
	require.NoError(t, err)
	s.destroy()
}

// existingText is everything that exists in the simulated clouds, as one text to compare.
func (s *stack) existingText() string {
	s.t.Helper()
	out, err := s.try(nil, "simulator", "resources", "--json")
	require.NoError(s.t, err)
	return out
}

// resources are the types and ids of the state's resources.
func resources(s *stack) map[string]bool {
	s.t.Helper()
	found := map[string]bool{}
	for _, one := range s.export()["deployment"].(map[string]any)["resources"].([]any) {
		if r := one.(map[string]any); r["custom"] == true && !strings.HasPrefix(r["type"].(string), "pulumi:") {
			found[r["urn"].(string)] = true
		}
	}
	return found
}

// stamps are the times of the last change of everything in the folder of the state. A file that came and went leaves
// the mark on its folder.
func (s *stack) stamps() map[string]time.Time {
	s.t.Helper()
	stamps := map[string]time.Time{}
	require.NoError(s.t, filepath.WalkDir(s.path("state"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		stamps[path] = info.ModTime()
		return err
	}))
	return stamps
}
