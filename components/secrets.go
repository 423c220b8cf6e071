package components

import (
	"encoding/base64"
	"fmt"

	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/machine"
	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
)

// bundleOf turns the secrets that the Talos provider keeps into the form of Talos' library. The provider holds
// certificates and keys as base64 of their PEM
// (https://www.pulumi.com/registry/packages/talos/api-docs/machine/secrets/).
func bundleOf(from machine.MachineSecrets) (*secrets.Bundle, error) {
	var broken error
	decode := func(name, value string) []byte {
		decoded, err := base64.StdEncoding.DecodeString(value)
		if err != nil && broken == nil {
			// The error must not repeat the value.
			broken = fmt.Errorf("machine secrets: %s is not base64; restore the stack's state, where it was kept", name)
		}
		return decoded
	}
	pair := func(name string, from machine.Certificate) *x509.PEMEncodedCertificateAndKey {
		return &x509.PEMEncodedCertificateAndKey{
			Crt: decode("certs."+name+".cert", from.Cert),
			Key: decode("certs."+name+".key", from.Key),
		}
	}
	bundle := &secrets.Bundle{
		Clock: secrets.NewClock(),
		Cluster: &secrets.Cluster{
			ID:     from.Cluster.Id,
			Secret: from.Cluster.Secret,
		},
		Secrets: &secrets.Secrets{
			BootstrapToken:            from.Secrets.BootstrapToken,
			SecretboxEncryptionSecret: from.Secrets.SecretboxEncryptionSecret,
		},
		TrustdInfo: &secrets.TrustdInfo{Token: from.Trustdinfo.Token},
		Certs: &secrets.Certs{
			Etcd:          pair("etcd", from.Certs.Etcd),
			K8s:           pair("k8s", from.Certs.K8s),
			K8sAggregator: pair("k8sAggregator", from.Certs.K8sAggregator),
			K8sServiceAccount: &x509.PEMEncodedKey{
				Key: decode("certs.k8sServiceaccount.key", from.Certs.K8sServiceaccount.Key),
			},
			OS: pair("os", from.Certs.Os),
		},
	}
	// Clusters that were created before Talos 1.3 and imported encrypt Kubernetes' secrets with this one.
	if from.Secrets.AescbcEncryptionSecret != nil {
		bundle.Secrets.AESCBCEncryptionSecret = *from.Secrets.AescbcEncryptionSecret
	}
	if broken != nil {
		return nil, broken
	}
	return bundle, nil
}
