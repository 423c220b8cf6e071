package lifecycle

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
)

// TestRenew has the administrator's credentials end in 40 days, and renews them as docs/security.md#rotate says. The
// old ones stay good: what the cluster's authorities signed cannot be taken back.
func TestRenew(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "gcp")
	_, err := s.try([]string{"SIMULATOR_CERTIFICATE_LIFETIME=960h"}, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
	require.NoError(t, err)
	for _, kind := range []string{"kubeconfig", "talosconfig"} {
		require.NoError(t, os.WriteFile(s.path("old."+kind), []byte(s.pulumi("stack", "output", kind, "--show-secrets")), 0o600))
	}
	o := newAnsweringOperator(s, "gcp")
	out, err := o.shell("make status STACK=dev")
	require.Error(t, err)
	for _, kind := range []string{"kubeconfig", "talosconfig"} {
		assert.Contains(t, out, "certificates: the certificate in the "+kind+" expires on "+ending(t, s.path("old."+kind), kind).UTC().Format(time.DateOnly))
		assert.Contains(t, out, "run: make renew STACK=dev, then make "+kind+" STACK=dev")
	}
	before, nodes := s.identities(), s.nodes()
	o.run("a dry run", "make renew STACK=dev DRY_RUN=1")
	assert.Equal(t, string(read(t, s.path("old.kubeconfig"))), s.pulumi("stack", "output", "kubeconfig", "--show-secrets"))
	for _, command := range securityCommands(t, "Rotate", 1) {
		o.do(command, nil)
	}
	assert.Contains(t, o.run("status", "make status STACK=dev"), "healthy")
	for _, kind := range []string{"kubeconfig", "talosconfig"} {
		assert.WithinDuration(t, time.Now().Add(960*time.Hour), ending(t, s.path("old."+kind), kind), time.Hour)
		assert.WithinDuration(t, time.Now().AddDate(1, 0, 0), ending(t, s.path("dev."+kind), kind), 48*time.Hour)
	}
	for _, name := range []string{"old", "dev"} {
		config, err := clientcmd.LoadFromFile(s.path(name + ".kubeconfig"))
		require.NoError(t, err)
		_, err = s.try(nil, "simulator", "kubectl", s.path(name+".kubeconfig"), config.CurrentContext)
		assert.NoError(t, err, name)
		_, err = s.try(nil, "talosctl", "--talosconfig", s.path(name+".talosconfig"), "-n", controlPlanes(o)[0].address, "etcd", "members")
		assert.NoError(t, err, name)
	}
	assert.NotContains(t, string(read(t, s.path("state", ".pulumi", "stacks", "inferadb", "dev.json"))), "plaintext")
	assert.Equal(t, before, s.identities())
	assert.Equal(t, nodes, s.nodes())
	assert.Empty(t, s.preview())
	s.settled()
	s.destroy()
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return text
}

// ending is when the client certificate in a file ends.
func ending(t *testing.T, path, kind string) time.Time {
	t.Helper()
	var certificate []byte
	if kind == "kubeconfig" {
		config, err := clientcmd.LoadFromFile(path)
		require.NoError(t, err)
		certificate = slices.Collect(maps.Values(config.AuthInfos))[0].ClientCertificateData
	} else {
		config, err := clientconfig.Open(path)
		require.NoError(t, err)
		certificate, err = base64.StdEncoding.DecodeString(config.Contexts[config.Context].Crt)
		require.NoError(t, err)
	}
	block, _ := pem.Decode(certificate)
	require.NotNil(t, block)
	parsed, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return parsed.NotAfter
}
