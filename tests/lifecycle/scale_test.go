package lifecycle

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/inferadb/infra/simulator/latency"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// manyWorkers is the size of a large pool, and atOnce is how many of its nodes take a configuration at the same
	// time: a tenth.
	manyWorkers = 50
	atOnce      = 5
)

// TestManyWorkers changes the configuration of a running cluster with a large pool, on each cloud: a tenth of the
// pool takes it at the same time, and a worker that does not answer keeps no other waiting.
func TestManyWorkers(t *testing.T) {
	takesLong(t)
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "dev", cloud)
			s.set("controlPlanes", "3")
			s.set("pools", fmt.Sprintf(`[{"name":"workers","size":"small","count":%d,"workload":"stateful"},
				{"name":"other","size":"small","count":2,"workload":"stateful"}]`, manyWorkers))
			s.up("--parallel", "32")
			s.changeAll("262144")
			_, err := s.try([]string{"SIMULATOR_LATENCY=1.5"}, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--parallel", "32")
			require.NoError(t, err)
			s.fewAtATime(s.applications())

			hung := []string{"inferadb-dev-nyc1-workers-22", "inferadb-dev-nyc1-other-0"}
			for _, name := range hung {
				s.fault(name, "unreachable")
			}
			s.changeAll("262145")
			_, err = s.try([]string{"SIMULATOR_LATENCY=0.2"}, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--parallel", "32")
			require.Error(t, err)
			assert.Equal(t, steps{"update " + applied: 2}, s.preview(), "all others went on without them")
			exclude := []string{"--parallel", "32"}
			for _, name := range hung {
				assert.Contains(t, err.Error(), name)
				exclude = append(exclude, "--exclude", "**ConfigurationApply::"+name)
			}
			s.up(exclude...)
			for _, name := range hung {
				s.fault(name, "none")
			}
			s.up()
			s.settled()
			s.destroy()
		})
	}
}

// changeAll sets a kernel parameter on all nodes, which they take without a reboot.
func (s *stack) changeAll(value string) {
	s.t.Helper()
	s.set("patches", fmt.Sprintf(`{"all":["machine: {sysctls: {net.core.rmem_max: '%s'}}"]}`, value))
}

// applications returns when each node was given a new configuration, by its name.
func (s *stack) applications() map[string]latency.Entry {
	s.t.Helper()
	file, err := os.Open(s.path("store", "operations.jsonl"))
	require.NoError(s.t, err)
	defer file.Close()
	applications := map[string]latency.Entry{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var entry latency.Entry
		require.NoError(s.t, json.Unmarshal(lines.Bytes(), &entry))
		if strings.Contains(entry.URN, applied) && entry.Operation == latency.Update {
			applications[entry.URN[strings.LastIndex(entry.URN, ":")+1:]] = entry
		}
	}
	return applications
}

// fewAtATime expects that the control planes were changed one after the other, then the workers of each pool, a tenth
// of the pool at the same time.
func (s *stack) fewAtATime(applications map[string]latency.Entry) {
	s.t.Helper()
	require.Len(s.t, applications, 3+manyWorkers+2)
	follows := func(later, earlier string) {
		s.t.Helper()
		assert.False(s.t, applications["inferadb-dev-nyc1-"+later].Start.Before(applications["inferadb-dev-nyc1-"+earlier].End),
			"%s waits for %s", later, earlier)
	}
	follows("control-plane-1", "control-plane-0")
	follows("control-plane-2", "control-plane-1")
	follows("other-0", "control-plane-2")
	follows("other-1", "control-plane-2")
	assert.True(s.t, applications["inferadb-dev-nyc1-other-1"].Start.Before(applications["inferadb-dev-nyc1-workers-49"].End),
		"the pools do not wait for each other")
	for i := range manyWorkers {
		follows(fmt.Sprintf("workers-%d", i), "control-plane-2")
	}
	together, alone, span := overlap(applications, "inferadb-dev-nyc1-workers-")
	s.t.Logf("%d workers, %d at the same time: %v, one after the other %v", manyWorkers, together, span, alone)
	assert.LessOrEqual(s.t, together, atOnce)
	assert.Greater(s.t, together, atOnce/2)
	assert.Greater(s.t, alone, span)
}

// overlap returns how many applications with the prefix ran at the same time at most, how long they would have taken
// one after the other, and how long they took.
func overlap(applications map[string]latency.Entry, prefix string) (together int, alone, span time.Duration) {
	var first, last time.Time
	for name, one := range applications {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		alone += one.End.Sub(one.Start)
		if first.IsZero() || one.Start.Before(first) {
			first = one.Start
		}
		if one.End.After(last) {
			last = one.End
		}
		running := 0
		for other, two := range applications {
			if strings.HasPrefix(other, prefix) && !two.Start.After(one.Start) && two.End.After(one.Start) {
				running++
			}
		}
		together = max(together, running)
	}
	return together, alone, last.Sub(first)
}
