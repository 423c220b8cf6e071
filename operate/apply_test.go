package operate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inferadb/infra/components/machineconfig"
	"github.com/inferadb/infra/operate/operatetest"
	talosconfig "github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

// applying is an Apply on the fixture, whose next update would change the configuration of the nodes.
type applying struct {
	*fixture
	command  Apply
	out      bytes.Buffer
	recorded []string
}

func newApplying(t *testing.T) *applying {
	f := newFixture(t)
	a := &applying{fixture: f}
	a.command = Apply{
		Upgrade: Upgrade{
			Out: &a.out, Confirm: func() error { return nil }, Snapshots: f.folder,
			Drain: 30 * time.Second, Node: 30 * time.Second, Gate: 30 * time.Second, Poll: 5 * time.Millisecond,
			Settle: 5 * time.Millisecond,
			Renew:  20 * time.Millisecond,
		},
		Pending: func(context.Context) ([]PendingConfig, error) { return nil, nil },
		Record: func(_ context.Context, urns []string) error {
			a.recorded = append(a.recorded, urns...)
			return nil
		},
	}
	return a
}

const secretRule = "a rule that is a secret"

// wants has the next update change the configuration of the nodes whose names have the text.
func (a *applying) wants(nodes string, change func(*v1alpha1.Config)) {
	a.t.Helper()
	var all []PendingConfig
	for _, n := range a.Nodes[:5] {
		if !strings.Contains(n.Name, nodes) {
			continue
		}
		was := n.Config(a.t)
		want, err := was.PatchV1Alpha1(func(c *v1alpha1.Config) error {
			change(c)
			return nil
		})
		require.NoError(a.t, err)
		text, err := want.EncodeString()
		require.NoError(a.t, err)
		all = append(all, PendingConfig{Node: n.Name, URN: "urn:" + n.Name, Was: was, Want: want, text: text})
	}
	a.command.Pending = func(context.Context) ([]PendingConfig, error) { return all, nil }
}

func withRule(c *v1alpha1.Config) {
	c.MachineConfig.MachineUdev = &v1alpha1.UdevConfig{UdevRules: []string{secretRule}}
	c.MachineConfig.MachineSysctls = map[string]string{"vm.max_map_count": "262144"}
}

// run expects an end with a code and a message.
func (a *applying) run(code int, message string) string {
	a.t.Helper()
	a.out.Reset()
	a.command.Stack = a.stack()
	err := a.command.Run(context.Background())
	out := a.out.String()
	assert.NotContains(a.t, out, secretRule)
	assert.Contains(a.t, a.ends(code, err, out), message)
	return out
}

// TestApplyRebootsOneNodeAtATime expects the order of an upgrade, and one update of the nodes at the end.
func TestApplyRebootsOneNodeAtATime(t *testing.T) {
	a := newApplying(t)
	a.Do(func() { a.Pods = append(a.Pods, operatetest.Pod("app", "web-0", clusterName+"-workers-0", nil)) })
	a.wants("-", withRule)
	a.command.Reboot = true
	out := a.run(0, "")
	var want []string
	for _, name := range []string{"control-plane-1", "control-plane-2", "control-plane-0", "workers-0", "workers-1"} {
		want = append(want, "cordon "+name)
		switch name {
		case "control-plane-0":
			want = append(want, "forfeit "+name)
		case "workers-0":
			want = append(want, "evict web-0")
		}
		want = append(want, "reboot "+name, "uncordon "+name)
	}
	assert.Equal(t, append([]string{"snapshot control-plane-1"}, want...), short(a.Log()))
	assert.Contains(t, out, clusterName+"-workers-1: reboot for machine.udev; configuration: machine.sysctls.vm.max_map_count")
	for _, n := range a.Nodes[:5] {
		assert.Equal(t, []string{secretRule}, n.Config(t).Machine().Udev().Rules())
		assert.Contains(t, a.recorded, "urn:"+n.Name)
	}
	assert.Len(t, a.recorded, 5)
}

func TestApplyShowsPathsAndChangesNothing(t *testing.T) {
	a := newApplying(t)
	a.wants("workers", withRule)
	a.command.DryRun = true
	out := a.run(0, "")
	assert.Contains(t, out, "workers-0: needs a reboot for machine.udev, which REBOOT=1 does; configuration: machine.sysctls.vm.max_map_count")
	a.command.Reboot = true
	a.run(0, "")
	a.Do(func() { a.Members[2].Learner = true })
	a.run(Refused, "refused by etcd")
	assert.Empty(t, a.Log())
	assert.Empty(t, a.recorded)
}

// TestApplyWithoutReboot records what a running Talos takes, and leaves what it does not.
func TestApplyWithoutReboot(t *testing.T) {
	a := newApplying(t)
	a.wants("workers", withRule)
	a.command.Confirm = func() error { return errors.New("asked for nothing") }
	out := a.run(0, "")
	assert.Contains(t, out, "workers-0: needs a reboot for machine.udev, which REBOOT=1 does")
	a.command.Confirm = func() error { return nil }
	a.Do(func() { delete(a.Node("workers-0").Labels, "tier") })
	assert.Contains(t, a.run(0, ""), "2 nodes wait for a reboot: make apply STACK=staging REBOOT=1")
	assert.Equal(t, "data", a.Node("workers-0").Labels["tier"])
	assert.Empty(t, a.recorded)
	a.wants("workers", func(c *v1alpha1.Config) {
		c.MachineConfig.MachineSysctls = map[string]string{"vm.max_map_count": "262144"}
	})
	a.run(0, "")
	assert.Equal(t, []string{"urn:" + clusterName + "-workers-0", "urn:" + clusterName + "-workers-1"}, a.recorded)
	assert.Equal(t, []string{"label workers-0 tier"}, short(a.Log()))
	// Kubernetes would be upgraded by the way.
	require.NoError(t, os.WriteFile(a.stackFile(), []byte(strings.ReplaceAll(stackText, "1.35.4", "1.35.5")), 0o600))
	a.run(Refused, "refused by versions")
}

// TestApplyGoesOn finishes a node that an earlier run has cordoned, and does not reboot what runs its configuration.
func TestApplyGoesOn(t *testing.T) {
	a := newApplying(t)
	a.wants("workers", withRule)
	a.command.Reboot = true
	a.Do(func() { a.Node("workers-0").StaysAway = true })
	a.command.Node = 500 * time.Millisecond
	a.run(Stopped, "it did not come back")
	a.Do(func() { a.Node("workers-0").StaysAway, a.Node("workers-0").Down = false, false })
	a.command.Node = 30 * time.Second
	out := a.run(0, "")
	assert.Equal(t, []string{"cordon workers-0", "reboot workers-0", "uncordon workers-0", "cordon workers-1", "reboot workers-1", "uncordon workers-1"},
		slices.DeleteFunc(short(a.Log()), func(line string) bool { return strings.HasPrefix(line, "snapshot") }))
	assert.Contains(t, out, "workers-0: finish what was interrupted")
	assert.Len(t, a.recorded, 2)
	a.command.Pending = func(context.Context) ([]PendingConfig, error) { return nil, nil }
	assert.Contains(t, a.run(0, ""), "nothing to do")
}

// TestApplyFinishesTheNodeThatItWorksOn when it is interrupted, and records nothing before all of them run their
// configuration.
func TestApplyFinishesTheNodeThatItWorksOn(t *testing.T) {
	a := newApplying(t)
	a.wants("workers", withRule)
	a.command.Reboot, a.command.Stack = true, a.stack()
	ctx, cancel := context.WithCancel(context.Background())
	a.Do(func() { a.Node("workers-0").OnReboot = cancel })
	err := a.command.Run(ctx)
	var ended *ExitError
	require.ErrorAs(t, err, &ended)
	assert.Equal(t, Interrupted, ended.Code)
	assert.ErrorContains(t, err, "interrupted before "+clusterName+"-workers-1; continue with: make apply STACK=staging REBOOT=1")
	assert.Equal(t, []string{"cordon workers-0", "reboot workers-0", "uncordon workers-0"}, short(a.Log())[1:])
	assert.Empty(t, a.recorded)
	a.run(0, "")
	assert.Equal(t, []string{"cordon workers-1", "reboot workers-1", "uncordon workers-1"}, short(a.Log())[5:])
	assert.Len(t, a.recorded, 2)
}

// TestApplyChangesTheStacksTaintsAlone leaves what a person or a controller has set.
func TestApplyChangesTheStacksTaintsAlone(t *testing.T) {
	a := newApplying(t)
	taint := func(key, value string, effect corev1.TaintEffect) corev1.Taint {
		return corev1.Taint{Key: key, Value: value, Effect: effect}
	}
	persons := taint("person", "", corev1.TaintEffectNoSchedule)
	controllers := taint("node.cilium.io/agent-not-ready", "", corev1.TaintEffectNoExecute)
	a.Do(func() {
		n := a.Node("workers-0")
		n.Taints = []corev1.Taint{persons, controllers, taint("only", "data", corev1.TaintEffectNoSchedule),
			taint("old", "x", corev1.TaintEffectNoSchedule)}
		delete(n.Labels, "tier")
	})
	a.wants("workers", func(c *v1alpha1.Config) {
		c.MachineConfig.MachineSysctls = map[string]string{"vm.max_map_count": "262144"}
	})
	pending, _ := a.command.Pending(context.Background())
	for i := range pending {
		pending[i].Was = registering(t, pending[i], "old=x:NoSchedule", "only=data:NoSchedule")
	}
	require.NoError(t, os.WriteFile(a.stackFile(), []byte(strings.ReplaceAll(stackText, "{key: only, value: data", "{key: only, value: other")), 0o600))
	out := a.run(0, "")
	assert.Contains(t, out, "workers-0: configuration: machine.sysctls.vm.max_map_count; taint only=other:NoSchedule; take away the taint old=x:NoSchedule; label tier=data")
	assert.Contains(t, out, "workers-0: the taint person:NoSchedule is not the stack's, and stays; to take it away: kubectl taint node")
	assert.Equal(t, []corev1.Taint{persons, controllers, taint("only", "other", corev1.TaintEffectNoSchedule)},
		a.Node("workers-0").Taints)
	assert.Equal(t, []corev1.Taint{taint("only", "other", corev1.TaintEffectNoSchedule)}, a.Node("workers-1").Taints)
	assert.Equal(t, []string{"taint workers-0", "taint workers-1", "label workers-0 tier"}, short(a.Log()))
	assert.Len(t, a.recorded, 2)
}

// registering is a configuration with these taints.
func registering(t *testing.T, p PendingConfig, taints ...string) talosconfig.Provider {
	t.Helper()
	provider, err := p.Was.PatchV1Alpha1(func(c *v1alpha1.Config) error {
		var list []any
		for _, taint := range parseTaints(taints) {
			list = append(list, map[string]any{"key": taint.Key, "value": taint.Value, "effect": string(taint.Effect)})
		}
		c.MachineConfig.MachineKubelet.KubeletExtraConfig = v1alpha1.Unstructured{Object: map[string]any{"registerWithTaints": list}}
		return nil
	})
	require.NoError(t, err)
	return provider
}

func TestApplyRefuses(t *testing.T) {
	a := newApplying(t)
	a.wants("workers", withRule)
	a.command.Reboot = true
	a.command.Cluster = "inferadb-staging-lon1"
	a.run(Refused, `has no cluster "inferadb-staging-lon1"; it has: inferadb-staging-nyc1`)
	a.command.Cluster = clusterName
	a.Do(func() { a.Node("workers-0").Kubelet = "1.35.3" })
	a.run(Refused, "refused by versions: inferadb-staging-nyc1-workers-0: it runs kubelet 1.35.3, behind the stack file's 1.35.4")
	a.Do(func() { a.Node("workers-0").Kubelet = "1.35.4" })
	a.command.Confirm = func() error { return context.Canceled }
	a.run(Interrupted, "")
	require.NoError(t, a.stack().mark(target))
	a.run(Refused, "an upgrade is under way")
	assert.Empty(t, a.Log())
}

// TestPendingConfigs reads what the CLI writes of a state and of a plan.
func TestPendingConfigs(t *testing.T) {
	f := newFixture(t)
	live := f.Node("workers-0").Config(t)
	text, err := live.EncodeString()
	require.NoError(t, err)
	changed, err := live.PatchV1Alpha1(func(c *v1alpha1.Config) error { withRule(c); return nil })
	require.NoError(t, err)
	wanted, err := changed.EncodeString()
	require.NoError(t, err)
	secret := func(text string) map[string]any {
		encoded, err := json.Marshal(text)
		require.NoError(t, err)
		return map[string]any{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": string(encoded)}
	}
	encode := func(value any) []byte {
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		return encoded
	}
	urn := "urn:pulumi:staging::inferadb::inferadb:index:TalosCluster$talos:machine/configurationApply:ConfigurationApply::" + clusterName + "-workers-0"
	resource := func(urn string) map[string]any {
		return map[string]any{"urn": urn, "type": applyType, "inputs": map[string]any{configurationInput: secret(text)}}
	}
	state := encode(map[string]any{"deployment": map[string]any{"resources": []any{resource(urn), resource(urn + "0")}}})
	plan := func(value any) []byte {
		return encode(map[string]any{"resourcePlans": map[string]any{
			urn: map[string]any{"steps": []string{"update"},
				"goal": map[string]any{"inputDiff": map[string]any{"updates": map[string]any{configurationInput: value}}}},
		}})
	}
	all, err := parsePending(state, plan(secret(wanted)))
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, clusterName+"-workers-0", all[0].Node)
	assert.Equal(t, []string{"machine.udev"}, machineconfig.RebootFields(all[0].Was, all[0].Want))
	_, err = parsePending(state, plan("04da6b54-80e4-46f7-96ec-b56ff0331ba9"))
	assert.ErrorContains(t, err, "workers-0: its configuration depends on something else that the next update changes")
	_, err = parsePending(state, []byte("{"))
	assert.ErrorContains(t, err, "make tools")
	assert.NotContains(t, err.Error(), secretRule)
}

// TestApplyLeavesOutWhatDoesNotAnswer: the update that records the others would stop at it.
func TestApplyLeavesOutWhatDoesNotAnswer(t *testing.T) {
	a := newApplying(t)
	a.wants("workers", func(c *v1alpha1.Config) {
		c.MachineConfig.MachineSysctls = map[string]string{"vm.max_map_count": "262144"}
	})
	a.Do(func() { a.Node("workers-1").Down = true })
	a.run(Stopped, clusterName+"-workers-1: no answer, and no configuration was given; run: make repair STACK=staging")
	assert.Equal(t, []string{"urn:" + clusterName + "-workers-0"}, a.recorded)
}
