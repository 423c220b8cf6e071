package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/inferadb/infra/operate/operatetest"
	"github.com/inferadb/infra/regions"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// onStateOf gives the stand-in for pulumi a state as well, with the machines of the control planes of these numbers.
func onStateOf(t *testing.T, machines ...int) *operatetest.Cluster {
	t.Helper()
	c := onStandIns(t)
	var resources []string
	for i, n := range c.Nodes[:3] {
		resources = append(resources, fmt.Sprintf(`{"urn":"%[1]s$%[2]s::%[3]s","type":"%[2]s","outputs":{"node":%[4]q,"endpoint":%[5]q}}`,
			prefix, applyType, n.Name, n.Address, n.Endpoint))
		for _, number := range machines {
			if number == i {
				resources = append(resources, fmt.Sprintf(`{"urn":"%[1]s$%[2]s::%[3]s","type":"%[2]s","protect":%[4]t}`,
					prefix, regions.MachineResources()[0], n.Name, i == 2))
			}
		}
	}
	state := fmt.Sprintf(`{"version":3,"deployment":{"resources":[{"urn":"%[1]s::%[2]s","type":"%[3]s"},%[4]s]}}`,
		prefix, c.Name, clusterType, strings.Join(resources, ","))
	require.NoError(t, os.WriteFile("state.json", []byte(state), 0o600))
	script, err := os.ReadFile("pulumi")
	require.NoError(t, err)
	text := strings.Replace(string(script), "#!/bin/sh\n", "#!/bin/sh\n[ \"$1 $2\" = \"stack export\" ] && exec cat state.json\n", 1)
	require.NoError(t, os.WriteFile("pulumi", []byte(text), 0o700))
	return c
}

// answering runs the command for a person who types lines.
func answering(t *testing.T, typed string, arguments ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	root := newRoot()
	root.SetIn(strings.NewReader(typed))
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(arguments)
	err := root.ExecuteContext(t.Context())
	var code exitCode
	if !errors.As(err, &code) {
		require.NoError(t, err)
	}
	return out.String(), int(code)
}

func TestRepairAsksForEach(t *testing.T) {
	c := onStateOf(t, 0, 1)
	c.Do(func() {
		c.Node("control-plane-2").Down = true
		c.Node("workers-0").Unschedulable, c.Node("workers-0").Annotations = true, map[string]string{"talos.dev/cordoned": "true"}
	})
	out, code := answering(t, "yes\nyes\n", "repair", "--stack", "staging", "--yes")
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "This cannot be undone. Type a2 to go on: ")
	assert.Empty(t, c.Log())
	out, code = answering(t, "a2\nyes\n", "repair", "--stack", "staging")
	assert.Equal(t, 0, code, out)
	assert.Equal(t, []string{"remove member a2", "uncordon " + c.Node("workers-0").Name}, c.Log(), "two questions of one reader")
	out, code = answering(t, "", "repair", "--stack", "staging", "--cluster", "other")
	assert.Equal(t, 2, code)
	assert.Contains(t, out, `stack staging has no cluster "other"`)
}

func TestControlPlanesAreRefused(t *testing.T) {
	c := onStateOf(t, 0, 1, 2)
	out, code := answering(t, "yes\n", "control-planes", "set", "--stack", "staging", "--to", "4")
	assert.Equal(t, 2, code)
	assert.Contains(t, out, "4 is not 1, 3 or 5")
	out, code = answering(t, "yes\n", "control-planes", "set", "--stack", "staging", "--to", "1")
	assert.Equal(t, 2, code)
	assert.Contains(t, out, c.Node("control-plane-2").Name+" is protected")
	out, code = answering(t, "no\n", "control-planes", "set", "--stack", "staging", "--to", "5")
	assert.Equal(t, 3, code)
	assert.Contains(t, out, "has 3 control planes, and is to have 5")
	assert.Contains(t, out, "nothing was done")
	assert.Empty(t, c.Log())
}
