package components

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func administrator(t *testing.T, name string, bundle *secrets.Bundle) talosconfigEntry {
	t.Helper()
	identity, err := bundle.GenerateTalosAPIClientCertificate(role.MakeSet(role.Admin))
	require.NoError(t, err)
	text := base64.StdEncoding.EncodeToString
	return talosconfigEntry{
		Name: name, CA: text(bundle.Certs.OS.Crt), Crt: text(identity.Crt), Key: text(identity.Key),
		Endpoints: []string{name + "-1", name + "-2"}, Nodes: []string{name + "-1", name + "-2", name + "-worker"},
	}
}

func TestMergeTalosconfigs(t *testing.T) {
	bundle := newBundle(t)
	west, east := administrator(t, "west", newBundle(t)), administrator(t, "east", bundle)
	east.Primary = true
	text, err := mergeTalosconfigs([]talosconfigEntry{west, east})
	require.NoError(t, err)

	merged, err := config.FromString(text)
	require.NoError(t, err)
	assert.Equal(t, "east", merged.Context)
	assert.Len(t, merged.Contexts, 2)
	assert.Equal(t, []string{"west-1", "west-2"}, merged.Contexts["west"].Endpoints)
	assert.Equal(t, []string{"west-1", "west-2", "west-worker"}, merged.Contexts["west"].Nodes)

	decode := func(value string) []byte {
		decoded, err := base64.StdEncoding.DecodeString(value)
		require.NoError(t, err)
		return decoded
	}
	identity, err := tls.X509KeyPair(decode(merged.Contexts["east"].Crt), decode(merged.Contexts["east"].Key))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(decode(merged.Contexts["east"].CA)))
	_, err = identity.Leaf.Verify(x509.VerifyOptions{Roots: roots,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	assert.NoError(t, err)

	again, err := mergeTalosconfigs([]talosconfigEntry{west, east})
	require.NoError(t, err)
	assert.Equal(t, text, again)
}

func TestTalosconfigOfOneClusterIsCurrent(t *testing.T) {
	text, err := mergeTalosconfigs([]talosconfigEntry{administrator(t, "west", newBundle(t))})
	require.NoError(t, err)
	merged, err := config.FromString(text)
	require.NoError(t, err)
	assert.Equal(t, "west", merged.Context)
}
