package nodes

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// etcdOf returns the etcd of the node that a call is about.
func etcdOf(ctx context.Context) (*node, *member, error) {
	n := targetOf(ctx)
	if !n.state().ControlPlane {
		return nil, nil, status.Error(codes.Unimplemented, "member list is only available on control plane nodes")
	}
	if m := n.member(); m != nil {
		return n, m, nil
	}
	return nil, nil, status.Error(codes.Unavailable,
		"failed to create etcd client: etcd does not run: connection refused")
}

// explain gives an error of etcd its code.
func explain(err error) error {
	var known rpctypes.EtcdError
	if errors.As(err, &known) {
		return status.Error(known.Code(), known.Error())
	}
	if _, coded := status.FromError(err); coded {
		return err
	}
	return status.FromContextError(err).Err()
}

func (machineService) EtcdMemberList(ctx context.Context, in *machine.EtcdMemberListRequest) (
	*machine.EtcdMemberListResponse, error,
) {
	_, m, err := etcdOf(ctx)
	if err != nil {
		return nil, err
	}
	answer := &machine.EtcdMembers{}
	if in.GetQueryLocal() {
		for _, peer := range m.etcd.Server.Cluster().Members() {
			answer.Members = append(answer.Members, &machine.EtcdMember{
				Id: uint64(peer.ID), Hostname: peer.Name, IsLearner: peer.IsLearner,
				PeerUrls: peer.PeerURLs, ClientUrls: peer.ClientURLs,
			})
		}
	} else {
		list, err := m.kv.MemberList(ctx)
		if err != nil {
			return nil, explain(err)
		}
		for _, peer := range list.Members {
			answer.Members = append(answer.Members, &machine.EtcdMember{
				Id: peer.ID, Hostname: peer.Name, IsLearner: peer.IsLearner,
				PeerUrls: peer.PeerURLs, ClientUrls: peer.ClientURLs,
			})
		}
	}
	for _, peer := range answer.Members {
		answer.LegacyMembers = append(answer.LegacyMembers, peer.Hostname)
	}
	return &machine.EtcdMemberListResponse{Messages: []*machine.EtcdMembers{answer}}, nil
}

func (machineService) EtcdStatus(ctx context.Context, _ *emptypb.Empty) (*machine.EtcdStatusResponse, error) {
	_, m, err := etcdOf(ctx)
	if err != nil {
		return nil, err
	}
	s, err := m.kv.Status(ctx, "")
	if err != nil {
		return nil, explain(err)
	}
	return &machine.EtcdStatusResponse{Messages: []*machine.EtcdStatus{{MemberStatus: &machine.EtcdMemberStatus{
		MemberId: s.Header.MemberId, ProtocolVersion: s.Version, StorageVersion: s.StorageVersion,
		DbSize: s.DbSize, DbSizeInUse: s.DbSizeInUse,
		Leader: s.Leader, RaftIndex: s.RaftIndex, RaftTerm: s.RaftTerm, RaftAppliedIndex: s.RaftAppliedIndex,
		Errors: s.Errors, IsLearner: s.IsLearner,
	}}}}, nil
}

func alarms(list *clientv3.AlarmResponse) []*machine.EtcdMemberAlarm {
	var all []*machine.EtcdMemberAlarm
	for _, alarm := range list.Alarms {
		all = append(all, &machine.EtcdMemberAlarm{MemberId: alarm.MemberID,
			Alarm: machine.EtcdMemberAlarm_AlarmType(alarm.Alarm)})
	}
	return all
}

func (machineService) EtcdAlarmList(ctx context.Context, _ *emptypb.Empty) (*machine.EtcdAlarmListResponse, error) {
	_, m, err := etcdOf(ctx)
	if err != nil {
		return nil, err
	}
	list, err := m.kv.AlarmList(ctx)
	if err != nil {
		return nil, explain(err)
	}
	return &machine.EtcdAlarmListResponse{Messages: []*machine.EtcdAlarm{{MemberAlarms: alarms(list)}}}, nil
}

func (machineService) EtcdAlarmDisarm(ctx context.Context, _ *emptypb.Empty) (*machine.EtcdAlarmDisarmResponse, error) {
	_, m, err := etcdOf(ctx)
	if err != nil {
		return nil, err
	}
	list, err := m.kv.AlarmDisarm(ctx, &clientv3.AlarmMember{})
	if err != nil {
		return nil, explain(err)
	}
	return &machine.EtcdAlarmDisarmResponse{Messages: []*machine.EtcdAlarmDisarm{{MemberAlarms: alarms(list)}}}, nil
}

func (machineService) EtcdDefragment(ctx context.Context, _ *emptypb.Empty) (*machine.EtcdDefragmentResponse, error) {
	_, m, err := etcdOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.etcd.Server.Defragment(); err != nil {
		return nil, err
	}
	return &machine.EtcdDefragmentResponse{Messages: []*machine.EtcdDefragment{{}}}, nil
}

func (machineService) EtcdSnapshot(_ *machine.EtcdSnapshotRequest,
	stream grpc.ServerStreamingServer[common.Data]) error {
	_, m, err := etcdOf(stream.Context())
	if err != nil {
		return err
	}
	reader, err := m.kv.Snapshot(stream.Context())
	if err != nil {
		return explain(err)
	}
	defer reader.Close()
	chunk := make([]byte, 32<<10)
	for {
		size, err := reader.Read(chunk)
		if size > 0 {
			if err := stream.Send(&common.Data{Bytes: chunk[:size]}); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return explain(err)
		}
	}
}

// EtcdForfeitLeadership moves the leadership to the first other member, without a look at its health.
func (machineService) EtcdForfeitLeadership(ctx context.Context, _ *machine.EtcdForfeitLeadershipRequest) (
	*machine.EtcdForfeitLeadershipResponse, error,
) {
	_, m, err := etcdOf(ctx)
	if err != nil {
		return nil, err
	}
	answer := &machine.EtcdForfeitLeadership{}
	own := uint64(m.etcd.Server.MemberID())
	if m.etcd.Server.Lead() == own {
		for _, peer := range m.etcd.Server.Cluster().Members() {
			if uint64(peer.ID) == own {
				continue
			}
			if err := m.etcd.Server.MoveLeader(ctx, own, uint64(peer.ID)); err != nil {
				return nil, explain(err)
			}
			answer.Member = peer.Name
			break
		}
	}
	return &machine.EtcdForfeitLeadershipResponse{Messages: []*machine.EtcdForfeitLeadership{answer}}, nil
}

func (machineService) EtcdRemoveMemberByID(ctx context.Context, in *machine.EtcdRemoveMemberByIDRequest) (
	*machine.EtcdRemoveMemberByIDResponse, error,
) {
	n, m, err := etcdOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := n.daemon.cluster(n.state().Cluster).remove(ctx, m, in.GetMemberId()); err != nil {
		return nil, explain(err)
	}
	return &machine.EtcdRemoveMemberByIDResponse{Messages: []*machine.EtcdRemoveMemberByID{{}}}, nil
}

// leave takes the node's own member off the cluster, and empties its etcd. Like Talos it tries again while etcd says
// that the cluster is not healthy, which it does for five seconds after a member has started.
func (n *node) leave(ctx context.Context, m *member) error {
	for {
		err := n.daemon.cluster(n.state().Cluster).remove(ctx, m, uint64(m.etcd.Server.MemberID()))
		if err == nil {
			break
		}
		if !errors.Is(err, rpctypes.ErrUnhealthy) || ctx.Err() != nil || !n.daemon.sleep(500*time.Millisecond) {
			return explain(err)
		}
	}
	n.stopEtcd(false)
	return errors.Join(n.wipeEtcd(),
		n.daemon.change(func(st *store.Store, _ network.Network) error { return talos.Leave(st, n.state().ID) }))
}

func (machineService) EtcdLeaveCluster(ctx context.Context, _ *machine.EtcdLeaveClusterRequest) (
	*machine.EtcdLeaveClusterResponse, error,
) {
	n, m, err := etcdOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := n.leave(ctx, m); err != nil {
		return nil, err
	}
	return &machine.EtcdLeaveClusterResponse{Messages: []*machine.EtcdLeaveCluster{{}}}, nil
}

func (n *node) keepSnapshot(snapshot []byte) error {
	if err := os.MkdirAll(n.daemon.disk(n.state().ID), 0o700); err != nil {
		return err
	}
	return os.WriteFile(n.recovered(), snapshot, 0o600)
}

// checkSnapshot reads the checksum at the end of a snapshot.
func (n *node) checkSnapshot(skipHash bool) error {
	data, err := os.ReadFile(n.recovered())
	if err != nil {
		return status.Error(codes.FailedPrecondition, "no snapshot was uploaded: etcd recover")
	}
	if skipHash {
		return nil
	}
	if len(data)%512 != sha256.Size {
		return status.Error(codes.InvalidArgument, "snapshot: sha256 checksum not found")
	}
	body, sum := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if found := sha256.Sum256(body); string(found[:]) != string(sum) {
		return status.Error(codes.InvalidArgument, "snapshot: the checksum is another one")
	}
	return nil
}

var codedError = regexp.MustCompile(`rpc error: code = (\w+) desc = (.*)`)

// Bootstrap starts a new etcd on the node: empty, or from the snapshot that was uploaded.
func (machineService) Bootstrap(ctx context.Context, in *machine.BootstrapRequest) (*machine.BootstrapResponse, error) {
	n := targetOf(ctx)
	if in.GetRecoverEtcd() {
		if err := n.checkSnapshot(in.GetRecoverSkipHashCheck()); err != nil {
			return nil, err
		}
	} else if err := os.RemoveAll(n.recovered()); err != nil {
		return nil, err
	}
	n.mutex.Lock()
	n.skipHash = in.GetRecoverSkipHashCheck()
	n.mutex.Unlock()
	err := n.daemon.change(func(st *store.Store,
		clouds network.Network) error {
		return talos.Bootstrap(clouds, st, n.state().ID)
	})
	if err != nil {
		return nil, recode(err)
	}
	return &machine.BootstrapResponse{Messages: []*machine.Bootstrap{{}}}, nil
}

// recode reads the code from a text of the simulated Talos API.
func recode(err error) error {
	parts := codedError.FindStringSubmatch(err.Error())
	if parts == nil {
		return err
	}
	for code := codes.OK; code <= codes.Unauthenticated; code++ {
		if fmt.Sprint(code) == parts[1] {
			return status.Error(code, parts[2])
		}
	}
	return err
}
