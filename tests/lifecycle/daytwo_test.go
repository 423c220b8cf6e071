package lifecycle

import (
	"bufio"
	"context"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dayTwoSections are those of the operations page of which the commands ask the nodes themselves, in the order in which a cluster
// goes through them.
var dayTwoSections = []string{"See what is up", "Save etcd", "Upgrade with one command"}

// TestUpgradeByOneCommand asks after a running cluster, saves its etcd and upgrades it with the commands of the operations page, on
// each cloud. Its nodes answer: each control plane runs a real etcd, and each node the Talos API.
func TestUpgradeByOneCommand(t *testing.T) {
	takesLong(t)
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "staging", cloud)
			s.set("talosVersion", "v1.13.9")
			s.set("kubernetesVersion", "1.36.4")
			s.set("pools", `[{"name":"data","size":"small","count":2,"workload":"stateful"}]`)
			s.up()
			s.set("podEncryption", "none")
			s.up()
			assert.Contains(t, s.said.String(), "the nodes are given another podEncryption; it takes effect with the next make upgrade")
			sections, o := readSections(t, operationsPage), newOperator(s, cloud)
			o.chooseBucket()
			o.readyToUpgrade(sections)
			plan := o.run("the plan", "make upgrade STACK=staging DRY_RUN=1")
			assert.Contains(t, plan, "-    enable-wireguard: \"true\"")
			assert.Equal(t, 3, strings.Count(plan, " is changed:"), "Cilium's settings, and the pods that follow them:\n%s", plan)
			for _, heading := range dayTwoSections {
				o.follow(procedure{heading: heading}, sections[heading])
			}
			status := o.run("status", "make status STACK=staging")
			assert.NotContains(t, status, "v1.13.9")
			assert.NotContains(t, status, "1.36.4")
			assert.NotContains(t, o.run("no difference is left", "make upgrade STACK=staging DRY_RUN=1"), " is changed")
			s.nodes()
			// The stack file has the versions that run, so that the update stops and replaces no machine.
			s.up()
			o.run("status after an update", "make status STACK=staging")
			s.settled()
		})
	}
}

// readyToUpgrade begins with the page, puts the image of the new Talos where the cloud wants it, and lets the nodes answer. It returns
// the command that leads a shell to them.
func (o *operator) readyToUpgrade(sections map[string][]block) string {
	o.t.Helper()
	o.follow(procedure{heading: "Before you begin"}, sections["Before you begin"])
	if image := sections["Upgrade Talos"][0]; image.cloud == o.cloud {
		o.do(image, nil)
	}
	serve := o.serveNodes()
	o.exports += serve + "\n"
	return serve
}

// serveNodes lets the stack's nodes answer until the test ends. It returns the command that leads a shell to them.
func (s *stack) serveNodes() string {
	s.t.Helper()
	way, stop := s.startNodes()
	s.t.Cleanup(stop)
	return way
}

// startNodes lets the stack's nodes answer until they are stopped.
func (s *stack) startNodes() (way string, stop func()) {
	s.t.Helper()
	command := s.command(context.Background(), nil, "simulator", "serve")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := command.StdoutPipe()
	require.NoError(s.t, err)
	log := &strings.Builder{}
	command.Stderr = log
	require.NoError(s.t, command.Start())
	stop = func() {
		end(s.t, command)
		if s.t.Failed() {
			s.t.Log(log.String())
		}
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
	}
	require.NoError(s.t, err)
	return strings.TrimSpace(line), stop
}

// end asks a command to end, as a person does by Ctrl-C.
func end(t *testing.T, command *exec.Cmd) {
	t.Helper()
	_ = command.Process.Signal(syscall.SIGTERM)
	done := make(chan error, 1)
	go func() { done <- command.Wait() }()
	select {
	case err := <-done:
		assert.NoError(t, err)
	case <-time.After(30 * time.Second):
		_ = command.Process.Kill()
		assert.Fail(t, "the daemon does not end")
	}
}
