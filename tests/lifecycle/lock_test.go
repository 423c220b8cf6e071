package lifecycle

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// locks are the files by which Pulumi keeps a stack to one update at a time.
func (s *stack) locks() []string {
	s.t.Helper()
	locks, err := filepath.Glob(s.path("state", ".pulumi", "locks", "organization", "inferadb", s.name, "*.json"))
	require.NoError(s.t, err)
	return locks
}

// TestTwoUpsAtOnce runs an up while another one runs: it is refused before it touches anything, and the first one ends
// as if it had been alone.
func TestTwoUpsAtOnce(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "aws")
	_, ended := s.startUp()
	for _, second := range []string{"up", "refresh", "destroy"} {
		// Who reads the state in the moment in which it is written is refused as well, in other words.
		require.Eventually(t, func() bool {
			_, err := s.try(nil, "pulumi", second, "--yes", "--skip-preview", "--non-interactive", "--color", "never")
			require.Error(t, err, second)
			return strings.Contains(err.Error(), "the stack is currently locked")
		}, time.Minute, time.Millisecond, second)
	}
	select {
	case <-ended:
		t.Fatal("the first up ended before the others were refused")
	default:
		require.NoError(t, <-ended)
	}
	assert.Empty(t, s.locks())
	var history []struct{ Kind, Result string }
	require.NoError(t, json.Unmarshal([]byte(s.pulumi("stack", "history", "--json")), &history))
	require.Len(t, history, 1)
	assert.Equal(t, "succeeded", history[0].Result)
	assert.Len(t, s.nodes(), 3)
	s.settled()
	s.destroy()
}

// TestKilledUp ends an up and everything that it started, as when its machine dies. It leaves the lock, and a load
// balancer that the cloud makes and the state does not know. The steps are those of
// docs/operations.md#what-a-killed-up-leaves for who would rather delete than adopt: cancel; delete what the state does
// not know; forget; up.
func TestKilledUp(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "aws")
	up, ended := s.startUp()
	// Not while the state is being written: an up that is killed then leaves an empty file, which TestLostState
	// restores.
	var before []string
	require.Eventually(t, func() bool {
		pending := s.pending()
		quiet := len(pending) > 0 && slices.Equal(before, pending)
		before = pending
		return quiet && slices.ContainsFunc(pending, func(urn string) bool { return typeOf(urn) == loadBalancer })
	}, time.Minute, time.Second, "the load balancer is being made, and little else")
	kill(t, up)
	require.Error(t, <-ended)
	require.Len(t, s.locks(), 1)

	_, err := s.try(nil, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
	require.ErrorContains(t, err, "the stack is currently locked by 1 lock(s)")
	s.pulumi("cancel", "--yes")
	assert.Empty(t, s.locks())

	deleted := 0
	for _, urn := range s.pending() {
		for _, id := range s.unknown(typeOf(urn)) {
			_, err := s.try(nil, "simulator", "delete", typeOf(urn), id)
			require.NoError(t, err)
			deleted++
		}
	}
	assert.Positive(t, deleted, "the cloud has what the state does not know")
	answers := []string{"pending", "resolve"}
	for _, urn := range s.pending() {
		answers = append(answers, typeOf(urn)+urn[strings.LastIndex(urn, "::"):]+"=none")
	}
	_, err = s.try(nil, "infra", answers...)
	require.NoError(t, err)
	assert.Empty(t, s.pending())
	s.up()
	assert.Len(t, s.nodes(), 3)
	s.settled()
	s.destroy()
}

// kill ends a command and what it started, none of which can object.
func kill(t *testing.T, command *exec.Cmd) {
	t.Helper()
	children := childrenOf(t, command.Process.Pid)
	require.NoError(t, command.Process.Kill())
	for _, pid := range children {
		// Each has a process group of its own, with what it started in turn.
		require.NoError(t, syscall.Kill(-pid, syscall.SIGKILL))
	}
}

// childrenOf are the processes that a process has started: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
func childrenOf(t *testing.T, parent int) []int {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	if len(processes) == 0 {
		t.Skip("this system has no /proc, which tells what the command started")
	}
	var children []int
	for _, process := range processes {
		text, err := os.ReadFile(process)
		if err != nil {
			continue // it has ended
		}
		// The command's name, in parentheses, may hold anything.
		_, rest, _ := strings.Cut(string(text[bytes.LastIndexByte(text, ')')+1:]), " ")
		fields := strings.Fields(rest)
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(process)))
			require.NoError(t, err)
			children = append(children, pid)
		}
	}
	require.NotEmpty(t, children)
	return children
}

// pending are the resources that an update was creating when the state was written last.
func (s *stack) pending() []string {
	s.t.Helper()
	text, err := os.ReadFile(s.path("state", ".pulumi", "stacks", "inferadb", s.name+".json"))
	require.NoError(s.t, err)
	var state struct {
		Checkpoint struct {
			Latest struct {
				Operations []struct{ Resource struct{ URN string } } `json:"pending_operations"`
			}
		}
	}
	// A state that is being written is read again.
	if json.Unmarshal(text, &state) != nil {
		return nil
	}
	var urns []string
	for _, operation := range state.Checkpoint.Latest.Operations {
		urns = append(urns, operation.Resource.URN)
	}
	return urns
}

// unknown are the ids of a type's resources that an engine created in the cloud and that the state has not.
func (s *stack) unknown(token string) []string {
	s.t.Helper()
	var known, unknown []string
	for _, resource := range s.resources() {
		if id, ok := resource["id"].(string); ok && resource["type"] == token {
			known = append(known, id)
		}
	}
	for _, r := range s.existing() {
		if r.Type == token && len(r.Inputs) > 0 && !slices.Contains(known, r.ID) {
			unknown = append(unknown, r.ID)
		}
	}
	return unknown
}
