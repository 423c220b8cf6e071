package nodes

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/inferadb/infra/simulator/talos"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// member is a real etcd, in this process, with its data in the store's directory.
type member struct {
	etcd *embed.Etcd
	kv   *clientv3.Client
	// client and peer are the loopback addresses on which it listens.
	client, peer string
}

// fatal logs why etcd ends the process, and nothing else.
var fatal = zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewProductionEncoderConfig()),
	zapcore.Lock(os.Stderr), zapcore.FatalLevel))

func init() {
	// A member keeps two segments of its log on disk; etcd's default is 64 MB each.
	wal.SegmentSizeBytes = 4 << 20
}

// disk returns the directory of a machine.
func (d *Daemon) disk(machine string) string {
	return filepath.Join(d.options.Journal.Directory(), "nodes", machine)
}

func (n *node) etcdData() string  { return filepath.Join(n.daemon.disk(n.state().ID), "etcd") }
func (n *node) recovered() string { return filepath.Join(n.daemon.disk(n.state().ID), "recover.db") }

func (n *node) hasSnapshot() bool {
	_, err := os.Stat(n.recovered())
	return err == nil
}

func (n *node) hasEtcdData() bool {
	_, err := os.Stat(filepath.Join(n.etcdData(), "member"))
	return err == nil
}

// wipeEtcd empties the node's etcd.
func (n *node) wipeEtcd() error { return os.RemoveAll(n.etcdData()) }

// peerURL returns the address by which etcd's members know each other.
func peerURL(address string) string { return fmt.Sprintf("https://%s:%d", address, etcdPeerPort) }

// startEtcd starts etcd with the options that Talos gives it, but for the addresses on which it listens, and without
// waiting for the disk: what a process has written outlives it.
// https://github.com/siderolabs/talos/blob/v1.13.0/internal/app/machined/pkg/system/services/etcd.go
func (n *node) startEtcd(name, cluster string, isNew bool) error {
	config := embed.NewConfig()
	if err := n.etcdFiles(config); err != nil {
		return err
	}
	state := n.state()
	loopback := []url.URL{{Scheme: "https", Host: "127.0.0.1:0"}}
	config.Name, config.Dir = state.Name, n.etcdData()
	config.ListenPeerUrls, config.ListenClientUrls = loopback, loopback
	config.AdvertisePeerUrls = []url.URL{{Scheme: "https", Host: fmt.Sprintf("%s:%d", state.PrivateIP, etcdPeerPort)}}
	config.AdvertiseClientUrls = []url.URL{{Scheme: "https",
		Host: fmt.Sprintf("%s:%d", state.PrivateIP, etcdClientPort)}}
	config.InitialCluster, config.InitialClusterToken = cluster, name
	config.ClusterState = embed.ClusterStateFlagExisting
	if isNew {
		config.ClusterState = embed.ClusterStateFlagNew
	}
	config.StrictReconfigCheck = !n.daemon.options.skipReconfigCheck
	config.UnsafeNoFsync = true
	config.EnableGRPCGateway = false
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(fatal)
	started, err := embed.StartEtcd(config)
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	m := &member{
		etcd: started, kv: v3client.New(started.Server),
		client: started.Clients[0].Addr().String(), peer: started.Peers[0].Addr().String(),
	}
	// A node that was stopped in the meantime has found no etcd to stop.
	n.mutex.Lock()
	stopped := n.ctx.Err()
	if stopped == nil {
		n.etcd = m
	}
	n.mutex.Unlock()
	if stopped != nil {
		m.stop()
		return stopped
	}
	n.daemon.spawn(func() { n.watchEtcd(m) })
	return nil
}

// votes reports whether the member has a leader and is no learner. Etcd's own IsLearner panics in a member that knows
// that it was removed.
// https://github.com/etcd-io/etcd/blob/v3.6.14/server/etcdserver/api/membership/cluster.go
func (m *member) votes() bool {
	server := m.etcd.Server
	return server.Lead() != 0 && slices.ContainsFunc(server.Cluster().Members(), func(peer *membership.Member) bool {
		return peer.ID == server.MemberID() && !peer.IsLearner
	})
}

// etcdFiles writes the certificates, which etcd reads from files.
func (n *node) etcdFiles(config *embed.Config) error {
	authority := n.state().Config.Cluster().Etcd().CA()
	identity, err := issue(authority, nil, n.name, n.hosts(nil))
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	folder := n.daemon.disk(n.state().ID)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	files := transport.TLSInfo{
		CertFile: filepath.Join(folder, "etcd.crt"), KeyFile: filepath.Join(folder, "etcd.key"),
		TrustedCAFile: filepath.Join(folder, "etcd-ca.crt"), ClientCertAuth: true,
	}
	config.ClientTLSInfo, config.PeerTLSInfo = files, files
	return errors.Join(
		os.WriteFile(files.CertFile, identity.pair.Crt, 0o600),
		os.WriteFile(files.KeyFile, identity.pair.Key, 0o600),
		os.WriteFile(files.TrustedCAFile, authority.Crt, 0o600))
}

// watchEtcd notices that etcd has ended by itself, as a member does that was removed.
func (n *node) watchEtcd(m *member) {
	select {
	case <-n.ctx.Done():
		return
	case <-m.etcd.Server.StopNotify():
	case <-m.etcd.Err():
	}
	n.stopping.Lock()
	defer n.stopping.Unlock()
	n.mutex.Lock()
	ended := n.etcd == m
	if ended {
		n.etcd = nil
	}
	n.mutex.Unlock()
	if ended {
		n.daemon.logf("%s: etcd has ended", n.name)
		m.stop()
	}
}

// stopEtcd ends etcd, or waits until it has ended by itself: what still runs must not lose its files. A leader moves
// its leadership on, unless it crashes.
func (n *node) stopEtcd(crash bool) {
	n.stopping.Lock()
	defer n.stopping.Unlock()
	n.mutex.Lock()
	m := n.etcd
	n.etcd = nil
	n.mutex.Unlock()
	if m == nil {
		return
	}
	if crash {
		m.etcd.Server.HardStop()
	}
	m.stop()
}

func (m *member) stop() {
	m.kv.Close()
	// Close waits for servers that start when the member has found a leader, or has ended.
	select {
	case <-m.etcd.Server.ReadyNotify():
	default:
		m.etcd.Server.HardStop()
	}
	m.etcd.Close()
}

// restore makes etcd's data from a snapshot that was uploaded.
func (n *node) restore(name string, skipHashCheck bool) error {
	state := n.state()
	return snapshot.NewV3(zap.NewNop()).Restore(snapshot.RestoreConfig{
		SnapshotPath: n.recovered(), Name: state.Name, OutputDataDir: n.etcdData(),
		PeerURLs: []string{peerURL(state.PrivateIP)}, InitialCluster: state.Name + "=" + peerURL(state.PrivateIP),
		InitialClusterToken: name, SkipHashCheck: skipHashCheck,
	})
}

// short returns a context with the limit of an operation that must not delay the others.
func short(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 5*time.Second)
}

// runsEtcd reports whether the store lets a node's member run.
func runsEtcd(state talos.Node, known talos.Etcd) bool {
	if !state.Up || state.EtcdDown || known.Name == "" || state.EtcdData != known.Name {
		return false
	}
	for _, m := range known.Members {
		if m.Machine == state.ID {
			return true
		}
	}
	return false
}
