package lifecycle

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cameBack is what `make apply` says of a node that has rebooted.
var cameBack = regexp.MustCompile(`inferadb-staging-nyc1-(\S+): is back with`)

// TestApplyByOneCommand changes what an update cannot with the commands of the operations page, on each cloud: a rule
// of udev, which Talos takes with a reboot only, and the taints of nodes that run.
func TestApplyByOneCommand(t *testing.T) {
	takesLong(t)
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "staging", cloud)
			s.set("pools", `[{"name":"data","size":"medium","count":3,"workload":"stateful","diskGiB":100}]`)
			s.up()
			before := s.identities()
			sections, o := readSections(t, operationsPage), newOperator(s, cloud)
			o.follow(procedure{heading: "Before you begin"}, sections["Before you begin"])
			o.exports += s.serveNodes() + "\n"
			o.reboots(sections["Change what needs a reboot"])
			for _, b := range sections["Change taints"] {
				o.do(b, nil)
				if b.language == "yaml" {
					s.refusedUp("pools[0].taints: changes the taints of inferadb-staging-nyc1-data-0")
				}
			}
			assert.Contains(t, o.run("again", "make apply STACK=staging"), "nothing to do")
			// A person's taint stays, and one that the stack file no longer has goes.
			s.set("pools", `[{"name":"data","size":"medium","count":3,"workload":"stateful","diskGiB":100}]`)
			o.run("a person", "kubectl taint nodes --overwrite -l inferadb.com/pool=data person:NoSchedule")
			out := o.run("without", "make apply STACK=staging")
			assert.Contains(t, out, "inferadb-staging-nyc1-data-2: configuration: machine.kubelet.extraConfig.registerWithTaints; take away the taint database:NoSchedule")
			assert.Contains(t, out, "inferadb-staging-nyc1-data-2: the taint person:NoSchedule is not the stack's, and stays")
			status, err := o.shell("make status STACK=staging")
			require.Error(t, err, "the person's taint is a difference")
			assert.Contains(t, status, "it has the taint person:NoSchedule, which its pool data has not")
			assert.NotContains(t, status, "database")
			o.nothingToDo()
			assert.Equal(t, before, s.identities(), "no machine was replaced")
			s.settled()
		})
	}
}

// reboots follows the section, and expects each node to reboot once, the control planes first.
func (o *operator) reboots(section []block) {
	o.t.Helper()
	var order []string
	for _, b := range section {
		if b.language == "yaml" {
			o.do(b, nil)
			o.refusedUp("patches.all[0]: changes machine.udev, which Talos applies only with a reboot")
			continue
		}
		for _, command := range b.commands() {
			if !strings.Contains(command.text, "make apply") {
				o.do(command, nil)
				continue
			}
			out := o.run(command.at, stackName.ReplaceAllString(command.text, o.name))
			assert.Contains(o.t, out, "inferadb-staging-nyc1-data-2: reboot for machine.udev")
			assert.NotContains(o.t, out, "read_ahead_kb")
			for _, match := range cameBack.FindAllStringSubmatch(out, -1) {
				order = append(order, strings.TrimRight(match[1], "0123456789"))
			}
		}
	}
	assert.Equal(o.t, []string{"control-plane-", "control-plane-", "control-plane-", "data-", "data-", "data-"}, order)
	assert.Contains(o.t, o.run("again", "make apply STACK=staging REBOOT=1"), "nothing to do")
	o.nothingToDo()
}
