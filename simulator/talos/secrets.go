package talos

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/inferadb/infra/simulator/conditions"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/gendata"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"go.yaml.in/yaml/v4"
	"golang.org/x/mod/semver"
)

// checkTalosVersion takes what Talos' own library takes as a version.
func checkTalosVersion(call *schema.Call) []schema.Problem {
	if !call.Inputs.Known("talosVersion") {
		return nil
	}
	if _, err := config.ParseContractFromVersion(call.Inputs.String("talosVersion")); err != nil {
		return []schema.Problem{{Property: "talosVersion", Reason: err.Error()}}
	}
	return nil
}

// replaceLowered replaces secrets whose version is lowered; a higher version keeps them.
func replaceLowered(call *schema.Call, changed []string) []string {
	if !slices.Contains(changed, "talosVersion") || !call.Inputs.Known("talosVersion") {
		return nil
	}
	canonical := func(v store.Values) string { return "v" + strings.TrimPrefix(v.String("talosVersion"), "v") }
	if semver.Compare(canonical(call.Inputs), canonical(call.State)) < 0 {
		return []string{"talosVersion"}
	}
	return nil
}

func createSecrets(call *schema.Call) error {
	version := call.Inputs.String("talosVersion")
	if version == "" {
		version = semver.MajorMinor(gendata.VersionTag)
	}
	contract, err := config.ParseContractFromVersion(version)
	if err != nil {
		return fmt.Errorf("talosVersion: %w", err)
	}
	bundle, err := sharedBundle(call.Store, contract)
	if err != nil {
		return fmt.Errorf("failed to generate secrets bundle: %w", err)
	}
	admin, err := bundle.GenerateTalosAPIClientCertificateWithTTL(
		role.MakeSet(role.Admin), lifetime(constants.TalosAPIDefaultCertificateValidityDuration))
	if err != nil {
		return fmt.Errorf("failed to generate the client certificate: %w", err)
	}
	call.State["talosVersion"] = version
	call.State["machineSecrets"] = machineSecrets(bundle)
	call.State["clientConfiguration"] = map[string]any{
		"caCertificate":     encode(bundle.Certs.OS.Crt),
		"clientCertificate": encode(admin.Crt),
		"clientKey":         encode(admin.Key),
	}
	return nil
}

// sharedBundle creates the secrets of a cluster. Their RSA key takes seconds, so that stores can share a folder of
// secrets: the first clusters of all of them have the same, the second ones have others.
func sharedBundle(st *store.Store, contract *config.VersionContract) (*secrets.Bundle, error) {
	shared := os.Getenv(conditions.Secrets)
	if shared == "" {
		return secrets.NewBundle(secrets.NewFixedClock(time.Now()), contract)
	}
	path := filepath.Join(shared, fmt.Sprintf("%s-%d.yaml", contract, st.Count("secrets of "+contract.String())))
	bundle, err := secrets.LoadBundle(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return bundle, err
	}
	if bundle, err = secrets.NewBundle(secrets.NewFixedClock(time.Now()), contract); err != nil {
		return nil, err
	}
	text, err := yaml.Marshal(bundle)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(shared, 0o700); err != nil {
		return nil, err
	}
	// Another process may read it, or make the same.
	unfinished, err := os.CreateTemp(shared, "unfinished-")
	if err != nil {
		return nil, err
	}
	_, err = unfinished.Write(text)
	return bundle, errors.Join(err, unfinished.Close(), os.Rename(unfinished.Name(), path))
}

// lifetime returns how long an administrator's credentials are good: as Talos has it, unless the environment sets
// otherwise.
func lifetime(otherwise time.Duration) time.Duration {
	return cmp.Or(conditions.Duration(conditions.CertificateLifetime), otherwise)
}

func machineSecrets(bundle *secrets.Bundle) map[string]any {
	pair := func(p *x509.PEMEncodedCertificateAndKey) map[string]any {
		return map[string]any{"cert": encode(p.Crt), "key": encode(p.Key)}
	}
	encryption := map[string]any{"bootstrapToken": bundle.Secrets.BootstrapToken}
	if secret := bundle.Secrets.SecretboxEncryptionSecret; secret != "" {
		encryption["secretboxEncryptionSecret"] = secret
	}
	// Contracts below 1.3 have the older secret instead.
	if secret := bundle.Secrets.AESCBCEncryptionSecret; secret != "" {
		encryption["aescbcEncryptionSecret"] = secret
	}
	return map[string]any{
		"cluster":    map[string]any{"id": bundle.Cluster.ID, "secret": bundle.Cluster.Secret},
		"trustdinfo": map[string]any{"token": bundle.TrustdInfo.Token},
		"secrets":    encryption,
		"certs": map[string]any{
			"etcd":              pair(bundle.Certs.Etcd),
			"k8s":               pair(bundle.Certs.K8s),
			"k8sAggregator":     pair(bundle.Certs.K8sAggregator),
			"os":                pair(bundle.Certs.OS),
			"k8sServiceaccount": map[string]any{"key": encode(bundle.Certs.K8sServiceAccount.Key)},
		},
	}
}

func encode(pem []byte) string { return base64.StdEncoding.EncodeToString(pem) }
