//go:build apiserver

package apiserver

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/components/machineconfig"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/regions"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// allowedFlags is a patch with every flag of kube-apiserver to which production gives a value to choose, at that value, and with flags
// that Talos merges. The program takes it, so kube-apiserver must.
const allowedFlags = `{"controlPlanes": ["cluster: {apiServer: {extraArgs: {anonymous-auth: 'false', authorization-mode: 'Node,RBAC', ` +
	`profiling: 'false', service-account-lookup: 'true', service-account-extend-token-expiration: 'false', ` +
	`tls-min-version: VersionTLS13, enable-admission-plugins: AlwaysPullImages, feature-gates: AllAlpha=false}}}"]}`

// variants are the settings by which control planes differ, by name: every cloud, environment and CNI, with and without a cloud
// controller, each version of Talos that runs the Kubernetes version, and the stack files of the repository.
func variants(t *testing.T) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	for _, provider := range regions.Providers() {
		for _, environment := range config.Environments() {
			for _, talos := range []string{"v1.12.12", config.DefaultTalosVersion, "v1.14.1"} {
				for _, cni := range []string{"cilium", "flannel", "none"} {
					for _, controller := range []string{"false", "true"} {
						for _, patches := range []string{"{}", allowedFlags} {
							all[fmt.Sprint(provider, " ", environment, " ", talos, " ", cni, " ", controller, " ", len(patches) > 2)] = settings(map[string]string{
								"inferadb:provider": string(provider), "inferadb:environment": environment, "inferadb:talosVersion": talos,
								"inferadb:cni": cni, "inferadb:cloudController": controller, "inferadb:patches": patches,
							})
						}
					}
				}
			}
		}
	}
	stacks, err := config.StackNames("../..")
	require.NoError(t, err)
	for _, stack := range stacks {
		all["stack "+stack], err = config.ReadStackFile("../..", stack)
		require.NoError(t, err)
	}
	return all
}

// TestTheServerTakesEveryConfiguration starts a server for each set of flags and files that some configuration comes to. Some
// settings do not go together; the program refuses them, and generates nothing.
func TestTheServerTakesEveryConfiguration(t *testing.T) {
	bundle := newBundle(t)
	var first *etcd
	started, refused := map[string]string{}, map[string]bool{}
	all := variants(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		clusters, _, err := config.Load("test", all[name])
		if err != nil {
			refused[name] = true
			continue
		}
		for _, c := range clusters {
			for _, in := range []machineconfig.Input{c.ControlPlaneConfiguration(), c.AppliedConfiguration()} {
				machine := generate(t, in, bundle)
				if first == nil {
					first = startEtcd(t, machine)
				}
				s := startOf(machine)
				if key := s.key(t, machine.Cluster().Endpoint().String()); started[key] == "" {
					started[key] = name
					t.Run(name, func(t *testing.T) {
						_, err := serve(t, first, machine, s)
						require.NoError(t, err)
					})
				}
			}
		}
	}
	t.Logf("%d of %d variants are refused, the others come to %d servers: %q",
		len(refused), len(all), len(started), slices.Sorted(maps.Values(started)))
	assert.Greater(t, len(started), 1, "the patch with flags is among them")
	for _, word := range slices.Concat(config.Environments(), []string{"aws", "gcp", "digitalocean", "cilium", "flannel", "none", "true"}) {
		assert.True(t, slices.ContainsFunc(slices.Collect(maps.Keys(all)), func(name string) bool {
			return !refused[name] && slices.Contains(strings.Fields(name), word)
		}), "everything with %s is refused", word)
	}
}

// key is the same for what differs in the cluster's own name alone.
func (s start) key(t *testing.T, endpoint string) string {
	t.Helper()
	text, err := json.Marshal(s)
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), endpoint, "endpoint")
}

// TestTheServerRefusesMistakes shows that a mistake in each of the files and in the flags would have been seen.
func TestTheServerRefusesMistakes(t *testing.T) {
	machine := generate(t, cluster(t, nil).ControlPlaneConfiguration(), newBundle(t))
	e := startEtcd(t, machine)
	for _, test := range []struct {
		name, want string
		edit       func(s start)
	}{
		{"unknown flag", "unknown flag: --service-account-extend-token-expiry",
			func(s start) { s.Flags["service-account-extend-token-expiry"] = []string{"false"} }},
		{"value of a flag", `invalid argument "sometimes" for "--service-account-extend-token-expiration"`,
			func(s start) { s.Flags["service-account-extend-token-expiration"] = []string{"sometimes"} }},
		{"admission plugin", "enable-admission-plugins plugin \"NodeRestrictions\" is unknown",
			func(s start) { s.Flags["enable-admission-plugins"] = []string{"NodeRestrictions"} }},
		{"PodSecurity", "defaults.enforce", func(s start) {
			s.Files[admissionFile] = edited(t, s.Files[admissionFile], `"enforce":"baseline"`, `"enforce":"base"`)
		}},
		{"audit policy", "rules[0].level", func(s start) {
			s.Files[auditFile] = edited(t, s.Files[auditFile], `"level":"Metadata"`, `"level":"Everything"`)
		}},
		{"authorization", "authorizers[0].type", func(s start) {
			s.Files[authorizationFile] = edited(t, s.Files[authorizationFile], `"type":"Node"`, `"type":"Nodes"`)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startOf(machine)
			test.edit(s)
			_, err := serve(t, e, machine, s)
			assert.ErrorContains(t, err, "kube-apiserver ended")
			assert.ErrorContains(t, err, test.want)
		})
	}
}

// edited returns the content of a file with one word exchanged.
func edited(t *testing.T, content any, from, to string) any {
	t.Helper()
	text, err := json.Marshal(content)
	require.NoError(t, err)
	require.Contains(t, string(text), from)
	return json.RawMessage(strings.Replace(string(text), from, to, 1))
}

// TestTheServerIsOfTheDefaultVersion holds tools/apiserver to the version of a new cluster. Its newest patch may not be a Go module yet.
func TestTheServerIsOfTheDefaultVersion(t *testing.T) {
	info, err := buildinfo.ReadFile(binary)
	require.NoError(t, err)
	assert.Equal(t, "k8s.io/kubernetes", info.Main.Path)
	minor := func(version string) string {
		parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
		return strings.Join(parts[:min(2, len(parts))], ".")
	}
	version := info.Main.Version
	for _, module := range info.Deps {
		if module.Path == "k8s.io/kubernetes" {
			version = module.Version
		}
	}
	assert.Equal(t, minor(config.DefaultKubernetesVersion), minor(version), "raise the versions in tools/apiserver/go.mod")
}
