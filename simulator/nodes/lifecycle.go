package nodes

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/releases"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/compatibility"
	"golang.org/x/mod/semver"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// newActor returns the id of a sequence of events.
func newActor() string { return rand.Text() }

// later does something after the call has been answered.
func (n *node) later(work func() error) {
	n.daemon.spawn(func() {
		if !n.daemon.sleep(50 * time.Millisecond) {
			return
		}
		if err := work(); err != nil {
			n.daemon.logf("%s: %v", n.name, err)
		}
	})
}

// restart runs a sequence that ends in a reboot. One at a time.
func (n *node) restart(sequence string, before func() error) (actor string, err error) {
	n.mutex.Lock()
	busy := n.upgrading
	n.upgrading = true
	n.mutex.Unlock()
	if busy {
		return "", status.Error(codes.FailedPrecondition, sequence+" failed: another operation is in progress")
	}
	actor = newActor()
	n.events.sequence(actor, sequence, machine.SequenceEvent_START, nil)
	n.later(func() error {
		if before != nil {
			if err := before(); err != nil {
				n.events.sequence(actor, sequence, machine.SequenceEvent_STOP, err)
				n.mutex.Lock()
				n.upgrading = false
				n.mutex.Unlock()
				return err
			}
		}
		n.events.stage(actor, machine.MachineStatusEvent_REBOOTING)
		return n.daemon.reboot(n.state().ID)
	})
	return actor, nil
}

// checkImage returns the version of an installer image, or why it cannot be pulled.
func (n *node) checkImage(image string) (string, error) {
	i := strings.LastIndex(image, ":")
	tag := image[i+1:]
	if n.state().Faults.Has(talos.FaultNoImage) {
		return "", status.Errorf(codes.Unknown, "failed to pull image %q: 429 Too Many Requests", image)
	}
	var minor, patch int
	if i < 0 || !strings.Contains(image, "installer") || !semver.IsValid(tag) || semver.Prerelease(tag) != "" {
		return "", notFound(image)
	}
	if _, err := fmt.Sscanf(tag, "v1.%d.%d", &minor, &patch); err != nil || !releases.Exists(minor, patch) {
		return "", notFound(image)
	}
	return tag, nil
}

func notFound(image string) error {
	return status.Errorf(codes.NotFound, "failed to pull image %q: not found", image)
}

// upgradeable returns the result of the installer's own checks, after the node has stopped its services.
func upgradeable(from, to string) error {
	host, err := compatibility.ParseTalosVersion(&machine.VersionInfo{Tag: from})
	if err != nil {
		return err
	}
	target, err := compatibility.ParseTalosVersion(&machine.VersionInfo{Tag: to})
	if err != nil {
		return err
	}
	return target.UpgradeableFrom(host)
}

// pull checks an image and remembers it. Images of Kubernetes need a version with a v.
func (n *node) pull(image string) error {
	if strings.Contains(image, "installer") {
		if _, err := n.checkImage(image); err != nil {
			return err
		}
	}
	i := strings.LastIndex(image, ":")
	if n.state().Faults.Has(talos.FaultNoImage) || i < 0 || !semver.IsValid(image[i+1:]) &&
		!strings.Contains(image, "@sha256:") {
		return notFound(image)
	}
	return n.daemon.change(func(st *store.Store,
		_ network.Network) error {
		return talos.Pulled(st, n.state().ID, image)
	})
}

func (machineService) ImagePull(ctx context.Context, in *machine.ImagePullRequest) (*machine.ImagePullResponse, error) {
	if err := targetOf(ctx).pull(in.GetReference()); err != nil {
		return nil, err
	}
	return &machine.ImagePullResponse{Messages: []*machine.ImagePull{{}}}, nil
}

// cut breaks the connections of a call's two ends if the fault is set, and takes the fault away.
func cut(ctx context.Context, kind string) error {
	r := requestOf(ctx)
	if !r.target.state().Faults.Has(kind) {
		return nil
	}
	err := r.target.daemon.change(func(st *store.Store, _ network.Network) error {
		return talos.ClearFault(st, r.target.state().ID, kind)
	})
	r.entry.talos.cut()
	r.target.talos.cut()
	return errors.Join(err, status.Error(codes.Unavailable, "the connection is broken"))
}

// Upgrade upgrades as Talos before 1.13: it checks the image and etcd, and answers. Then the node drains itself,
// installs and reboots. In Talos a PodDisruptionBudget delays the drain for a limited time; the simulator ignores it.
//
//nolint:staticcheck // The method is deprecated, and still what nodes below 1.13 have.
func (machineService) Upgrade(ctx context.Context, in *machine.UpgradeRequest) (*machine.UpgradeResponse, error) {
	n := targetOf(ctx)
	tag, err := n.checkImage(in.GetImage())
	if err != nil {
		return nil, status.Errorf(codes.Unknown, "error validating installer image %q: %v", in.GetImage(), err)
	}
	if n.state().ControlPlane && !in.GetForce() {
		if err := n.validateForUpgrade(ctx); err != nil {
			return nil, status.Errorf(codes.Unknown, "error validating etcd for upgrade: %v", err)
		}
	}
	if err := cut(ctx, talos.FaultCutBefore); err != nil {
		return nil, err
	}
	actor, err := n.restart("upgrade", func() error {
		n.events.stage("", machine.MachineStatusEvent_UPGRADING)
		if err := upgradeable(n.state().Talos, tag); err != nil {
			n.daemon.logf("%s: installer: %v", n.name, err)
			return nil
		}
		return n.daemon.within(func(st *store.Store,
			_ network.Network) error {
			return talos.Install(st, n.state().ID, in.GetImage())
		})
	})
	if err != nil {
		return nil, err
	}
	if err := cut(ctx, talos.FaultCut); err != nil {
		return nil, err
	}
	return &machine.UpgradeResponse{Messages: []*machine.Upgrade{{Ack: "Upgrade request received",
		ActorId: actor}}}, nil
}

// validateForUpgrade checks what Talos requires of etcd before a control plane reboots.
// https://github.com/siderolabs/talos/blob/v1.12.1/internal/pkg/etcd/etcd.go
func (n *node) validateForUpgrade(ctx context.Context) error {
	m := n.member()
	if m == nil {
		return errors.New("etcd does not run")
	}
	list, err := m.kv.MemberList(ctx)
	if err != nil {
		return err
	}
	if len(list.Members) == 2 {
		return errors.New("etcd member count(2) is insufficient to maintain quorum if upgrade commences")
	}
	peers := n.daemon.runningNodes(n.state().Cluster)
	for _, listed := range list.Members {
		if listed.Name == "" {
			return fmt.Errorf("etcd member %s is not started, all members must be running to perform an upgrade",
				memberHex(listed.ID))
		}
		i := slices.IndexFunc(peers, func(peer *node) bool {
			return peer.member() != nil && uint64(peer.member().etcd.Server.MemberID()) == listed.ID
		})
		if i < 0 || quorum(ctx, peers[i].member()) != nil {
			return fmt.Errorf("etcd member %s is not healthy; all members must be healthy to perform an upgrade",
				listed.Name)
		}
	}
	return nil
}

// lifecycleService is the way of Talos 1.13 and later: it only installs.
type lifecycleService struct {
	machine.UnimplementedLifecycleServiceServer
}

func (lifecycleService) Upgrade(in *machine.LifecycleServiceUpgradeRequest,
	stream grpc.ServerStreamingServer[machine.LifecycleServiceUpgradeResponse],
) error {
	n := targetOf(stream.Context())
	state := n.state()
	if semver.Compare(semver.MajorMinor(state.Talos), "v1.13") < 0 {
		return status.Error(codes.Unimplemented, "unknown service machine.LifecycleService")
	}
	image := in.GetSource().GetImageName()
	if !slices.Contains(state.Images, image) {
		return status.Errorf(codes.NotFound, "image %q: not found", image)
	}
	tag, err := n.checkImage(image)
	if err != nil {
		return err
	}
	if err := cut(stream.Context(), talos.FaultCutBefore); err != nil {
		return err
	}
	send := func(progress *machine.LifecycleServiceInstallProgress) error {
		return stream.Send(&machine.LifecycleServiceUpgradeResponse{Progress: progress})
	}
	message := func(text string) error {
		return send(&machine.LifecycleServiceInstallProgress{
			Response: &machine.LifecycleServiceInstallProgress_Message{Message: text},
		})
	}
	if err := message("running Talos installer " + tag); err != nil {
		return err
	}
	exit := int32(0)
	if err := upgradeable(state.Talos, tag); err != nil {
		exit = 1
		if err := message(err.Error()); err != nil {
			return err
		}
	} else if err := n.daemon.change(func(st *store.Store,
		_ network.Network) error {
		return talos.Install(st, state.ID, image)
	}); err != nil {
		return err
	}
	if err := cut(stream.Context(), talos.FaultCut); err != nil {
		return err
	}
	return send(&machine.LifecycleServiceInstallProgress{
		Response: &machine.LifecycleServiceInstallProgress_ExitCode{ExitCode: exit},
	})
}

type imageService struct {
	machine.UnimplementedImageServiceServer
}

func (imageService) Pull(in *machine.ImageServicePullRequest,
	stream grpc.ServerStreamingServer[machine.ImageServicePullResponse],
) error {
	n := targetOf(stream.Context())
	if semver.Compare(semver.MajorMinor(n.state().Talos), "v1.13") < 0 {
		return status.Error(codes.Unimplemented, "unknown service machine.ImageService")
	}
	if err := n.pull(in.GetImageRef()); err != nil {
		return err
	}
	name := &machine.ImageServicePullResponse_Name{Name: in.GetImageRef()}
	return stream.Send(&machine.ImageServicePullResponse{Response: name})
}
