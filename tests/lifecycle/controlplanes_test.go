package lifecycle

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newAnsweringOperator is a person at a shell whose stack's nodes answer.
func newAnsweringOperator(s *stack, cloud string) *operator {
	o := newOperator(s, cloud)
	o.exports = s.serveNodes() + "\n"
	return o
}

// isHealthy expects a status without findings, and etcd with as many members as there are control planes.
func (o *operator) isHealthy(members int) {
	o.t.Helper()
	out := o.run("status", ".bin/infra status --json --stack "+o.name)
	var status struct {
		Status   string
		Clusters []struct {
			Etcd     struct{ Members int }
			Findings []map[string]any
		}
	}
	require.NoError(o.t, json.Unmarshal([]byte(out), &status), out)
	assert.Equal(o.t, "healthy", status.Status, out)
	for _, c := range status.Clusters {
		assert.Equal(o.t, members, c.Etcd.Members)
		assert.Empty(o.t, c.Findings)
	}
}

// hasControlPlanes expects nodes, state and stack file to have the number, and nothing to be left to do.
func (o *operator) hasControlPlanes(count int) {
	o.t.Helper()
	o.isHealthy(count)
	assert.Regexp(o.t, fmt.Sprintf("inferadb:controlPlanes: \"?%d\"?\n", count), o.stackFile(), "the CLI writes it as a text")
	assert.NotContains(o.t, o.stackFile(), "etcd-left:")
	assert.Len(o.t, controlPlanes(o), count)
	o.nodes()
	o.settled()
}

func (s *stack) stackFile() string {
	s.t.Helper()
	text, err := os.ReadFile(s.path("Pulumi." + s.name + ".yaml"))
	require.NoError(s.t, err)
	return string(text)
}

// TestControlPlanesByOneCommand grows etcd to five members and shrinks it to three and to one, as the operations page
// says.
func TestControlPlanesByOneCommand(t *testing.T) {
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			if cloud != "aws" {
				// Nothing here differs from cloud to cloud but the machines.
				takesLong(t)
			}
			s := newStack(t, "dev", cloud)
			s.set("controlPlanes", "3")
			s.up()
			o, sections := newAnsweringOperator(s, cloud), readSections(t, operationsPage)
			o.follow(procedure{}, sections["Change the number of control planes"])
			o.hasControlPlanes(5)
			o.follow(procedure{}, sections["Fewer control planes"])
			o.hasControlPlanes(3)
			s.set("protection", "false")
			s.up()
			assert.Contains(t, o.run("to 1", "make control-planes STACK=dev TO=1"), "etcd has 1 members, which vote")
			o.hasControlPlanes(1)
			assert.Contains(t, o.run("again", "make control-planes STACK=dev TO=1"), "dev has 1 control planes")
			s.destroy()
		})
	}
}

// TestControlPlanesOfAProtectedStack takes two ups: the engine refuses to delete what was protected by the one before.
func TestControlPlanesOfAProtectedStack(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "aws")
	s.set("controlPlanes", "3")
	s.set("protection", "true")
	s.up()
	o := newAnsweringOperator(s, "aws")
	out, err := o.shell("make control-planes STACK=dev TO=1")
	require.Error(t, err)
	assert.Contains(t, out, "inferadb-dev-nyc1-control-plane-2 is protected")
	o.isHealthy(3)

	s.set("protection", "false")
	s.set("controlPlanes", "1")
	s.set("acknowledge", `["etcd-left:inferadb-dev-nyc1-control-plane-1","etcd-left:inferadb-dev-nyc1-control-plane-2"]`)
	_, err = s.try(nil, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
	require.ErrorContains(t, err, "cannot be deleted")
	require.ErrorContains(t, err, "because it is protected")

	s.set("controlPlanes", "3")
	s.set("acknowledge", "[]")
	s.up()
	o.isHealthy(3)
	s.refusedEdit("controlPlanes", "1", "3", "make control-planes STACK=dev TO=1")
	o.run("shrink", "make control-planes STACK=dev TO=1")
	o.isHealthy(1)
	s.destroy()
}

// TestControlPlanesAfterAFailedUp has the update that deletes the machines fail, and runs the command again.
func TestControlPlanesAfterAFailedUp(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "aws")
	s.set("controlPlanes", "3")
	s.up()
	o := newAnsweringOperator(s, "aws")
	out, err := o.shell("make control-planes STACK=dev TO=1 POLICY=/nowhere")
	require.Error(t, err)
	assert.Contains(t, out, "then run this command again, which goes on from here")
	assert.Equal(t, 2, strings.Count(s.stackFile(), "etcd-left:inferadb-dev-nyc1-control-plane-"))
	out = o.run("again", "make control-planes STACK=dev TO=1")
	assert.NotContains(t, out, "leaving etcd", "nobody is left to leave")
	o.isHealthy(1)
	assert.NotContains(t, s.stackFile(), "etcd-left:")
	s.destroy()
}
