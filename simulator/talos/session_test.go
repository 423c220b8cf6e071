package talos

import (
	"testing"

	"github.com/inferadb/infra/simulator/world"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// session runs an operation as talosctl does: through cp-1 unless another endpoint is named.
func (l *lab) session(operation func(*Session) error, endpoints ...string) error {
	l.t.Helper()
	admin := client(l.t, l.bundle)
	context := &clientconfig.Context{
		CA: admin["caCertificate"].(string), Crt: admin["clientCertificate"].(string), Key: admin["clientKey"].(string),
	}
	if len(endpoints) == 0 {
		endpoints = []string{l.address("cp-1")}
	}
	return l.store.Do(func(w *world.World) error {
		s, err := Connect(l, w, context, endpoints)
		if err != nil {
			return err
		}
		if err := operation(s); err != nil {
			return err
		}
		return Settle(l, w)
	})
}

// memberNames are the etcd members as a node lists them, by host name.
func (l *lab) memberNames(node string) (names []string) {
	l.t.Helper()
	require.NoError(l.t, l.session(func(s *Session) error {
		members, err := s.Members(l.address(node))
		for _, m := range members {
			names = append(names, m.Name)
		}
		return err
	}, l.address(node)))
	return names
}

func newCluster(t *testing.T) *lab {
	l := newLab(t)
	l.bootstrap()
	for name, status := range l.report() {
		require.True(t, status.Joined, "%s: %s", name, status.Reason)
	}
	return l
}

func TestLeavingOneByOneKeepsTheQuorum(t *testing.T) {
	l := newCluster(t)
	for _, leaving := range []string{"cp-3", "cp-2"} {
		require.NoError(t, l.session(func(s *Session) error { return s.Reset(l.address(leaving), ResetOptions{Graceful: true}) }))
		assert.NotContains(t, l.memberNames("cp-1"), leaving)
		assert.Contains(t, l.report()[leaving].Reason, "its disk was wiped")
	}
	assert.Equal(t, []string{"cp-1"}, l.memberNames("cp-1"))
	require.ErrorContains(t, l.session(func(s *Session) error { return s.LeaveEtcd(l.address("cp-1")) }), "not enough started members")
	l.names[endpoint] = []string{"cp-1"}
	l.stop("cp-2", "cp-3")
	for name, status := range l.report() {
		assert.True(t, status.Joined, "%s: %s", name, status.Reason)
	}
}

func TestMemberThatLeftComesBackWithTheNextBoot(t *testing.T) {
	l := newCluster(t)
	require.NoError(t, l.session(func(s *Session) error { return s.LeaveEtcd(l.address("cp-3")) }))
	assert.Contains(t, l.report()["cp-3"].Reason, "was told to leave")
	require.NoError(t, l.session(func(s *Session) error { return s.Reboot(l.address("cp-3")) }))
	assert.True(t, l.report()["cp-3"].Joined)
	assert.Len(t, l.memberNames("cp-1"), 3)
}

func TestDeletedMachineStaysAMember(t *testing.T) {
	l := newCluster(t)
	l.stop("cp-3")
	assert.Len(t, l.memberNames("cp-1"), 3)
	// One of the two that run may not go, or one of two would be left.
	require.ErrorContains(t, l.session(func(s *Session) error { return s.LeaveEtcd(l.address("cp-2")) }), "not enough started members")
	require.ErrorContains(t, l.session(func(s *Session) error { return s.Upgrade(l.address("cp-2"), "example.com/installer:v1.12.2") }), "must be healthy")
	gone := ""
	require.NoError(t, l.session(func(s *Session) error {
		members, err := s.Members(l.address("cp-1"))
		gone = members[2].ID
		return err
	}))
	require.NoError(t, l.session(func(s *Session) error { return s.RemoveMember(l.address("cp-1"), gone) }))
	assert.Equal(t, []string{"cp-1", "cp-2"}, l.memberNames("cp-1"))
}

func TestMachineOfTheSameNameReplacesItsMember(t *testing.T) {
	l := newCluster(t)
	l.stop("cp-3")
	l.start("cp-3", l.document(machine.TypeControlPlane))
	l.machines[len(l.machines)-1].ID = "another"
	assert.True(t, l.report()["cp-3"].Joined)
	assert.Equal(t, []string{"cp-1", "cp-2", "cp-3"}, l.memberNames("cp-1"))
}

func TestLostQuorum(t *testing.T) {
	l := newCluster(t)
	l.stop("cp-2", "cp-3")
	l.start("cp-2", l.document(machine.TypeControlPlane))
	l.machines[len(l.machines)-1].ID = "another"
	for name, status := range l.report() {
		assert.Contains(t, status.Reason, "etcd has lost its quorum: 1 of 3", name)
	}
	require.NoError(t, l.session(func(s *Session) error {
		status, err := s.EtcdStatus(l.address("cp-1"))
		assert.Equal(t, "etcdserver: no leader", status.Errors)
		return err
	}))
	require.ErrorContains(t, l.session(func(s *Session) error { return s.RemoveMember(l.address("cp-1"), "0") }), "lost its quorum")
	require.ErrorContains(t, l.session(func(s *Session) error { return s.Bootstrap(l.address("cp-1"), nil) }), "AlreadyExists")
}

func TestRestoreOfASnapshot(t *testing.T) {
	l := newCluster(t)
	var copied []byte
	require.NoError(t, l.session(func(s *Session) (err error) {
		copied, err = s.Snapshot(l.address("cp-1"))
		return err
	}))
	l.stop("cp-2", "cp-3")
	wipe := ResetOptions{Reboot: true, Labels: []string{"EPHEMERAL"}}
	require.NoError(t, l.session(func(s *Session) error { return s.Reset(l.address("cp-1"), wipe) }))
	assert.ErrorContains(t, l.session(func(s *Session) error { return s.Bootstrap(l.address("cp-1"), copied[1:]) }), "checksum")
	require.NoError(t, l.session(func(s *Session) error { return s.Bootstrap(l.address("cp-1"), copied) }))
	l.names[endpoint] = []string{"cp-1"}
	for name, status := range l.report() {
		assert.True(t, status.Joined, "%s: %s", name, status.Reason)
	}
	assert.Equal(t, []string{"cp-1"}, l.memberNames("cp-1"))
}

func TestShutdownAndStart(t *testing.T) {
	l := newCluster(t)
	require.NoError(t, l.session(func(s *Session) error { return s.Shutdown(l.address("cp-2")) }))
	assert.Equal(t, "it is shut down", l.report()["cp-2"].Reason)
	assert.True(t, l.report()["worker-1"].Joined)
	require.ErrorContains(t, l.session(func(s *Session) error { return s.Health(l.address("cp-1")) }), "2 of 3 members run")
	require.ErrorContains(t, l.session(func(s *Session) error { return s.Shutdown(l.address("cp-2")) }), "shut down: no route to host")
	require.NoError(t, l.store.Do(func(w *world.World) error {
		off, err := PoweredOff(w, "cp-2")
		assert.True(t, off)
		require.NoError(t, err)
		return PowerOn(w, "cp-2")
	}))
	require.NoError(t, l.session(func(s *Session) error { return s.Health(l.address("cp-1")) }))
}

func TestUpgrades(t *testing.T) {
	l := newCluster(t)
	for _, node := range []string{"cp-1", "cp-2", "cp-3"} {
		require.NoError(t, l.session(func(s *Session) error { return s.Upgrade(l.address(node), "factory.talos.dev/aws-installer/0:v1.12.9") }))
	}
	require.NoError(t, l.session(func(s *Session) error { return s.UpgradeKubernetes(l.address("cp-1"), "1.35.1") }))
	require.NoError(t, l.session(func(s *Session) error {
		version, err := s.Version(l.address("cp-3"))
		assert.Equal(t, "v1.12.9", version)
		kubelet, _ := s.clusters.find("worker-1").kubelet()
		assert.Equal(t, "1.35.1", kubelet.String())
		return err
	}))
	require.ErrorContains(t, l.session(func(s *Session) error { return s.Upgrade(l.address("cp-1"), "example.com/talos") }), "not found")
}
