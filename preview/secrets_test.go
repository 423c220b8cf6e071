package preview

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// key is what no comment may show: a short text, so that shortening does not hide it.
const key = "hunter2"

// pem and packed are forms that secrets have under any name.
var (
	pem    = "-----BEGIN ED25519 PRIVATE KEY-----\n" + key + "\n-----END ED25519 PRIVATE KEY-----"
	packed = "H4sI" + strings.Repeat(key, 20)
)

func asSecret(value any) map[string]any {
	return map[string]any{sig.Key: sig.Secret, "plaintext": value, "ciphertext": value}
}

// hiding are properties that hold the key, each in another way. Nothing but the first is marked.
var hiding = map[string]map[string]any{
	"marked":           {"description": asSecret(key)},
	"marked inside":    {"list": []any{map[string]any{"inner": asSecret(map[string]any{"a": key})}}},
	"user data":        {"userData": key},
	"packed user data": {"userDataBase64": key},
	"launch template":  {"template": map[string]any{"user-data": key}},
	"GCP metadata":     {"metadata": map[string]any{"user-data": key, "user_data": key}},
	"kubeconfig":       {"kubeconfig": key, "kubeconfigs": map[string]any{"nyc1": key}, "kubeconfigRaw": key},
	"talosconfig":      {"talosconfig": key, "talosConfig": key},
	"client":           {"clientConfiguration": map[string]any{"clientKey": key, "caCertificate": key}},
	"machine":          {"machineConfigurationInput": key, "machineSecrets": map[string]any{"certs": map[string]any{"etcd": key}}},
	"provider":         {"token": key, "secretKey": key, "accessKey": key, "password": key, "credentials": key},
	"PEM anywhere":     {"description": pem, "tags": []any{"a " + pem}},
	"packed anywhere":  {"description": packed},
}

// through sends a step through JSON, as Pulumi does.
func through(t *testing.T, step apitype.StepEventMetadata) Result {
	t.Helper()
	var events strings.Builder
	encoder := json.NewEncoder(&events)
	require.NoError(t, encoder.Encode(apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: step}}))
	result, err := Read(strings.NewReader(events.String()))
	require.NoError(t, err)
	return result
}

func TestNoSecretIsShown(t *testing.T) {
	for name, properties := range hiding {
		t.Run(name, func(t *testing.T) {
			changed := map[string]apitype.PropertyDiff{}
			for property := range properties {
				changed[property] = apitype.PropertyDiff{Kind: apitype.DiffUpdate, InputDiff: true}
			}
			with := &apitype.StepEventStateMetadata{Inputs: properties, Outputs: properties}
			without := &apitype.StepEventStateMetadata{Inputs: map[string]any{}, Outputs: map[string]any{}}
			for _, step := range []apitype.StepEventMetadata{
				{Op: apitype.OpCreate, New: with},
				{Op: apitype.OpUpdate, Old: with, New: with, DetailedDiff: changed},
				{Op: apitype.OpUpdate, Old: without, New: with, DetailedDiff: changed},
				{Op: apitype.OpUpdate, Old: with, New: without, Diffs: slices.Sorted(maps.Keys(properties))},
				{Op: apitype.OpReplace, Old: with, New: without, DetailedDiff: changed},
				{Op: apitype.OpDelete, Old: with},
				{Op: apitype.OpRead, New: with},
			} {
				step.URN, step.Type = "urn:pulumi:dev::inferadb::aws:ec2/instance:Instance::node", "aws:ec2/instance:Instance"
				text := Comment{Stack: "dev", Kind: Preview, Result: through(t, step)}.Markdown(Limit)
				assert.NotContains(t, text, key, "%s, %s", name, step.Op)
				if step.Op == apitype.OpCreate {
					assert.Contains(t, text, secret)
				}
			}
		})
	}
}

// A path may lead into the middle of a secret.
func TestNoPartOfASecretIsShown(t *testing.T) {
	for _, path := range []string{"config.inner", "config.inner[0].a", "userData.x", `metadata["user-data"]`, "description"} {
		step := apitype.StepEventMetadata{
			Op: apitype.OpUpdate, URN: "urn:pulumi:dev::inferadb::a:b:C::d", Type: "a:b:C",
			Old: &apitype.StepEventStateMetadata{Inputs: map[string]any{}},
			New: &apitype.StepEventStateMetadata{Inputs: map[string]any{
				"config": asSecret(map[string]any{"inner": []any{map[string]any{"a": key}}}), "userData": map[string]any{"x": key},
				"metadata": map[string]any{"user-data": key}, "description": "[secret]",
			}},
			DetailedDiff: map[string]apitype.PropertyDiff{path: {Kind: apitype.DiffUpdate, InputDiff: true}},
		}
		text := Comment{Stack: "dev", Kind: Preview, Result: through(t, step)}.Markdown(Limit)
		assert.NotContains(t, text, key, path)
		assert.Contains(t, text, secret, path)
	}
}

func TestNoSecretInWhatFailed(t *testing.T) {
	for _, message := range []string{"cannot parse " + pem, "cannot parse " + packed, "user data: " +
		base64.StdEncoding.EncodeToString([]byte(strings.Repeat(key, 20)))} {
		result := Result{Failed: true, Diagnostics: []apitype.DiagnosticEvent{{Severity: "error", Message: message},
			{Severity: "warning", Message: message}}}
		result.Violations = []apitype.PolicyEvent{{Message: message}}
		result.Fail(message)
		text := Comment{Stack: "dev", Kind: Preview, Result: result, Unpriced: message}.Markdown(Limit)
		assert.NotContains(t, text, key)
		assert.NotContains(t, text, "aHVudGVyM", "its base64")
		assert.Contains(t, text, secret)
	}
}

// The locks against secrets leave what reviewers need.
func TestWhatIsNoSecretIsShown(t *testing.T) {
	properties := map[string]any{
		"httpTokens": "required", "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		"imageId": "ami-0123456789abcdef0", "schematic": strings.Repeat("0af9", 16), "count": 3.0, "zones": []any{}, "known": unknownValue,
		"description": strings.Repeat("ä ", 40), "nothing": nil, "__meta": "bridge",
	}
	got := map[string]string{}
	for _, leaf := range leaves("", properties) {
		got[leaf.path] = leaf.text
	}
	assert.Equal(t, map[string]string{
		"httpTokens": `"required"`, "kmsKeyId": `"arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56…"`,
		"imageId": `"ami-0123456789abcdef0"`, "schematic": `"` + strings.Repeat("0af9", 15) + `…"`, "count": "3", "zones": "[]", "known": unknown,
		"description": `"` + strings.Repeat("ä ", 30) + `…"`, "nothing": "null",
	}, got)
}

func TestPaths(t *testing.T) {
	properties := map[string]any{"tags": map[string]any{"kubernetes.io/cluster": "owned"}, "list": []any{map[string]any{"a-b": 1.0}}}
	for _, leaf := range leaves("", properties) {
		path, err := resource.ParsePropertyPath(leaf.path)
		require.NoError(t, err, leaf.path)
		assert.Equal(t, leaf.text, plain(at(properties, path)), "what is shown can be found again: %s", leaf.path)
	}
}

// Nothing that a name or a value holds ends the block or the tag in which it stands.
func TestNothingBreaksOut(t *testing.T) {
	step := apitype.StepEventMetadata{
		Op: apitype.OpCreate, Type: "a:b:C", URN: "urn:pulumi:dev::inferadb::" + clusterType + "$a:b:C::x",
		New: &apitype.StepEventStateMetadata{
			Parent: "urn:pulumi:dev::inferadb::" + clusterType + "::</summary><h1>",
			Inputs: map[string]any{"policy": "```\n</details>\n```"},
		},
	}
	result := through(t, step)
	result.Fail("````\n@everyone\n```")
	text := Comment{Stack: "dev", Kind: Preview, Result: result}.Markdown(Limit)
	assert.NotContains(t, text, "<h1>")
	assert.Contains(t, text, "\n`````text\n````\n@everyone\n```\n`````\n")
	assert.Contains(t, text, "\n````diff\n")
	assert.Contains(t, text, fmt.Sprintf("policy: %q", "```\n</details>\n```"))
}
