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

	"github.com/inferadb/infra/simulator/site"
	"github.com/inferadb/infra/simulator/talos"
	"github.com/inferadb/infra/simulator/world"
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

// lab is a small cloud with three control planes and a worker, whose nodes answer.
type lab struct {
	t      *testing.T
	store  *world.Store
	daemon *Daemon

	mutex    sync.Mutex
	machines []site.Machine
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

func newLab(t *testing.T) *lab {
	t.Helper()
	store, err := world.Open(t.TempDir())
	require.NoError(t, err)
	l := &lab{t: t, store: store, blocked: map[string]bool{}}
	for _, name := range []string{"cp-1", "cp-2", "cp-3"} {
		l.create(name, machinetype.TypeControlPlane)
	}
	l.create("worker-1", machinetype.TypeWorker)
	l.start()
	t.Cleanup(func() {
		if l.daemon != nil {
			require.NoError(t, l.daemon.Close())
		}
	})
	return l
}

// newCluster is a lab whose cluster has been bootstrapped and is healthy.
func newCluster(t *testing.T) *lab {
	l := newLab(t)
	require.NoError(t, l.talos("cp-1").Bootstrap(t.Context(), &machine.BootstrapRequest{}))
	l.healthy("cp-1", "cp-2", "cp-3")
	return l
}

func (l *lab) start() {
	l.t.Helper()
	var err error
	l.daemon, err = Start(Options{
		Store: l.store, Site: func(*world.World) site.Site { return l }, Proxy: proxyAddress,
		Reboot: 200 * time.Millisecond, Log: testLog{l.t}, hasty: true,
	})
	require.NoError(l.t, err)
}

type testLog struct{ t *testing.T }

func (l testLog) Write(line []byte) (int, error) {
	l.t.Logf("%s %s", time.Now().Format("05.000"), line)
	return len(line), nil
}

func (l *lab) create(name string, kind machinetype.Type) {
	input, err := generate.NewInput("test", "https://"+endpoint+":6443", "1.35.0", generate.WithSecretsBundle(bundle()),
		generate.WithInstallImage("ghcr.io/siderolabs/installer:v1.13.0"))
	require.NoError(l.t, err)
	document, err := input.Config(kind)
	require.NoError(l.t, err)
	patched, err := configpatcher.Apply(configpatcher.WithConfig(document), nil)
	require.NoError(l.t, err)
	text, err := patched.Bytes()
	require.NoError(l.t, err)
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.machines = append(l.machines, site.Machine{
		ID: name, Name: name, Provider: "aws", Region: "us-east-1", UserData: text,
		PrivateIP: fmt.Sprintf("10.0.0.%d", len(l.machines)+1),
	})
}

// block opens or closes a port for the operator.
func (l *lab) block(port string, closed bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.blocked[port] = closed
}

func (l *lab) blocks(port string) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.blocked[port]
}

// Machines lists the machines.
func (l *lab) Machines() []site.Machine {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return append([]site.Machine(nil), l.machines...)
}

// Dial leads to a machine, or by the endpoint's name to the control planes.
func (l *lab) Dial(from *site.Machine, host string, port int) ([]site.Machine, error) {
	var found []site.Machine
	for _, m := range l.Machines() {
		if m.PrivateIP != host && (host != endpoint || m.Name == "worker-1" || port != kubernetesPort) {
			continue
		}
		if from == nil && l.blocks(fmt.Sprintf("%s:%d", m.Name, port)) {
			return nil, errors.New("the firewall drops it")
		}
		found = append(found, m)
	}
	if len(found) == 0 {
		return nil, errors.New("no such machine")
	}
	return found, nil
}

func (l *lab) Deliver(site.Machine, site.Machine, site.Port) error { return nil }
func (l *lab) Leave(site.Machine, site.Service) error              { return nil }

func (l *lab) address(name string) string {
	for _, m := range l.Machines() {
		if m.Name == name {
			return m.PrivateIP
		}
	}
	return name
}

// talos is an administrator's client, with nodes as endpoints.
func (l *lab) talos(names ...string) *client.Client {
	return l.talosAs(role.MakeSet(role.Admin), names...)
}

func (l *lab) talosAs(roles role.Set, names ...string) *client.Client {
	l.t.Helper()
	pair, err := bundle().GenerateTalosAPIClientCertificateWithTTL(roles, time.Hour)
	require.NoError(l.t, err)
	encode := base64.StdEncoding.EncodeToString
	var endpoints []string
	for _, name := range names {
		endpoints = append(endpoints, l.address(name))
	}
	options := []client.OptionFunc{client.WithConfigContext(&clientconfig.Context{
		Endpoints: endpoints, CA: encode(bundle().Certs.OS.Crt), Crt: encode(pair.Crt), Key: encode(pair.Key),
	})}
	if len(names) > 1 {
		// gRPC's own way through a proxy forgets the servers' names as soon as there are several.
		options = append(options, client.WithGRPCDialOptions(grpc.WithContextDialer(dialer.DynamicProxyDialer)))
	}
	c, err := client.New(l.t.Context(), options...)
	require.NoError(l.t, err)
	l.t.Cleanup(func() { c.Close() })
	return c
}

// on is a context about one node.
func (l *lab) on(name string) context.Context {
	ctx, cancel := context.WithTimeout(l.t.Context(), 15*time.Second)
	l.t.Cleanup(cancel)
	return client.WithNode(ctx, l.address(name))
}

// eventually waits until a question is answered without an error.
func (l *lab) eventually(question func() error) {
	l.t.Helper()
	var last error
	require.Eventually(l.t, func() bool {
		last = question()
		return last == nil
	}, 15*time.Second, 50*time.Millisecond, "%v", lazy{&last})
}

type lazy struct{ err *error }

func (l lazy) String() string { return fmt.Sprint(*l.err) }

// healthy waits until the named nodes are etcd's members, none a learner, and agree on a leader.
func (l *lab) healthy(names ...string) {
	l.t.Helper()
	c := l.talos(names...)
	l.eventually(func() error {
		leaders := map[uint64]bool{}
		for _, name := range names {
			members, err := l.members(c, name)
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
			status, err := c.EtcdStatus(l.on(name))
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

func (l *lab) members(c *client.Client, name string) ([]*machine.EtcdMember, error) {
	list, err := c.EtcdMemberList(l.on(name), &machine.EtcdMemberListRequest{QueryLocal: true})
	if err != nil {
		return nil, err
	}
	return list.GetMessages()[0].GetMembers(), nil
}

// fault gives a machine a fault, as `simulator fault` does.
func (l *lab) fault(name, fault string) {
	l.t.Helper()
	require.NoError(l.t, l.store.Do(func(w *world.World) error { return talos.SetFault(l, w, name, fault) }))
}

// report is what `simulator nodes` says.
func (l *lab) report(name string) talos.NodeStatus {
	l.t.Helper()
	var found talos.NodeStatus
	require.NoError(l.t, l.store.Do(func(w *world.World) error {
		list, err := talos.Report(l, w)
		for _, status := range list {
			if status.Node == name {
				found = status
			}
		}
		return err
	}))
	return found
}

func (l *lab) bootID(c *client.Client, name string) (string, error) {
	reader, err := c.Read(l.on(name), bootIDFile)
	if err != nil {
		return "", err
	}
	defer reader.Close()
	id := make([]byte, 36)
	_, err = reader.Read(id)
	return string(id), err
}

func (l *lab) version(c *client.Client, name string) (string, error) {
	version, err := c.Version(l.on(name))
	if err != nil {
		return "", err
	}
	return version.GetMessages()[0].GetVersion().GetTag(), nil
}

func (l *lab) assertVersion(name, want string) {
	l.t.Helper()
	got, err := l.version(l.talos(name), name)
	require.NoError(l.t, err)
	assert.Equal(l.t, want, got)
}
