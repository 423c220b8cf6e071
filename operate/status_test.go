package operate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/operate/operatetest"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

const (
	clusterName = "inferadb-staging-nyc1"
	stackText   = `# The stack.
config:
  inferadb:environment: staging
  inferadb:provider: aws
  inferadb:regions: [nyc1]
  inferadb:controlPlanes: 3
  inferadb:talosVersion: v1.13.8 # Talos
  inferadb:kubernetesVersion: 1.35.4
  inferadb:pools:
    - {name: workers, size: small, count: 2, labels: {tier: data}, taints: [{key: only, value: data, effect: NoSchedule}]}
    - {name: batch, size: small, min: 1, max: 5}
`
)

// fixture is a cluster with the stack file that describes it.
type fixture struct {
	*operatetest.Cluster
	t      *testing.T
	folder string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, folder: t.TempDir(), Cluster: operatetest.New(t, clusterName, 3, 2, "v1.13.8", "1.35.4")}
	for _, n := range f.Nodes[3:] {
		n.Labels = map[string]string{"inferadb.com/pool": "workers", "inferadb.com/workload": "stateless", "tier": "data"}
		n.Taints = []corev1.Taint{{Key: "only", Value: "data", Effect: corev1.TaintEffectNoSchedule}}
	}
	batch := f.AddGroupNode("ip-10-0-2-10", "batch", "v1.13.8")
	batch.Labels["inferadb.com/workload"] = "stateless"
	require.NoError(t, os.WriteFile(f.stackFile(), []byte(stackText), 0o600))
	for _, manifest := range f.stack().Clusters[0].Want.Manifests {
		objects, err := manifest.Objects()
		require.NoError(t, err)
		f.Install(objects)
	}
	return f
}

func (f *fixture) stackFile() string { return filepath.Join(f.folder, "Pulumi.staging.yaml") }

// stack reads the stack as ReadStack does, without the CLI.
func (f *fixture) stack() *Stack {
	f.t.Helper()
	settings, err := config.ReadStackFile(f.folder, "staging")
	require.NoError(f.t, err)
	wanted, _, err := config.Load("staging", settings)
	require.NoError(f.t, err)
	stack, err := parseStack(f.folder, "staging", f.Outputs("nyc1"), wanted)
	require.NoError(f.t, err)
	return stack
}

// operator opens the stack's cluster.
func (f *fixture) operator(stack *Stack) *Operator {
	f.t.Helper()
	op, err := Open(context.Background(), stack.Clusters[0])
	require.NoError(f.t, err)
	f.t.Cleanup(func() { assert.NoError(f.t, op.Close()) })
	op.Limit = 2 * time.Second
	return op
}

// ends expects an end with a code. It returns what was printed, and the error behind it.
func (f *fixture) ends(code int, err error, out string) string {
	f.t.Helper()
	if code == 0 {
		require.NoError(f.t, err, out)
		return out
	}
	var ended *ExitError
	require.ErrorAs(f.t, err, &ended, out)
	assert.Equal(f.t, code, ended.Code, "%s\n%s", err, out)
	return out + err.Error()
}

func (f *fixture) report() Report {
	f.t.Helper()
	stack := f.stack()
	return NewReport(stack, []*Observation{f.operator(stack).Observe(context.Background())})
}

func TestAHealthyClusterHasNoFindings(t *testing.T) {
	f := newFixture(t)
	report := f.report()
	assert.Empty(t, report.Clusters[0].Findings)
	assert.Equal(t, 0, report.ExitCode())
	var table bytes.Buffer
	require.NoError(t, report.Table(&table))
	lines := strings.Split(table.String(), "\n")
	assert.Equal(t, clusterName+"  healthy", lines[0])
	assert.Contains(t, table.String(), "etcd          3 members, leader inferadb-staging-nyc1-control-plane-0, 84 MiB of 2.0 GiB")
	assert.Regexp(t, `control-plane +inferadb-staging-nyc1-control-plane-0 +10\.0\.0\.10 +v1\.13\.8 +376567988ad3 +1\.35\.4 +yes +yes +leader`, table.String())
	assert.Regexp(t, `batch +ip-10-0-2-10 +10\.0\.2\.10 +v1\.13\.8 +unknown +1\.35\.4 +yes +yes +-`, table.String())
	for _, secret := range []string{"PRIVATE KEY", "client-key", "BEGIN"} {
		assert.NotContains(t, table.String(), secret)
	}
}

// damages are kinds of damage with the findings that each has, and no other has.
var damages = map[string]struct {
	do   func(*fixture)
	code int
	want []string
}{
	"the load balancer is down": {func(f *fixture) { f.APIDown = true }, 2,
		[]string{"api: the Kubernetes API at https://"}},
	"a control plane is down": {func(f *fixture) { f.Node("control-plane-1").Down = true }, 1,
		[]string{"reach: inferadb-staging-nyc1-control-plane-1: its Talos API at", "nodes: inferadb-staging-nyc1-control-plane-1: it is not ready"}},
	"a control plane hangs": {func(f *fixture) { f.Node("control-plane-1").Silent = true }, 1,
		[]string{"reach: inferadb-staging-nyc1-control-plane-1: its Talos API at"}},
	"a worker is down": {func(f *fixture) { f.Node("workers-1").Down = true }, 1,
		[]string{"reach: inferadb-staging-nyc1-workers-1: its Talos API at 10.0.1.11", "nodes: inferadb-staging-nyc1-workers-1: it is not ready"}},
	"all control planes are down": {func(f *fixture) {
		for _, n := range f.Nodes[:3] {
			n.Down = true
		}
	}, 2, []string{"api: the Kubernetes API", "reach: no control plane's Talos API answers", "etcd: no control plane's etcd answers"}},
	"the quorum is lost": {func(f *fixture) { f.Node("control-plane-1").Down, f.Node("control-plane-2").Down = true, true }, 2,
		[]string{"api: the Kubernetes API", "reach: inferadb-staging-nyc1-control-plane-1", "reach: inferadb-staging-nyc1-control-plane-2",
			"etcd: etcd has lost its quorum: 0 of 3 members follow a leader, and 2 are needed"}},
	"a member was removed": {func(f *fixture) { f.Members = f.Members[:2] }, 1,
		[]string{"etcd: inferadb-staging-nyc1-control-plane-2: its etcd does not answer", "etcd: inferadb-staging-nyc1-control-plane-2: it is a control plane and no member",
			"etcd: etcd has 2 members"}},
	"a stale member": {func(f *fixture) {
		f.Members = append(f.Members, &operatetest.Member{ID: 0xb0, Name: "old-1", Address: "10.0.0.99"})
	}, 1,
		[]string{"etcd: etcd has the member old-1 (b0), which is not a machine of the stack"}},
	"a machine that was made anew": {func(f *fixture) { f.Members[1].Address = "10.0.0.99" }, 1,
		[]string{"etcd: inferadb-staging-nyc1-control-plane-1: etcd has its member at 10.0.0.99, and the machine is at 10.0.0.11"}},
	"a member that never started": {func(f *fixture) { f.Members = append(f.Members, &operatetest.Member{ID: 0xb0, Address: "10.0.0.99"}) }, 1,
		[]string{"etcd: etcd has the member b0, which never started"}},
	"a learner": {func(f *fixture) { f.Members[2].Learner = true }, 1,
		[]string{"etcd: inferadb-staging-nyc1-control-plane-2: its etcd is a learner"}},
	"a member is behind": {func(f *fixture) { f.Members[2].Lag = 5000 }, 1,
		[]string{"etcd: inferadb-staging-nyc1-control-plane-2: its etcd is 5000 entries behind"}},
	"a member reports an error": {func(f *fixture) { f.Members[2].Errors = []string{"no leader"} }, 1,
		[]string{"etcd: inferadb-staging-nyc1-control-plane-2: its etcd reports: no leader"}},
	"the database is nearly full": {func(f *fixture) { f.Members[2].Size = 1700 << 20 }, 1,
		[]string{"etcd: inferadb-staging-nyc1-control-plane-2: etcd's database has 1.7 GiB of 2.0 GiB"}},
	"etcd has no space": {func(f *fixture) {
		f.Alarms = []*machine.EtcdMemberAlarm{{MemberId: 0xa1, Alarm: machine.EtcdMemberAlarm_NOSPACE}}
	}, 2, []string{"etcd: inferadb-staging-nyc1-control-plane-1: etcd has the alarm NOSPACE on member a1; etcd refuses writes"}},
	"etcd is corrupt": {func(f *fixture) {
		f.Alarms = []*machine.EtcdMemberAlarm{{MemberId: 0xa1, Alarm: machine.EtcdMemberAlarm_CORRUPT}}
	}, 1, []string{"etcd: inferadb-staging-nyc1-control-plane-1: etcd has the alarm CORRUPT"}},
	"an API server": {func(f *fixture) { f.Node("control-plane-1").NotReadyComponents = []string{"kube-apiserver"} }, 1,
		[]string{"api: inferadb-staging-nyc1-control-plane-1: its kube-apiserver is not ready"}},
	"a scheduler": {func(f *fixture) { f.Node("control-plane-1").NotReadyComponents = []string{"kube-scheduler"} }, 1,
		[]string{"system: inferadb-staging-nyc1-control-plane-1: its kube-scheduler is not ready"}},
	"the name server": {func(f *fixture) { f.Deployments[0].Status.ReadyReplicas = 1 }, 1,
		[]string{"system: Deployment coredns has 1 of 2 pods ready"}},
	"a node did not join": {func(f *fixture) { f.Node("workers-1").Absent = true }, 1,
		[]string{"nodes: inferadb-staging-nyc1-workers-1: Kubernetes has no such node"}},
	"a kubelet": {func(f *fixture) { f.Node("workers-1").NotReady = true }, 1,
		[]string{"nodes: inferadb-staging-nyc1-workers-1: it is not ready: NodeStatusUnknown: Kubelet stopped posting node status."}},
	"a node is cordoned": {func(f *fixture) { f.Node("workers-1").Unschedulable = true }, 1,
		[]string{"cordoned: inferadb-staging-nyc1-workers-1: it is cordoned by a person"}},
	"an upgrade left a node cordoned": {func(f *fixture) {
		f.Node("workers-1").Unschedulable = true
		f.Node("workers-1").Annotations[cordonedByUs] = "true"
	}, 1, []string{"cordoned: inferadb-staging-nyc1-workers-1: it is cordoned by an upgrade"}},
	"a node behind": {func(f *fixture) { f.Node("workers-1").Talos = "v1.13.7" }, 1,
		[]string{"versions: inferadb-staging-nyc1-workers-1: it runs Talos v1.13.7, behind the stack file's v1.13.8"}},
	"an API server ahead": {func(f *fixture) { f.Node("control-plane-0").Components["kube-apiserver"] = "1.35.5" }, 1,
		[]string{"versions: inferadb-staging-nyc1-control-plane-0: it runs kube-apiserver 1.35.5, ahead of the stack file's 1.35.4"}},
	"a machine of a group behind": {func(f *fixture) { f.Node("10-0-2-10").Talos = "v1.13.7" }, 1,
		[]string{"versions: ip-10-0-2-10: it runs Talos v1.13.7, behind the stack file's v1.13.8; the next make up"}},
	"a taint that never came": {func(f *fixture) { f.Node("workers-1").Taints = nil }, 1,
		[]string{"taints: inferadb-staging-nyc1-workers-1: it lacks the taint only=data:NoSchedule of its pool workers; run: make apply"}},
	"a taint that stayed": {func(f *fixture) {
		f.Node("10-0-2-10").Taints = []corev1.Taint{{Key: "x", Effect: "NoSchedule"}, {Key: "node.kubernetes.io/not-ready", Effect: "NoExecute"}}
	}, 1, []string{"taints: ip-10-0-2-10: it has the taint x:NoSchedule"}},
	"a label": {func(f *fixture) { delete(f.Node("workers-1").Labels, "tier") }, 1,
		[]string{"labels: inferadb-staging-nyc1-workers-1: it lacks the label tier=data of its pool workers"}},
	"credentials end soon": {func(f *fixture) { f.Expire(time.Now().Add(30*24*time.Hour + time.Hour)) }, 1,
		[]string{"certificates: the certificate in the kubeconfig expires on", "certificates: the certificate in the talosconfig expires on"}},
	"a budget that allows nothing": {func(f *fixture) {
		f.Pods = append(f.Pods, operatetest.Pod("db", "ledger-0", clusterName+"-workers-1", map[string]string{"app": "ledger"}))
		f.Budgets = append(f.Budgets, operatetest.Budget("db", "ledger", 0, map[string]string{"app": "ledger"}))
	}, 0, []string{"drain: PodDisruptionBudget db/ledger allows no eviction of pods on inferadb-staging-nyc1-workers-1"}},
	"a node that is no machine": {func(f *fixture) { f.Node("10-0-2-10").Labels = nil }, 0,
		[]string{"nodes: ip-10-0-2-10: it is a node of Kubernetes and no machine of the stack"}},
}

// TestStatusTellsDamageApart expects of each damage its own findings and no others.
func TestStatusTellsDamageApart(t *testing.T) {
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.Do(func() { damage.do(f) })
			report := f.report()
			var got []string
			for _, finding := range report.Clusters[0].Findings {
				got = append(got, finding.Gate+": "+finding.String())
				assert.NotEmpty(t, finding.Remedy, finding)
			}
			require.Len(t, got, len(damage.want), strings.Join(got, "\n"))
			for i, want := range damage.want {
				assert.True(t, strings.HasPrefix(got[i], want), "%q does not begin with %q", got[i], want)
			}
			assert.Equal(t, damage.code, report.ExitCode())
		})
	}
}

func TestNoTwoDamagesLookTheSame(t *testing.T) {
	seen := map[string]string{}
	for name, damage := range damages {
		key := fmt.Sprint(damage.want)
		assert.Empty(t, seen[key], "%s", name)
		seen[key] = name
	}
	assert.GreaterOrEqual(t, len(seen), 12)
}

// TestANodeThatHangsIsARow expects an answer within the limit, and everything else of the report.
func TestANodeThatHangsIsARow(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Node("control-plane-0").Silent, f.Node("workers-0").Silent = true, true })
	stack := f.stack()
	op := f.operator(stack)
	op.Limit = 300 * time.Millisecond
	start := time.Now()
	o := op.Observe(context.Background())
	assert.Less(t, time.Since(start), 5*time.Second)
	assert.Equal(t, "no answer in time", o.Nodes[0].TalosError)
	assert.Equal(t, "v1.13.8", o.Nodes[1].Talos)
	assert.Equal(t, "no answer in time", o.Node(clusterName+"-workers-0").TalosError)
	assert.Equal(t, "v1.13.8", o.Node(clusterName+"-workers-1").Talos, "another control plane forwards")
}

func TestStatusAsJSON(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Node("workers-1").Down = true })
	var out bytes.Buffer
	require.NoError(t, f.report().JSON(&out))
	var read struct {
		Status   string
		Clusters []struct {
			Nodes []struct {
				Name, Unreachable string
				Ready             bool
			}
			Findings []struct{ Gate, Level, Node, Remedy string }
		}
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &read))
	assert.Equal(t, "degraded", read.Status)
	i := slices.IndexFunc(read.Clusters[0].Nodes, func(n struct {
		Name, Unreachable string
		Ready             bool
	}) bool {
		return n.Name == clusterName+"-workers-1"
	})
	assert.False(t, read.Clusters[0].Nodes[i].Ready)
	assert.NotEmpty(t, read.Clusters[0].Nodes[i].Unreachable)
	assert.Equal(t, "degraded", read.Clusters[0].Findings[0].Level)
}

func TestAStackThatNeverCameUp(t *testing.T) {
	f := newFixture(t)
	stack := f.stack()
	_, err := parseStack(f.folder, "staging", []byte("{}"), nil)
	require.ErrorContains(t, err, "run: make up STACK=staging")
	other, err := parseStack(f.folder, "staging", f.Outputs("elsewhere"), []cluster.Cluster{stack.Clusters[0].Want})
	require.NoError(t, err)
	report := NewReport(other, nil)
	assert.Equal(t, []string{clusterName}, report.Missing)
	assert.Equal(t, 1, report.ExitCode())
}
