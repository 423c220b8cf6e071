package machineconfig

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// bundleOfWords has fixed words where a cluster has secrets, so that a golden file holds none.
func bundleOfWords() *secrets.Bundle {
	pair := func(name string) *x509.PEMEncodedCertificateAndKey {
		return &x509.PEMEncodedCertificateAndKey{Crt: []byte(name + " certificate"), Key: []byte(name + " key")}
	}
	return &secrets.Bundle{
		Cluster: &secrets.Cluster{ID: "cluster-id", Secret: "cluster-secret"},
		Secrets: &secrets.Secrets{
			BootstrapToken:            "bootstrap.token",
			SecretboxEncryptionSecret: "secretbox-secret",
		},
		TrustdInfo: &secrets.TrustdInfo{Token: "trustd.token"},
		Certs: &secrets.Certs{
			Etcd:              pair("etcd"),
			K8s:               pair("kubernetes"),
			K8sAggregator:     pair("aggregator"),
			K8sServiceAccount: &x509.PEMEncodedKey{Key: []byte("service account key")},
			OS:                pair("talos"),
		},
	}
}

func input(role Role, edits ...func(*Input)) Input {
	in := Input{
		Role:          role,
		ClusterName:   "inferadb-dev-nyc1",
		Endpoint:      "api.inferadb-dev-nyc1.internal",
		Contract:      "v1.12.1",
		TalosVersion:  "v1.12.1",
		Platform:      "aws",
		ShutdownGrace: 90 * time.Second, ShutdownGraceCritical: 20 * time.Second,
		KubernetesVersion: "1.35.0",
		Network:           netip.MustParsePrefix("10.0.0.0/16"),
		Pods:              netip.MustParsePrefix("10.244.0.0/16"),
		Services:          netip.MustParsePrefix("10.96.0.0/12"),
		NoCNI:             true,
	}
	for _, edit := range edits {
		edit(&in)
	}
	return in
}

// loaded generates a configuration and reads it as a machine would.
func loaded(t *testing.T, in Input) config.Provider {
	t.Helper()
	text, err := Generate(in, bundleOfWords())
	require.NoError(t, err)
	provider, err := configloader.NewFromBytes([]byte(text))
	require.NoError(t, err)
	return provider
}

func TestGolden(t *testing.T) {
	for name, in := range map[string]Input{
		"controlplane-cilium":  input(ControlPlane),
		"controlplane-flannel": input(ControlPlane, func(in *Input) { in.NoCNI = false }),
		"worker": input(Worker, func(in *Input) {
			in.LUKS = true
			in.Labels = map[string]string{"inferadb.com/pool": "db"}
			in.Taints = []Taint{{Key: "inferadb.com/workload", Value: "stateful", Effect: "NoSchedule"}}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			text, err := Generate(in, bundleOfWords())
			require.NoError(t, err)
			path := filepath.Join("testdata", name+".yaml")
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
			}
			golden, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(golden), text)
		})
	}
}

func TestEverySettingReachesTheConfiguration(t *testing.T) {
	for _, test := range []struct {
		name  string
		in    Input
		wants []string
	}{
		{"cluster's name", input(Worker), []string{"clusterName: inferadb-dev-nyc1"}},
		{"endpoint", input(Worker), []string{"endpoint: https://api.inferadb-dev-nyc1.internal:6443"}},
		{"endpoint is an IPv6 address", input(Worker, func(in *Input) { in.Endpoint = "fd00::1" }),
			[]string{"endpoint: https://[fd00::1]:6443"}},
		{"certificate's names", input(ControlPlane, func(in *Input) { in.CertSANs = []string{"lb.example.com"} }),
			[]string{"    certSANs:\n        - api.inferadb-dev-nyc1.internal\n        - lb.example.com\n", // Talos' API
				"        certSANs:\n            - api.inferadb-dev-nyc1.internal\n            - lb.example.com\n"}}, // Kubernetes'
		{"installer", input(Worker, func(in *Input) { in.Platform, in.TalosVersion = "digital-ocean", "v1.12.3" }),
			[]string{"image: factory.talos.dev/digital-ocean-installer/" + Schematic + ":v1.12.3"}},
		{"Kubernetes version", input(ControlPlane, func(in *Input) { in.KubernetesVersion = "1.34.2" }),
			[]string{"kubelet:v1.34.2", "kube-apiserver:v1.34.2", "kube-scheduler:v1.34.2", "kube-controller-manager:v1.34.2"}},
		{"nodes' range", input(ControlPlane, func(in *Input) { in.Network = netip.MustParsePrefix("172.16.0.0/20") }),
			[]string{"validSubnets:\n                - 172.16.0.0/20", "advertisedSubnets:\n            - 172.16.0.0/20"}},
		{"nodes' ranges", input(ControlPlane, func(in *Input) { in.OtherNetworks = []netip.Prefix{netip.MustParsePrefix("100.64.0.0/16")} }),
			[]string{"validSubnets:\n                - 10.0.0.0/16\n                - 100.64.0.0/16", "advertisedSubnets:\n            - 10.0.0.0/16\n            - 100.64.0.0/16",
				"ingress:\n    - subnet: 10.0.0.0/16\n    - subnet: 100.64.0.0/16"}},
		{"pods and services", input(Worker, func(in *Input) {
			in.Pods, in.Services = netip.MustParsePrefix("10.200.0.0/16"), netip.MustParsePrefix("10.201.0.0/16")
		}), []string{"podSubnets:\n            - 10.200.0.0/16", "serviceSubnets:\n            - 10.201.0.0/16"}},
		{"no CNI", input(ControlPlane), []string{"cni:\n            name: none", "proxy:\n        disabled: true"}},
		{"flannel", input(ControlPlane, func(in *Input) { in.NoCNI = false }), []string{"--iface-can-reach=10.0.0.1"}},
		{"LUKS", input(Worker, func(in *Input) { in.LUKS = true }),
			[]string{"name: STATE\nencryption:\n    provider: luks2", "name: EPHEMERAL\nencryption:\n    provider: luks2"}},
		{"labels", input(Worker, func(in *Input) { in.Labels = map[string]string{"inferadb.com/tier": "gold"} }),
			[]string{"nodeLabels:\n        inferadb.com/tier: gold"}},
		{"taints", input(Worker, func(in *Input) { in.Taints = []Taint{{Key: "gpu", Effect: "NoExecute"}} }),
			[]string{"registerWithTaints:\n                - effect: NoExecute\n                  key: gpu\n                  value: \"\""}},
		{"shutdown", input(Worker), []string{"shutdownGracePeriod: 90s", "shutdownGracePeriodCriticalPods: 20s"}},
		{"patches in order", input(Worker, func(in *Input) {
			in.Patches = []string{"machine: {sysctls: {a.b: first, c.d: kept}}", "machine: {sysctls: {a.b: second}}"}
		}), []string{"a.b: second", "c.d: kept"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := Generate(test.in, bundleOfWords())
			require.NoError(t, err)
			for _, want := range test.wants {
				assert.Contains(t, text, want)
			}
		})
	}
}

// What the cluster needs whatever is set, and what earlier configurations of ours got wrong.
func TestEveryConfiguration(t *testing.T) {
	for _, role := range []Role{ControlPlane, Worker} {
		for _, platform := range []string{"aws", "gcp", "digital-ocean"} {
			for _, contract := range []string{"v1.9.0", "v1.10.4", "v1.11.2", "v1.12.1"} {
				t.Run(fmt.Sprint(role, platform, contract), func(t *testing.T) {
					provider := loaded(t, input(role,
						func(in *Input) { in.Platform, in.Contract = platform, contract }))
					warnings, err := provider.Validate(cloudMode{}, validation.WithLocal(), validation.WithStrict())
					assert.NoError(t, err)
					assert.Empty(t, warnings)
					assert.True(t, provider.Machine().Features().KubePrism().Enabled(), "KubePrism")
					assert.Equal(t, 7445, provider.Machine().Features().KubePrism().Port())
					assert.True(t, provider.Cluster().Discovery().Enabled(), "discovery")
					assert.False(t, provider.Cluster().ScheduleOnControlPlanes(), "pods on control planes")
					assert.False(t, provider.Cluster().ExternalCloudProvider().Enabled(), "external cloud provider")
					assert.Empty(t, provider.Machine().Kubelet().ExtraArgs(), "shutdown times are no flags")
					assert.Empty(t, provider.NetworkHostnameConfig().Hostname(), "the cloud names the machine")
					assert.NotContains(t, provider.Machine().Kubelet().ExtraConfig(), "serverTLSBootstrap",
						"without an approver of the requests kubectl logs would fail")
				})
			}
		}
	}
}

// A cluster keeps the documents of the Talos version that it was created with.
func TestContractDecidesTheDocuments(t *testing.T) {
	for _, test := range []struct {
		contract string
		wants    []string
		legacy   bool
	}{
		{"v1.9.0", []string{"v1alpha1", "NetworkRuleConfig"}, true},
		{"v1.10.0", []string{"v1alpha1", "NetworkRuleConfig"}, true},
		{"v1.11.0", []string{"v1alpha1", "NetworkRuleConfig", "VolumeConfig", "VolumeConfig"}, false},
		{"v1.12.0", []string{"v1alpha1", "HostnameConfig", "NetworkRuleConfig", "VolumeConfig", "VolumeConfig"}, false},
	} {
		t.Run(test.contract, func(t *testing.T) {
			provider := loaded(t, input(Worker, func(in *Input) { in.Contract, in.LUKS = test.contract, true }))
			var kinds []string
			for _, document := range provider.Documents() {
				kinds = append(kinds, document.Kind())
			}
			assert.Equal(t, test.wants, kinds)
			for _, volume := range []string{"STATE", "EPHEMERAL"} {
				assert.Equal(t, test.legacy, provider.Machine().SystemDiskEncryption().Get(volume) != nil, volume)
			}
		})
	}
}

func TestTheEndpointIsInTheCertificateOnce(t *testing.T) {
	for _, contract := range []string{"v1.11.0", "v1.12.0"} {
		sans := loaded(t, input(ControlPlane, func(in *Input) {
			in.Contract = contract
			in.CertSANs = []string{in.Endpoint, "lb.example.com", "lb.example.com"}
		})).Cluster().CertSANs()
		assert.Equal(t, []string{"api.inferadb-dev-nyc1.internal", "lb.example.com"}, sans, contract)
	}
}

// A worker that is taken over must not give the cluster away.
func TestWorkersHaveNoKeys(t *testing.T) {
	text, err := Generate(input(Worker), bundleOfWords())
	require.NoError(t, err)
	assert.NotContains(t, text, "secretbox-secret")
	provider := loaded(t, input(Worker))
	assert.Empty(t, provider.Machine().Security().IssuingCA().Key)
	assert.Empty(t, provider.Cluster().IssuingCA().Key)
	assert.Nil(t, provider.Cluster().AggregatorCA())
	assert.Nil(t, provider.Cluster().ServiceAccount())
	assert.Nil(t, provider.Cluster().Etcd().CA())
}

func TestGenerateIsDeterministic(t *testing.T) {
	in := input(Worker, func(in *Input) {
		in.Labels = map[string]string{"a": "1", "b": "2", "c": "3", "d": "4"}
	})
	first, err := Generate(in, bundleOfWords())
	require.NoError(t, err)
	for range 10 {
		again, err := Generate(in, bundleOfWords())
		require.NoError(t, err)
		require.Equal(t, first, again)
	}
}

func TestGenerateRefuses(t *testing.T) {
	for _, test := range []struct {
		want string
		edit func(*Input)
	}{
		{`contract: "1" is not a Talos version; write it like v1.12.1`, func(in *Input) { in.Contract = "1" }},
		{`role: "init" is neither controlplane nor worker`, func(in *Input) { in.Role = "init" }},
		{`platform: is missing`, func(in *Input) { in.Platform = "" }},
		{`shutdown: critical pods get 1m30s of 1m30s`, func(in *Input) { in.ShutdownGraceCritical = in.ShutdownGrace }},
		{`endpoint: the Kubernetes API has no host`, func(in *Input) { in.Endpoint = "" }},
		{`network: the address range of the nodes, the pods or the services is missing`,
			func(in *Input) { in.Pods = netip.Prefix{} }},
		{`labels: Kubernetes does not let a worker set on itself "node-role.kubernetes.io/db"; use a domain of your own, or "node.kubernetes.io/db"`,
			func(in *Input) { in.Labels = map[string]string{"node-role.kubernetes.io/db": ""} }},
		{`invalid machine node labels: name is too long`,
			func(in *Input) { in.Labels = map[string]string{strings.Repeat("x", 64): ""} }},
		{`taints: `, func(in *Input) { in.Taints = []Taint{{Key: "a", Effect: "Sometimes"}} }},
		{`taints: control planes have the taint that Talos sets; put taints on worker pools`,
			func(in *Input) { in.Role, in.Taints = ControlPlane, []Taint{{Key: "a", Effect: "NoSchedule"}} }},
		{`patch 2 of 2: Talos does not know machine.kubelett`,
			func(in *Input) { in.Patches = []string{"machine: {time: {disabled: true}}", "machine: {kubelett: 1}"} }},
		{`a patch removes the encryption of the STATE volume, which diskEncryption: luks asks for; remove one of the two`,
			func(in *Input) {
				in.LUKS = true
				in.Patches = []string{"apiVersion: v1alpha1\nkind: VolumeConfig\nname: STATE\n$patch: delete"}
			}},
	} {
		t.Run(test.want, func(t *testing.T) {
			_, err := Generate(input(Worker, test.edit), bundleOfWords())
			assert.ErrorContains(t, err, test.want)
		})
	}
}
