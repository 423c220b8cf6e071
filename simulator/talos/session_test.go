package talos

import (
	"testing"

	"github.com/inferadb/infra/simulator/store"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// session runs an operation as talosctl does: through cp-1 unless another endpoint is named.
func (h *harness) session(operation func(*Session) error, endpoints ...string) error {
	h.t.Helper()
	admin := client(h.t, h.bundle)
	context := &clientconfig.Context{
		CA: admin["caCertificate"].(string), Crt: admin["clientCertificate"].(string), Key: admin["clientKey"].(string),
	}
	if len(endpoints) == 0 {
		endpoints = []string{h.address("cp-1")}
	}
	return h.journal.Do(func(st *store.Store) error {
		s, err := Connect(h, st, context, endpoints)
		if err != nil {
			return err
		}
		if err := operation(s); err != nil {
			return err
		}
		return Reconcile(h, st)
	})
}

// memberNames are the etcd members as a node lists them, by host name.
func (h *harness) memberNames(node string) (names []string) {
	h.t.Helper()
	require.NoError(h.t, h.session(func(s *Session) error {
		members, err := s.Members(h.address(node))
		for _, m := range members {
			names = append(names, m.Name)
		}
		return err
	}, h.address(node)))
	return names
}

func newCluster(t *testing.T) *harness {
	h := newHarness(t)
	h.bootstrap()
	for name, status := range h.report() {
		require.True(t, status.Joined, "%s: %s", name, status.Reason)
	}
	return h
}

func TestLeavingOneByOneKeepsTheQuorum(t *testing.T) {
	h := newCluster(t)
	for _, leaving := range []string{"cp-3", "cp-2"} {
		require.NoError(t, h.session(func(s *Session) error {
			return s.Reset(h.address(leaving),
				ResetOptions{Graceful: true})
		}))
		assert.NotContains(t, h.memberNames("cp-1"), leaving)
		assert.Contains(t, h.report()[leaving].Reason, "its disk was wiped")
	}
	assert.Equal(t, []string{"cp-1"}, h.memberNames("cp-1"))
	require.ErrorContains(t, h.session(func(s *Session) error { return s.LeaveEtcd(h.address("cp-1")) }), "not enough started members")
	h.names[endpoint] = []string{"cp-1"}
	h.stop("cp-2", "cp-3")
	for name, status := range h.report() {
		assert.True(t, status.Joined, "%s: %s", name, status.Reason)
	}
}

func TestMemberThatLeftComesBackWithTheNextBoot(t *testing.T) {
	h := newCluster(t)
	require.NoError(t, h.session(func(s *Session) error { return s.LeaveEtcd(h.address("cp-3")) }))
	assert.Contains(t, h.report()["cp-3"].Reason, "has left on request")
	require.NoError(t, h.session(func(s *Session) error { return s.Reboot(h.address("cp-3")) }))
	assert.True(t, h.report()["cp-3"].Joined)
	assert.Len(t, h.memberNames("cp-1"), 3)
}

func TestDeletedMachineStaysAMember(t *testing.T) {
	h := newCluster(t)
	h.stop("cp-3")
	assert.Len(t, h.memberNames("cp-1"), 3)
	// One of the two that run may not go, or one of two would be left.
	require.ErrorContains(t, h.session(func(s *Session) error { return s.LeaveEtcd(h.address("cp-2")) }), "not enough started members")
	require.ErrorContains(t, h.session(func(s *Session) error { return s.Upgrade(h.address("cp-2"), "example.com/installer:v1.12.2") }), "must be healthy")
	gone := ""
	require.NoError(t, h.session(func(s *Session) error {
		members, err := s.Members(h.address("cp-1"))
		gone = members[2].ID
		return err
	}))
	require.NoError(t, h.session(func(s *Session) error { return s.RemoveMember(h.address("cp-1"), gone) }))
	assert.Equal(t, []string{"cp-1", "cp-2"}, h.memberNames("cp-1"))
}

func TestMachineOfTheSameNameReplacesItsMember(t *testing.T) {
	h := newCluster(t)
	h.stop("cp-3")
	h.start("cp-3", h.document(machine.TypeControlPlane))
	h.machines[len(h.machines)-1].ID = "another"
	assert.True(t, h.report()["cp-3"].Joined)
	assert.Equal(t, []string{"cp-1", "cp-2", "cp-3"}, h.memberNames("cp-1"))
}

func TestLostQuorum(t *testing.T) {
	h := newCluster(t)
	h.stop("cp-2", "cp-3")
	h.start("cp-2", h.document(machine.TypeControlPlane))
	h.machines[len(h.machines)-1].ID = "another"
	for name, status := range h.report() {
		assert.Contains(t, status.Reason, "etcd has lost its quorum: 1 of 3", name)
	}
	require.NoError(t, h.session(func(s *Session) error {
		status, err := s.EtcdStatus(h.address("cp-1"))
		assert.Equal(t, "etcdserver: no leader", status.Errors)
		return err
	}))
	require.ErrorContains(t, h.session(func(s *Session) error { return s.RemoveMember(h.address("cp-1"), "0") }), "lost its quorum")
	require.ErrorContains(t, h.session(func(s *Session) error { return s.Bootstrap(h.address("cp-1"), nil) }), "AlreadyExists")
}

func TestRestoreOfASnapshot(t *testing.T) {
	h := newCluster(t)
	var copied []byte
	require.NoError(t, h.session(func(s *Session) (err error) {
		copied, err = s.Snapshot(h.address("cp-1"))
		return err
	}))
	h.stop("cp-2", "cp-3")
	wipe := ResetOptions{Reboot: true, Labels: []string{"EPHEMERAL"}}
	require.NoError(t, h.session(func(s *Session) error { return s.Reset(h.address("cp-1"), wipe) }))
	assert.ErrorContains(t, h.session(func(s *Session) error { return s.Bootstrap(h.address("cp-1"), copied[1:]) }), "checksum")
	require.NoError(t, h.session(func(s *Session) error { return s.Bootstrap(h.address("cp-1"), copied) }))
	h.names[endpoint] = []string{"cp-1"}
	for name, status := range h.report() {
		assert.True(t, status.Joined, "%s: %s", name, status.Reason)
	}
	assert.Equal(t, []string{"cp-1"}, h.memberNames("cp-1"))
}

func TestShutdownAndStart(t *testing.T) {
	h := newCluster(t)
	require.NoError(t, h.session(func(s *Session) error { return s.Shutdown(h.address("cp-2")) }))
	assert.Equal(t, "it is shut down", h.report()["cp-2"].Reason)
	assert.True(t, h.report()["worker-1"].Joined)
	require.ErrorContains(t, h.session(func(s *Session) error { return s.Health(h.address("cp-1")) }), "2 of 3 members run")
	require.ErrorContains(t, h.session(func(s *Session) error { return s.Shutdown(h.address("cp-2")) }), "shut down: no route to host")
	require.NoError(t, h.journal.Do(func(st *store.Store) error {
		off, err := PoweredOff(st, "cp-2")
		assert.True(t, off)
		require.NoError(t, err)
		return PowerOn(st, "cp-2")
	}))
	require.NoError(t, h.session(func(s *Session) error { return s.Health(h.address("cp-1")) }))
}

func TestUpgrades(t *testing.T) {
	h := newCluster(t)
	for _, node := range []string{"cp-1", "cp-2", "cp-3"} {
		require.NoError(t, h.session(func(s *Session) error { return s.Upgrade(h.address(node), "factory.talos.dev/aws-installer/0:v1.12.9") }))
	}
	require.NoError(t, h.session(func(s *Session) error { return s.UpgradeKubernetes(h.address("cp-1"), "1.35.1") }))
	require.NoError(t, h.session(func(s *Session) error {
		version, err := s.Version(h.address("cp-3"))
		assert.Equal(t, "v1.12.9", version)
		kubelet, _ := s.clusters.find("worker-1").kubelet()
		assert.Equal(t, "1.35.1", kubelet.String())
		return err
	}))
	require.ErrorContains(t, h.session(func(s *Session) error { return s.Upgrade(h.address("cp-1"), "example.com/talos") }), "not found")
}
