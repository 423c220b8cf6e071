//go:build apiserver

package apiserver

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	machinery "github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// etcd is a real one of a single member, in this process. Each kube-apiserver has a prefix of its own in it.
type etcd struct {
	url     string
	kv      *clientv3.Client
	servers int
}

// startEtcd starts etcd with the authority of the machine configuration. It does not wait for the disk, which makes it
// faster.
func startEtcd(t *testing.T, machine machinery.Provider) *etcd {
	t.Helper()
	folder := t.TempDir()
	authority := machine.Cluster().Etcd().CA()
	identity, err := issue(authority, "etcd")
	require.NoError(t, err)
	files := transport.TLSInfo{
		CertFile: filepath.Join(folder, "etcd.crt"), KeyFile: filepath.Join(folder, "etcd.key"),
		TrustedCAFile: filepath.Join(folder, "etcd-ca.crt"), ClientCertAuth: true,
	}
	for name, content := range map[string][]byte{
		files.CertFile: identity.Crt, files.KeyFile: identity.Key, files.TrustedCAFile: authority.Crt,
	} {
		require.NoError(t, os.WriteFile(name, content, 0o600))
	}
	settings := embed.NewConfig()
	settings.Dir, settings.UnsafeNoFsync, settings.EnableGRPCGateway = filepath.Join(folder, "data"), true, false
	settings.ClientTLSInfo, settings.PeerTLSInfo = files, files
	free := []url.URL{{Scheme: "https", Host: "127.0.0.1:0"}}
	settings.ListenClientUrls, settings.ListenPeerUrls, settings.AdvertiseClientUrls, settings.AdvertisePeerUrls = free,
		free, free, free
	settings.InitialCluster = settings.InitialClusterFromName(settings.Name)
	settings.ZapLoggerBuilder = embed.NewZapLoggerBuilder(
		zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewProductionEncoderConfig()), zapcore.Lock(os.Stderr),
			zapcore.FatalLevel)))
	running, err := embed.StartEtcd(settings)
	require.NoError(t, err)
	t.Cleanup(running.Close)
	<-running.Server.ReadyNotify()
	kv := v3client.New(running.Server)
	t.Cleanup(func() { _ = kv.Close() })
	return &etcd{url: "https://" + running.Clients[0].Addr().String(), kv: kv}
}
