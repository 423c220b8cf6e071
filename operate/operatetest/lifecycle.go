package operatetest

import (
	"context"
	"sync"
	"testing"

	"github.com/cosi-project/runtime/api/v1alpha1"
	"github.com/cosi-project/runtime/pkg/safe"
	"github.com/cosi-project/runtime/pkg/state"
	"github.com/cosi-project/runtime/pkg/state/impl/inmem"
	"github.com/cosi-project/runtime/pkg/state/impl/namespaced"
	"github.com/cosi-project/runtime/pkg/state/protobuf/server"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	configmachine "github.com/siderolabs/talos/pkg/machinery/config/machine"
	talosconfig "github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	configresource "github.com/siderolabs/talos/pkg/machinery/resources/config"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// lifecycleAPI is the service of Talos from 1.13 on, which only installs.
type lifecycleAPI struct {
	machine.UnimplementedLifecycleServiceServer
	api *talosAPI
}

func (l *lifecycleAPI) Upgrade(request *machine.LifecycleServiceUpgradeRequest,
	stream grpc.ServerStreamingServer[machine.LifecycleServiceUpgradeResponse]) error {
	if err := l.api.install(stream.Context(), request.GetSource().GetImageName()); err != nil {
		return err
	}
	return stream.Send(&machine.LifecycleServiceUpgradeResponse{Progress: &machine.LifecycleServiceInstallProgress{
		Response: &machine.LifecycleServiceInstallProgress_ExitCode{},
	}})
}

// machineConfig is a node's live configuration, as Talos' resources have it.
type machineConfig struct {
	state  state.CoreState
	server *server.State
}

// bundle is created once: its keys take seconds.
var bundle = sync.OnceValues(func() (*secrets.Bundle, error) {
	return secrets.NewBundle(secrets.NewClock(), config.TalosVersion1_12)
})

func newMachineConfig(t testing.TB, n *Node, kubernetes string) *machineConfig {
	t.Helper()
	kind := configmachine.TypeWorker
	if n.Components != nil {
		kind = configmachine.TypeControlPlane
	}
	keys, err := bundle()
	require.NoError(t, err)
	input, err := generate.NewInput("test", "https://api:6443", kubernetes,
		generate.WithVersionContract(config.TalosVersion1_12), generate.WithSecretsBundle(keys))
	require.NoError(t, err)
	provider, err := input.Config(kind)
	require.NoError(t, err)
	provider, err = provider.PatchV1Alpha1(func(c *talosconfig.Config) error {
		c.ClusterConfig.ProxyConfig = &talosconfig.ProxyConfig{Disabled: new(true)}
		c.ClusterConfig.ClusterNetwork.CNI = &talosconfig.CNIConfig{CNIName: constants.NoneCNI}
		return nil
	})
	require.NoError(t, err)
	store := namespaced.NewState(inmem.Build)
	m := &machineConfig{state: store, server: server.NewState(store)}
	require.NoError(t, state.WrapCore(store).Create(context.Background(), configresource.NewMachineConfig(provider)))
	require.NoError(t, m.render(n))
	return m
}

// Config returns the configuration that a node runs.
func (n *Node) Config(t testing.TB) config.Provider {
	t.Helper()
	live, err := safe.StateGetByID[*configresource.MachineConfig](context.Background(), state.WrapCore(n.config.state),
		configresource.ActiveID)
	require.NoError(t, err)
	return live.Provider()
}

// apply replaces the configuration.
func (m *machineConfig) apply(ctx context.Context, text []byte) (config.Provider, error) {
	provider, err := configloader.NewFromBytes(text)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	all := state.WrapCore(m.state)
	if err := all.Destroy(ctx, configresource.NewMachineConfig(provider).Metadata()); err != nil {
		return nil, err
	}
	return provider, all.Create(ctx, configresource.NewMachineConfig(provider))
}

// stateAPI reads Talos' resources.
type stateAPI struct {
	v1alpha1.UnimplementedStateServer
	api *talosAPI
}

func (s *stateAPI) List(request *v1alpha1.ListRequest, stream grpc.ServerStreamingServer[v1alpha1.ListResponse]) error {
	var m *machineConfig
	err := s.api.on(stream.Context(), func(n *Node) error {
		m = n.config
		return m.nameExtensions(n)
	})
	if err != nil {
		return err
	}
	return m.server.List(request, stream)
}

func (s *stateAPI) Get(ctx context.Context, request *v1alpha1.GetRequest) (*v1alpha1.GetResponse, error) {
	var m *machineConfig
	_ = s.api.on(ctx, func(n *Node) error { m = n.config; return nil })
	return m.server.Get(ctx, request)
}

// ApplyConfiguration gives the components and the kubelet the versions of their images, at once.
func (a *talosAPI) ApplyConfiguration(ctx context.Context, request *machine.ApplyConfigurationRequest) (
	*machine.ApplyConfigurationResponse, error) {
	answer := &machine.ApplyConfigurationResponse{Messages: []*machine.ApplyConfiguration{{}}}
	reboot := request.GetMode() == machine.ApplyConfigurationRequest_REBOOT
	if !reboot && request.GetMode() != machine.ApplyConfigurationRequest_NO_REBOOT {
		return nil, status.Error(codes.Unimplemented, "the mode is not known here")
	}
	return answer, a.on(ctx, func(n *Node) error {
		provider, err := n.config.apply(ctx, request.GetData())
		if err != nil {
			return err
		}
		a.cluster.configuredProxy(n, provider)
		if !n.RendersNothing {
			if err := n.config.render(n); err != nil {
				return err
			}
		}
		a.cluster.applied(n, provider)
		if reboot {
			a.cluster.reboot(n)
		}
		return nil
	})
}
