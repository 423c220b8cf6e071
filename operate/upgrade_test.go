package operate

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/operate/operatetest"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
)

// The fixture runs v1.13.8 and 1.35.4.
var target = cluster.Upgrade{Talos: "v1.13.10", Kubernetes: "1.36.5"}

func (f *fixture) upgrade(out *bytes.Buffer) *Upgrade {
	f.t.Helper()
	return &Upgrade{
		Stack: f.stack(), Target: target, Out: out, Confirm: func() error { return nil }, Snapshots: f.folder,
		Drain: 30 * time.Second, Node: 30 * time.Second, Gate: 30 * time.Second, Poll: 5 * time.Millisecond,
		Settle: 5 * time.Millisecond,
		Renew:  20 * time.Millisecond,
	}
}

// run upgrades and expects an end with a code.
func (f *fixture) run(change func(*Upgrade), code int, message string) string {
	f.t.Helper()
	var out bytes.Buffer
	u := f.upgrade(&out)
	if change != nil {
		change(u)
	}
	assert.Contains(f.t, f.ends(code, u.Run(context.Background()), out.String()), message)
	return out.String()
}

func (f *fixture) file() string {
	f.t.Helper()
	text, err := os.ReadFile(f.stackFile())
	require.NoError(f.t, err)
	return string(text)
}

func (f *fixture) isUpgraded() {
	f.t.Helper()
	report := f.report()
	// The scaling group follows with the next update.
	for _, finding := range report.Clusters[0].Findings {
		assert.Equal(f.t, "ip-10-0-2-10", finding.Node, finding)
	}
	for _, n := range f.Nodes[:5] {
		assert.Equal(f.t, "v1.13.10", n.Talos)
		assert.Equal(f.t, "1.36.5", n.Kubelet)
		assert.False(f.t, n.Unschedulable, n.Name)
		assert.NotContains(f.t, n.Annotations, cordonedByUs)
	}
	want := strings.NewReplacer("v1.13.8 # Talos", "v1.13.10 # Talos", "1.35.4", "1.36.5").Replace(stackText)
	assert.Equal(f.t, want, f.file())
}

// without the cluster's name.
func short(lines []string) []string {
	var all []string
	for _, line := range lines {
		all = append(all, strings.ReplaceAll(line, clusterName+"-", ""))
	}
	return all
}

// TestUpgradeGoesOneNodeAtATime expects the whole order: the leader of etcd last and never rebooted as one, API servers
// before what talks to them, kubelets after those.
func TestUpgradeGoesOneNodeAtATime(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Pods = append(f.Pods, operatetest.Pod("app", "web-0", clusterName+"-workers-0", nil)) })
	out := f.run(nil, 0, "")
	var want []string
	node := func(name string, extra ...string) {
		want = append(append(append(want, "install "+name+" v1.13.10", "cordon "+name), extra...), "reboot "+name, "uncordon "+name)
	}
	want = append(want, "snapshot control-plane-1")
	node("control-plane-1")
	node("control-plane-2")
	node("control-plane-0", "forfeit control-plane-0")
	node("workers-0", "evict web-0")
	node("workers-1")
	for _, component := range components {
		for i := range 3 {
			want = append(want, fmt.Sprintf("%s control-plane-%d 1.36.5", component, i))
		}
	}
	for _, name := range []string{"control-plane-0", "control-plane-1", "control-plane-2", "workers-0", "workers-1"} {
		want = append(want, "kubelet "+name+" 1.36.5")
	}
	want = append(want, "apply coredns")
	assert.Equal(t, want, short(f.Log()))
	f.isUpgraded()
	assert.Contains(t, out, "Talos v1.13.10, one at a time")
	assert.NotContains(t, out, "PRIVATE KEY")
}

func TestUpgradeOfTalos112HasTheOlderService(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, os.WriteFile(f.stackFile(), []byte(strings.ReplaceAll(stackText, "v1.13.8", "v1.12.4")), 0o600))
	f.Do(func() {
		for _, n := range f.Nodes {
			n.Talos = "v1.12.4"
		}
	})
	f.run(func(u *Upgrade) { u.Target = cluster.Upgrade{Talos: "v1.13.10"} }, 0, "")
	assert.Equal(t, []string{"cordon control-plane-1", "install control-plane-1 v1.13.10", "reboot control-plane-1", "uncordon control-plane-1"},
		short(f.Log())[1:5])
	assert.Equal(t, "1.35.4", f.Nodes[0].Kubelet)
	assert.Contains(t, f.file(), "talosVersion: v1.13.10")
}

func TestADryRunChangesNothing(t *testing.T) {
	f := newFixture(t)
	out := f.run(func(u *Upgrade) { u.DryRun = true }, 0, "")
	assert.Empty(t, f.Log())
	assert.Equal(t, stackText, f.file())
	assert.Contains(t, out, "kube-apiserver 1.36.5: "+clusterName+"-control-plane-0, ")
	f.Do(func() { f.Members[2].Learner = true })
	f.run(func(u *Upgrade) { u.DryRun = true }, Refused, "refused by etcd: inferadb-staging-nyc1-control-plane-2: its etcd is a learner")
}

// TestUpgradeIsRefused expects a refusal before anything is changed.
func TestUpgradeIsRefused(t *testing.T) {
	to := func(talos, kubernetes string) func(*Upgrade) {
		return func(u *Upgrade) { u.Target = cluster.Upgrade{Talos: talos, Kubernetes: kubernetes} }
	}
	budget := func(f *fixture) {
		f.Pods = append(f.Pods, operatetest.Pod("db", "ledger-0", clusterName+"-workers-1", map[string]string{"app": "ledger"}))
		f.Budgets = append(f.Budgets, operatetest.Budget("db", "ledger", 0, map[string]string{"app": "ledger"}))
	}
	for name, test := range map[string]struct {
		damage  func(*fixture)
		change  func(*Upgrade)
		message string
	}{
		"a lower Talos":               {nil, to("v1.13.7", ""), "an upgrade never goes back"},
		"a lower Kubernetes":          {nil, to("", "1.35.3"), "an upgrade never goes back"},
		"a minor of Kubernetes":       {func(f *fixture) { f.Node("workers-1").Kubelet = "1.34.3" }, nil, "it runs kubelet 1.34.3, and 1.36.5 skips a minor version; upgrade to 1.35 first"},
		"a pair":                      {nil, to("", "1.37.1"), "Talos v1.13.8 does not run Kubernetes 1.37.1"},
		"a minor of Talos":            {nil, to("v1.15.0", ""), "skips a minor version; upgrade to the last release of v1.14 first"},
		"not a version":               {nil, to("1.13", ""), "is a number, and not the version of a Talos release"},
		"not a version of Kubernetes": {nil, to("", "v1.36.5"), `"v1.36.5" is not the version of a Kubernetes release`},
		"a learner":                   {func(f *fixture) { f.Members[2].Learner = true }, nil, "refused by etcd"},
		"no space": {func(
			f *fixture) {
			f.Alarms = []*machine.EtcdMemberAlarm{{MemberId: 0xa1, Alarm: 1}}
		}, nil, "alarm NOSPACE"},
		"a worker is down":           {func(f *fixture) { f.Node("workers-1").Down = true }, nil, "refused by reach"},
		"two gates at once":          {func(f *fixture) { f.Node("workers-1").Down, f.Members[2].Lag = true, 9000 }, nil, "3 gates refuse"},
		"a budget":                   {budget, nil, "refused by drain: PodDisruptionBudget db/ledger allows no eviction"},
		"etcd cannot be accepted":    {func(f *fixture) { f.Members[2].Learner = true }, func(u *Upgrade) { u.Accept = []string{"etcd"} }, `no gate "etcd" that can be accepted`},
		"an image that is not there": {func(f *fixture) { f.Images = []string{"none"} }, nil, "cannot be fetched"},
		"two members":                {func(f *fixture) { f.Members = f.Members[:2] }, nil, "etcd has 2 members"},
		"no snapshot":                {func(f *fixture) { f.Cluster.Snapshot = nil }, nil, "nothing was changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			if test.damage != nil {
				f.Do(func() { test.damage(f) })
			}
			f.run(test.change, Refused, test.message)
			assert.Equal(t, stackText, f.file())
			for _, done := range f.Log() {
				assert.True(t, strings.HasPrefix(done, "snapshot"), done)
			}
		})
	}
}

func TestAcceptedGates(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Deployments[0].Status.ReadyReplicas = 1 })
	f.run(nil, Refused, "refused by system: Deployment coredns")
	f.run(func(u *Upgrade) { u.Accept = []string{"system"} }, 0, "")
}

// TestUpgradeStops expects an end at the first fault, with no other node touched, and success when it is mended and run
// again.
func TestUpgradeStops(t *testing.T) {
	const first, second = "control-plane-1", "control-plane-2"
	for name, test := range map[string]struct {
		damage, mend func(*fixture)
		message      string
	}{
		"the node falls back": {func(f *fixture) { f.Node(first).FallsBack = true }, func(f *fixture) { f.Node(first).FallsBack = false },
			first + ": Talos: it came back with Talos v1.13.8: the new version did not start"},
		"the node stays away": {func(f *fixture) { f.Node(first).StaysAway = true }, func(f *fixture) {
			n := f.Node(first)
			n.StaysAway, n.Down, n.Talos, n.BootID = false, false, "v1.13.10", "boot-9"
		}, first + ": Talos: it did not come back in 2s"},
		"its etcd is a learner": {func(f *fixture) { f.Node(first).OnReboot = func() { f.Members[1].Learner = true } },
			func(f *fixture) { f.Members[1].Learner = false }, "gate etcd did not pass in 3s: inferadb-staging-nyc1-" + first + ": its etcd is a learner"},
		"its member is lost": {func(f *fixture) { f.Node(first).OnReboot = func() { f.Members[1].Name = "other" } },
			func(f *fixture) { f.Members[1].Name = clusterName + "-" + first }, "gate etcd did not pass in 3s"},
		"another control plane fails meanwhile": {func(f *fixture) { f.Node(first).OnReboot = func() { f.Node(second).Down = true } },
			func(f *fixture) { f.Node(second).Down = false }, "gate reach did not pass in 3s: inferadb-staging-nyc1-" + second},
		"its kubelet does not report": {func(f *fixture) { f.Node(first).OnReboot = func() { f.Node(first).NotReady = true } },
			func(f *fixture) { f.Node(first).NotReady = false }, "gate nodes did not pass in 3s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.Do(func() { test.damage(f) })
			f.run(func(u *Upgrade) { u.Node, u.Gate = 2*time.Second, 3*time.Second }, Stopped, test.message)
			for _, done := range f.Log() {
				assert.NotContains(t, done, "install "+clusterName+"-"+second)
			}
			assert.Contains(t, f.file(), "inferadb:upgrade: {talos: v1.13.10, kubernetes: 1.36.5}", "no update runs")
			f.Do(func() { test.mend(f); f.Node(first).OnReboot = nil })
			f.run(func(u *Upgrade) { u.Target = cluster.Upgrade{} }, 0, "")
			f.isUpgraded()
		})
	}
}

// TestADrainThatABudgetHolds expects the pod by its name, and the node as it was.
func TestADrainThatABudgetHolds(t *testing.T) {
	f := newFixture(t)
	f.Do(func() {
		f.Pods = append(f.Pods, operatetest.Pod("db", "ledger-0", clusterName+"-workers-0", map[string]string{"app": "ledger"}))
		f.Budgets = append(f.Budgets, operatetest.Budget("db", "ledger", 0, map[string]string{"app": "ledger"}))
	})
	f.run(func(u *Upgrade) { u.Accept, u.Drain = []string{"drain"}, 300*time.Millisecond }, Stopped, "the drain did not end in 300ms: "+
		"db/ledger-0: Cannot evict pod as it would violate the pod's disruption budget. The disruption budget ledger needs 1 healthy pods")
	n := f.Node("workers-0")
	assert.False(t, n.Unschedulable)
	assert.Equal(t, "v1.13.8", n.Talos)
	f.Do(func() { f.Budgets = nil })
	f.run(nil, 0, "")
	f.isUpgraded()
}

func TestANodeThatAPersonCordonedStaysSo(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Node("workers-1").Unschedulable = true })
	f.run(nil, 0, "")
	assert.True(t, f.Node("workers-1").Unschedulable)
	assert.Equal(t, "v1.13.10", f.Node("workers-1").Talos)
}

// TestANodeThatKubernetesDoesNotHave is upgraded if that is accepted.
func TestANodeThatKubernetesDoesNotHave(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Node("workers-1").Absent = true })
	f.run(nil, Refused, "refused by nodes: inferadb-staging-nyc1-workers-1: Kubernetes has no such node")
	out := f.run(func(u *Upgrade) { u.Accept, u.Target = []string{"nodes"}, cluster.Upgrade{Talos: "v1.13.10"} }, 0, "")
	assert.Contains(t, out, "nothing is drained")
	assert.Equal(t, "v1.13.10", f.Node("workers-1").Talos)
}

// killer ends the goroutine that writes a line, as a kill ends a process.
type killer struct {
	bytes.Buffer
	after int
}

func (k *killer) Write(p []byte) (int, error) {
	if k.after--; k.after < 0 {
		runtime.Goexit()
	}
	return k.Buffer.Write(p)
}

// anyNode is the time and the node at the beginning of a line.
var anyNode = regexp.MustCompile(`^[0-9:]{8}  inferadb\S+`)

// TestAKilledUpgradeGoesOn kills an upgrade at each line that it prints, and expects that the next run ends as one that
// was not killed.
func TestAKilledUpgradeGoesOn(t *testing.T) {
	whole := newFixture(t)
	whole.UseFlannel()
	lines := strings.Split(strings.TrimSpace(whole.run(nil, 0, "")), "\n")
	require.Greater(t, len(lines), 50)
	for at, line := range lines {
		// Of lines in a row that differ only by the node, the first stands for all.
		if at > 0 && anyNode.ReplaceAllString(line, "") == anyNode.ReplaceAllString(lines[at-1], "") {
			continue
		}
		f := newFixture(t)
		f.UseFlannel()
		var killed sync.WaitGroup
		killed.Go(func() {
			u := f.upgrade(&bytes.Buffer{})
			u.Out = &killer{after: at}
			_ = u.Run(context.Background())
		})
		killed.Wait()
		f.run(nil, 0, "")
		f.isUpgraded()
		assert.Equal(t, whole.runs(proxySet, flannelSet, dnsSet), f.runs(proxySet, flannelSet, dnsSet))
		require.False(t, t.Failed(), "killed at line %d: %s", at, line)
	}
}

func TestAnInterruptedUpgradeFinishesTheNode(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(context.Background())
	f.Do(func() { f.Node("control-plane-1").OnReboot = cancel })
	var out bytes.Buffer
	err := f.upgrade(&out).Run(ctx)
	var ended *ExitError
	require.ErrorAs(t, err, &ended)
	assert.Equal(t, Interrupted, ended.Code)
	assert.Equal(t, "uncordon control-plane-1", short(f.Log())[len(f.Log())-1])
}

// TestTwoUpgradesAreKeptApart expects exit code 4 beside a run that is alive, and that a dead one's lock is taken over.
func TestTwoUpgradesAreKeptApart(t *testing.T) {
	f := newFixture(t)
	other := "another-host-1"
	lease := coordinationv1.Lease{Spec: coordinationv1.LeaseSpec{HolderIdentity: &other}}
	f.Do(func() { f.Renew(lease) })
	ctx, stop := context.WithCancel(context.Background())
	var alive sync.WaitGroup
	alive.Go(func() {
		for pause(ctx, 10*time.Millisecond) == nil {
			f.Do(func() { f.Renew(lease) })
		}
	})
	f.run(nil, Locked, "another-host-1 works on this cluster now")
	assert.Equal(t, stackText, f.file())
	assert.Empty(t, f.Log())
	stop()
	alive.Wait()
	f.Do(func() {
		f.Node("control-plane-2").OnReboot = func() { f.Renew(lease) }
	})
	f.run(nil, Locked, "another command has taken the lock")
	f.Do(func() { f.Node("control-plane-2").OnReboot = nil })
	f.run(nil, 0, "")
	f.isUpgraded()
	assert.Nil(t, f.Lease.Spec.HolderIdentity, "it is given back")
}

func TestOtherVersionsWhileAnUpgradeIsUnderWay(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.stack().mark(target))
	f.run(func(u *Upgrade) { u.Target = cluster.Upgrade{Talos: "v1.13.9"} }, Refused, "an upgrade to Talos v1.13.10 is under way")
}

func TestAbandon(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.stack().mark(target))
	f.Do(func() { f.Node("control-plane-2").Components["kube-scheduler"] = "1.36.5" })
	var out bytes.Buffer
	require.ErrorContains(t, f.upgrade(&out).Abandon(context.Background()), "runs Kubernetes 1.36.5 already")
	assert.NotEqual(t, stackText, f.file())
	f.Do(func() { f.Node("control-plane-2").Components["kube-scheduler"] = "1.35.4" })
	require.NoError(t, f.upgrade(&out).Abandon(context.Background()))
	assert.Equal(t, stackText, f.file())
}

// TestWorkersOfAPoolAtOnce: as many as may be unavailable, and never a control plane or a stateful worker beside
// another node.
func TestWorkersOfAPoolAtOnce(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.RebootTakes = 300 * time.Millisecond })
	f.run(func(u *Upgrade) { u.MaxUnavailable = 2; u.Target = cluster.Upgrade{Talos: "v1.13.10"} }, 0, "")
	var away, most, mostControlPlanes int
	for _, line := range short(f.Log()) {
		switch {
		case strings.HasPrefix(line, "cordon "):
			away++
			if most = max(most, away); strings.Contains(line, "control-plane") {
				mostControlPlanes = max(mostControlPlanes, away)
			}
		case strings.HasPrefix(line, "uncordon "):
			away--
		}
	}
	assert.Equal(t, 2, most)
	assert.Equal(t, 1, mostControlPlanes)
	for _, n := range f.Nodes[:5] {
		assert.Equal(t, "v1.13.10", n.Talos)
		assert.False(t, n.Unschedulable, n.Name)
	}
	o := &Observation{Cluster: f.stack().Clusters[0],
		Nodes: []*Node{{Machine: Machine{Name: "a", Pool: "workers"}}, {Machine: Machine{Name: "b", Pool: "workers"}}}}
	steps := []step{{kind: upgradeTalos, node: "a"}, {kind: upgradeTalos, node: "b"}}
	r := &upgradeRun{Upgrade: &Upgrade{MaxUnavailable: 5}}
	assert.Len(t, r.together(o, steps), 2)
	o.Cluster.Want.Pools[0].Workload = cluster.Stateful
	assert.Len(t, r.together(o, steps), 1)
}

// TestAFaultAmongWorkersAtOnce finishes the other worker, and names the one that failed.
func TestAFaultAmongWorkersAtOnce(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Node("workers-0").FallsBack = true })
	out := f.run(func(u *Upgrade) { u.MaxUnavailable = 2; u.Node, u.Gate = 3*time.Second, 3*time.Second }, Stopped,
		"workers-0: Talos: it came back with Talos v1.13.8")
	assert.Equal(t, "v1.13.10", f.Node("workers-1").Talos, out)
	assert.False(t, f.Node("workers-1").Unschedulable)
	f.Do(func() { f.Node("workers-0").FallsBack = false })
	f.run(nil, 0, "")
	f.isUpgraded()
}

// TestNoAnswerIsNoUpgrade: what does not answer is not taken for upgraded, whatever is left to do elsewhere.
func TestNoAnswerIsNoUpgrade(t *testing.T) {
	t.Run("the API", func(t *testing.T) {
		f := newFixture(t)
		f.run(func(u *Upgrade) { u.Target = cluster.Upgrade{Talos: "v1.13.10"} }, 0, "")
		before := f.file()
		f.Do(func() { f.APIDown = true })
		f.run(nil, Refused, "refused by api")
		assert.Equal(t, before, f.file())
	})
	t.Run("all nodes", func(t *testing.T) {
		f := newFixture(t)
		f.Do(func() { f.Node("control-plane-1").FallsBack = true })
		f.run(func(u *Upgrade) { u.Node, u.Gate = 2*time.Second, 2*time.Second }, Stopped, "it came back with Talos v1.13.8")
		before := f.file()
		require.Contains(t, before, "inferadb:upgrade")
		f.Do(func() {
			for _, n := range f.Nodes {
				n.Down = true
			}
		})
		f.run(func(u *Upgrade) { u.Gate = 300 * time.Millisecond }, Refused, "refused by reach")
		assert.Equal(t, before, f.file(), "the mark stays")
	})
}

// TestADrainEndsWherePodsTolerateTheCordon: a pod that comes after the cordon would come again after each eviction.
func TestADrainEndsWherePodsTolerateTheCordon(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Pods = append(f.Pods, operatetest.Pod("app", "agent-0", clusterName+"-workers-0", nil)) })
	ctx, stop := context.WithCancel(context.Background())
	var owner sync.WaitGroup
	owner.Go(func() {
		for n := 1; pause(ctx, time.Millisecond) == nil; {
			f.Do(func() {
				if len(f.Pods) == 0 {
					f.Pods = append(f.Pods, operatetest.Pod("app", fmt.Sprintf("agent-%d", n), clusterName+"-workers-0", nil))
					n++
				}
			})
		}
	})
	f.run(func(u *Upgrade) { u.Target, u.Drain = cluster.Upgrade{Talos: "v1.13.10"}, 5*time.Second }, 0, "")
	stop()
	owner.Wait()
	assert.NotContains(t, f.Log(), "evict agent-1")
}

// TestAClusterMayBeTooSmallForItsDeployments, and have nodes of machines that its groups have ended.
func TestAClusterMayBeTooSmallForItsDeployments(t *testing.T) {
	node := func(name string, ready bool) *KubernetesNode { return &KubernetesNode{Name: name, Ready: ready} }
	o := &Observation{Nodes: []*Node{{Kubernetes: node("cp-0", true)}}, GroupNodes: []*KubernetesNode{node("spot", false)},
		Cluster: &Cluster{}}
	assert.EqualValues(t, 1, o.expected(Workload{Kind: "Deployment", Desired: 2}), "two pods that keep away from each other")
	assert.EqualValues(t, 1, o.expected(Workload{Kind: "DaemonSet", Desired: 2}), "the spot machine is gone")
	o.GroupNodes[0].Ready = true
	assert.EqualValues(t, 2, o.expected(Workload{Kind: "Deployment", Desired: 2}))
	assert.EqualValues(t, 2, o.expected(Workload{Kind: "DaemonSet", Desired: 2}))
}

// TestAnotherUpgradeWentFurther while this one waited for its answer: nothing is taken back.
func TestAnotherUpgradeWentFurther(t *testing.T) {
	f := newFixture(t)
	f.run(func(u *Upgrade) {
		u.Target = cluster.Upgrade{Talos: "v1.13.9"}
		u.Confirm = func() error {
			f.Do(func() { f.Node("control-plane-1").Talos = "v1.13.10" })
			return nil
		}
	}, Stopped, "an upgrade never goes back to v1.13.9")
	assert.NotContains(t, strings.Join(f.Log(), "\n"), "install")
}

// TestAbandonedNodesAreUncordoned: no other command would do it.
func TestAbandonedNodesAreUncordoned(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Node("workers-0").FallsBack = true })
	f.run(func(u *Upgrade) { u.Node, u.Gate = 2*time.Second, 3*time.Second }, Stopped, "workers-0: Talos: it came back")
	require.True(t, f.Node("workers-0").Unschedulable)
	require.NoError(t, f.upgrade(&bytes.Buffer{}).Abandon(context.Background()))
	assert.False(t, f.Node("workers-0").Unschedulable)
	assert.NotContains(t, f.Node("workers-0").Annotations, cordonedByUs)
	assert.NotContains(t, f.file(), "inferadb:upgrade")
}
