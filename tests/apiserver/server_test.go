//go:build apiserver

package apiserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	machinery "github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
)

// binary is what the Makefile builds before the tests run.
const binary = "../../.bin/kube-apiserver"

// patience is how long a server may take to become ready on a busy machine.
const patience = 3 * time.Minute

// server is a running kube-apiserver.
type server struct {
	url, prefix, folder string
	machine             machinery.Provider
	etcd                *etcd
}

// serve starts a kube-apiserver as Talos does, waits until it is ready, and ends it with the test. The error has the
// last lines of what the server said.
func serve(t *testing.T, e *etcd, machine machinery.Provider, s start) (*server, error) {
	t.Helper()
	path, err := filepath.Abs(binary)
	require.NoError(t, err)
	require.FileExists(t, path, "run: make test-apiserver")
	e.servers++
	running := &server{prefix: fmt.Sprintf("/registry-%d", e.servers), folder: t.TempDir(), machine: machine, etcd: e}
	if err := s.write(running.folder, machine); err != nil {
		return nil, err
	}
	port := freePort(t)
	running.url = "https://127.0.0.1:" + port
	flags := maps.Clone(s.Flags)
	// Where this server is. No test dials the address that it advertises; a loopback one it would complain about.
	for name, value := range map[string]string{
		"bind-address": "127.0.0.1", "secure-port": port, "advertise-address": "10.0.0.10", "etcd-servers": e.url, "etcd-prefix": running.prefix,
	} {
		flags[name] = []string{value}
	}
	var arguments []string
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		for _, value := range flags[name] {
			arguments = append(arguments, "--"+name+"="+value)
		}
	}
	ended, said := running.run(t, path, arguments)
	if err := running.awaitReady(t, ended); err != nil {
		return nil, fmt.Errorf("%w; it said: %s", err, lastErrors(said))
	}
	return running, nil
}

// lastErrors are the last lines of what a server said, without warnings and notices.
func lastErrors(said string) string {
	text, err := os.ReadFile(said)
	if err != nil {
		return err.Error()
	}
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(text)), "\n"), func(line string) bool {
		return strings.HasPrefix(line, "W") || strings.HasPrefix(line, "I")
	})
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// run starts the process in the folder of its files. It ends before the test does, so that no server outlives a test
// that takes too long.
func (s *server) run(t *testing.T, path string, arguments []string) (ended chan error, said string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	if deadline, ok := t.Deadline(); ok {
		ctx, cancel = context.WithDeadline(t.Context(), deadline.Add(-5*time.Second))
	}
	said = filepath.Join(s.folder, "said")
	output, err := os.OpenFile(said, os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	process := exec.CommandContext(ctx, path, arguments...)
	process.Dir, process.Stdout, process.Stderr = s.folder, output, output
	require.NoError(t, process.Start())
	ended = make(chan error, 1)
	done := make(chan struct{})
	go func() {
		ended <- process.Wait()
		close(done)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		_ = output.Close()
	})
	return ended, said
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}

// awaitReady asks as an administrator until the server says that it is ready.
func (s *server) awaitReady(t *testing.T, ended chan error) error {
	t.Helper()
	admin := s.admin(t)
	var last error
	for limit := time.Now().Add(patience); time.Now().Before(limit); {
		select {
		case err := <-ended:
			return fmt.Errorf("kube-apiserver ended: %w", errors.Join(err))
		case <-time.After(200 * time.Millisecond):
		}
		if last = admin.Get().AbsPath("/readyz").Do(t.Context()).Error(); last == nil {
			return nil
		}
	}
	return fmt.Errorf("kube-apiserver is not ready after %s: %w", patience, last)
}

// admin is the identity of the cluster's kubeconfig.
func (s *server) admin(t *testing.T) *rest.RESTClient { return s.as(t, "admin", "system:masters") }

// kubelet is the identity of a node's kubelet, and on a worker that of Talos as well.
func (s *server) kubelet(t *testing.T, node string) *rest.RESTClient {
	return s.as(t, "system:node:"+node, "system:nodes")
}

// as returns a client with a certificate of the cluster's authority.
func (s *server) as(t *testing.T, user string, groups ...string) *rest.RESTClient {
	t.Helper()
	identity, err := issue(s.machine.Cluster().IssuingCA(), user, groups...)
	require.NoError(t, err)
	return s.client(t, rest.TLSClientConfig{CertData: identity.Crt, KeyData: identity.Key})
}

func (s *server) client(t *testing.T, identity rest.TLSClientConfig) *rest.RESTClient {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, errors.Join(corev1.AddToScheme(scheme), policyv1.AddToScheme(scheme)))
	identity.CAData = s.machine.Cluster().IssuingCA().Crt
	client, err := rest.RESTClientFor(&rest.Config{
		Host: s.url, APIPath: "/api", QPS: -1, TLSClientConfig: identity, Timeout: 30 * time.Second,
		WarningHandler: rest.NoWarnings{},
		ContentConfig: rest.ContentConfig{
			GroupVersion:         &corev1.SchemeGroupVersion,
			NegotiatedSerializer: serializer.NewCodecFactory(scheme).WithoutConversion(),
		},
	})
	require.NoError(t, err)
	return client
}

// production starts the control plane of a production cluster.
func production(t *testing.T) *server {
	t.Helper()
	machine := generate(t, resolved(t, nil).AppliedConfiguration(), newBundle(t))
	s, err := serve(t, startEtcd(t, machine), machine, startOf(machine))
	require.NoError(t, err)
	return s
}
