package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAStepIsAddedAndTheRestOfTheFileStays(t *testing.T) {
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
			require.NoError(t, acknowledge(path, "etcd-left:a"))
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
		assert.Error(t, acknowledge(path, "etcd-left:a"), text)
		left, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, text, string(left))
	}
}
