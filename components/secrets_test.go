package components

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/machine"
	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keptByTheProvider writes a bundle in the form of the provider's outputs.
func keptByTheProvider(bundle *secrets.Bundle) machine.MachineSecrets {
	text := base64.StdEncoding.EncodeToString
	pair := func(from *x509.PEMEncodedCertificateAndKey) machine.Certificate {
		return machine.Certificate{Cert: text(from.Crt), Key: text(from.Key)}
	}
	return machine.MachineSecrets{
		Certs: machine.Certificates{
			Etcd:              pair(bundle.Certs.Etcd),
			K8s:               pair(bundle.Certs.K8s),
			K8sAggregator:     pair(bundle.Certs.K8sAggregator),
			K8sServiceaccount: machine.Key{Key: text(bundle.Certs.K8sServiceAccount.Key)},
			Os:                pair(bundle.Certs.OS),
		},
		Cluster: machine.Cluster{Id: bundle.Cluster.ID, Secret: bundle.Cluster.Secret},
		Secrets: machine.KubernetesSecrets{
			BootstrapToken:            bundle.Secrets.BootstrapToken,
			SecretboxEncryptionSecret: bundle.Secrets.SecretboxEncryptionSecret,
		},
		Trustdinfo: machine.TrustdInfo{Token: bundle.TrustdInfo.Token},
	}
}

// newBundle makes real secrets, of a contract whose keys are made quickly.
func newBundle(t *testing.T) *secrets.Bundle {
	t.Helper()
	bundle, err := secrets.NewBundle(secrets.NewClock(), config.TalosVersion1_6)
	require.NoError(t, err)
	return bundle
}

func TestSecretsGoRoundTheProviderUnchanged(t *testing.T) {
	bundle := newBundle(t)
	back, err := bundleOf(keptByTheProvider(bundle))
	require.NoError(t, err)
	assert.Equal(t, bundle, back)
	assert.NoError(t, back.Validate())
	assert.WithinDuration(t, time.Now(), back.Clock.Now(), time.Minute)
}

func TestImportedSecretsKeepTheOldEncryption(t *testing.T) {
	kept, old := keptByTheProvider(newBundle(t)), "old"
	kept.Secrets.AescbcEncryptionSecret = &old
	bundle, err := bundleOf(kept)
	require.NoError(t, err)
	assert.Equal(t, old, bundle.Secrets.AESCBCEncryptionSecret)
}

func TestBrokenSecretsAreNamedButNotShown(t *testing.T) {
	kept := keptByTheProvider(newBundle(t))
	kept.Certs.Os.Key = "hush!"
	_, err := bundleOf(kept)
	assert.EqualError(t, err, "machine secrets: certs.os.key is not base64; restore the stack's state, where it was kept")
}
