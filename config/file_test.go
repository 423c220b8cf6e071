package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadStackFile(t *testing.T) {
	for name, row := range map[string]struct {
		text, problem string
		want          map[string]string
	}{
		"text, numbers, lists and objects": {
			text: "encryptionsalt: abc\nconfig:\n  inferadb:environment: dev\n  inferadb:controlPlanes: 3\n  inferadb:protection: false\n" +
				"  inferadb:regions: [nyc1, {name: sfo1}]\n  inferadb:talosVersion: 'v1.12.1'\n",
			want: map[string]string{
				"inferadb:environment": "dev", "inferadb:controlPlanes": "3", "inferadb:protection": "false",
				"inferadb:regions": `["nyc1",{"name":"sfo1"}]`, "inferadb:talosVersion": "v1.12.1",
			},
		},
		"an empty file": {text: "", want: map[string]string{}},
		"no YAML":       {text: "config: [", problem: "Pulumi.test.yaml: "},
		"encrypted patches, which only Pulumi can read": {
			text: "config:\n  inferadb:environment: dev\n  inferadb:patches:\n    secure: AAAB\n",
			want: map[string]string{"inferadb:environment": "dev"},
		},
		"patches of which one is encrypted": {
			text: "config:\n  inferadb:environment: dev\n  inferadb:patches:\n    all:\n    - 'machine: {}'\n    - secure: AAAB\n",
			want: map[string]string{"inferadb:environment": "dev"},
		},
		"an encrypted manifest": {
			text: "config:\n  inferadb:environment: dev\n  inferadb:bootstrapManifests:\n  - secure: AAAB\n",
			want: map[string]string{"inferadb:environment": "dev"},
		},
		"an encrypted part of a value": {
			text:    "config:\n  inferadb:tags: {a: b, c: {secure: AAAB}}\n",
			problem: "inferadb:tags: is encrypted, and outside of Pulumi nothing can read it; set it without --secret",
		},
		"an encrypted value": {
			text:    "config:\n  inferadb:endpoint:\n    secure: AAAB\n",
			problem: "Pulumi.test.yaml: inferadb:endpoint: is encrypted, and outside of Pulumi nothing can read it; set it without --secret",
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(folder, "Pulumi.test.yaml"), []byte(row.text), 0o600))
			settings, err := ReadStackFile(folder, "test")
			if row.problem != "" {
				assert.ErrorContains(t, err, row.problem)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, row.want, settings)
		})
	}
	_, err := ReadStackFile(t.TempDir(), "test")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestStackNames(t *testing.T) {
	names, err := StackNames("..")
	require.NoError(t, err)
	assert.Equal(t, []string{"dev", "production", "staging"}, names)
}
