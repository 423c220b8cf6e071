//go:build apiserver

// Package apiserver tests the machine configurations that the program generates with a real kube-apiserver on a real
// etcd: its flags and files, what a kubelet may do, evictions, Cilium's manifests. What else a control plane has is not
// there: the tests do the work of the kubelet and of the controller manager where something needs it.
//
// The packages of kube-apiserver take a quarter of an hour to compile, so `make test` does not run them. Run: make
// test-apiserver
package apiserver

import (
	stdx509 "crypto/x509"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/machineconfig"
	"github.com/siderolabs/crypto/x509"
	machinery "github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/stretchr/testify/require"
)

// settings make a production cluster of the default versions on AWS, but for what is given.
func settings(more map[string]string) map[string]string {
	all := map[string]string{
		"inferadb:provider": "aws", "inferadb:environment": "production", "inferadb:regions": `["nyc1"]`,
		"inferadb:talosVersion": config.DefaultTalosVersion, "inferadb:kubernetesVersion": config.DefaultKubernetesVersion,
	}
	maps.Copy(all, more)
	return all
}

// resolved returns the cluster of the settings.
func resolved(t *testing.T, more map[string]string) cluster.Cluster {
	t.Helper()
	clusters, _, err := config.Load("test", settings(more))
	require.NoError(t, err)
	require.Len(t, clusters, 1)
	return clusters[0]
}

// newBundle makes the secrets of a cluster.
func newBundle(t *testing.T) *secrets.Bundle {
	t.Helper()
	bundle, err := secrets.NewBundle(secrets.NewClock(), machinery.TalosVersion1_12)
	require.NoError(t, err)
	return bundle
}

// generate returns the machine configuration as the machine reads it.
func generate(t *testing.T, in machineconfig.Input, bundle *secrets.Bundle) machinery.Provider {
	t.Helper()
	text, err := machineconfig.Generate(in, bundle)
	require.NoError(t, err)
	machine, err := machineconfig.Parse(text)
	require.NoError(t, err)
	return machine
}

// start is what Talos starts the kube-apiserver of a control plane with, but for the certificates.
type start struct {
	// Flags that name files have only the names: the process runs in their folder.
	Flags map[string][]string
	// Files are the contents by name, without what is secret.
	Files map[string]any
}

// additive are the flags of which Talos keeps its own values beside those of the configuration.
var additive = []string{"enable-admission-plugins", "feature-gates", "authorization-mode", "tls-cipher-suites"}

// talosFlags are the flags that Talos sets by itself, for a Kubernetes from 1.33 on.
// https://github.com/siderolabs/talos/blob/v1.13.9/internal/app/machined/pkg/controllers/k8s/control_plane_static_pod.go
func talosFlags(machine machinery.Provider) map[string]string {
	endpoint := machine.Cluster().Endpoint().String()
	return map[string]string{
		"admission-control-config-file": admissionFile, "audit-policy-file": auditFile, "encryption-provider-config": encryptionFile,
		"audit-log-path": auditLog, "audit-log-maxage": "30", "audit-log-maxbackup": "10", "audit-log-maxsize": "100",
		"allow-privileged": "true", "anonymous-auth": "false", "profiling": "false",
		"api-audiences": endpoint, "service-account-issuer": endpoint,
		"enable-admission-plugins": "NodeRestriction", "enable-bootstrap-token-auth": "true",
		"client-ca-file": "ca.crt", "tls-cert-file": "apiserver.crt", "tls-private-key-file": "apiserver.key",
		"tls-min-version": "VersionTLS12", "tls-cipher-suites": cipherSuites,
		"requestheader-client-ca-file": "aggregator-ca.crt", "requestheader-allowed-names": "front-proxy-client",
		"requestheader-extra-headers-prefix": "X-Remote-Extra-", "requestheader-group-headers": "X-Remote-Group",
		"requestheader-username-headers": "X-Remote-User",
		"proxy-client-cert-file":         "front-proxy-client.crt", "proxy-client-key-file": "front-proxy-client.key",
		"etcd-cafile": "etcd-client-ca.crt", "etcd-certfile": "etcd-client.crt", "etcd-keyfile": "etcd-client.key",
		"kubelet-client-certificate": "apiserver-kubelet-client.crt", "kubelet-client-key": "apiserver-kubelet-client.key",
		"kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
		"service-account-key-file":        "service-account.pub", "service-account-signing-key-file": "service-account.key",
		"service-cluster-ip-range": strings.Join(machine.Cluster().Network().ServiceCIDRs(), ","),
	}
}

const (
	admissionFile, auditFile    = "admission-control-config.yaml", "auditpolicy.yaml"
	authorizationFile, auditLog = "authorization-config.yaml", "kube-apiserver-audit.log"
	encryptionFile              = "encryptionconfig.yaml"
	cipherSuites                = "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256," +
		"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305," +
		"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384," +
		"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
)

// startOf merges what the configuration says with what Talos says, as Talos does.
func startOf(machine machinery.Provider) start {
	server := machine.Cluster().APIServer()
	extra := server.ExtraArgs()
	s := start{Flags: map[string][]string{}, Files: map[string]any{
		admissionFile: admission(machine), auditFile: server.AuditPolicy(), authorizationFile: authorization(machine),
	}}
	for name, value := range talosFlags(machine) {
		s.Flags[name] = []string{value}
	}
	ownMode := slices.ContainsFunc(slices.Collect(maps.Keys(extra)), func(name string) bool {
		return name == "authorization-mode" || strings.HasPrefix(name, "authorization-webhook-")
	})
	if ownMode {
		s.Flags["authorization-mode"] = []string{"Node,RBAC"}
	} else {
		s.Flags["authorization-config"] = []string{authorizationFile}
	}
	for name, values := range extra {
		if !slices.Contains(additive, name) {
			s.Flags[name] = values
			continue
		}
		merged := strings.Split(strings.Join(s.Flags[name], ","), ",")
		for _, value := range strings.Split(strings.Join(values, ","), ",") {
			if !slices.Contains(merged, value) {
				merged = append(merged, value)
			}
		}
		s.Flags[name] = []string{strings.Trim(strings.Join(merged, ","), ",")}
	}
	return s
}

// admission and authorization are the files that Talos writes.
// https://github.com/siderolabs/talos/blob/v1.13.9/internal/app/machined/pkg/controllers/k8s/render_config_static_pods.go
func admission(machine machinery.Provider) any {
	plugins := []any{}
	for _, plugin := range machine.Cluster().APIServer().AdmissionControl() {
		plugins = append(plugins, map[string]any{"name": plugin.Name(), "configuration": plugin.Configuration()})
	}
	return map[string]any{"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration", "plugins": plugins}
}

// authorization has Talos' own authorizers before those of the configuration, which has none unless a patch says so.
func authorization(machine machinery.Provider) any {
	authorizers := []any{}
	for _, own := range v1alpha1.APIServerDefaultAuthorizationConfigAuthorizers {
		authorizers = append(authorizers, map[string]any{"type": own.Type, "name": own.Name})
	}
	for _, other := range machine.Cluster().APIServer().AuthorizationConfig() {
		authorizers = append(authorizers, map[string]any{"type": other.Type(), "name": other.Name(), "webhook": other.Webhook()})
	}
	return map[string]any{"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthorizationConfiguration", "authorizers": authorizers}
}

// encryption is the file that Talos writes of the cluster's secret.
// https://github.com/siderolabs/talos/blob/v1.13.9/internal/app/machined/pkg/controllers/k8s/internal/k8stemplates/apiserver.go
func encryption(machine machinery.Provider) any {
	key := map[string]any{"name": "key2", "secret": machine.Cluster().SecretboxEncryptionSecret()}
	return map[string]any{"apiVersion": "v1", "kind": "EncryptionConfig", "resources": []any{map[string]any{
		"resources": []any{"secrets"},
		"providers": []any{map[string]any{"secretbox": map[string]any{"keys": []any{key}}}, map[string]any{"identity": map[string]any{}}},
	}}}
}

// write puts the files and the certificates into the folder, readable only by the owner.
func (s start) write(folder string, machine machinery.Provider) error {
	files := maps.Clone(s.Files)
	files[encryptionFile] = encryption(machine)
	contents, err := certificates(machine)
	if err != nil {
		return err
	}
	for name, value := range files {
		// JSON is YAML.
		if contents[name], err = json.Marshal(value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for name, content := range contents {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// certificates are those that Talos issues for kube-apiserver, by the name of their file.
// https://github.com/siderolabs/talos/blob/v1.13.9/internal/app/machined/pkg/controllers/secrets/kubernetes_dynamic_certs.go
func certificates(machine machinery.Provider) (map[string][]byte, error) {
	c := machine.Cluster()
	account, err := c.ServiceAccount().GetKey()
	if err != nil {
		return nil, err
	}
	contents := map[string][]byte{
		"ca.crt": c.IssuingCA().Crt, "aggregator-ca.crt": c.AggregatorCA().Crt, "etcd-client-ca.crt": c.Etcd().CA().Crt,
		"service-account.pub": account.GetPublicKeyPEM(), "service-account.key": account.GetPrivateKeyPEM(),
	}
	for name, by := range map[string]struct {
		authority *x509.PEMEncodedCertificateAndKey
		common    string
		groups    []string
	}{
		"apiserver":                {c.IssuingCA(), "kube-apiserver", []string{"kube-master"}},
		"apiserver-kubelet-client": {c.IssuingCA(), "apiserver-kubelet-client", []string{"system:masters"}},
		"front-proxy-client":       {c.AggregatorCA(), "front-proxy-client", nil},
		"etcd-client":              {c.Etcd().CA(), "kube-apiserver-etcd-client", nil},
	} {
		pair, err := issue(by.authority, by.common, by.groups...)
		if err != nil {
			return nil, err
		}
		contents[name+".crt"], contents[name+".key"] = pair.Crt, pair.Key
	}
	return contents, nil
}

// issue has an authority sign a certificate for this machine.
func issue(authority *x509.PEMEncodedCertificateAndKey, common string,
	groups ...string) (*x509.PEMEncodedCertificateAndKey, error) {
	ca, err := x509.NewCertificateAuthorityFromCertificateAndKey(authority)
	if err != nil {
		return nil, err
	}
	pair, err := x509.NewKeyPair(ca,
		x509.CommonName(common), x509.Organization(groups...), x509.IPAddresses([]net.IP{net.IPv4(127, 0, 0, 1)}),
		x509.NotBefore(time.Now().Add(-time.Minute)), x509.NotAfter(time.Now().Add(time.Hour)),
		x509.KeyUsage(stdx509.KeyUsageDigitalSignature|stdx509.KeyUsageKeyEncipherment),
		x509.ExtKeyUsage([]stdx509.ExtKeyUsage{stdx509.ExtKeyUsageServerAuth, stdx509.ExtKeyUsageClientAuth}))
	if err != nil {
		return nil, err
	}
	return x509.NewCertificateAndKeyFromKeyPair(pair), nil
}
