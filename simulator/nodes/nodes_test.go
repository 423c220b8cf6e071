package nodes

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/cosi-project/runtime/pkg/safe"
	"github.com/inferadb/infra/simulator/talos"
	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/resources/config"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/emptypb"
)

const installer = "ghcr.io/siderolabs/installer:"

// TestTalosAPI asks a healthy cluster what status and upgrade ask.
func TestTalosAPI(t *testing.T) {
	h := newCluster(t)
	c := h.talos("cp-1", "cp-2", "cp-3")
	t.Run("several nodes", func(t *testing.T) {
		all, err := c.Version(client.WithNodes(t.Context(), h.address("cp-1"), h.address("worker-1"), "10.9.9.9"))
		require.ErrorContains(t, err, "10.9.9.9")
		require.Len(t, all.GetMessages(), 2)
		assert.Equal(t, h.address("worker-1"), all.GetMessages()[1].GetMetadata().GetHostname())
	})
	t.Run("members", func(t *testing.T) {
		members, err := h.members(c, "cp-2")
		require.NoError(t, err)
		addresses := map[string]string{}
		for _, m := range members {
			addresses[m.GetHostname()] = m.GetPeerUrls()[0]
		}
		assert.Equal(t, map[string]string{
			"cp-1": "https://10.0.0.1:2380", "cp-2": "https://10.0.0.2:2380", "cp-3": "https://10.0.0.3:2380",
		}, addresses)
	})
	t.Run("roles", func(t *testing.T) {
		reader := h.talosAs(role.MakeSet(role.Reader), "cp-1")
		_, err := reader.EtcdStatus(h.on("cp-2"))
		require.NoError(t, err)
		assert.Equal(t, codes.PermissionDenied, client.StatusCode(reader.Reboot(h.on("cp-2"))))
		_, err = safe.StateGetByID[*config.MachineConfig](h.on("cp-2"), reader.COSI, config.ActiveID)
		require.ErrorContains(t, err, "not authorized")
	})
	t.Run("workers do not forward", func(t *testing.T) {
		_, err := h.version(h.talos("worker-1"), "cp-1")
		assert.Equal(t, codes.PermissionDenied, client.StatusCode(err))
	})
	t.Run("firewall", func(t *testing.T) {
		h.block("cp-2:50000", true)
		defer h.block("cp-2:50000", false)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := h.talos("cp-2").Version(ctx)
		require.ErrorContains(t, err, "the firewall drops it")
	})
	t.Run("configuration", func(t *testing.T) { h.appliesConfiguration(c) })
	t.Run("leadership", func(t *testing.T) { h.movesLeadership(c) })
	t.Run("alarm", func(t *testing.T) { h.clearsAlarm(c) })
	t.Run("clock", func(t *testing.T) {
		h.fault("cp-1", "clock=5m")
		h.eventually(func() error {
			answer, err := c.TimeClient.Time(h.on("cp-1"), &emptypb.Empty{})
			if err == nil && time.Until(answer.GetMessages()[0].GetLocaltime().AsTime()) < 4*time.Minute {
				err = errors.New("the clock is right")
			}
			return err
		})
		h.fault("cp-1", "none")
	})
}

func (h *harness) appliesConfiguration(c *client.Client) {
	t, on := h.t, h.on("cp-3")
	active, err := safe.StateGetByID[*config.MachineConfig](on, c.COSI, config.ActiveID)
	require.NoError(t, err)
	patches, err := configpatcher.LoadPatches([]string{"machine: {nodeLabels: {a: b}}"})
	require.NoError(t, err)
	patched, err := configpatcher.Apply(configpatcher.WithConfig(active.Provider()), patches)
	require.NoError(t, err)
	text, err := patched.Bytes()
	require.NoError(t, err)
	apply := func(dry bool) {
		_, err = c.ApplyConfiguration(on, &machine.ApplyConfigurationRequest{
			Data: text, Mode: machine.ApplyConfigurationRequest_NO_REBOOT, DryRun: dry,
		})
		require.NoError(t, err)
		active, err = safe.StateGetByID[*config.MachineConfig](on, c.COSI, config.ActiveID)
		require.NoError(t, err)
	}
	apply(true)
	assert.NotContains(t, active.Provider().Machine().NodeLabels(), "a")
	apply(false)
	assert.Equal(t, "b", active.Provider().Machine().NodeLabels()["a"])
}

// TestConfigurationThatNeedsAReboot is refused without one, and runs after one.
func TestConfigurationThatNeedsAReboot(t *testing.T) {
	h := newCluster(t)
	const name = "worker-1"
	c := h.talos("cp-1")
	live := func() (*config.MachineConfig, error) {
		return safe.StateGetByID[*config.MachineConfig](h.on(name), c.COSI, config.ActiveID)
	}
	active, err := live()
	require.NoError(t, err)
	changed, err := active.Provider().PatchV1Alpha1(func(document *v1alpha1.Config) error {
		document.MachineConfig.MachineUdev = &v1alpha1.UdevConfig{UdevRules: []string{"a rule"}}
		return nil
	})
	require.NoError(t, err)
	text, err := changed.Bytes()
	require.NoError(t, err)
	before, err := h.bootID(c, name)
	require.NoError(t, err)
	apply := func(mode machine.ApplyConfigurationRequest_Mode) error {
		_, err := c.ApplyConfiguration(h.on(name), &machine.ApplyConfigurationRequest{Data: text, Mode: mode})
		return err
	}
	err = apply(machine.ApplyConfigurationRequest_NO_REBOOT)
	require.ErrorContains(t, err, "can't be applied in immediate mode")
	assert.Equal(t, codes.InvalidArgument, client.StatusCode(err))
	require.NoError(t, apply(machine.ApplyConfigurationRequest_REBOOT))
	h.eventually(func() error {
		after, err := h.bootID(c, name)
		if err == nil && after == before {
			err = errors.New("it has not rebooted")
		}
		return err
	})
	active, err = live()
	require.NoError(t, err)
	assert.Equal(t, []string{"a rule"}, active.Provider().Machine().Udev().Rules())
}

// leader returns the name of etcd's leader.
func (h *harness) leader(c *client.Client, ask string) string {
	h.t.Helper()
	status, err := c.EtcdStatus(h.on(ask))
	require.NoError(h.t, err)
	members, err := h.members(c, ask)
	require.NoError(h.t, err)
	for _, m := range members {
		if m.GetId() == status.GetMessages()[0].GetMemberStatus().GetLeader() {
			return m.GetHostname()
		}
	}
	return ""
}

func (h *harness) movesLeadership(c *client.Client) {
	before := h.leader(c, "cp-1")
	answer, err := c.EtcdForfeitLeadership(h.on(before), &machine.EtcdForfeitLeadershipRequest{})
	require.NoError(h.t, err)
	after := h.leader(c, before)
	assert.NotEqual(h.t, before, after)
	assert.Equal(h.t, after, answer.GetMessages()[0].GetMember())
}

func (h *harness) clearsAlarm(c *client.Client) {
	h.fault("cp-2", talos.FaultNoSpace)
	h.eventually(func() error {
		list, err := c.EtcdAlarmList(h.on("cp-1"))
		if err == nil && len(list.GetMessages()[0].GetMemberAlarms()) == 0 {
			err = errors.New("no alarm")
		}
		return err
	})
	_, err := h.etcd("cp-2").Put(h.on("cp-2"), "a", "b")
	require.ErrorContains(h.t, err, "database space exceeded")
	_, err = c.EtcdDefragment(h.on("cp-2"))
	require.NoError(h.t, err)
	_, err = c.EtcdAlarmDisarm(h.on("cp-1"))
	require.NoError(h.t, err)
	_, err = h.etcd("cp-2").Put(h.on("cp-2"), "a", "b")
	require.NoError(h.t, err)
}

// TestUpgrades lets nodes take new versions in both ways, and injects every fault of an upgrade.
func TestUpgrades(t *testing.T) {
	h := newCluster(t)
	t.Run("install and reboot", func(t *testing.T) {
		before := h.mustBootID("cp-2")
		require.NoError(t, h.install("cp-2", "v1.13.1"))
		h.assertVersion("cp-2", "v1.13.0")
		require.NoError(t, h.talos("cp-1").Reboot(h.on("cp-2")))
		h.upgraded("cp-2", "v1.13.1", before)
		h.healthy("cp-1", "cp-2", "cp-3")
		assert.True(t, h.report("cp-2").Joined)
	})
	t.Run("image", func(t *testing.T) {
		assert.Equal(t, codes.NotFound, client.StatusCode(h.install("cp-2", "v1.99.0")))
		h.injectFault("worker-1", talos.FaultNoImage)
		require.Error(t, h.install("worker-1", "v1.13.1"))
		h.fault("worker-1", "none")
	})
	t.Run("cut", func(t *testing.T) {
		before := h.mustBootID("worker-1")
		h.injectFault("worker-1", talos.FaultCut)
		assert.Equal(t, codes.Unavailable, client.StatusCode(h.upgrade("worker-1")))
		h.upgraded("worker-1", "v1.13.1", before)
	})
	t.Run("cut before", func(t *testing.T) {
		before := h.mustBootID("cp-3")
		h.injectFault("cp-3", talos.FaultCutBefore)
		assert.Equal(t, codes.Unavailable, client.StatusCode(h.upgrade("cp-3")))
		assert.Equal(t, before, h.mustBootID("cp-3"))
	})
	t.Run("old version", func(t *testing.T) {
		before := h.mustBootID("cp-3")
		h.injectFault("cp-3", talos.FaultOldVersion)
		require.NoError(t, h.upgrade("cp-3"))
		h.upgraded("cp-3", "v1.13.0", before)
		h.healthy("cp-1", "cp-2", "cp-3")
	})
	t.Run("no return", func(t *testing.T) { h.doesNotReturn("cp-3") })
}

func (h *harness) doesNotReturn(name string) {
	t := h.t
	h.injectFault(name, talos.FaultNoReturn)
	require.NoError(t, h.upgrade(name))
	h.eventually(func() error {
		if reason := h.report(name).Reason; reason != "it does not answer" {
			return errors.New(reason)
		}
		return nil
	})
	_, err := h.version(h.talos("cp-1"), name)
	assert.Equal(t, codes.Unavailable, client.StatusCode(err))
	// Another control plane must not go now.
	require.ErrorContains(t, h.upgrade("cp-2"), "is not healthy")
	h.fault(name, "none")
	h.healthy("cp-1", "cp-2", "cp-3")
	h.assertVersion(name, "v1.13.1")
}

func (h *harness) mustBootID(name string) string {
	h.t.Helper()
	id, err := h.bootID(h.talos(name), name)
	require.NoError(h.t, err)
	return id
}

// upgraded waits until a node has booted again, and asks for its version.
func (h *harness) upgraded(name, version, before string) {
	h.t.Helper()
	c := h.talos(name)
	h.eventually(func() error {
		id, err := h.bootID(c, name)
		if err == nil && id == before {
			err = errors.New("it has not rebooted")
		}
		return err
	})
	h.assertVersion(name, version)
}

// install is the way of Talos 1.13.
func (h *harness) install(name, version string) error {
	c := h.talos("cp-1")
	//lint:ignore SA1019 the way of Talos 1.12, which 1.13 still has
	if err := c.ImagePull(h.on(name), common.ContainerdNamespace_NS_SYSTEM, installer+version); err != nil {
		return err
	}
	stream, err := c.LifecycleClient.Upgrade(h.on(name), &machine.LifecycleServiceUpgradeRequest{
		Source: &machine.InstallArtifactsSource{ImageName: installer + version},
	})
	if err != nil {
		return err
	}
	for {
		if _, err := stream.Recv(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// upgrade is the way before 1.13, which still works.
func (h *harness) upgrade(name string) error {
	//lint:ignore SA1019 the way before 1.13
	_, err := h.talos(name).Upgrade(h.on(name), installer+"v1.13.1", false, false)
	return err
}

// injectFault sets a fault and waits until the daemon knows it.
func (h *harness) injectFault(name, fault string) {
	h.t.Helper()
	h.fault(name, fault)
	h.eventually(func() error {
		kind, _, _ := strings.Cut(fault, "=")
		if n := h.daemon.node(name); n == nil || !n.state().Faults.Has(kind) {
			return errors.New("the daemon does not know the fault")
		}
		return nil
	})
}

// TestMembership loses and regains members of etcd.
func TestMembership(t *testing.T) {
	h := newCluster(t)
	c := h.talos("cp-1")
	t.Run("leave and join", func(t *testing.T) {
		require.NoError(t, c.EtcdLeaveCluster(h.on("cp-3"), &machine.EtcdLeaveClusterRequest{}))
		h.healthy("cp-1", "cp-2")
		assert.Contains(t, h.report("cp-3").Reason, "has left on request")
		require.NoError(t, c.Reboot(h.on("cp-3")))
		h.healthy("cp-1", "cp-2", "cp-3")
	})
	t.Run("data lost", func(t *testing.T) {
		before, err := h.members(c, "cp-1")
		require.NoError(t, err)
		h.injectFault("cp-3", talos.FaultLoseEtcd)
		require.NoError(t, c.Reboot(h.on("cp-3")))
		h.eventually(func() error {
			after, err := h.members(c, "cp-1")
			if err == nil && fmt.Sprint(ids(before)) == fmt.Sprint(ids(after)) {
				err = errors.New("the member is the old one")
			}
			return err
		})
		h.healthy("cp-1", "cp-2", "cp-3")
	})
	t.Run("member removed", func(t *testing.T) { h.losesMember(c, "cp-3") })
	t.Run("machine gone", func(t *testing.T) { h.losesMachine(c, "cp-3") })
	t.Run("daemon restarted", func(t *testing.T) {
		_, err := h.etcd("cp-1").Put(h.on("cp-1"), "kept", "yes")
		require.NoError(t, err)
		require.NoError(t, h.daemon.Close())
		h.start()
		h.healthy("cp-1", "cp-2")
		kept, err := h.etcd("cp-2").Get(h.on("cp-2"), "kept")
		require.NoError(t, err)
		assert.EqualValues(t, 1, kept.Count)
	})
}

func (h *harness) losesMember(c *client.Client, name string) {
	h.fault(name, talos.FaultRemoveMember)
	h.healthy("cp-1", "cp-2")
	h.eventually(func() error {
		services, err := c.ServiceInfo(h.on(name), "etcd")
		if err == nil && services[0].Service.GetState() != failed {
			err = errors.New(services[0].Service.GetState())
		}
		return err
	})
	assert.Contains(h.t, h.report(name).Reason, "permanently removed")
	require.NoError(h.t, c.ResetGeneric(h.on(name), &machine.ResetRequest{
		Reboot: true, SystemPartitionsToWipe: []*machine.ResetPartitionSpec{{Label: "EPHEMERAL", Wipe: true}},
	}))
	h.healthy("cp-1", "cp-2", "cp-3")
}

func (h *harness) losesMachine(c *client.Client, name string) {
	h.remove(name)
	h.eventually(func() error {
		if _, err := h.version(c, name); err == nil {
			return errors.New("it answers")
		}
		return nil
	})
	members, err := h.members(c, "cp-1")
	require.NoError(h.t, err)
	require.Len(h.t, members, 3, "nobody told etcd")
	for _, m := range members {
		if m.GetHostname() == name {
			require.NoError(h.t, c.EtcdRemoveMemberByID(h.on("cp-2"),
				&machine.EtcdRemoveMemberByIDRequest{MemberId: m.GetId()}))
		}
	}
	h.healthy("cp-1", "cp-2")
}

func ids(members []*machine.EtcdMember) map[uint64]bool {
	all := map[uint64]bool{}
	for _, m := range members {
		all[m.GetId()] = true
	}
	return all
}

// TestQuorumLostAndRestored kills two of three members, and starts the cluster again from a snapshot.
func TestQuorumLostAndRestored(t *testing.T) {
	h := newCluster(t)
	c := h.talos("cp-1")
	_, err := h.etcd("cp-1").Put(h.on("cp-1"), "before", "snapshot")
	require.NoError(t, err)
	reader, err := c.EtcdSnapshot(h.on("cp-2"), &machine.EtcdSnapshotRequest{})
	require.NoError(t, err)
	snapshot, err := io.ReadAll(reader)
	require.NoError(t, err)
	body, sum := snapshot[:len(snapshot)-sha256.Size], snapshot[len(snapshot)-sha256.Size:]
	found := sha256.Sum256(body)
	require.Equal(t, sum, found[:])

	h.fault("cp-2", talos.FaultEtcdDown)
	h.fault("cp-3", talos.FaultUnreachable)
	h.eventually(func() error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := h.etcd("cp-1").Put(ctx, "after", "loss"); err == nil {
			return errors.New("etcd takes writes")
		}
		return nil
	})
	members, err := h.members(c, "cp-1")
	require.NoError(t, err, "the local list needs no quorum")
	assert.Len(t, members, 3)
	assert.Contains(t, h.report("cp-1").Reason, "lost its quorum: 1 of 3")

	for _, name := range []string{"cp-2", "cp-3"} {
		h.fault(name, "none")
	}
	h.healthy("cp-1", "cp-2", "cp-3")
	for _, name := range []string{"cp-1", "cp-2", "cp-3"} {
		h.fault(name, talos.FaultEtcdDown)
		require.NoError(t, h.talos(name).ResetGeneric(h.on(name), &machine.ResetRequest{
			Reboot: true, SystemPartitionsToWipe: []*machine.ResetPartitionSpec{{Label: "EPHEMERAL", Wipe: true}},
		}))
	}
	h.eventually(func() error {
		_, err := h.talos("cp-1").EtcdRecover(h.on("cp-1"), bytes.NewReader(snapshot))
		return err
	})
	for _, name := range []string{"cp-1", "cp-2", "cp-3"} {
		h.fault(name, "none")
	}
	require.NoError(t, h.talos("cp-1").Bootstrap(t.Context(), &machine.BootstrapRequest{RecoverEtcd: true}))
	h.healthy("cp-1", "cp-2", "cp-3")
	kept, err := h.etcd("cp-3").Get(h.on("cp-3"), "before")
	require.NoError(t, err)
	assert.EqualValues(t, 1, kept.Count)
}

// TestRecovery reads a member's database, and wipes a snapshot that was uploaded.
func TestRecovery(t *testing.T) {
	h := newCluster(t)
	c := h.talos("cp-1")
	packed, err := c.Copy(t.Context(), "/var/lib/etcd/member/snap/db")
	require.NoError(t, err)
	unzipped, err := gzip.NewReader(packed)
	require.NoError(t, err)
	archive := tar.NewReader(unzipped)
	header, err := archive.Next()
	require.NoError(t, err)
	database, err := io.ReadAll(archive)
	require.NoError(t, err)
	assert.Len(t, database, int(header.Size))
	assert.Zero(t, header.Size%512, "whole pages, without a checksum")
	for _, path := range []string{"/etc/passwd", "/var/lib/etcd/../../../etc/passwd", "/var/lib"} {
		packed, err := c.Copy(t.Context(), path)
		if err == nil {
			_, err = io.ReadAll(packed)
		}
		assert.Equal(t, codes.Unimplemented, client.StatusCode(err), path)
	}

	wipe := func() {
		before := h.mustBootID("cp-3")
		require.NoError(t, c.ResetGeneric(h.on("cp-3"), &machine.ResetRequest{
			Reboot: true, SystemPartitionsToWipe: []*machine.ResetPartitionSpec{{Label: "EPHEMERAL", Wipe: true}},
		}))
		h.upgraded("cp-3", "v1.13.0", before)
	}
	h.fault("cp-1", talos.FaultEtcdDown)
	h.fault("cp-2", talos.FaultEtcdDown)
	wipe()
	own := h.talos("cp-3")
	_, err = own.EtcdRecover(t.Context(), bytes.NewReader([]byte("a snapshot")))
	require.NoError(t, err)
	wipe()
	err = own.Bootstrap(t.Context(), &machine.BootstrapRequest{RecoverEtcd: true})
	require.ErrorContains(t, err, "no snapshot was uploaded")
	assert.Equal(t, codes.FailedPrecondition, client.StatusCode(err))
	h.fault("cp-1", "none")
	h.fault("cp-2", "none")
	h.healthy("cp-1", "cp-2", "cp-3")
}
