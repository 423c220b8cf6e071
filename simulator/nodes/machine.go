package nodes

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"slices"
	"time"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	timeapi "github.com/siderolabs/talos/pkg/machinery/api/time"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// machineService is the Talos API of the node that a call is about, as far as operators of this kind of cluster use it.
// Every other method answers that it is not implemented.
type machineService struct {
	machine.UnimplementedMachineServiceServer
}

func (machineService) Version(ctx context.Context, _ *emptypb.Empty) (*machine.VersionResponse, error) {
	state := targetOf(ctx).state()
	return &machine.VersionResponse{Messages: []*machine.Version{{
		Version:  &machine.VersionInfo{Tag: state.Talos, Os: "linux", Arch: state.Architecture},
		Platform: &machine.PlatformInfo{Name: state.Provider, Mode: "cloud"},
		Features: &machine.FeaturesInfo{Rbac: true},
	}}}, nil
}

func (machineService) Hostname(ctx context.Context, _ *emptypb.Empty) (*machine.HostnameResponse, error) {
	return &machine.HostnameResponse{Messages: []*machine.Hostname{{Hostname: targetOf(ctx).name}}}, nil
}

// The states of services that there are here.
const (
	running   = "Running"
	preparing = "Preparing"
	starting  = "Starting"
	failed    = "Failed"
)

// services returns the services of machined on the node.
func (n *node) services() []*machine.ServiceInfo {
	state := n.state()
	service := func(id, is string, healthy bool) *machine.ServiceInfo {
		return &machine.ServiceInfo{
			Id: id, State: is, Events: &machine.ServiceEvents{},
			Health: &machine.ServiceHealth{Healthy: healthy, LastChange: timestamppb.Now()},
		}
	}
	list := []*machine.ServiceInfo{
		service("apid", running, true), service("containerd", running, true), service("cri", running, true),
		service("kubelet", running, !state.Faults.Has(talos.FaultNotReady)),
		service("machined", running, true), service("udevd", running, true),
	}
	if !state.ControlPlane {
		return list
	}
	list = append(list, service("trustd", running, true))
	switch m := n.member(); {
	case m != nil:
		list = append(list, service("etcd", running, m.etcd.Server.Lead() != 0))
	case state.EtcdData == "":
		list = append(list, service("etcd", preparing, false))
	case n.daemon.cluster(state.Cluster) != nil && runsEtcd(state, n.daemon.cluster(state.Cluster).known()):
		list = append(list, service("etcd", starting, false))
	default:
		list = append(list, service("etcd", failed, false))
	}
	return list
}

func (machineService) ServiceList(ctx context.Context, _ *emptypb.Empty) (*machine.ServiceListResponse, error) {
	return &machine.ServiceListResponse{Messages: []*machine.ServiceList{{Services: targetOf(ctx).services()}}}, nil
}

func (machineService) Events(in *machine.EventsRequest, stream grpc.ServerStreamingServer[machine.Event]) error {
	return targetOf(stream.Context()).events.send(in, stream)
}

// bootIDFile is where Linux has the id that it draws at each boot.
const bootIDFile = "/proc/sys/kernel/random/boot_id"

func (machineService) Read(in *machine.ReadRequest, stream grpc.ServerStreamingServer[common.Data]) error {
	if in.GetPath() != bootIDFile {
		return status.Errorf(codes.Unknown, "stat %s: no such file or directory", in.GetPath())
	}
	return stream.Send(&common.Data{Bytes: []byte(targetOf(stream.Context()).state().BootID + "\n")})
}

func (machineService) Kubeconfig(_ *emptypb.Empty, stream grpc.ServerStreamingServer[common.Data]) error {
	state := targetOf(stream.Context()).state()
	if !state.ControlPlane {
		return status.Error(codes.Unimplemented, "kubeconfig is only available on control plane nodes")
	}
	text, err := talos.Kubeconfig(state.Config)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	header := &tar.Header{Typeflag: tar.TypeReg, Name: "kubeconfig", Size: int64(len(text)), ModTime: time.Now(),
		Mode: 0o600}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	if _, err := archive.Write(text); err != nil {
		return err
	}
	if err := archive.Close(); err != nil {
		return err
	}
	if err := zipped.Close(); err != nil {
		return err
	}
	return stream.Send(&common.Data{Bytes: packed.Bytes()})
}

var modes = map[machine.ApplyConfigurationRequest_Mode]string{
	machine.ApplyConfigurationRequest_AUTO:      "auto",
	machine.ApplyConfigurationRequest_NO_REBOOT: "no_reboot",
	machine.ApplyConfigurationRequest_REBOOT:    "reboot",
	machine.ApplyConfigurationRequest_STAGED:    "staged",
}

func (machineService) ApplyConfiguration(ctx context.Context, in *machine.ApplyConfigurationRequest) (
	*machine.ApplyConfigurationResponse, error,
) {
	n := targetOf(ctx)
	mode, known := modes[in.GetMode()]
	if !known {
		return nil, status.Errorf(codes.Unimplemented, "the simulator has no mode %s", in.GetMode())
	}
	err := n.daemon.change(func(st *store.Store, _ network.Network) (err error) {
		mode, err = talos.Apply(st, n.state().ID, string(in.GetData()), mode, in.GetDryRun())
		return err
	})
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	applied := &machine.ApplyConfiguration{ModeDetails: "Applied configuration with mode " + mode}
	for used, name := range modes {
		if name == mode {
			applied.Mode = used
		}
	}
	switch {
	case in.GetDryRun():
		applied.ModeDetails = "Dry run summary:\nApplied configuration with mode " + mode + " (skipped in dry-run)."
	case mode == "reboot":
		n.restart("reboot", nil)
	}
	return &machine.ApplyConfigurationResponse{Messages: []*machine.ApplyConfiguration{applied}}, nil
}

func (machineService) Reboot(ctx context.Context, _ *machine.RebootRequest) (*machine.RebootResponse, error) {
	actor, err := targetOf(ctx).restart("reboot", nil)
	if err != nil {
		return nil, err
	}
	return &machine.RebootResponse{Messages: []*machine.Reboot{{ActorId: actor}}}, nil
}

func (machineService) Shutdown(ctx context.Context, _ *machine.ShutdownRequest) (*machine.ShutdownResponse, error) {
	n := targetOf(ctx)
	n.later(func() error {
		return n.daemon.change(func(st *store.Store, _ network.Network) error { return talos.Halt(st, n.state().ID) })
	})
	return &machine.ShutdownResponse{Messages: []*machine.Shutdown{{ActorId: newActor()}}}, nil
}

// Reset leaves etcd if it is to be graceful, and then wipes; it answers before it has begun.
func (machineService) Reset(ctx context.Context, in *machine.ResetRequest) (*machine.ResetResponse, error) {
	n := targetOf(ctx)
	options := talos.ResetOptions{Graceful: in.GetGraceful(), Reboot: in.GetReboot()}
	for _, partition := range in.GetSystemPartitionsToWipe() {
		options.Labels = append(options.Labels, partition.GetLabel())
	}
	wipe := func() error {
		if m := n.member(); options.Graceful && m != nil {
			ctx, cancel := context.WithTimeout(n.ctx, time.Minute)
			defer cancel()
			if err := n.leave(ctx, m); err != nil {
				return err
			}
		}
		// An uploaded snapshot is on EPHEMERAL, which every reset wipes that wipes etcd.
		if len(options.Labels) == 0 || slices.Contains(options.Labels, "EPHEMERAL") {
			if err := os.RemoveAll(n.recovered()); err != nil {
				return err
			}
		}
		return n.daemon.within(func(st *store.Store,
			_ network.Network) error {
			return talos.Wipe(st, n.state().ID, options)
		})
	}
	if options.Reboot {
		actor, err := n.restart("reset", wipe)
		if err != nil {
			return nil, err
		}
		return &machine.ResetResponse{Messages: []*machine.Reset{{ActorId: actor}}}, nil
	}
	n.later(func() error {
		if err := wipe(); err != nil {
			return err
		}
		return n.daemon.refresh()
	})
	return &machine.ResetResponse{Messages: []*machine.Reset{{ActorId: newActor()}}}, nil
}

// timeService is the node's clock.
type timeService struct {
	timeapi.UnimplementedTimeServiceServer
}

func (timeService) Time(ctx context.Context, _ *emptypb.Empty) (*timeapi.TimeResponse, error) {
	now := time.Now()
	local := now
	if ahead, set := targetOf(ctx).state().Faults[talos.FaultClock]; set {
		by, err := time.ParseDuration(ahead)
		if err != nil {
			return nil, err
		}
		local = now.Add(by)
	}
	return &timeapi.TimeResponse{Messages: []*timeapi.Time{{
		Server: "time.cloudflare.com", Localtime: timestamppb.New(local), Remotetime: timestamppb.New(now),
	}}}, nil
}

func (s timeService) TimeCheck(ctx context.Context, _ *timeapi.TimeRequest) (*timeapi.TimeResponse, error) {
	return s.Time(ctx, nil)
}
