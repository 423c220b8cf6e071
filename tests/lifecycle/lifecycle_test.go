package lifecycle

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
)

// clouds are the providers on which every stack lives.
var clouds = []string{"aws", "digitalocean", "gcp"}

// TestLife takes every stack as it is through its life: up, nothing left to do, every node joined, nothing left over.
func TestLife(t *testing.T) {
	stacks := map[string]int{"dev": 3, "staging": 6, "production": 16}
	for _, cloud := range clouds {
		for name, machines := range stacks {
			t.Run(cloud+"/"+name, func(t *testing.T) {
				t.Parallel()
				s := newStack(t, name, cloud)
				s.up()
				assert.Len(t, s.nodes(), machines)
				s.settled()
				s.destroy()
			})
		}
	}
}

// TestSettings brings a small cluster up under settings that take other ways through the program.
func TestSettings(t *testing.T) {
	for name, settings := range map[string]map[string]string{
		"public access": {"access": "public", "operatorCidrs": `["203.0.113.0/24"]`},
		"all encrypted": {"diskEncryption": "luks", "encryptionKey": `{"managed":true}`, "cni": "flannel"},
		"watched":       {"flowLogs": "true", "ebsEncryptionByDefault": "true"},
		"many pools": {"controlPlanes": "3", "pools": `[
			{"name":"data","size":"medium","count":3,"workload":"stateful","taints":[{"key":"data","effect":"NoSchedule"}]},
			{"name":"web","size":"small","min":1,"max":4},
			{"name":"batch","size":"large","min":0,"max":9,"spot":{"base":0,"maxPrice":0.1,"strategy":"price-capacity-optimized"}}]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "dev", "aws")
			for key, value := range settings {
				s.set(key, value)
			}
			if settings["access"] == "public" {
				s.environment = append(s.environment, "SIMULATOR_OPERATOR_IP=203.0.113.7")
			}
			s.up()
			assert.NotEmpty(t, s.nodes())
			s.settled()
			s.destroy()
		})
	}
}

const (
	fixedAndSpot = `[{"name":"fixed","size":"small","count":2,"workload":"stateful"},` + spotPool + `]`
	spotPool     = `{"name":"spot","size":"small","count":2,"spot":true}`
)

// The types of what changes.
const (
	applied      = "talos:machine/configurationApply:ConfigurationApply"
	loadBalancer = "aws:lb/loadBalancer:LoadBalancer"
	group        = "aws:autoscaling/group:Group"
	instance     = "aws:ec2/instance:Instance"
	nic          = "aws:ec2/networkInterface:NetworkInterface"
	template     = "aws:ec2/launchTemplate:LaunchTemplate"
)

// change is one edit of the stack file.
type change struct {
	name, key, value string
	// steps are exactly what a preview must announce; without them, every step must be of the one kind.
	steps steps
	only  string
}

var changes = []change{
	{name: "one named node more", key: "pools", value: strings.Replace(fixedAndSpot, `"count":2`, `"count":3`, 1),
		steps: steps{"create " + nic: 1, "create " + instance: 1, "create " + applied: 1}},
	{name: "one named node less", key: "pools", value: fixedAndSpot,
		steps: steps{"delete " + nic: 1, "delete " + instance: 1, "delete " + applied: 1}},
	{name: "a label on named nodes", key: "pools",
		value: strings.Replace(fixedAndSpot, `"count":2`, `"count":2,"labels":{"tier":"gold"}`, 1),
		steps: steps{"update " + applied: 2}},
	{name: "no label on named nodes", key: "pools", value: fixedAndSpot, steps: steps{"update " + applied: 2}},
	{name: "a label on a scaling group", key: "pools",
		value: strings.Replace(fixedAndSpot, `"spot":true`, `"spot":true,"labels":{"tier":"tin"}`, 1),
		steps: steps{"update " + template: 1, "update " + group: 1}},
	{name: "more of the pool on demand", key: "pools",
		value: strings.Replace(fixedAndSpot, `"spot":true`, `"spot":{"base":2},"labels":{"tier":"tin"}`, 1),
		steps: steps{"update " + group: 1}},
	{name: "a range of nodes", key: "pools",
		value: strings.Replace(fixedAndSpot, `"count":2,"spot":true`, `"min":1,"max":5,"spot":{"base":1},"labels":{"tier":"tin"}`, 1),
		steps: steps{"update " + group: 1, "create " + permission: 1}},
	{name: "one scaling group less", key: "pools", value: strings.Replace(fixedAndSpot, ","+spotPool, "", 1),
		steps: steps{"delete " + permission: 1}.and(each("delete", scalingGroup)).and(each("delete", drainPath))},
	{name: "one scaling group more", key: "pools", value: fixedAndSpot,
		steps: each("create", scalingGroup).and(each("create", drainPath))},
	{name: "a newer Kubernetes", key: "kubernetesVersion", value: "1.36.5",
		steps: steps{"update " + applied: 3, "update " + template: 1, "update " + group: 1}},
	{name: "a newer Talos", key: "talosVersion", value: "v1.13.10",
		steps: steps{"update " + applied: 3, "update " + template: 1, "update " + group: 1}},
	{name: "protection", key: "protection", value: "true",
		steps: steps{"update " + loadBalancer: 1, "update " + instance: 3}},
	{name: "no protection", key: "protection", value: "false",
		steps: steps{"update " + loadBalancer: 1, "update " + instance: 3}},
	{name: "one region more", key: "regions", value: `["nyc1","sfo1"]`, only: "create"},
	{name: "a cluster may go", key: "acknowledge", value: `["cluster-removed:inferadb-dev-sfo1"]`, steps: steps{}},
	{name: "one region less", key: "regions", value: `["nyc1"]`, only: "delete"},
	{name: "it is gone", key: "acknowledge", value: "[]", steps: steps{}},
	{name: "three control planes in place of one", key: "controlPlanes", value: "3",
		steps: steps{"create " + nic: 2, "create " + instance: 2, "create " + applied: 2,
			"create aws:lb/targetGroupAttachment:TargetGroupAttachment": 2}},
}

// TestChanges edits a stack, one change after the other: each costs exactly what it should, and never a control plane,
// the secrets, the load balancer or the network. What an up left undone would show among the steps of the next change.
func TestChanges(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "aws")
	s.set("pools", fixedAndSpot)
	s.set("talosVersion", "v1.13.9")
	s.set("kubernetesVersion", "1.35.9")
	s.up()
	s.walk(changes)
	s.settled()
	s.destroy()
}

// walk edits the stack, one change after the other, and looks at what each would cost before it is made.
func (s *stack) walk(changes []change) {
	s.t.Helper()
	for _, change := range changes {
		s.set(change.key, change.value)
		planned := s.preview()
		if change.only == "" {
			require.Equal(s.t, change.steps, planned, change.name)
		}
		for step := range planned {
			require.True(s.t, change.only == "" || strings.HasPrefix(step, change.only+" "), "%s: %s", change.name, step)
		}
		s.up()
		s.nodes()
	}
}

// TestFaults lets the clouds fail in the middle. The next up goes on from there. Each of the first faults stops what
// the next one waits for.
func TestFaults(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "aws")
	s.survives("aws:ec2/vpc:Vpc#1", loadBalancer+"#1:half", "talos:machine/bootstrap:Bootstrap#1", "talos:cluster/kubeconfig:Kubeconfig#1")
	s.set("pools", fixedAndSpot)
	s.survives(instance + "#1:half")
	s.destroy()
}

// survives fails an up by each fault in turn, and then lets one come through.
func (s *stack) survives(faults ...string) {
	s.t.Helper()
	for _, fault := range faults {
		assert.Contains(s.t, s.failingUp(fault), "simulated fault", fault)
	}
	s.up()
	s.nodes()
	s.settled()
}

// TestLostMachine deletes a worker behind the program's back: a refresh finds out, and an up replaces it.
func TestLostMachine(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "aws")
	s.set("pools", fixedAndSpot)
	s.up()
	s.replacesLost(instance, "inferadb-dev-nyc1-fixed-1")
	s.destroy()
}

// replacesLost terminates machines, of which one has a name, and expects an up to make that one anew.
func (s *stack) replacesLost(machine string, names ...string) {
	s.t.Helper()
	before := len(s.nodes())
	for _, name := range names {
		_, err := s.try(nil, "simulator", "terminate", name)
		require.NoError(s.t, err)
	}
	s.pulumi("refresh", "--yes", "--skip-preview")
	assert.Equal(s.t, steps{"create " + machine: 1, "replace " + applied: 1}, s.preview())
	s.up()
	assert.Len(s.t, s.nodes(), before)
	s.settled()
}

// TestOutputs reads what a person gets: files that merge the regions, secrets that stay hidden unless asked for.
func TestOutputs(t *testing.T) {
	t.Parallel()
	s := newStack(t, "staging", "aws")
	s.set("regions", `["sfo1","nyc1"]`)
	s.up()
	hidden := s.pulumi("stack", "output")
	for _, secret := range []string{"kubeconfig", "kubeconfigs", "talosconfig"} {
		assert.Regexp(t, `(?m)^\s*`+secret+`\s+\[secret\]$`, hidden)
	}
	s.leadsToBothRegions()
	s.destroy()
}

// leadsToBothRegions uses the kubeconfig as kubectl would. The primary region is current, whatever the order.
func (s *stack) leadsToBothRegions() {
	s.t.Helper()
	file := s.path("kubeconfig")
	require.NoError(s.t, os.WriteFile(file, []byte(s.pulumi("stack", "output", "kubeconfig", "--show-secrets")), 0o600))
	config, err := clientcmd.LoadFromFile(file)
	require.NoError(s.t, err)
	assert.Len(s.t, config.Contexts, 2)
	assert.Contains(s.t, config.CurrentContext, "nyc1")
	for name := range config.Contexts {
		_, err := s.try(nil, "simulator", "kubectl", file, name)
		assert.NoError(s.t, err)
	}
}
