package operatetest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AddControlPlane adds a control plane of that number, as a learner of etcd that is promoted a moment later.
func (c *Cluster) AddControlPlane(number int) {
	c.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(c.t, err)
	var added *Node
	c.Do(func() {
		first := c.Nodes[0]
		added = c.addNode(fmt.Sprintf("%s-control-plane-%d", c.Name, number), first.Pool,
			fmt.Sprintf("10.0.0.%d", 10+number), first.Talos)
		added.Components, added.Endpoint = first.Components, listener.Addr().String()
		added.config = newMachineConfig(c.t, added, c.Kubernetes)
		m := &Member{ID: uint64(0xa0 + number), Name: added.Name, Address: added.Address, Size: 84 << 20, Learner: true}
		c.Members = append(c.Members, m)
		c.record("join %s", added.Name)
		c.running.Go(func() {
			time.Sleep(c.RebootTakes)
			c.Do(func() { m.Learner = false })
		})
	})
	c.serveTalos(added, listener)
}

// Delete takes a machine away, as its cloud does.
func (c *Cluster) Delete(name string) {
	c.Do(func() { c.Nodes = slices.DeleteFunc(c.Nodes, func(n *Node) bool { return n.Name == name }) })
}

// removeMember takes a member off the list. etcd refuses that for a while after its members have changed.
func (c *Cluster) removeMember(id uint64) error {
	i := slices.IndexFunc(c.Members, func(m *Member) bool { return m.ID == id })
	switch {
	case i < 0:
		return status.Error(codes.NotFound, "etcdserver: member not found")
	case !c.quorum():
		return status.Error(codes.DeadlineExceeded, "context deadline exceeded")
	case c.Unhealthy > 0:
		c.Unhealthy--
		return status.Error(codes.Unknown, "failed to remove member: etcdserver: unhealthy cluster")
	}
	if c.Leader == id {
		c.elect(id)
	}
	c.Members = slices.Delete(c.Members, i, i+1)
	return nil
}

func (a *talosAPI) EtcdRemoveMemberByID(ctx context.Context, request *machine.EtcdRemoveMemberByIDRequest) (
	*machine.EtcdRemoveMemberByIDResponse, error) {
	return &machine.EtcdRemoveMemberByIDResponse{}, a.on(ctx, func(*Node) error {
		if err := a.cluster.removeMember(request.GetMemberId()); err != nil {
			return err
		}
		a.cluster.record("remove member %x", request.GetMemberId())
		return nil
	})
}

// Reset takes the two resets that there are: a graceful one lets the node leave etcd and takes it away a moment later;
// a reset of only EPHEMERAL, as before a restore, lets the node come back without etcd's data.
func (a *talosAPI) Reset(ctx context.Context, request *machine.ResetRequest) (*machine.ResetResponse, error) {
	return &machine.ResetResponse{Messages: []*machine.Reset{{}}}, a.on(ctx, func(n *Node) error {
		wiped := request.GetSystemPartitionsToWipe()
		switch {
		case request.GetGraceful() && !request.GetReboot() && len(wiped) == 0:
			a.leave(n)
		case !request.GetGraceful() && request.GetReboot() && len(wiped) == 1 && wiped[0].GetLabel() == "EPHEMERAL" &&
			wiped[0].GetWipe():
			a.cluster.record("wipe %s", n.Name)
			n.NoEtcd, n.EtcdState, n.uploaded = true, "", nil
			a.cluster.reboot(n)
		default:
			return status.Errorf(codes.InvalidArgument, "another reset: %s", request)
		}
		return nil
	})
}

func (a *talosAPI) leave(n *Node) {
	a.cluster.record("reset %s", n.Name)
	a.cluster.running.Go(func() {
		time.Sleep(a.cluster.RebootTakes)
		a.cluster.Do(func() {
			if n.StaysAway {
				return
			}
			if m, err := a.member(n); err == nil && a.cluster.removeMember(m.ID) != nil {
				return
			}
			n.Down = true
		})
	})
}

// EtcdDefragment leaves a database of the size that is in use.
func (a *talosAPI) EtcdDefragment(ctx context.Context, _ *emptypb.Empty) (*machine.EtcdDefragmentResponse, error) {
	return &machine.EtcdDefragmentResponse{}, a.on(ctx, func(n *Node) error {
		m, err := a.member(n)
		if err != nil {
			return err
		}
		a.cluster.record("defragment %s", n.Name)
		m.Size = max(a.cluster.InUse, 1<<20)
		return nil
	})
}

// EtcdAlarmDisarm disarms all alarms, of every kind.
func (a *talosAPI) EtcdAlarmDisarm(ctx context.Context, _ *emptypb.Empty) (*machine.EtcdAlarmDisarmResponse, error) {
	return &machine.EtcdAlarmDisarmResponse{}, a.on(ctx, func(*Node) error {
		a.cluster.record("disarm")
		a.cluster.Alarms = nil
		for _, m := range a.cluster.Members {
			m.Errors = nil
		}
		return nil
	})
}

func (c *Cluster) deleteNode(w http.ResponseWriter, r *http.Request) {
	for _, n := range c.Nodes {
		if n.Name == r.PathValue("name") {
			n.Absent = true
			c.record("delete %s", n.Name)
		}
	}
	answer(w, http.StatusOK, metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status: metav1.StatusSuccess})
}
