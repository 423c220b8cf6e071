package operate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/operate/operatetest"
	"github.com/inferadb/infra/stackfile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scale is a change on the fixture, whose update makes and deletes control planes as the stack file says.
func (f *fixture) scale(to int, out *bytes.Buffer) *Scale {
	return &Scale{
		To: to, Gate: 10 * time.Second, Leave: 2 * time.Second, Poll: 5 * time.Millisecond,
		Renew: 20 * time.Millisecond, Out: out,
		Confirm: func() error { return nil },
		Read:    func(context.Context) (Scaled, error) { return Scaled{Stack: f.stack()}, nil },
		Up:      func(context.Context) error { return f.up() },
		Check: func(_ context.Context, key, value string) error {
			settings, err := config.ReadStackFile(f.folder, "staging")
			require.NoError(f.t, err)
			settings[key] = value
			_, _, err = config.Load("staging", settings)
			return err
		},
	}
}

func (f *fixture) up() error {
	want := f.stack().Clusters[0].Want
	number := 0
	for _, n := range slices.Clone(f.Nodes) {
		if n.Endpoint == "" {
			continue
		}
		if number++; number <= want.ControlPlanes.Count {
			continue
		}
		if !slices.Contains(want.Acknowledged, etcdLeft+n.Name) {
			return fmt.Errorf("etcd still counts %s as a member", n.Name)
		}
		f.Delete(n.Name)
	}
	for ; number < want.ControlPlanes.Count; number++ {
		f.AddControlPlane(number)
	}
	return nil
}

// scaled runs a change and returns what it printed.
func (f *fixture) scaled(to, code int, change func(*Scale)) string {
	f.t.Helper()
	var out bytes.Buffer
	s := f.scale(to, &out)
	if change != nil {
		change(s)
	}
	return f.ends(code, s.Run(context.Background()), out.String())
}

// hasMembers expects etcd to have as many members as control planes, and the stack file to say so and nothing more.
func (f *fixture) hasMembers(count int) {
	f.t.Helper()
	assert.Len(f.t, f.Members, count)
	assert.Equal(f.t, strings.Replace(stackText, "controlPlanes: 3", fmt.Sprintf("controlPlanes: %d", count), 1), f.file())
	o := f.operator(f.stack()).Observe(context.Background())
	assert.Empty(f.t, o.Findings(func(g Gate) bool { return g.Upgrade }))
	assert.Len(f.t, o.ControlPlanes(), count)
}

func TestControlPlanesGrowAndShrink(t *testing.T) {
	f := newFixture(t)
	out := f.scaled(5, 0, nil)
	assert.Contains(t, out, "etcd has 5 members, which vote")
	f.hasMembers(5)
	assert.Contains(t, f.scaled(5, 0, func(s *Scale) { s.Up = nil }), "staging has 5 control planes")
	f.scaled(1, 0, nil)
	var want []string
	for _, number := range []string{"3", "4"} {
		want = append(want, "join control-plane-"+number)
	}
	for _, number := range []string{"4", "3", "2", "1"} {
		want = append(want, "reset control-plane-"+number, "delete control-plane-"+number)
	}
	assert.Equal(t, want, short(f.Log()))
	f.hasMembers(1)
}

// TestAChangeThatWasCutOffGoesOn stops at each step and runs again.
func TestAChangeThatWasCutOffGoesOn(t *testing.T) {
	cut := errors.New("cut off")
	for name, stop := range map[string]func(*fixture, *Scale){
		"before the update": func(_ *fixture, s *Scale) { s.Up = func(context.Context) error { return cut } },
		"after the update": func(f *fixture, s *Scale) {
			s.Up = func(context.Context) error { return errors.Join(f.up(), cut) }
		},
		"before it was seen": func(f *fixture, s *Scale) {
			read := s.Read
			s.Read = func(ctx context.Context) (Scaled, error) {
				s.Read = func(context.Context) (Scaled, error) { return Scaled{}, cut }
				return read(ctx)
			}
		},
	} {
		for _, to := range []int{1, 5} {
			t.Run(fmt.Sprintf("%s, to %d", name, to), func(t *testing.T) {
				f := newFixture(t)
				assert.Contains(t, f.scaled(to, Stopped, func(s *Scale) { stop(f, s) }), "cut off; then run this command again")
				f.scaled(to, 0, nil)
				f.hasMembers(to)
			})
		}
	}
	t.Run("while a node leaves", func(t *testing.T) {
		f := newFixture(t)
		f.Do(func() { f.Node("control-plane-1").StaysAway = true })
		out := f.scaled(1, Stopped, nil)
		assert.Contains(t, out, "control-plane-1: it was asked to leave etcd and is still a member after 2s")
		assert.Contains(t, f.file(), "etcd-left:inferadb-staging-nyc1-control-plane-2")
		assert.Contains(t, f.file(), "controlPlanes: 3", "no update may delete a member")
		f.Do(func() { f.Node("control-plane-1").StaysAway = false })
		f.scaled(1, 0, nil)
		f.hasMembers(1)
	})
}

func TestAChangeOfControlPlanesIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		to      int
		change  func(*fixture, *Scale)
		message string
	}{
		"even": {to: 4, message: "4 is not 1, 3 or 5"},
		"protected": {to: 1, message: "control-plane-2 is protected, and no up could delete it", change: func(f *fixture, s *Scale) {
			s.Read = func(context.Context) (Scaled, error) {
				return Scaled{Stack: f.stack(), Protected: []string{clusterName + "-control-plane-2"}}, nil
			}
		}},
		"during an upgrade": {to: 5, message: "an upgrade is under way", change: func(f *fixture, _ *Scale) {
			require.NoError(f.t, f.stack().mark(cluster.Upgrade{Talos: "v1.13.10", Kubernetes: "1.36.5"}))
		}},
		"a stack file that no update takes": {to: 1, message: "regions[0]", change: func(f *fixture, s *Scale) {
			stack := f.stack()
			s.Read = func(context.Context) (Scaled, error) { return Scaled{Stack: stack}, nil }
			f.editFile(stackfile.Set, "inferadb:regions", "[nowhere]")
		}},
		"before a shrink has ended": {to: 3, message: "first: make control-planes STACK=staging TO=1", change: func(f *fixture, _ *Scale) {
			f.editFile(stackfile.Append, acknowledgeKey, etcdLeft+clusterName+"-control-plane-2")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			before := ""
			out := f.scaled(test.to, Refused, func(s *Scale) {
				if test.change != nil {
					test.change(f, s)
				}
				before = f.file()
			})
			assert.Contains(t, out, test.message)
			assert.Empty(t, f.Log())
			assert.Equal(t, before, f.file())
		})
	}
}

func (f *fixture) editFile(edit func([]byte, string, string) ([]byte, error), key, value string) {
	f.t.Helper()
	require.NoError(f.t,
		stackfile.Edit(f.stackFile(), func(text []byte) ([]byte, error) { return edit(text, key, value) }))
}

func TestNoMemberJoinsAnEtcdThatIsNotWhole(t *testing.T) {
	f := newFixture(t)
	f.Do(func() { f.Node("control-plane-2").Down = true })
	before := f.file()
	out := f.scaled(5, Stopped, func(s *Scale) { s.Gate = 50 * time.Millisecond })
	assert.Contains(t, out, "control-plane-2")
	assert.Empty(t, f.Log())
	assert.Equal(t, before, f.file())
}

// TestNoMemberLeavesAnEtcdThatIsNotWhole expects that nothing is touched while another member is down.
func TestNoMemberLeavesAnEtcdThatIsNotWhole(t *testing.T) {
	for name, test := range map[string]struct {
		down, message string
	}{
		"one that stays is down":  {"control-plane-0", "no control plane that stays has an etcd with a leader"},
		"one that leaves is down": {"control-plane-2", "control-plane-2 is a member of etcd and does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.Do(func() {
				f.Node(test.down).Down = true
				if f.Leader == f.Members[0].ID {
					f.Leader = f.Members[1].ID
				}
			})
			before, err := os.ReadFile(f.stackFile())
			require.NoError(t, err)
			out := f.scaled(1, Stopped, func(s *Scale) { s.Gate = 50 * time.Millisecond })
			assert.Contains(t, out, test.message)
			assert.Empty(t, f.Log())
			assert.Equal(t, string(before), f.file())
		})
	}
}

// TestAMemberThatTheStateDoesNotKnow joined by itself in an update that was cut off. Its machine is not deleted.
func TestAMemberThatTheStateDoesNotKnow(t *testing.T) {
	f := newFixture(t)
	f.rewrite("controlPlanes: 3", "controlPlanes: 5")
	f.Do(func() {
		f.Members = append(f.Members, &operatetest.Member{ID: 0xa3, Name: clusterName + "-control-plane-3", Address: "10.0.0.13", Size: 1 << 20})
	})
	out := f.scaled(3, Refused, func(s *Scale) { s.Up = func(context.Context) error { t.Error("it is brought up"); return nil } })
	assert.Contains(t, out, "etcd has the member "+clusterName+"-control-plane-3, and the update would delete its machine before it has left; "+
		"finish first what was begun: make control-planes STACK=staging TO=5")
	assert.Contains(t, f.file(), "controlPlanes: 5")
}
