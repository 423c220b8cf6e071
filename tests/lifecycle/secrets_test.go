package lifecycle

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSecretsStaySecret looks for every secret of a run in everything that the run leaves behind or prints.
func TestSecretsStaySecret(t *testing.T) {
	for provider, pools := range map[string]string{"aws": fixedAndSpot, "digitalocean": doPool, "gcp": fixedAndSpot} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			findSecrets(t, newStack(t, "dev", provider), pools)
		})
	}
}

// findSecrets takes a stack through its life, and looks for its secrets.
func findSecrets(t *testing.T, s *stack, pools string) {
	t.Helper()
	s.set("pools", pools)
	s.pulumi("preview", "--diff")
	s.up("--diff")
	s.set("pools", strings.Replace(pools, `"count":2`, `"count":2,"labels":{"tier":"gold"}`, 1))
	s.pulumi("preview", "--diff")
	s.preview()
	s.up("--diff")
	s.pulumi("refresh", "--yes", "--diff")
	secrets := s.secrets()
	require.Greater(t, len(secrets), 30, "the run has secrets to look for")
	places := s.places()
	s.destroy()
	places["what the commands printed"] = s.said.Bytes()
	for place, content := range places {
		for name, secret := range secrets {
			if form := find(content, secret); form != "" {
				t.Errorf("%s is in %s, %s", name, place, form)
			}
		}
	}
}

// places are the files that the run wrote, except the world, which holds the machines' disks.
func (s *stack) places() map[string][]byte {
	s.t.Helper()
	exported, err := json.Marshal(s.export())
	require.NoError(s.t, err)
	places := map[string][]byte{"the exported state": unpack(exported)}
	for _, root := range []string{"state", "home", "Pulumi.yaml", "Pulumi." + s.name + ".yaml"} {
		require.NoError(s.t, filepath.WalkDir(s.path(root), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			places[strings.TrimPrefix(path, s.folder+"/")] = unpack(content)
			return err
		}))
	}
	require.Greater(s.t, len(places), 6, "the state, its backups and its history")
	return places
}

// secrets are the values that nobody but their owner may read, by what they are.
func (s *stack) secrets() map[string]string {
	s.t.Helper()
	found := map[string]string{}
	clear := s.export("--show-secrets")
	for _, resource := range clear["deployment"].(map[string]any)["resources"].([]any) {
		resource := resource.(map[string]any)
		urn := resource["urn"].(string)
		for _, side := range []string{"inputs", "outputs"} {
			values, _ := resource[side].(map[string]any)
			name := typeOf(urn) + " " + urn[strings.LastIndex(urn, "::")+2:]
			collect(name+" "+side, values, found)
		}
	}
	return found
}

// private are the properties whose value is secret, wherever they stand.
var private = []string{
	"clientKey", "key", "token", "secret", "bootstrapToken", "secretboxEncryptionSecret", "machineConfiguration",
	"machineConfigurationInput", "userDataBase64", "userData", "user-data", "kubeconfigRaw", "kubeconfig", "talosconfig", "kubeconfigs",
}

// secretSignature marks an encrypted value in a deployment:
// https://github.com/pulumi/pulumi/blob/v3.258.0/sdk/go/common/resource/sig/sig.go
const secretSignature = "4dabf18193072939515e22adb298388d"

// collect finds secrets by their names, whether the state marks them or not, and all that it marks.
func collect(path string, value any, found map[string]string) {
	switch value := value.(type) {
	case map[string]any:
		if plaintext, marked := value["plaintext"].(string); marked && value[secretSignature] != nil {
			var inner any
			if json.Unmarshal([]byte(plaintext), &inner) == nil {
				collectSecret(path, inner, found)
			}
			return
		}
		for key, item := range value {
			if slices.Contains(private, key) && !isSHA1(item) && !isTag(path) {
				collectSecret(path+"."+key, item, found)
			}
			collect(path+"."+key, item, found)
		}
	case []any:
		for _, item := range value {
			collect(path+"[]", item, found)
		}
	}
}

// isSHA1: the AWS provider gives the digest of user data, not the text.
func isSHA1(value any) bool {
	text, _ := value.(string)
	_, err := hex.DecodeString(text)
	return err == nil && len(text) == 40
}

// isTag: a scaling group's tags are objects with a key.
func isTag(path string) bool { return strings.HasSuffix(path, ".tags[]") }

// collectSecret takes the texts of a secret value: an object with one secret property is secret as a whole, and its
// certificates, names and addresses are not.
func collectSecret(path string, value any, found map[string]string) {
	switch value := value.(type) {
	case string:
		if !public(path, value) {
			found[path] = value
		}
	case map[string]any:
		if value[secretSignature] != nil {
			collect(path, value, found)
			return
		}
		for key, item := range value {
			collectSecret(path+"."+key, item, found)
		}
	case []any:
		for _, item := range value {
			collectSecret(path+"[]", item, found)
		}
	}
}

// The SDK of Google Cloud marks what the provider makes of the labels; the labels stand beside it in clear.
var publicProperty = regexp.MustCompile(`\.(cert|caCertificate|clientCertificate|id|host|certSANs|name)$|\.(effectiveLabels|pulumiLabels)\.`)

// public says whether a value is secret only because it stands beside one. Nothing as short as that is worth looking for.
func public(path, value string) bool {
	return publicProperty.MatchString(path) || len(value) < 16
}

// find says in which form a text holds a secret, "" for none.
func find(content []byte, secret string) string {
	if bytes.Contains(content, []byte(secret)) {
		return "in clear"
	}
	quoted, err := json.Marshal(secret)
	if err == nil && bytes.Contains(content, quoted[1:len(quoted)-1]) {
		return "in JSON"
	}
	for _, form := range encoded(secret) {
		if bytes.Contains(content, []byte(form)) {
			return "in base64"
		}
	}
	return ""
}

// encoded are the parts of base64 text that are the same wherever the secret stands in the text that was encoded.
func encoded(secret string) []string {
	var forms []string
	for shift := range 3 {
		text := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("-", shift) + secret))
		// The characters at both ends depend on the neighbors as well.
		start := (shift*8 + 5) / 6
		forms = append(forms, text[start:len(text)-2])
	}
	return forms
}

var packed = regexp.MustCompile(`H4sI[A-Za-z0-9+/]{40,}={0,2}`)

// unpack adds to a text what is in it as base64 of gzip.
func unpack(content []byte) []byte {
	if reader, err := gzip.NewReader(bytes.NewReader(content)); err == nil {
		if content, err = io.ReadAll(reader); err != nil {
			return nil
		}
	}
	for _, text := range packed.FindAll(content, -1) {
		decoded, err := base64.StdEncoding.DecodeString(string(text))
		if err != nil {
			continue
		}
		if reader, err := gzip.NewReader(bytes.NewReader(decoded)); err == nil {
			clear, _ := io.ReadAll(reader)
			content = append(content, clear...)
		}
	}
	return content
}

// TestFindSecrets proves that the search would find what it looks for.
func TestFindSecrets(t *testing.T) {
	secret := "c2VjcmV0IGtleQ+/x\nsecond line"
	var zipped bytes.Buffer
	writer := gzip.NewWriter(&zipped)
	_, err := writer.Write([]byte("some text around: " + secret + strings.Repeat(", and more", 20)))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	quoted, err := json.Marshal(map[string]string{"a": secret})
	require.NoError(t, err)
	for name, content := range map[string]string{
		"clear":         "x" + secret + "y",
		"JSON":          string(quoted),
		"base64":        base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 + 1":    base64.StdEncoding.EncodeToString([]byte("a" + secret + "b")),
		"base64 + 2":    base64.StdEncoding.EncodeToString([]byte("ab" + secret + "cd")),
		"gzip":          zipped.String(),
		"base64 + gzip": `"` + base64.StdEncoding.EncodeToString(zipped.Bytes()) + `"`,
	} {
		assert.NotEmpty(t, find(unpack([]byte(content)), secret), name)
	}
	assert.Empty(t, find([]byte("another text"), secret))
}
