package lifecycle

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inferadb/infra/regions"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestKilledAtEveryStep kills the engine at each operation of an up of staging, after the cloud has made the resource
// and before the state knows it, and then at each deletion of the destroy. After each kill `make up` is told what
// became of the resource, as docs/operations.md#what-a-killed-up-leaves says. In the end nothing was made twice, and
// the destroy leaves nothing.
func TestKilledAtEveryStep(t *testing.T) {
	takesLong(t)
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "staging", cloud)
			pools := `{"name":"workers","size":"small","count":1}`
			if can, err := regions.CapabilitiesOf(regions.Provider(cloud)); err == nil && can.ScalingGroups {
				pools += `,{"name":"batch","size":"small","min":1,"max":2}`
			}
			s.set("pools", "["+pools+"]")
			ups := s.killedAtEveryStep("up")
			s.nodes()
			s.settled()
			assert.Empty(t, s.pending())
			for token := range typesOf(s.existing()) {
				assert.Empty(t, s.unknown(token), "the state knows every %s", token)
			}
			made := 0
			for _, r := range s.stateFile() {
				if r.ID != "" && !strings.HasPrefix(r.Type, "pulumi:") {
					made++
				}
			}
			destroys := s.killedAtEveryStep("destroy")
			_, err := s.try(nil, "simulator", "resources", "--expect-empty")
			require.NoError(t, err)
			t.Logf("%d resources: killed at the creation of %d and at the deletion of %d", made, ups, destroys)
			// The engine takes what does not wait for each other in another order in each run, so that one that is let
			// pass may not be the one that was killed.
			assert.Greater(t, ups, made*8/10)
			assert.Greater(t, destroys, made/2)
		})
	}
}

func typesOf(all []thing) map[string]bool {
	types := map[string]bool{}
	for _, r := range all {
		types[r.Type] = true
	}
	return types
}

// killedAtEveryStep runs the command until it ends, with one operation at a time. Each run is killed at its first
// operation, or at its second if the first is the one that the last run was killed at and has to make again: a creation
// of which the cloud has nothing, and every deletion. It returns how many resources were being made or deleted when it
// was killed.
func (s *stack) killedAtEveryStep(command string) int {
	s.t.Helper()
	operation, killed := 1, map[string]bool{}
	for n := 0; ; n++ {
		require.Less(s.t, n, 400, "%s does not end", command)
		run := s.command(context.Background(), []string{fmt.Sprintf("SIMULATOR_FAULT=any-%s-%d#%d:hang", command, n, operation)},
			"pulumi", command, "--yes", "--skip-preview", "--non-interactive", "--color", "never", "--parallel", "1")
		said := &strings.Builder{}
		run.Stdout, run.Stderr = said, said
		require.NoError(s.t, run.Start())
		ended := make(chan error, 1)
		go func() { ended <- run.Wait() }()
		hangs, before := false, false
		for !hangs {
			select {
			case err := <-ended:
				require.NoError(s.t, err, "%s, run %d:\n%s", command, n, said)
				return len(killed)
			case <-time.After(300 * time.Millisecond):
				// An operation is counted a moment before the cloud makes the resource: a second look finds it made.
				counted := s.hangs(command, n, operation)
				hangs, before = counted && before, counted
			}
		}
		kill(s.t, run)
		require.Error(s.t, <-ended)
		s.pulumi("cancel", "--yes")
		urn := s.pending()[0]
		killed[urn] = true
		operation = 1
		if s.resolvePending() == "none" || command == "destroy" {
			operation = 2
		}
		s.t.Logf("%s %d: killed at %s", command, n+1, urn)
	}
}

// hangs reports whether the operation has been counted, and so never answers.
func (s *stack) hangs(command string, n, operation int) bool {
	s.t.Helper()
	files, err := filepath.Glob(s.path("store", "*"))
	require.NoError(s.t, err)
	counted := slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(text), fmt.Sprintf(`"create any-%s-%d":%d`, command, n, operation))
	})
	return counted && len(s.pending()) > 0
}

// advised is what `infra pending` advises for a creation: the key and the id, or nothing where it does not know.
var advised = regexp.MustCompile(`resolve (\S+::\S+)=(\S*)`)

// resolvePending says of the creation that was cut off under which id the cloud has it, and returns the id: none if the
// cloud has nothing of it, and empty if no creation was cut off.
func (s *stack) resolvePending() string {
	s.t.Helper()
	out, err := s.try(nil, "infra", "pending")
	if err == nil {
		return ""
	}
	match := advised.FindStringSubmatch(out)
	require.NotNil(s.t, match, "%s\n%s", out, err)
	key, id := match[1], match[2]
	token, _, _ := strings.Cut(key, "::")
	if id != "none" {
		// A person looks for it in the cloud.
		id = "none"
		if unknown := s.unknown(token); len(unknown) > 0 {
			require.Len(s.t, unknown, 1, key)
			id = unknown[0]
		}
	}
	_, err = s.try(nil, "infra", "pending", "resolve", key+"="+id)
	require.NoError(s.t, err, out)
	if strings.Contains(out, "make record-bootstrap STACK="+s.name) {
		assert.Contains(s.t, s.infra("bootstrap", "record", "--stack", s.name), "The bootstrap is recorded")
		return "recorded"
	}
	return id
}
