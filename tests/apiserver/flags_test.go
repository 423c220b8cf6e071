//go:build apiserver

package apiserver

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/machineconfig"
	"github.com/inferadb/infra/regions"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// allowedFlags is a patch with the flags that production lets a patch set to a value of its choice, and with flags that
// Talos merges. The program takes it, so kube-apiserver must.
const allowedFlags = `{"controlPlanes": ["cluster: {apiServer: {extraArgs: {anonymous-auth: 'false', authorization-mode: 'Node,RBAC', ` +
	`profiling: 'false', service-account-lookup: 'true', service-account-extend-token-expiration: 'false', ` +
	`tls-min-version: VersionTLS13, enable-admission-plugins: AlwaysPullImages, feature-gates: AllAlpha=false}}}"]}`

// axes are the settings by which control planes differ, and their values.
func axes() map[string][]string {
	var providers []string
	for _, provider := range regions.Providers() {
		providers = append(providers, string(provider))
	}
	return map[string][]string{
		"provider": providers, "environment": config.Environments(), "cni": {"cilium", "flannel", "none"},
		"cloudController": {"false", "true"}, "patches": {"{}", allowedFlags},
		// Those that run the default version of Kubernetes: another one has another kube-apiserver.
		"talosVersion": {config.DefaultTalosVersion, "v1.14.1"},
	}
}

// variants are stack files: one for each combination of the axes, and those of the repository.
func variants(t *testing.T) []map[string]string {
	t.Helper()
	all := []map[string]string{settings(nil)}
	for key, values := range axes() {
		var longer []map[string]string
		for _, shorter := range all {
			for _, value := range values {
				with := maps.Clone(shorter)
				with["inferadb:"+key] = value
				longer = append(longer, with)
			}
		}
		all = longer
	}
	stacks, err := config.StackNames("../..")
	require.NoError(t, err)
	require.NotEmpty(t, stacks)
	for _, stack := range stacks {
		own, err := config.ReadStackFile("../..", stack)
		require.NoError(t, err)
		all = append(all, own)
	}
	return all
}

// TestTheServerTakesEveryConfiguration starts a server for each set of flags and files that some configuration comes
// to. Some settings do not go together; the program refuses them, and generates nothing.
func TestTheServerTakesEveryConfiguration(t *testing.T) {
	bundle := newBundle(t)
	var shared *etcd
	started, taken, refused := map[string]bool{}, map[string]bool{}, 0
	for _, settings := range variants(t) {
		clusters, _, err := config.Load("test", settings)
		if err != nil {
			refused++
			continue
		}
		for key, value := range settings {
			taken[key+"="+value] = true
		}
		for _, c := range clusters {
			for _, in := range []machineconfig.Input{c.ControlPlaneConfiguration(), c.AppliedConfiguration()} {
				machine := generate(t, in, bundle)
				s := startOf(machine)
				key := s.key(t, machine.Cluster().Endpoint().String())
				if started[key] {
					continue
				}
				started[key] = true
				if shared == nil {
					shared = startEtcd(t, machine)
				}
				// A subtest ends its server.
				t.Run(fmt.Sprint("server ", len(started)), func(t *testing.T) {
					_, err := serve(t, shared, machine, s)
					require.NoError(t, err, "%v", settings)
				})
			}
		}
	}
	t.Logf("the configurations come to %d servers; the program refused %d combinations of settings", len(started), refused)
	assert.Greater(t, len(started), 1, "those with flags of a patch differ from those without")
	for key, values := range axes() {
		for _, value := range values {
			assert.True(t, taken["inferadb:"+key+"="+value], "everything with %s %s is refused", key, value)
		}
	}
}

// key is the same for what differs only in the cluster's name.
func (s start) key(t *testing.T, endpoint string) string {
	t.Helper()
	text, err := json.Marshal(s)
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), endpoint, "endpoint")
}

// TestTheServerRefusesMistakes shows that a mistake in each of the files and in the flags would have been seen.
func TestTheServerRefusesMistakes(t *testing.T) {
	machine := generate(t, resolved(t, nil).ControlPlaneConfiguration(), newBundle(t))
	e := startEtcd(t, machine)
	for _, test := range []struct {
		name, want string
		edit       func(s start)
	}{
		{"unknown flag", "unknown flag: --service-account-extend-token-expiry",
			func(s start) { s.Flags["service-account-extend-token-expiry"] = []string{"false"} }},
		{"value of a flag", `invalid argument "sometimes" for "--service-account-extend-token-expiration"`,
			func(s start) { s.Flags["service-account-extend-token-expiration"] = []string{"sometimes"} }},
		{"admission plugin", "enable-admission-plugins plugin",
			func(s start) { s.Flags["enable-admission-plugins"] = []string{"NodeRestrictions"} }},
		{"PodSecurity", "PodSecurity configuration error: enforce", func(s start) {
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

// TestTheServerIsOfTheDefaultVersion holds tools/apiserver to the version of a new cluster.
func TestTheServerIsOfTheDefaultVersion(t *testing.T) {
	info, err := buildinfo.ReadFile(binary)
	require.NoError(t, err)
	assert.Equal(t, "k8s.io/kubernetes", info.Main.Path)
	assert.Equal(t, "v"+config.DefaultKubernetesVersion, info.Main.Version, "raise the versions in tools/apiserver/go.mod")
}
