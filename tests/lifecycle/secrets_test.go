package lifecycle

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// secretRuns take every way on which a secret travels: user data of machines and of groups, configurations that are
// applied, and the settings that make other resources.
var secretRuns = []struct {
	name, provider, pools string
	settings              map[string]string
}{
	{"aws", "aws", fixedAndSpot, nil},
	{"aws, more of it", "aws", fixedAndSpot, withKeysAndAlarms},
	{"digitalocean", "digitalocean", doPool, nil},
	{"digitalocean, more of it", "digitalocean", doPool, publicly},
	{"gcp", "gcp", fixedAndSpot, nil},
	{"gcp, more of it", "gcp", fixedAndSpot, withKeysAndAlarms},
}

var (
	publicly          = map[string]string{"access": "public", "operatorCidrs": `["203.0.113.0/24"]`, "protection": "true"}
	withKeysAndAlarms = map[string]string{
		"access": "public", "operatorCidrs": `["203.0.113.0/24"]`, "encryptionKey": `{"managed":true}`, "diskEncryption": "luks",
		"alarmEmails": `["ops@example.com"]`, "protection": "true",
	}
)

// proxy is a secret that the user hides in a patch.
const proxy = "https://machine:only-machines-know-it@proxy.example.com:3128"

// TestSecretsStaySecret looks for every secret of a run in everything that the run leaves behind or prints.
func TestSecretsStaySecret(t *testing.T) {
	for _, run := range secretRuns {
		t.Run(run.name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "dev", run.provider)
			// The logs of the CLI are searched as well.
			require.NoError(t, os.Remove(s.path("home", "logs")))
			for key, value := range run.settings {
				s.set(key, value)
			}
			if run.settings != nil {
				s.environment = append(s.environment, "SIMULATOR_OPERATOR_IP=203.0.113.7")
			}
			s.live(run.pools)
			secrets := secretsOf(t, s.resources("--show-secrets"))
			secrets[passphrase], secrets[proxy] = "the passphrase", "the user's patch"
			places := s.places()
			s.haveAll(places)
			s.destroy()
			places["what the commands printed"] = s.said.Bytes()
			for place, content := range places {
				for _, hit := range found(content, secrets) {
					t.Errorf("%s holds %s", place, hit)
				}
			}
		})
	}
}

// live takes a stack through what people do with it: a failure, changes, and every command that shows something.
func (s *stack) live(pools string) {
	s.t.Helper()
	s.set("pools", pools)
	s.pulumi("config", "set", "--secret", "--path", "inferadb:patches.all[0]", "machine: {env: {https_proxy: '"+proxy+"'}}")
	s.pulumi("preview", "--diff")
	s.failingUp("talos:machine/bootstrap:Bootstrap#1")
	s.up("--diff")
	for _, label := range []string{"gold", "tin"} {
		s.set("pools", strings.Replace(pools, `"count":2`, `"count":2,"labels":{"tier":"`+label+`"}`, 1))
		s.pulumi("preview", "--diff")
		s.preview()
		s.up(map[string]string{"gold": "--diff", "tin": "--json"}[label])
	}
	s.pulumi("refresh", "--yes", "--diff")
	for _, show := range [][]string{
		{"stack", "output"}, {"stack", "output", "--json"}, {"stack", "--show-urns", "--show-ids"}, {"stack", "history", "--json"},
		{"stack", "graph", s.path("home", "graph.dot")}, {"config", "--json"}, {"about"}, {"about", "--json"},
		// From -v=9 on the engine itself prints every value that it sends to a provider, which nothing here can
		// prevent.
		{"preview", "--diff", "-v=8", "--logtostderr", "--logflow"},
	} {
		s.pulumi(show...)
	}
}

// places are the files that the run wrote, except the store of the clouds, which holds the machines' disks.
func (s *stack) places() map[string][]byte {
	s.t.Helper()
	exported, err := json.Marshal(s.export())
	require.NoError(s.t, err)
	places := map[string][]byte{"the exported state": exported}
	for _, root := range []string{"state", "home", "Pulumi.yaml", "Pulumi." + s.name + ".yaml"} {
		require.NoError(s.t, filepath.WalkDir(s.path(root), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			places[strings.TrimPrefix(path, s.folder+"/")], err = os.ReadFile(path)
			return err
		}))
	}
	return places
}

// haveAll says that every kind of file is there to be searched.
func (s *stack) haveAll(places map[string][]byte) {
	s.t.Helper()
	for _, kind := range []string{
		"state/.pulumi/stacks/inferadb/dev.json", "state/.pulumi/stacks/inferadb/dev.json.bak", "state/.pulumi/backups/",
		"state/.pulumi/history/", "home/logs/", "home/graph.dot", "Pulumi.dev.yaml",
	} {
		kept := func(place string) bool { return strings.HasPrefix(place, kind) }
		require.True(s.t, slices.ContainsFunc(slices.Collect(maps.Keys(places)), kept), kind)
	}
}

// secretLeaves of Talos' secrets resource, in its outputs. A leaf that is neither here nor public is a secret of a
// newer Talos, and is looked for as well.
var secretLeaves = []string{
	".clientConfiguration.clientKey",
	".machineSecrets.certs.etcd.key", ".machineSecrets.certs.k8s.key", ".machineSecrets.certs.k8sAggregator.key",
	".machineSecrets.certs.k8sServiceaccount.key", ".machineSecrets.certs.os.key",
	".machineSecrets.cluster.secret", ".machineSecrets.secrets.bootstrapToken",
	".machineSecrets.secrets.secretboxEncryptionSecret", ".machineSecrets.trustdinfo.token",
}

// documents are the properties whose value is secret as a whole, wherever they stand.
var documents = []string{
	"machineConfiguration", "machineConfigurationInput", "userDataBase64", "userData", "user-data",
	"kubeconfigRaw", "kubernetesClientConfiguration", "clientConfiguration", "kubeconfig", "kubeconfigs", "talosconfig",
}

// secretsOf are the values in a state that nobody but their owner may read, with what they are: every leaf of Talos'
// secrets and every document, whether the state marks them or not, and whatever else it marks.
func secretsOf(t *testing.T, resources []map[string]any) map[string]string {
	t.Helper()
	secrets := map[string]string{}
	for _, resource := range resources {
		urn := resource["urn"].(string)
		name := typeOf(urn) + " " + urn[strings.LastIndex(urn, "::")+2:]
		if typeOf(urn) == "talos:machine/secrets:Secrets" {
			leaves := map[string]string{}
			take("", reveal(resource["outputs"]), leaves)
			require.Subset(t, slices.Collect(maps.Values(leaves)), secretLeaves, "the secrets of %s", name)
			maps.Copy(secrets, leaves)
		}
		for _, side := range []string{"inputs", "outputs"} {
			takeMarked(name+" "+side, resource[side], secrets)
			takeDocuments(name+" "+side, reveal(resource[side]), secrets)
		}
	}
	require.Greater(t, len(secrets), 20)
	return secrets
}

// secretSignature marks an encrypted value in a deployment:
// https://github.com/pulumi/pulumi/blob/v3.258.0/sdk/go/common/resource/sig/sig.go
const secretSignature = "4dabf18193072939515e22adb298388d"

// marked is the value under a secret's mark, if there is one.
func marked(value any) (inner any, ok bool) {
	object, _ := value.(map[string]any)
	plaintext, ok := object["plaintext"].(string)
	if !ok || object[secretSignature] == nil {
		return nil, false
	}
	return inner, json.Unmarshal([]byte(plaintext), &inner) == nil
}

// reveal takes the marks off a value.
func reveal(value any) any {
	if inner, ok := marked(value); ok {
		return reveal(inner)
	}
	switch value := value.(type) {
	case map[string]any:
		clear := map[string]any{}
		for key, item := range value {
			clear[key] = reveal(item)
		}
		return clear
	case []any:
		var clear []any
		for _, item := range value {
			clear = append(clear, reveal(item))
		}
		return clear
	}
	return value
}

// takeMarked takes what the state marks.
func takeMarked(path string, value any, secrets map[string]string) {
	if inner, ok := marked(value); ok {
		take(path, reveal(inner), secrets)
		return
	}
	children(path, value, func(path, _ string, item any) { takeMarked(path, item, secrets) })
}

// takeDocuments takes what is secret by its name.
func takeDocuments(path string, value any, secrets map[string]string) {
	children(path, value, func(path, key string, item any) {
		if slices.Contains(documents, key) && !isSHA1(item) {
			take(path, item, secrets)
		}
		takeDocuments(path, item, secrets)
	})
}

// children visits the items of an object or a list.
func children(path string, value any, visit func(path, key string, item any)) {
	switch value := value.(type) {
	case map[string]any:
		for key, item := range value {
			visit(path+"."+key, key, item)
		}
	case []any:
		for _, item := range value {
			visit(path+"[]", "", item)
		}
	}
}

// isSHA1: the AWS provider gives the digest of user data, not the text.
func isSHA1(value any) bool {
	text, _ := value.(string)
	_, err := hex.DecodeString(text)
	return err == nil && len(text) == 40
}

// take takes every text of a secret value, except what is secret only because it stands beside one. A key comes twice:
// in a document of another indentation it is no longer one text, but each of its lines is.
func take(path string, value any, secrets map[string]string) {
	children(path, value, func(path, _ string, item any) { take(path, item, secrets) })
	text, isText := value.(string)
	if !isText || public(path, text) {
		return
	}
	secrets[text] = path
	decoded, err := base64.StdEncoding.DecodeString(text)
	if block, _ := pem.Decode(decoded); err == nil && block != nil {
		lines := strings.Split(strings.TrimSpace(string(decoded)), "\n")
		secrets[lines[len(lines)/2]] = path + ", a line of it"
	}
}

// The SDK of Google Cloud marks what the provider makes of the labels; the labels stand beside it in clear.
var publicProperty = regexp.MustCompile(`\.(cert|caCertificate|clientCertificate|id|host|certSANs|name)$|\.(effectiveLabels|pulumiLabels)\.`)

// public reports whether a value is secret only because it stands beside one. Nothing as short as that is worth looking
// for.
func public(path, value string) bool {
	return publicProperty.MatchString(path) || len(value) < 16
}

// TestUnmarkedSecretsAreLookedFor proves that a secret which the program forgot to mark would be among those that are
// looked for.
func TestUnmarkedSecretsAreLookedFor(t *testing.T) {
	outputs := map[string]any{"talosVersion": "v1.12.1"}
	for _, path := range append(secretLeaves, ".machineSecrets.future.token", ".machineSecrets.certs.os.cert") {
		at := outputs
		keys := strings.Split(path[1:], ".")
		for _, key := range keys[:len(keys)-1] {
			if at[key] == nil {
				at[key] = map[string]any{}
			}
			at = at[key].(map[string]any)
		}
		at[keys[len(keys)-1]] = "a secret of " + path
	}
	urn := func(token string) string { return "urn:pulumi:dev::inferadb::" + token + "::name" }
	resources := []map[string]any{{"urn": urn("talos:machine/secrets:Secrets"), "outputs": outputs}}
	for _, document := range documents {
		resources = append(resources, map[string]any{"urn": urn("cloud:" + document), "inputs": map[string]any{
			"metadata": []any{map[string]any{document: "#cloud-config " + document}},
		}})
	}
	values := slices.Collect(maps.Keys(secretsOf(t, resources)))
	for _, path := range append(secretLeaves, ".machineSecrets.future.token") {
		assert.Contains(t, values, "a secret of "+path)
	}
	for _, document := range documents {
		assert.Contains(t, values, "#cloud-config "+document)
	}
	assert.NotContains(t, values, "a secret of .machineSecrets.certs.os.cert")
}
