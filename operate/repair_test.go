package operate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/operate/operatetest"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// repair runs the repair and expects an exit code. typed is what a person would type for a member.
func (f *fixture) repair(code int, typed string, change func(*Repair)) string {
	f.t.Helper()
	var out bytes.Buffer
	r := &Repair{
		Stack: f.stack(), Gate: 5 * time.Second, Poll: 5 * time.Millisecond, Renew: 5 * time.Millisecond, Out: &out,
		Confirm: func() error { return nil },
		ConfirmText: func(text string) error {
			if text != typed {
				return errors.New("nothing was done")
			}
			return nil
		},
	}
	if change != nil {
		change(r)
	}
	return f.ends(code, r.Run(context.Background()), out.String())
}

// strayMember is a member that no machine has.
func (f *fixture) strayMember(id uint64, name, address string) {
	f.Do(func() { f.Members = append(f.Members, &operatetest.Member{ID: id, Name: name, Address: address}) })
}

func TestAHealthyClusterNeedsNoRepair(t *testing.T) {
	f := newFixture(t)
	assert.Equal(t, clusterName+": 0 to repair\n", f.repair(0, "", nil))
	assert.Empty(t, f.Log())
}

func TestALostMemberIsRemoved(t *testing.T) {
	for name, lose := range map[string]func(*fixture){
		"whose name no machine has": func(f *fixture) { f.strayMember(0xbad, clusterName+"-control-plane-9", "10.0.0.19") },
		"that never started":        func(f *fixture) { f.strayMember(0xbad, "", "10.0.0.19") },
		"whose machine was made anew elsewhere": func(f *fixture) {
			f.Do(func() { f.Members[1] = &operatetest.Member{ID: 0xbad, Name: f.Members[1].Name, Address: "10.0.0.19"} })
			f.Do(func() { f.Node("control-plane-1").EtcdState = "Failed" })
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			lose(f)
			f.Do(func() { f.Unhealthy = 3 })
			assert.Contains(t, f.repair(0, "", func(r *Repair) { r.DryRun = true }), "(bad at 10.0.0.19)")
			assert.Contains(t, f.repair(Stopped, "yes", nil), "nothing was done")
			assert.Empty(t, f.Log(), "without its id nothing is removed")
			assert.Contains(t, f.repair(0, "bad", nil), "the member bad is removed")
			assert.Equal(t, []string{"remove member bad"}, f.Log())
		})
	}
}

// TestALostControlPlaneIsRemoved has a machine that a refresh did not find any more.
func TestALostControlPlaneIsRemoved(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Node("control-plane-2").Down = true })
	assert.Contains(t, f.repair(Stopped, "", nil), "control-plane-2 does not answer (connection refused), and etcd bears no further loss; "+
		"start its machine, or, if the cloud has it no more: make refresh STACK=staging, then make up STACK=staging")
	assert.Empty(t, f.Log(), "as long as the stack has its machine, it is not removed")
	gone := func(r *Repair) { r.Gone = []string{clusterName + "-control-plane-2"} }
	f.repair(0, "a2", gone)
	assert.Equal(t, []string{"remove member a2"}, f.Log())
}

func TestOneMemberIsRemovedInARun(t *testing.T) {
	f := newFixture(t)
	f.strayMember(0xb1, "x", "10.0.0.18")
	f.Do(func() {
		f.Members = append(f.Members[:1:1], append([]*operatetest.Member{{ID: 0xa9, Name: "y", Address: "10.0.0.19"}},
			f.Members[1:]...)...)
	})
	f.repair(0, "a9", nil)
	assert.Equal(t, []string{"remove member a9"}, f.Log())
	f.repair(0, "b1", nil)
	assert.Len(t, f.Members, 3)
}

func TestARepairIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		broken  func(*fixture)
		message string
	}{
		"a member that answers": {func(f *fixture) { f.strayMember(0xbad, "x", f.Node("workers-0").Address) },
			"a machine answers at 10.0.1.10: it is alive"},
		"without a quorum": {func(f *fixture) { f.Node("control-plane-1").Down, f.Node("control-plane-2").Down = true, true },
			"etcd has lost its quorum, and no member can be removed without one"},
		"without any answer": {func(f *fixture) {
			for _, n := range f.Nodes {
				n.Down = true
			}
		}, "no control plane's Talos API answers"},
		"another alarm": {func(f *fixture) {
			f.Alarms = []*machine.EtcdMemberAlarm{
				{MemberId: 0xa1, Alarm: machine.EtcdMemberAlarm_NOSPACE},
				{MemberId: 0xa1, Alarm: machine.EtcdMemberAlarm_CORRUPT},
			}
		}, "etcd has the alarm CORRUPT on member a1"},
		"no space while a member is down": {func(f *fixture) {
			f.Members[0].Size, f.Node("control-plane-2").Down = 2<<30, true
		}, "repair this first: inferadb-staging-nyc1-control-plane-2: its Talos API does not answer"},
		"no space while a member is behind": {func(f *fixture) { f.Members[0].Size, f.Members[1].Lag = 2<<30, 5000 },
			"repair this first: inferadb-staging-nyc1-control-plane-1: its etcd is 5000 entries behind"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			test.broken(f)
			assert.Contains(t, f.repair(Refused, "bad", nil), test.message)
			assert.Empty(t, f.Log())
		})
	}
}

func TestEtcdGetsSpace(t *testing.T) {
	f := newFixture(t)
	f.Do(func() {
		f.Alarms = []*machine.EtcdMemberAlarm{{MemberId: 0xa1, Alarm: machine.EtcdMemberAlarm_NOSPACE}}
		f.Members[0].Errors = []string{"memberID:161 alarm:NOSPACE "}
		for _, m := range f.Members {
			m.Size = 2 << 30
		}
	})
	out := f.repair(0, "", nil)
	assert.Contains(t, out, "etcd has the alarm NOSPACE and refuses writes")
	want := []string{"defragment control-plane-1", "defragment control-plane-2", "defragment control-plane-0", "disarm"}
	assert.Equal(t, want, short(f.Log()))
	assert.Empty(t, f.report().Clusters[0].Findings)

	// Close to the quota, and no alarm yet; what is in use does not get less.
	f.Do(func() { f.Members[2].Size, f.InUse = 1700<<20, 1700<<20 })
	out = f.repair(Stopped, "", func(r *Repair) { r.Gate = 20 * time.Millisecond })
	assert.Contains(t, out, "delete objects that are not needed")
	assert.NotContains(t, f.Log()[4:], "disarm")
}

func TestCordonedNodes(t *testing.T) {
	f := newFixture(t)
	f.Do(func() {
		for name, annotation := range map[string]string{"workers-0": cordonedByTalos, "workers-1": cordonedByUs, "control-plane-0": "by.hand"} {
			f.Node(name).Unschedulable, f.Node(name).Annotations = true, map[string]string{annotation: "true"}
		}
	})
	out := f.repair(Stopped, "", nil)
	assert.Contains(t, out, "workers-1 is cordoned by an upgrade that was interrupted; continue it: make upgrade STACK=staging")
	assert.Contains(t, out, "workers-0: takes pods again")
	assert.Equal(t, []string{"uncordon workers-0"}, short(f.Log()))
	assert.Empty(t, f.Node("workers-0").Annotations)
	f.Do(func() {
		f.Node("workers-0").Unschedulable, f.Node("workers-0").Annotations = true, map[string]string{cordonedByTalos: "true"}
	})
	require.NoError(t, f.stack().mark(cluster.Upgrade{Talos: "v1.13.10", Kubernetes: "1.36.5"}))
	assert.Contains(t, f.repair(Stopped, "", nil), "workers-0 is cordoned, and an upgrade is under way")
}

func TestAWorkerThatDoesNotAnswer(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Node("workers-0").Down = true })
	out := f.repair(Stopped, "", nil)
	assert.Contains(t, out, "workers-0 does not answer")
	assert.Contains(t, out, fmt.Sprintf("make up STACK=staging ARGS=\"--exclude '**ConfigurationApply::%s-workers-0'\"", clusterName))
}

func TestAControlPlaneWithoutEtcd(t *testing.T) {
	f := newFixture(t)
	f.Do(func() {
		f.Members = f.Members[:2]
		f.Node("control-plane-2").EtcdState = "Failed"
	})
	assert.Contains(t, f.repair(Stopped, "", nil), "control-plane-2 runs no etcd (etcd is not running); look at: talosctl -n 10.0.0.12")
	assert.Empty(t, f.Log())
}
