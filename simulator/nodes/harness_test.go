package nodes

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/client/dialer"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	machinetype "github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
)

// proxyAddress is the one that all daemons of this process use, one after the other.
var proxyAddress string

func TestMain(m *testing.M) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	proxyAddress = listener.Addr().String()
	listener.Close()
	os.Exit(m.Run())
}

const endpoint = "api.test.internal"

// harness is a small cloud with three control planes and a worker, whose nodes answer.
type harness struct {
	t       *testing.T
	journal *store.Journal
	daemon  *Daemon

	mutex    sync.Mutex
	machines []network.Machine
	// blocked are the ports that a firewall closes for the operator, "name:port".
	blocked map[string]bool
}

// Making a cluster's keys takes a while: all tests share one cluster's secrets.
var bundle = sync.OnceValue(func() *secrets.Bundle {
	made, err := secrets.NewBundle(secrets.NewClock(), config.TalosVersionCurrent)
	if err != nil {
		panic(err)
	}
	return made
})

func newHarness(t *testing.T) *harness {
	t.Helper()
	journal, err := store.Open(t.TempDir())
	require.NoError(t, err)
	h := &harness{t: t, journal: journal, blocked: map[string]bool{}}
	for _, name := range []string{"cp-1", "cp-2", "cp-3"} {
		h.create(name, machinetype.TypeControlPlane)
	}
	h.create("worker-1", machinetype.TypeWorker)
	h.start()
	t.Cleanup(func() {
		if h.daemon != nil {
			require.NoError(t, h.daemon.Close())
		}
	})
	return h
}

// newCluster returns a harness whose cluster has been bootstrapped and is healthy.
func newCluster(t *testing.T) *harness {
	h := newHarness(t)
	require.NoError(t, h.talos("cp-1").Bootstrap(t.Context(), &machine.BootstrapRequest{}))
	h.healthy("cp-1", "cp-2", "cp-3")
	return h
}

func (h *harness) start() {
	h.t.Helper()
	var err error
	h.daemon, err = Start(Options{
		Journal: h.journal, Network: func(*store.Store) network.Network { return h }, Proxy: proxyAddress,
		Reboot: 200 * time.Millisecond, Log: testLog{h.t}, skipReconfigCheck: true,
	})
	require.NoError(h.t, err)
}

type testLog struct{ t *testing.T }

func (h testLog) Write(line []byte) (int, error) {
	h.t.Logf("%s %s", time.Now().Format("05.000"), line)
	return len(line), nil
}

func (h *harness) create(name string, kind machinetype.Type) {
	input, err := generate.NewInput("test", "https://"+endpoint+":6443", "1.35.0", generate.WithSecretsBundle(bundle()),
		generate.WithInstallImage("ghcr.io/siderolabs/installer:v1.13.0"))
	require.NoError(h.t, err)
	document, err := input.Config(kind)
	require.NoError(h.t, err)
	patched, err := configpatcher.Apply(configpatcher.WithConfig(document), nil)
	require.NoError(h.t, err)
	text, err := patched.Bytes()
	require.NoError(h.t, err)
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.machines = append(h.machines, network.Machine{
		ID: name, Name: name, Provider: "aws", Region: "us-east-1", UserData: text,
		PrivateIP: fmt.Sprintf("10.0.0.%d", len(h.machines)+1),
	})
}

// block opens or closes a port for the operator.
func (h *harness) block(port string, closed bool) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.blocked[port] = closed
}

func (h *harness) blocks(port string) bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.blocked[port]
}

// Machines lists the machines.
func (h *harness) Machines() []network.Machine {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return append([]network.Machine(nil), h.machines...)
}

// Dial leads to a machine, or by the endpoint's name to the control planes.
func (h *harness) Dial(from *network.Machine, host string, port int) ([]network.Machine, error) {
	var found []network.Machine
	for _, m := range h.Machines() {
		if m.PrivateIP != host && (host != endpoint || m.Name == "worker-1" || port != kubernetesPort) {
			continue
		}
		if from == nil && h.blocks(fmt.Sprintf("%s:%d", m.Name, port)) {
			return nil, errors.New("the firewall drops it")
		}
		found = append(found, m)
	}
	if len(found) == 0 {
		return nil, errors.New("no such machine")
	}
	return found, nil
}

func (h *harness) Deliver(network.Machine, network.Machine, network.Port) error { return nil }
func (h *harness) ReachService(network.Machine, network.Service) error          { return nil }

func (h *harness) address(name string) string {
	for _, m := range h.Machines() {
		if m.Name == name {
			return m.PrivateIP
		}
	}
	return name
}

// talos is an administrator's client, with nodes as endpoints.
func (h *harness) talos(names ...string) *client.Client {
	return h.talosAs(role.MakeSet(role.Admin), names...)
}

func (h *harness) talosAs(roles role.Set, names ...string) *client.Client {
	h.t.Helper()
	pair, err := bundle().GenerateTalosAPIClientCertificateWithTTL(roles, time.Hour)
	require.NoError(h.t, err)
	encode := base64.StdEncoding.EncodeToString
	var endpoints []string
	for _, name := range names {
		endpoints = append(endpoints, h.address(name))
	}
	options := []client.OptionFunc{client.WithConfigContext(&clientconfig.Context{
		Endpoints: endpoints, CA: encode(bundle().Certs.OS.Crt), Crt: encode(pair.Crt), Key: encode(pair.Key),
	})}
	if len(names) > 1 {
		// gRPC's own way through a proxy forgets the servers' names as soon as there are several.
		options = append(options, client.WithGRPCDialOptions(grpc.WithContextDialer(dialer.DynamicProxyDialer)))
	}
	c, err := client.New(h.t.Context(), options...)
	require.NoError(h.t, err)
	h.t.Cleanup(func() { c.Close() })
	return c
}

// on is a context about one node.
func (h *harness) on(name string) context.Context {
	ctx, cancel := context.WithTimeout(h.t.Context(), 15*time.Second)
	h.t.Cleanup(cancel)
	return client.WithNode(ctx, h.address(name))
}

// eventually waits until a question is answered without an error.
func (h *harness) eventually(question func() error) {
	h.t.Helper()
	var last error
	require.Eventually(h.t, func() bool {
		last = question()
		return last == nil
	}, 15*time.Second, 50*time.Millisecond, "%v", lazy{&last})
}

type lazy struct{ err *error }

func (h lazy) String() string { return fmt.Sprint(*h.err) }

// healthy waits until the named nodes are etcd's members, none a learner, and agree on a leader.
func (h *harness) healthy(names ...string) {
	h.t.Helper()
	c := h.talos(names...)
	h.eventually(func() error {
		leaders := map[uint64]bool{}
		for _, name := range names {
			members, err := h.members(c, name)
			if err != nil {
				return err
			}
			if len(members) != len(names) {
				return fmt.Errorf("%s: %d members", name, len(members))
			}
			for _, m := range members {
				if m.GetIsLearner() || m.GetHostname() == "" {
					return fmt.Errorf("%s: %q is a learner", name, m.GetHostname())
				}
			}
			status, err := c.EtcdStatus(h.on(name))
			if err != nil {
				return err
			}
			leaders[status.GetMessages()[0].GetMemberStatus().GetLeader()] = true
		}
		if len(leaders) != 1 || leaders[0] {
			return fmt.Errorf("leaders: %v", leaders)
		}
		return nil
	})
}

func (h *harness) members(c *client.Client, name string) ([]*machine.EtcdMember, error) {
	list, err := c.EtcdMemberList(h.on(name), &machine.EtcdMemberListRequest{QueryLocal: true})
	if err != nil {
		return nil, err
	}
	return list.GetMessages()[0].GetMembers(), nil
}

// fault gives a machine a fault, as `simulator fault` does.
func (h *harness) fault(name, fault string) {
	h.t.Helper()
	require.NoError(h.t, h.journal.Do(func(st *store.Store) error { return talos.SetFault(h, st, name, fault) }))
}

// report is what `simulator nodes` says.
func (h *harness) report(name string) talos.NodeStatus {
	h.t.Helper()
	var found talos.NodeStatus
	require.NoError(h.t, h.journal.Do(func(st *store.Store) error {
		list, err := talos.Report(h, st)
		for _, status := range list {
			if status.Node == name {
				found = status
			}
		}
		return err
	}))
	return found
}

func (h *harness) bootID(c *client.Client, name string) (string, error) {
	reader, err := c.Read(h.on(name), bootIDFile)
	if err != nil {
		return "", err
	}
	defer reader.Close()
	id := make([]byte, 36)
	_, err = reader.Read(id)
	return string(id), err
}

func (h *harness) version(c *client.Client, name string) (string, error) {
	version, err := c.Version(h.on(name))
	if err != nil {
		return "", err
	}
	return version.GetMessages()[0].GetVersion().GetTag(), nil
}

func (h *harness) assertVersion(name, want string) {
	h.t.Helper()
	got, err := h.version(h.talos(name), name)
	require.NoError(h.t, err)
	assert.Equal(h.t, want, got)
}
