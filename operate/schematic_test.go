package operate

import (
	"bytes"
	"context"
	"testing"

	"github.com/inferadb/infra/components/machineconfig"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const extended = "c9078f9419961640c712a8bf2bb9174933dfcf1da383fd8ea2b7dc21493f8bac"

// table is the status as people read it.
func (f *fixture) table() string {
	f.t.Helper()
	var out bytes.Buffer
	require.NoError(f.t, f.report().Table(&out))
	return out.String()
}

// TestAnotherSchematicIsAnUpgrade of the nodes that have it: the same version, from another image.
func TestAnotherSchematicIsAnUpgrade(t *testing.T) {
	f := newFixture(t)
	f.Do(func() {
		for _, n := range f.Nodes {
			n.Schematic = machineconfig.Schematic
		}
		f.Node("workers-1").Schematic = extended
		f.Node("ip-10-0-2-10").Annotations["extensions.talos.dev/schematic"] = extended
	})
	table := f.table()
	assert.Regexp(t, `workers-1 +10\.0\.1\.11 +v1\.13\.8 +c9078f941996 +1\.35\.4`, table)
	assert.Contains(t, table, "degraded  versions: "+clusterName+"-workers-1: its image is of the schematic "+extended+
		", and the stack file has "+machineconfig.Schematic+"; run: make upgrade STACK=staging")
	assert.Contains(t, table, "versions: ip-10-0-2-10: its image is of the schematic "+extended)
	dry := f.run(func(u *Upgrade) { keepVersions(u); u.DryRun = true }, 0, "")
	assert.Contains(t, dry, "of these the same version with the schematic "+machineconfig.Schematic+": "+clusterName+"-workers-1")

	f.run(keepVersions, 0, "")
	assert.Equal(t, []string{"snapshot control-plane-1", "install workers-1 v1.13.8", "cordon workers-1", "reboot workers-1", "uncordon workers-1"},
		short(f.Log()))
	assert.Equal(t, machineconfig.Schematic, f.Node("workers-1").Schematic)
	assert.NotContains(t, f.table(), "workers-1: its image")
}

// TestASchematicOfTheStackFile reaches every node that has a name.
func TestASchematicOfTheStackFile(t *testing.T) {
	f := newFixture(t)
	wanted := func(u *Upgrade) { keepVersions(u); u.Stack.Clusters[0].Want.Schematic = extended }
	f.run(wanted, 0, "")
	for _, n := range f.Nodes[:5] {
		assert.Equal(t, extended, n.Schematic, n.Name)
	}
	assert.Contains(t, f.run(wanted, 0, ""), "all nodes run these versions")
}

// TestANodeThatFallsBackToItsImage runs the same version, which is no success.
func TestANodeThatFallsBackToItsImage(t *testing.T) {
	f := newFixture(t)
	f.Do(func() {
		f.Node("workers-1").Schematic = extended
		f.Node("workers-1").FallsBack = true
	})
	f.run(keepVersions, Stopped, clusterName+"-workers-1: Talos: it came back with an image of the schematic "+extended+": the new one did not start")
	assert.False(t, f.Node("workers-1").Unschedulable)
}

// TestASchematicThatNobodyKnows is said, and changes nothing: the image has extensions, and comes from elsewhere.
func TestASchematicThatNobodyKnows(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Node("workers-1").Extensions = []string{"gvisor"} })
	assert.Regexp(t, `workers-1 +10\.0\.1\.11 +v1\.13\.8 +unknown +1\.35\.4`, f.table())
	assert.Contains(t, f.run(keepVersions, 0, ""), "all nodes run these versions")
	f.Do(func() { f.Node("workers-1").Extensions = []string{"modules.dep"} })
	assert.Equal(t, machineconfig.Schematic,
		f.operator(f.stack()).Observe(context.Background()).Node(clusterName+"-workers-1").Schematic)
}
