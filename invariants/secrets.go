package invariants

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// secretRows are about what is stored, who may read it, and who may change it.
var secretRows = []Invariant{
	{
		ID: 15,
		Sentence: "Every disk is encrypted, with the customer's key where the cloud accepts one: by the cloud, " +
			"or on a cloud that does not encrypt by Talos, from the machine configuration of the first " +
			"boot.",
		Rules: []string{"disk-encrypted", "disk-key"},
		Refused: []Setting{
			refuse("a pool without encryption", onePool(`,"count":3,"encrypted":false`),
				"pools[0].encrypted: there is no such key"),
			refuse("a pool without the key", onePool(`,"count":3,"encryptionKey":{"managed":false}`),
				"pools[0].encryptionKey: there is no such key"),
			refuse("no disk encryption", stack("diskEncryption", "none"),
				`diskEncryption: there is no diskEncryption "none"`),
			refuse("a KMS server without TLS", stack("diskEncryption", "luks", "luksKey", "http://kms.example.com"),
				"luksKey: is neither nodeID nor the https URL"),
			refuse("a KMS server inside the cluster",
				stack("diskEncryption", "luks", "luksKey", "https://kms.kube-system.svc"),
				"luksKey: the KMS server is inside the cluster"),
			refuse("a patch that removes the encryption of one volume", also(inAllPatches(
				"apiVersion: v1alpha1\nkind: VolumeConfig\nname: STATE\nencryption: {$patch: delete}"),
				"diskEncryption",
				"luks"), "patches.all[0]: "),
			refuse("a patch that adds a passphrase in clear",
				also(inAllPatches("apiVersion: v1alpha1\nkind: VolumeConfig\n"+
					"name: STATE\nencryption: {provider: luks2, keys: [{slot: 2, static: {passphrase: x}}]}"),
					"diskEncryption", "luks"),
				"changes the keys of the STATE volume"),
		},
		Elsewhere: []string{"TestPatchesLeaveTheKeysOfVolumesAlone"},
	},
	{
		ID:       28,
		Sentence: "Secrets are marked as secrets in inputs, outputs and state, and never logged.",
		Rules:    []string{"secrets-marked"},
		Checks: []Check{
			{Name: "no-secret-in-clear", Look: noSecretInClear,
				Breaks: []Breakage{{Stack: broken, Name: "a tag holds a secret", change: func(g *Graph, _ *Resource) {
					g.Resources["urn:added"] = &Resource{Type: "any:index/thing:Thing", Name: "added", Custom: true,
						Provider: aProvider,
						Inputs: resource.NewPropertyMapFromMap(
							map[string]any{"tags": map[string]any{"token": "the " + g.Secrets[0]}})}
				}}}},
			{Name: "outputs-are-secret", Look: outputsAreSecret, Breaks: []Breakage{
				{Stack: broken, Name: "the kubeconfig is shown",
					change: func(g *Graph, _ *Resource) { g.Outputs["kubeconfig"] = Output{} }},
				{Stack: broken, Name: "there is one more output",
					change: func(g *Graph, _ *Resource) { g.Outputs["machineSecrets"] = Output{} }},
			}},
		},
		Refused: []Setting{refuse("a Secret in clear in the stack file",
			stack("bootstrapManifests", `["apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: default}"]`),
			"bootstrapManifests[0]: has Secret default/a in clear")},
		Elsewhere: []string{"TestSecrets", "TestASecretIsNotTakenForATag"},
	},
	{
		ID: 41,
		Sentence: "Identities have the permissions that their work needs: no policy is unrestricted, control " +
			"planes have none (with `cloudController`, those of the controllers on resources with the " +
			"cluster's tag), each role belongs to one service, and a node's account has no role in its " +
			"project.",
		Unseen: "Roles for other purposes may need more.",
	},
}

// The resources of Talos.
const (
	talosApply      = "talos:machine/configurationApply:ConfigurationApply"
	talosSecrets    = "talos:machine/secrets:Secrets"
	talosBootstrap  = "talos:machine/bootstrap:Bootstrap"
	talosKubeconfig = "talos:cluster/kubeconfig:Kubeconfig"
)

// noSecretInClear looks for the cluster's secrets in values that are not marked as secrets.
func noSecretInClear(g *Graph, v *Violations) {
	for _, r := range g.all() {
		text := plain(resource.NewObjectProperty(r.Inputs))
		v.unless(!slices.ContainsFunc(g.Secrets, func(secret string) bool { return strings.Contains(text, secret) }), r,
			"holds a secret in clear")
	}
}

// plain returns the text of everything in a value that is not marked as a secret.
func plain(v resource.PropertyValue) string {
	var all strings.Builder
	var walk func(v resource.PropertyValue)
	walk = func(v resource.PropertyValue) {
		switch {
		case v.IsObject():
			for _, child := range v.ObjectValue() {
				walk(child)
			}
		case v.IsArray():
			for _, child := range v.ArrayValue() {
				walk(child)
			}
		case v.IsString():
			all.WriteString(v.StringValue() + "\n")
		}
	}
	walk(v)
	return all.String()
}

// outputsAreSecret checks what `pulumi stack output` shows.
func outputsAreSecret(g *Graph, v *Violations) {
	secret := map[string]bool{"kubeconfig": true, "kubeconfigs": true, "talosconfig": true, "clusters": false}
	for name, want := range secret {
		output, exported := g.Outputs[name]
		v.unless(exported, nil, "has no output %s", name)
		v.unless(output.Secret == want, nil, "marks the output %s as a secret: %v", name, output.Secret)
	}
	v.unless(len(g.Outputs) == len(secret), nil, "has %d outputs, not %d", len(g.Outputs), len(secret))
}
