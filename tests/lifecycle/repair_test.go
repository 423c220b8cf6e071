package lifecycle

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fault gives a node of the stack a fault, or none.
func (s *stack) fault(node, kind string) {
	s.t.Helper()
	_, err := s.try(nil, "simulator", "fault", node, kind)
	require.NoError(s.t, err)
}

// fails expects a command to end with make's own code, and returns what it said.
func (o *operator) fails(script string) string {
	o.t.Helper()
	out, err := o.shell(script)
	require.Error(o.t, err, "%s\n%s", script, out)
	return out
}

// failsSoon expects a command to fail sooner or later: faults strike a moment after they are set.
func (o *operator) failsSoon(script, with string) {
	o.t.Helper()
	require.Eventually(o.t, func() bool {
		out, err := o.shell(script)
		return err != nil && regexp.MustCompile(with).MatchString(out)
	}, patience, time.Second, "%s never says %s", script, with)
}

// isHealthySoon waits for what joins after an update has ended.
func (o *operator) isHealthySoon(members int) {
	o.t.Helper()
	require.Eventually(o.t, func() bool {
		_, err := o.shell(".bin/infra status --stack " + o.name)
		return err == nil
	}, patience, time.Second, "it does not get healthy")
	o.isHealthy(members)
}

// TestRepair lets etcd run out of space, loses a control plane and hangs a worker, on each cloud, and brings the
// cluster back by the command.
func TestRepair(t *testing.T) {
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			if cloud != "aws" {
				// Nothing here differs from cloud to cloud but the machines.
				takesLong(t)
			}
			s := newStack(t, "dev", cloud)
			s.set("controlPlanes", "3")
			s.set("pools", `[{"name":"workers","size":"small","count":2,"workload":"stateful"}]`)
			s.up()
			o := newAnsweringOperator(s, cloud)
			assert.Contains(t, o.run("nothing", "make repair STACK=dev"), "inferadb-dev-nyc1: 0 to repair")

			s.fault("inferadb-dev-nyc1-control-plane-1", "nospace")
			o.failsSoon(".bin/infra status --stack dev", "alarm NOSPACE")
			sections := readSections(t, operationsPage)
			o.do(sections["Repair"][0], nil)
			o.isHealthy(3)

			o.losesControlPlane(sections["Remove a lost member"][0])
			o.losesWorker(sections["Repair"][1])
			s.destroy()
		})
	}
}

// losesControlPlane ends a machine behind the program's back, removes its member and makes another.
func (o *operator) losesControlPlane(remedy block) {
	o.t.Helper()
	const lost = "inferadb-dev-nyc1-control-plane-2"
	_, err := o.try(nil, "simulator", "terminate", lost)
	require.NoError(o.t, err)
	o.failsSoon("make repair STACK=dev", lost+" does not answer .*make refresh STACK=dev, then make up STACK=dev")
	o.run("refresh", "make refresh STACK=dev")
	out := o.run("a dry run", "make repair STACK=dev DRY_RUN=1")
	id := regexp.MustCompile(`member ` + lost + ` \((\w+) at`).FindStringSubmatch(out)
	require.NotNil(o.t, id, out)
	assert.Contains(o.t, o.fails("make repair STACK=dev ARGS=--yes"), "nothing was done", "yes removes no member")
	o.answers = id[1] + "\n"
	o.do(remedy, nil)
	o.answers = "yes\n"
	assert.Contains(o.t, o.run("once more", "make repair STACK=dev"), "0 to repair")
	o.run("again", "make up STACK=dev")
	o.isHealthySoon(3)
}

// losesWorker hangs a worker: an update fails after all others have their configuration, and leaves it out as repair
// says.
func (o *operator) losesWorker(remedy block) {
	o.t.Helper()
	const hung = "inferadb-dev-nyc1-workers-0"
	o.fault(hung, "unreachable")
	out := o.fails("make repair STACK=dev")
	assert.Contains(o.t, out, hung+" does not answer")
	assert.Contains(o.t, out, stackName.ReplaceAllString(strings.TrimSpace(remedy.text), o.name), "the page has the same command")
	o.set("pools", `[{"name":"workers","size":"small","count":2,"workload":"stateful","labels":{"tier":"data"}}]`)
	assert.Contains(o.t, o.fails("make up STACK=dev"), hung)
	assert.Equal(o.t, steps{"update " + applied: 1}, o.preview(), "the other worker did not wait for it")
	o.do(remedy, nil)
	o.fault(hung, "none")
	o.run("mended", "make up STACK=dev")
	o.isHealthySoon(3)
}
