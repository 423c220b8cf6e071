package bench

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMedians(t *testing.T) {
	all := []measurement{
		{wall: 9 * time.Second, processes: map[string]process{"pulumi": {peak: 10, cpu: time.Second}}},
		{wall: 1 * time.Second, processes: map[string]process{"pulumi": {peak: 30, cpu: 3 * time.Second}}},
		{wall: 2 * time.Second, processes: map[string]process{"pulumi": {peak: 20, cpu: 9 * time.Second}}},
	}
	m := medians(all)
	assert.Equal(t, 2*time.Second, m.wall)
	assert.Equal(t, process{peak: 20, cpu: 3 * time.Second}, m.processes["pulumi"])
	assert.Equal(t, time.Second, medians(all[1:]).wall, "the lower one of two")
}

// TestADescendantIsMeasured runs a shell whose child works for a while and holds memory.
func TestADescendantIsMeasured(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("there is no /proc here")
	}
	m, err := measure(exec.Command("sh", "-c", "head -c 30000000 /dev/zero | tail -c 30000000 | (sleep 0.3; cat >/dev/null); true"))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, m.wall, 300*time.Millisecond)
	assert.Greater(t, m.processes["tail"].peak, 25)
	_, err = measure(exec.Command("sh", "-c", "echo why; exit 3"))
	assert.ErrorContains(t, err, "exit status 3\nwhy")
}

func TestProcessorTime(t *testing.T) {
	assert.Equal(t, 1500*time.Millisecond, processorTime("7 (a (b) c) S 1 7 7 0 -1 4194560 9 0 0 0 100 50 0 0 20 0"))
	assert.Zero(t, processorTime("7 (gone"))
}

// TestTerraform runs a stand-in, and goes without one.
func TestTerraform(t *testing.T) {
	for name, want := range map[string]string{
		"": "terraform plan of 225 resources, nothing to do  terraform is not on PATH  \n",
		"#!/bin/sh\n[ -f main.tf ] && sleep 0.2\n": "terraform plan of 225 resources, nothing to do  0.",
	} {
		var out bytes.Buffer
		b := &bench{scratch: t.TempDir(), runs: 1, table: tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)}
		bin := t.TempDir()
		t.Setenv("PATH", bin)
		if name != "" {
			t.Setenv("PATH", bin+":/usr/bin:/bin")
			require.NoError(t, os.WriteFile(filepath.Join(bin, "terraform"), []byte(name), 0o700))
		}
		require.NoError(t, b.terraform())
		require.NoError(t, b.table.Flush())
		assert.Contains(t, out.String(), want, strconv.Quote(name))
	}
}
