package stackfile

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnItemIsRemovedAndTheRestOfTheFileStays(t *testing.T) {
	const key = "inferadb:acknowledge"
	for name, test := range map[string]struct{ before, after string }{
		"no list":    {"config:\n  inferadb:provider: aws # cheap\n", "config:\n  inferadb:provider: aws # cheap\n"},
		"not in it":  {"config:\n  inferadb:acknowledge: [b]\n", "config:\n  inferadb:acknowledge: [b]\n"},
		"empty list": {"config:\n  inferadb:acknowledge: []\n", "config:\n  inferadb:acknowledge: []\n"},
		"the last": {
			"config:\n  inferadb:acknowledge:\n    - \"etcd-left:a\"\n  inferadb:provider: aws\n", "config:\n  inferadb:provider: aws\n"},
		"one of a list": {
			"config:\n    inferadb:acknowledge:\n    # The first.\n    - b # done\n    - \"etcd-left:a\" # too\n    - c\n    inferadb:provider: aws\n",
			"config:\n    inferadb:acknowledge:\n    # The first.\n    - b # done\n    - c\n    inferadb:provider: aws\n"},
		"one of a list with brackets": {
			"config:\n  inferadb:acknowledge: [b, \"etcd-left:a\",\n    c]\n  inferadb:provider: aws\n",
			"config:\n  inferadb:acknowledge: [\"b\", \"c\"]\n  inferadb:provider: aws\n"},
	} {
		t.Run(name, func(t *testing.T) {
			after, err := Remove([]byte(test.before), key, "etcd-left:a")
			require.NoError(t, err)
			assert.Equal(t, test.after, string(after))
		})
	}
	_, err := Remove([]byte("config:\n  inferadb:acknowledge: {a: b}\n"), key, "a")
	assert.ErrorContains(t, err, "is not a list of texts")
}
