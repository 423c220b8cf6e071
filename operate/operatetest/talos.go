package operatetest

import (
	"context"
	"net"
	"slices"
	"strings"

	"github.com/cosi-project/runtime/api/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// talosAPI is the Talos API at one control plane's endpoint.
type talosAPI struct {
	machine.UnimplementedMachineServiceServer
	cluster *Cluster
	self    *Node
}

func (c *Cluster) serveTalos(n *Node, listener net.Listener) {
	api := &talosAPI{cluster: c, self: n}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(c.authority.serverTLS(c.t))),
		grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo,
			handler grpc.UnaryHandler) (any, error) {
			if err := api.available(ctx); err != nil {
				return nil, err
			}
			return handler(ctx, request)
		}),
		grpc.StreamInterceptor(func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo,
			handler grpc.StreamHandler) error {
			if err := api.available(stream.Context()); err != nil {
				return err
			}
			return handler(server, stream)
		}))
	machine.RegisterMachineServiceServer(server, api)
	machine.RegisterLifecycleServiceServer(server, &lifecycleAPI{api: api})
	machine.RegisterImageServiceServer(server, &imageAPI{api: api})
	v1alpha1.RegisterStateServer(server, &stateAPI{api: api})
	go func() { _ = server.Serve(listener) }()
	c.t.Cleanup(server.Stop)
}

// target returns the node that a request is for: the one that its metadata names, or the endpoint's own. It is nil
// where no machine is.
func (a *talosAPI) target(ctx context.Context) *Node {
	md, ok := metadata.FromIncomingContext(ctx)
	if !ok || len(md.Get("node")) == 0 {
		return a.self
	}
	for _, n := range a.cluster.Nodes {
		if n.Address == md.Get("node")[0] {
			return n
		}
	}
	return nil
}

// available returns the error of a request that does not reach its node.
func (a *talosAPI) available(ctx context.Context) error {
	a.cluster.mu.Lock()
	target := a.target(ctx)
	silent, down := a.self.Silent || target != nil && target.Silent, a.self.Down || target == nil || target.Down
	a.cluster.mu.Unlock()
	if silent {
		<-ctx.Done()
		return ctx.Err()
	}
	if down {
		return status.Error(codes.Unavailable, "connection refused")
	}
	return nil
}

// on locks the cluster and calls f with the node that a request is for.
func (a *talosAPI) on(ctx context.Context, f func(*Node) error) error {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	return f(a.target(ctx))
}

func (a *talosAPI) Version(ctx context.Context, _ *emptypb.Empty) (*machine.VersionResponse, error) {
	answer := &machine.VersionResponse{}
	return answer, a.on(ctx, func(n *Node) error {
		answer.Messages = []*machine.Version{{Version: &machine.VersionInfo{Tag: n.Talos}}}
		return nil
	})
}

func (a *talosAPI) Read(request *machine.ReadRequest, stream grpc.ServerStreamingServer[common.Data]) error {
	if request.GetPath() != "/proc/sys/kernel/random/boot_id" {
		return status.Error(codes.NotFound, "no such file")
	}
	var id string
	_ = a.on(stream.Context(), func(n *Node) error { id = n.BootID; return nil })
	return stream.Send(&common.Data{Bytes: []byte(id + "\n")})
}

// member returns a node's member of etcd, if it has one.
func (a *talosAPI) member(n *Node) (*Member, error) {
	i := slices.IndexFunc(a.cluster.Members, func(m *Member) bool { return m.Name == n.Name })
	if i < 0 || n.NoEtcd || n.EtcdState != "" {
		return nil, status.Error(codes.FailedPrecondition, "etcd is not running")
	}
	return a.cluster.Members[i], nil
}

func (a *talosAPI) EtcdMemberList(ctx context.Context, _ *machine.EtcdMemberListRequest) (
	*machine.EtcdMemberListResponse, error) {
	list := &machine.EtcdMembers{}
	return &machine.EtcdMemberListResponse{Messages: []*machine.EtcdMembers{list}}, a.on(ctx, func(n *Node) error {
		for _, m := range a.cluster.Members {
			list.Members = append(list.Members, &machine.EtcdMember{
				Id: m.ID, Hostname: m.Name, PeerUrls: []string{"https://" + m.Address + ":2380"}, IsLearner: m.Learner,
			})
		}
		_, err := a.member(n)
		return err
	})
}

func (a *talosAPI) EtcdStatus(ctx context.Context, _ *emptypb.Empty) (*machine.EtcdStatusResponse, error) {
	answer := &machine.EtcdMemberStatus{}
	return &machine.EtcdStatusResponse{Messages: []*machine.EtcdStatus{{MemberStatus: answer}}},
		a.on(ctx, func(n *Node) error {
			m, err := a.member(n)
			if err != nil {
				return err
			}
			answer.MemberId, answer.IsLearner, answer.DbSize, answer.Errors = m.ID, m.Learner, m.Size, m.Errors
			answer.RaftIndex, answer.RaftAppliedIndex = 50000-m.Lag, 50000-m.Lag
			if a.cluster.quorum() {
				answer.Leader = a.cluster.Leader
			}
			return nil
		})
}

func (a *talosAPI) EtcdAlarmList(ctx context.Context, _ *emptypb.Empty) (*machine.EtcdAlarmListResponse, error) {
	list := &machine.EtcdAlarm{}
	return &machine.EtcdAlarmListResponse{Messages: []*machine.EtcdAlarm{list}}, a.on(ctx, func(*Node) error {
		list.MemberAlarms = a.cluster.Alarms
		return nil
	})
}

func (a *talosAPI) EtcdForfeitLeadership(ctx context.Context, _ *machine.EtcdForfeitLeadershipRequest) (
	*machine.EtcdForfeitLeadershipResponse, error) {
	return &machine.EtcdForfeitLeadershipResponse{}, a.on(ctx, func(n *Node) error {
		m, err := a.member(n)
		if err != nil || m.ID != a.cluster.Leader {
			return err
		}
		a.cluster.record("forfeit %s", n.Name)
		a.cluster.elect(m.ID)
		return nil
	})
}

func (a *talosAPI) EtcdSnapshot(_ *machine.EtcdSnapshotRequest, stream grpc.ServerStreamingServer[common.Data]) error {
	var whole []byte
	_ = a.on(stream.Context(), func(n *Node) error {
		a.cluster.record("snapshot %s", n.Name)
		whole = a.cluster.Snapshot
		return nil
	})
	for part := range slices.Chunk(whole, 300) {
		if err := stream.Send(&common.Data{Bytes: part}); err != nil {
			return err
		}
	}
	return nil
}

// pull fails if the image is not there.
func (a *talosAPI) pull(ctx context.Context, image string) error {
	return a.on(ctx, func(n *Node) error {
		if a.cluster.Images != nil && !slices.Contains(a.cluster.Images, image) {
			return status.Errorf(codes.NotFound, "%s: not found", image)
		}
		return nil
	})
}

func (a *talosAPI) ImagePull(
	ctx context.Context,
	request *machine.ImagePullRequest,
) (*machine.ImagePullResponse, error) {
	return &machine.ImagePullResponse{Messages: []*machine.ImagePull{{}}}, a.pull(ctx, request.GetReference())
}

// imageAPI is the image service of Talos 1.13.
type imageAPI struct {
	machine.UnimplementedImageServiceServer
	api *talosAPI
}

func (i *imageAPI) Pull(request *machine.ImageServicePullRequest,
	stream grpc.ServerStreamingServer[machine.ImageServicePullResponse]) error {
	if request.GetContainerd().GetDriver() != common.ContainerDriver_CRI {
		return status.Error(codes.ResourceExhausted, "this containerd keeps images in memory")
	}
	if err := i.api.pull(stream.Context(), request.GetImageRef()); err != nil {
		return err
	}
	return stream.Send(&machine.ImageServicePullResponse{})
}

// install puts the image's version beside the one that runs.
func (a *talosAPI) install(ctx context.Context, image string) error {
	if err := a.pull(ctx, image); err != nil {
		return err
	}
	return a.on(ctx, func(n *Node) error {
		repository, version, _ := strings.Cut(image, ":")
		n.installed, n.schematic = version, repository[strings.LastIndex(repository, "/")+1:]
		a.cluster.record("install %s %s", n.Name, n.installed)
		return nil
	})
}

// Upgrade upgrades a node as Talos up to 1.12 does: the node reboots by itself.
func (a *talosAPI) Upgrade(ctx context.Context, request *machine.UpgradeRequest) (*machine.UpgradeResponse, error) {
	if err := a.install(ctx, request.GetImage()); err != nil {
		return nil, err
	}
	return &machine.UpgradeResponse{Messages: []*machine.Upgrade{{Ack: "Upgrade request received"}}},
		a.on(ctx, func(n *Node) error {
			a.cluster.reboot(n)
			return nil
		})
}

func (a *talosAPI) Reboot(ctx context.Context, _ *machine.RebootRequest) (*machine.RebootResponse, error) {
	return &machine.RebootResponse{Messages: []*machine.Reboot{{}}}, a.on(ctx, func(n *Node) error {
		a.cluster.reboot(n)
		return nil
	})
}
