package stackfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func addStep(text []byte) ([]byte, error) { return Append(text, "inferadb:acknowledge", "etcd-left:a") }

func TestAnItemIsAppendedAndTheRestOfTheFileStays(t *testing.T) {
	for name, test := range map[string]struct{ before, after string }{
		"no list yet": {
			"# The stack.\nconfig:\n  # Where.\n  inferadb:provider: aws # cheap\n  inferadb:regions: [nyc1]\n",
			"# The stack.\nconfig:\n  inferadb:acknowledge:\n    - \"etcd-left:a\"\n  # Where.\n  inferadb:provider: aws # cheap\n  inferadb:regions: [nyc1]\n"},
		"a list": {
			"config:\n    inferadb:acknowledge:\n    # The first.\n    - etcd-left:b # done\n    inferadb:provider: aws",
			"config:\n    inferadb:acknowledge:\n    # The first.\n    - etcd-left:b # done\n    - \"etcd-left:a\"\n    inferadb:provider: aws\n"},
		"a list with brackets": {
			"encryptionsalt: v1\nconfig:\n  inferadb:acknowledge: [\"etcd-left:b\",\n    etcd-left:c]\n  inferadb:provider: aws\n",
			"encryptionsalt: v1\nconfig:\n  inferadb:acknowledge:\n    - \"etcd-left:b\"\n    - \"etcd-left:c\"\n    - \"etcd-left:a\"\n  inferadb:provider: aws\n"},
		"an empty list": {
			"config:\n  inferadb:provider: aws\n  inferadb:acknowledge: []\n",
			"config:\n  inferadb:provider: aws\n  inferadb:acknowledge:\n    - \"etcd-left:a\"\n"},
		"nothing behind the key": {
			"config:\n  inferadb:acknowledge:\n  inferadb:provider: aws\n",
			"config:\n  inferadb:acknowledge:\n    - \"etcd-left:a\"\n  inferadb:provider: aws\n"},
		"there already": {
			"config: # all\n  inferadb:acknowledge: [etcd-left:a]\n", "config: # all\n  inferadb:acknowledge: [etcd-left:a]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "Pulumi.staging.yaml")
			require.NoError(t, os.WriteFile(path, []byte(test.before), 0o640))
			require.NoError(t, Edit(path, addStep))
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, test.after, string(text))
			info, err := os.Stat(path)
			require.NoError(t, err)
			assert.Equal(t, os.FileMode(0o640), info.Mode().Perm())
		})
	}
}

func TestAFileThatCannotBeEditedIsLeftAlone(t *testing.T) {
	for _, text := range []string{
		"config: {inferadb:provider: aws}\n",
		"encryptionsalt: v1\n",
		"config:\n  inferadb:acknowledge: [\n    etcd-left:b\n  ]\n  inferadb:provider: aws\n",
		"config:\n  inferadb:acknowledge: {etcd-left: b}\n",
	} {
		path := filepath.Join(t.TempDir(), "Pulumi.staging.yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		assert.Error(t, Edit(path, addStep), text)
		left, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, text, string(left))
	}
}

func TestSet(t *testing.T) {
	const key = "inferadb:talosVersion"
	for name, test := range map[string]struct{ before, value, after string }{
		"changed":       {"config:\n  a: b # c\n  " + key + ": v1 # d\n  e: f\n", "v2", "config:\n  a: b # c\n  " + key + ": v2 # d\n  e: f\n"},
		"added":         {"# x\nconfig:\n    # y\n    a: b\n", "v2", "# x\nconfig:\n    # y\n    " + key + ": v2\n    a: b\n"},
		"removed":       {"config:\n  a: b\n  " + key + ":\n    c: d\n    e: f\n  g: h\n", "", "config:\n  a: b\n  g: h\n"},
		"not there":     {"config:\n  a: b\n", "", "config:\n  a: b\n"},
		"last, no end":  {"config:\n  a: b\n  " + key + ": v1", "v2", "config:\n  a: b\n  " + key + ": v2\n"},
		"an empty text": {"config:\n  a: b\n  " + key + ":\n", "v2", "config:\n  a: b\n  " + key + ": v2\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Set([]byte(test.before), key, test.value)
			require.NoError(t, err)
			assert.Equal(t, test.after, string(got))
		})
	}
	for _, text := range []string{"config: {a: b}\n", "a: b\n", "config:\n  " + key + ": [\n    v1\n  ]\n  a: b\n"} {
		_, err := Set([]byte(text), key, "v2")
		assert.Error(t, err, text)
	}
}
