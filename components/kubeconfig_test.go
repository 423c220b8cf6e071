package components

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	talosx509 "github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// issued is a kubeconfig as a cluster of these secrets issues it.
func issued(t *testing.T, bundle *secrets.Bundle) string {
	t.Helper()
	ca, err := talosx509.NewCertificateAuthorityFromCertificateAndKey(bundle.Certs.K8s)
	require.NoError(t, err)
	admin, err := talosx509.NewKeyPair(ca,
		talosx509.CommonName("admin"), talosx509.Organization("system:masters"),
		talosx509.NotAfter(time.Now().Add(time.Hour)),
		talosx509.KeyUsage(x509.KeyUsageDigitalSignature), talosx509.ExtKeyUsage([]x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}),
	)
	require.NoError(t, err)
	identity := talosx509.NewCertificateAndKeyFromKeyPair(admin)
	kubeconfig := api.NewConfig()
	kubeconfig.Clusters["c"] = &api.Cluster{Server: "https://api.internal:6443", CertificateAuthorityData: bundle.Certs.K8s.Crt}
	kubeconfig.AuthInfos["admin@c"] = &api.AuthInfo{ClientCertificateData: identity.Crt, ClientKeyData: identity.Key}
	kubeconfig.Contexts["admin@c"] = &api.Context{Cluster: "c", AuthInfo: "admin@c", Namespace: "default"}
	kubeconfig.CurrentContext = "admin@c"
	text, err := clientcmd.Write(*kubeconfig)
	require.NoError(t, err)
	return string(text)
}

// client reads a context as kubectl does.
func client(t *testing.T, text, context string) *rest.Config {
	t.Helper()
	kubeconfig, err := clientcmd.Load([]byte(text))
	require.NoError(t, err)
	client := clientcmd.NewNonInteractiveClientConfig(*kubeconfig, context, &clientcmd.ConfigOverrides{}, nil)
	config, err := client.ClientConfig()
	require.NoError(t, err)
	return config
}

func entry(t *testing.T, name string, primary bool, bundle *secrets.Bundle, server string) kubeconfigEntry {
	t.Helper()
	made, err := newKubeconfigEntry(name, primary, issued(t, bundle), server)
	require.NoError(t, err)
	return made
}

func TestMergeKubeconfigs(t *testing.T) {
	east, west := newBundle(t), newBundle(t)
	accesses := []kubeconfigEntry{
		entry(t, "west", false, west, "west.example.com"),
		entry(t, "east", true, east, "fd00::1"),
	}
	text, err := mergeKubeconfigs(accesses)
	require.NoError(t, err)

	merged, err := clientcmd.Load([]byte(text))
	require.NoError(t, err)
	assert.Equal(t, "east", merged.CurrentContext)
	assert.Len(t, merged.Contexts, 2)
	assert.Len(t, merged.Clusters, 2)
	assert.Len(t, merged.AuthInfos, 2)
	assert.Equal(t, "https://[fd00::1]:6443", client(t, text, "").Host)
	assert.Equal(t, "https://west.example.com:6443", client(t, text, "west").Host)
	for name, bundle := range map[string]*secrets.Bundle{"east": east, "west": west} {
		assertAdministrator(t, client(t, text, name), bundle.Certs.K8s.Crt)
	}

	again, err := mergeKubeconfigs(accesses)
	require.NoError(t, err)
	assert.Equal(t, text, again)
}

// assertAdministrator verifies that the client's certificate is the cluster's own, and its key fits.
func assertAdministrator(t *testing.T, config *rest.Config, ca []byte) {
	t.Helper()
	assert.Equal(t, string(ca), string(config.CAData))
	identity, err := tls.X509KeyPair(config.CertData, config.KeyData)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(ca))
	_, err = identity.Leaf.Verify(x509.VerifyOptions{Roots: roots,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	assert.NoError(t, err)
	assert.Equal(t, []string{"system:masters"}, identity.Leaf.Subject.Organization)
}

func TestKubeconfigOfOneClusterIsCurrent(t *testing.T) {
	text, err := mergeKubeconfigs([]kubeconfigEntry{entry(t, "west", false, newBundle(t), "w")})
	require.NoError(t, err)
	assert.Equal(t, "https://w:6443", client(t, text, "").Host)
}

func TestNewKubeconfigEntryRefuses(t *testing.T) {
	for _, test := range []struct{ name, kubeconfig, want string }{
		{"no kubeconfig", "hush", "kubeconfig of c: it is not a kubeconfig"},
		{"empty", "", "kubeconfig of c: it has no current context"},
		{"dangling", "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {cluster: hush, user: hush}}]",
			"kubeconfig of c: its context names a cluster or a user that is missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := newKubeconfigEntry("c", false, test.kubeconfig, "c")
			assert.EqualError(t, err, test.want)
		})
	}
}
