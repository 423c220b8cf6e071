package machineconfig

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const awsLimit = 16384

func TestCheck(t *testing.T) {
	large := func(in *Input) {
		content := make([]byte, awsLimit) // Random, so that it does not pack.
		_, _ = rand.Read(content)
		in.Patches = []string{"machine: {files: [{op: create, path: /var/a, content: " + hex.EncodeToString(content) + "}]}"}
	}
	limited := func(in *Input) { in.UserDataLimit = awsLimit }
	assert.NoError(t, Check(input(ControlPlane, limited)))
	assert.NoError(t, Check(input(Worker, limited)))
	assert.NoError(t, Check(input(Worker, large)), "a cloud without a limit")
	assert.ErrorContains(t, Check(input(Worker, large, limited)), "bytes packed, and the cloud accepts at most 16384; shorten the patches")
	plain := func(in *Input) { in.TextUserDataOnly, in.UserDataLimit = true, awsLimit }
	assert.NoError(t, Check(input(ControlPlane, plain)))
	even := func(in *Input) {
		in.Patches = []string{"machine: {files: [{op: create, path: /var/a, content: " + strings.Repeat("a", awsLimit) + "}]}"}
	}
	assert.NoError(t, Check(input(Worker, even, limited)), "packed it is small")
	assert.ErrorContains(t, Check(input(Worker, even, plain)), "bytes, and the cloud accepts at most 16384; shorten the patches")
	assert.NoError(t, Check(input(ControlPlane, func(in *Input) { in.Endpoint, in.Network = "", netip.Prefix{} })),
		"an adopted network's range is known later")
}

// The throw-away secrets must be as large as real ones, or Check would accept what is too large later.
func TestThrowAwaySecretsAreAsLargeAsRealOnes(t *testing.T) {
	real, err := secrets.NewBundle(secrets.NewFixedClock(time.Now()), config.TalosVersion1_12)
	require.NoError(t, err)
	stand, err := dummySecrets()
	require.NoError(t, err)
	size := func(bundle *secrets.Bundle) int {
		text, err := Generate(input(ControlPlane), bundle)
		require.NoError(t, err)
		packed, err := GzipUserData(text, 0)
		require.NoError(t, err)
		return base64.StdEncoding.DecodedLen(len(packed))
	}
	assert.InDelta(t, size(real), size(stand), 256)
	assert.Less(t, size(real), awsLimit/2, "room for the user's patches")
}

func TestGzipUserData(t *testing.T) {
	text, err := Generate(input(ControlPlane), bundleOfWords())
	require.NoError(t, err)
	first, err := GzipUserData(text, awsLimit)
	require.NoError(t, err)
	second, err := GzipUserData(text, awsLimit)
	require.NoError(t, err)
	assert.Equal(t, first, second)

	packed, err := base64.StdEncoding.DecodeString(first)
	require.NoError(t, err)
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	unpacked, err := io.ReadAll(reader)
	require.NoError(t, err)
	assert.Equal(t, text, string(unpacked))

	_, err = GzipUserData(text, len(packed))
	assert.NoError(t, err, "exactly the limit")
	_, err = GzipUserData(text, len(packed)-1)
	assert.Error(t, err, "one byte over the limit")
}

func TestCheckPatchAccepts(t *testing.T) {
	for name, patch := range map[string]string{
		"machine":            "machine:\n  sysctls:\n    vm.swappiness: \"10\"",
		"kubelet":            "machine:\n  kubelet:\n    extraConfig:\n      maxPods: 200",
		"our own again":      "machine:\n  features:\n    kubePrism:\n      enabled: true",
		"document":           "apiVersion: v1alpha1\nkind: TrustedRootsConfig\nname: ours\ncertificates: a",
		"several documents":  "machine:\n  time: {disabled: false}\n---\napiVersion: v1alpha1\nkind: WatchdogTimerConfig\ndevice: /dev/watchdog0\ntimeout: 2m",
		"deletion":           "machine:\n  sysctls:\n    $patch: delete",
		"other pods' ranges": "cluster:\n  network:\n    podSubnets: [10.200.0.0/16]",
	} {
		t.Run(name, func(t *testing.T) {
			assert.NoError(t, CheckPatch(ControlPlane, false, patch))
			assert.NoError(t, CheckPatch(Worker, false, patch))
		})
	}
	assert.NoError(t, CheckPatch(ControlPlane, false, "cluster: {etcd: {extraArgs: {quota-backend-bytes: \"4294967296\"}}}"))
}

func TestCheckPatchRefuses(t *testing.T) {
	for _, test := range []struct{ name, patch, want string }{
		{"empty", " \n", "the patch is empty; remove it or write what it should change"},
		{"comments only", "# to do", "the patch is empty; remove it or write what it should change"},
		{"JSON patch", `[{"op": "remove", "path": "/machine/time"}]`, "a JSON patch (RFC 6902) cannot change a configuration of several documents; " +
			"write a strategic merge patch: the YAML that should be in the configuration"},
		{"JSON patch in YAML", "- op: remove\n  path: /machine/time", "a JSON patch (RFC 6902) cannot change a configuration of several documents; " +
			"write a strategic merge patch: the YAML that should be in the configuration"},
		{"text", "hello", "the patch is not a map; write the YAML that should be in the configuration"},
		{"broken YAML", "machine: [", "decode error: yaml: while parsing a flow node at line 1: did not find expected node content"},
		{"no kind", "name: a", "a document has neither machine or cluster at its top nor apiVersion and kind"},
		{"unknown kind", "apiVersion: v1alpha1\nkind: Nonsense", `error decoding document v1alpha1/Nonsense/ (line 1): "Nonsense" "v1alpha1": not registered`},
		{"unknown keys", "machine: {kubelett: {image: hush}, tokenn: hush}", "Talos does not know machine.kubelett.image, machine.tokenn"},
		{"unknown key of two lines", "machine: {\"a\\nb\": hush}", "Talos does not know machine.a b"},
		{"wrong type", "machine: {sysctls: hush}", "error decoding document /v1alpha1/ (line 1): error decoding to *v1alpha1.Config: yaml: construct errors: line 1: cannot construct !!str into map[string]string"},
		{"etcd on a worker", "cluster: {etcd: {extraArgs: {a: b}}}", "etcd config is only allowed on control plane machines"},
		{"protected kubelet field", "machine: {kubelet: {extraConfig: {port: 1}}}", `kubelet configuration field "port" can't be overridden`},
		{"host name", "machine: {network: {hostname: a}}", "static hostname is already set in v1alpha1 config"},
		{"deletes nothing", "apiVersion: v1alpha1\nkind: VolumeConfig\nname: STATE\n$patch: delete",
			"the patch deletes a document that is not there: VolumeConfig; remove it from the patch"},
		{"null in a list", "machine: {network: {interfaces: [{interface: eth0, vlans: [null]}]}}",
			"Talos cannot read this configuration; look for an empty entry (null) in the patches"},
		{"no machine", "machine: {$patch: delete}", "machine instructions are required"},
		{"two errors", "machine: {kubelet: {extraConfig: {port: 1}}, nodeLabels: {\"a/b/c\": d}}",
			`kubelet configuration field "port" can't be overridden, and invalid machine node labels: invalid format: too many slashes: "a/b/c"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.EqualError(t, CheckPatch(Worker, false, test.patch), test.want)
		})
	}
}

// The values in these patches stand for secrets: no message may repeat them.
func TestCheckPatchRefusesWhatTheClusterStandsOn(t *testing.T) {
	for field, patch := range map[string]string{
		"machine.type":                            "machine: {type: init}",
		"machine.token":                           "machine: {token: hush.hush}",
		"machine.ca":                              "machine: {ca: {crt: aHVzaA==, key: aHVzaA==}}",
		"machine.features.kubePrism":              "machine: {features: {kubePrism: {enabled: false}}}",
		"cluster.id":                              "cluster: {id: hush}",
		"cluster.secret":                          "cluster: {secret: hush}",
		"cluster.clusterName":                     "cluster: {clusterName: hush}",
		"cluster.controlPlane.endpoint":           "cluster: {controlPlane: {endpoint: \"https://hush:6443\"}}",
		"cluster.controlPlane.localAPIServerPort": "cluster: {controlPlane: {localAPIServerPort: 7443}}",
		"cluster.token":                           "cluster: {token: hush.hush}",
		"cluster.ca":                              "cluster: {ca: {crt: aHVzaA==, key: aHVzaA==}}",
		"cluster.aggregatorCA":                    "cluster: {aggregatorCA: {crt: aHVzaA==, key: aHVzaA==}}",
		"cluster.serviceAccount":                  "cluster: {serviceAccount: {key: aHVzaA==}}",
		"cluster.secretboxEncryptionSecret":       "cluster: {secretboxEncryptionSecret: hush}",
		"cluster.aescbcEncryptionSecret":          "cluster: {aescbcEncryptionSecret: hush}",
		"cluster.etcd.ca":                         "cluster: {etcd: {ca: {crt: aHVzaA==, key: aHVzaA==}}}",
	} {
		t.Run(field, func(t *testing.T) {
			err := CheckPatch(ControlPlane, false, patch)
			assert.EqualError(t, err, "a patch changes "+field+", which the program sets and the cluster depends on; remove it from the patch")
		})
	}
}

func TestCheckVersions(t *testing.T) {
	for _, test := range []struct{ talos, kubernetes, want string }{
		{"v1.12.1", "1.35.0", ""},
		{"v1.12.9", "1.30.0", ""},
		{"v1.13.10", "1.36.5", ""},
		{"v1.14.1", "1.36.5", ""},
		{"v1.10.0", "1.33.1", ""},
		{"v1.12.1", "1.36.0", "Talos v1.12.1 does not run Kubernetes 1.36.0; choose one of 1.30 to 1.35"},
		{"v1.12.1", "1.29.9", "Talos v1.12.1 does not run Kubernetes 1.29.9; choose one of 1.30 to 1.35"},
		{"v1.10.0", "1.34.0", "Talos v1.10.0 does not run Kubernetes 1.34.0; choose one of 1.28 to 1.33"},
		{"v1.14.1", "1.37.1", "Talos v1.13, the newest that this program knows, does not run Kubernetes 1.37.1; choose one of 1.31 to 1.36"},
		{"v1.9.6", "1.32.0", "Talos v1.9.6 is not among the versions that this program knows; choose one of v1.10 to v1.13"},
		{"v2.0.0", "1.35.0", "Talos v2.0.0 is not among the versions that this program knows; choose one of v1.10 to v1.13"},
		{"v1.12", "1.35.0", `"v1.12" is not the version of a Talos release; write it like v1.13.10`},
		{"1.12.1", "1.35.0", `"1.12.1" is not the version of a Talos release; write it like v1.13.10`},
		{"v1.12.0-beta.1", "1.35.0", `"v1.12.0-beta.1" is not the version of a Talos release; write it like v1.13.10`},
		{"", "1.35.0", `"" is not the version of a Talos release; write it like v1.13.10`},
		{"v1.99999999999999999999.0", "1.35.0", `"v1.99999999999999999999.0" is not the version of a Talos release; write it like v1.13.10`},
		{"v1.12.1", "v1.35.0", `"v1.35.0" is not the version of a Kubernetes release; write it like 1.36.5`},
		{"v1.12.1", "1.35", `is not the version of a Kubernetes release, and without quotes YAML reads 1.30 as the number 1.3; write all three parts, in quotes, like "1.36.5"`},
	} {
		t.Run(test.talos+" "+test.kubernetes, func(t *testing.T) {
			err := CheckVersions(test.talos, test.kubernetes)
			if test.want == "" {
				assert.NoError(t, err)
				return
			}
			assert.EqualError(t, err, test.want)
		})
	}
}

func FuzzCheckPatch(f *testing.F) {
	for _, seed := range []string{
		"", "machine: {}", "machine: {sysctls: {a: b}}", "cluster: {etcd: {}}", "machine:\n  $patch: delete",
		"cluster: {controlPlane: null}", "machine: {ca: {}}", "machine: {kubelet: {extraMounts: [null]}}",
		"apiVersion: v1alpha1\nkind: VolumeConfig\nname: STATE\n$patch: delete", "[{\"op\": \"add\"}]", "a: &a [*a]",
		"machine: {network: {interfaces: [{interface: eth0, vlans: [null]}]}}", "cluster: {controlPlane: {endpoint: null}}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, patch string) {
		for _, role := range []Role{ControlPlane, Worker} {
			for _, hardened := range []bool{false, true} {
				if err := CheckPatch(role, hardened, patch); err != nil {
					assert.False(t, strings.Contains(err.Error(), "\n"), "several lines: %q", err)
				}
			}
		}
	})
}

func TestDocumentsAreThoseThatTheProviderKnows(t *testing.T) {
	for talos, want := range map[string]string{"v1.10.4": "v1.10.4", "v1.12.12": "v1.12.12", "v1.13.10": "v1.12.0", "v1.14.1": "v1.12.0"} {
		assert.Equal(t, want, VersionContract(talos))
	}
}

func TestANewerTalosIsAnnounced(t *testing.T) {
	assert.Empty(t, Newer("v1.13.99"))
	assert.Contains(t, Newer("v1.14.0"), "Talos v1.14.0 is newer than v1.13")
}
