package operatetest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// LoseEtcd takes etcd's data away from control planes.
func (c *Cluster) LoseEtcd(suffixes ...string) {
	for _, suffix := range suffixes {
		n := c.Node(suffix)
		c.Do(func() { n.NoEtcd = true })
	}
}

// ServiceList returns only etcd, and only on control planes.
func (a *talosAPI) ServiceList(ctx context.Context, _ *emptypb.Empty) (*machine.ServiceListResponse, error) {
	list := &machine.ServiceList{}
	return &machine.ServiceListResponse{Messages: []*machine.ServiceList{list}}, a.on(ctx, func(n *Node) error {
		etcd := &machine.ServiceInfo{Id: "etcd", State: "Running", Events: &machine.ServiceEvents{
			Events: []*machine.ServiceEvent{{Msg: "the last thing that happened"}},
		}}
		switch {
		case n.NoEtcd:
			etcd.State = "Preparing"
		case n.EtcdState != "":
			etcd.State = n.EtcdState
		}
		list.Services = []*machine.ServiceInfo{etcd}
		return nil
	})
}

// Copy sends a member's database.
func (a *talosAPI) Copy(request *machine.CopyRequest, stream grpc.ServerStreamingServer[common.Data]) error {
	var packed bytes.Buffer
	err := a.on(stream.Context(), func(n *Node) error {
		if request.GetRootPath() != "/var/lib/etcd/member/snap/db" || n.NoEtcd || a.cluster.Database == nil {
			return status.Error(codes.NotFound, "no such file or directory")
		}
		zipped := gzip.NewWriter(&packed)
		archive := tar.NewWriter(zipped)
		_ = archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "db", Mode: 0o600,
			Size: int64(len(a.cluster.Database))})
		_, err := archive.Write(a.cluster.Database)
		return errors.Join(err, archive.Close(), zipped.Close())
	})
	if err != nil {
		return err
	}
	return stream.Send(&common.Data{Bytes: packed.Bytes()})
}

// EtcdRecover takes a snapshot.
func (a *talosAPI) EtcdRecover(stream grpc.ClientStreamingServer[common.Data, machine.EtcdRecoverResponse]) error {
	var uploaded []byte
	for {
		data, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		uploaded = append(uploaded, data.GetBytes()...)
	}
	err := a.on(stream.Context(), func(n *Node) error {
		a.cluster.record("upload %s", n.Name)
		n.uploaded = uploaded
		return nil
	})
	return errors.Join(err, stream.SendAndClose(&machine.EtcdRecoverResponse{}))
}

// Bootstrap starts etcd from the snapshot. The other control planes whose etcd waits join it as learners, and vote
// soon.
func (a *talosAPI) Bootstrap(
	ctx context.Context,
	request *machine.BootstrapRequest,
) (*machine.BootstrapResponse, error) {
	c := a.cluster
	return &machine.BootstrapResponse{}, a.on(ctx, func(n *Node) error {
		switch {
		case !n.NoEtcd:
			return status.Error(codes.AlreadyExists, "etcd data directory is not empty")
		case !request.GetRecoverEtcd() || request.GetRecoverSkipHashCheck() || n.uploaded == nil:
			return status.Errorf(codes.InvalidArgument, "not from a snapshot: %s", request)
		}
		c.record("bootstrap %s", n.Name)
		first := &Member{ID: 0xb0, Name: n.Name, Address: n.Address, Size: 84 << 20}
		c.Restored, c.Members, c.Leader, n.NoEtcd = n.uploaded, []*Member{first}, first.ID, false
		c.running.Go(c.join)
		return nil
	})
}

func (c *Cluster) join() {
	for _, n := range c.Nodes {
		time.Sleep(c.RebootTakes)
		var learner *Member
		c.Do(func() {
			if n.Endpoint != "" && n.NoEtcd && !n.Down {
				n.NoEtcd = false
				learner = &Member{ID: 0xb0 + uint64(len(c.Members)), Name: n.Name, Address: n.Address, Size: 84 << 20,
					Learner: true}
				c.Members = append(c.Members, learner)
			}
		})
		time.Sleep(c.RebootTakes)
		c.Do(func() {
			if learner != nil {
				learner.Learner = false
			}
		})
	}
}
