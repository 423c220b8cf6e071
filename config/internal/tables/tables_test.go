package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/inferadb/infra/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const repository = "../../.."

func TestTheTablesAreFresh(t *testing.T) {
	files, err := render("../..", repository)
	require.NoError(t, err)
	require.Len(t, files, 2)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(repository, name))
		require.NoError(t, err)
		assert.True(t, string(got) == want, "%s is stale; run: go generate ./config", name)
	}
}

// TestEveryKeyIsInBothFiles looks for the keys without the generator's help.
func TestEveryKeyIsInBothFiles(t *testing.T) {
	files, err := render("../..", repository)
	require.NoError(t, err)
	for _, field := range reflect.VisibleFields(reflect.TypeFor[config.Stack]()) {
		key := field.Tag.Get("json")
		assert.Contains(t, files["README.md"], "\n| `"+key+"` | ")
		assert.Contains(t, files["Pulumi.yaml"], "\n  "+key+":\n")
	}
}

func TestComments(t *testing.T) {
	for _, test := range []struct {
		comment, byDefault, want, fails string
	}{
		{comment: "Number of\nmachines. Default: 3.\n\nNot in the table.\n", want: "Number of machines | 3"},
		{comment: "The name. It is short. Required.", want: "The name. It is short | required"},
		{comment: "`tcp` or `udp`.", byDefault: "tcp", want: "`tcp` or `udp` | tcp"},
		{comment: "Version. Default: [DefaultTalosVersion].", want: "Version | " + config.DefaultTalosVersion},
		{comment: "Number of machines.", fails: "no default tag"},
		{comment: "Number of machines. Default: 3.", byDefault: "3", fails: "has a default tag"},
		{comment: "Required.", fails: "is missing"},
		{comment: "", byDefault: "3", fails: "is missing"},
	} {
		s, err := parseComment(config.Key{Default: test.byDefault}, test.comment)
		if test.fails != "" {
			assert.ErrorContains(t, err, test.fails, test.comment)
			continue
		}
		require.NoError(t, err, test.comment)
		assert.Equal(t, test.want, s.text+" | "+s.byDefault())
	}
}

func TestDocumentsAreLinked(t *testing.T) {
	assert.Equal(t, "nodes ([next steps](docs/next-steps.md#open-a-port)) and [state](docs/state.md)",
		linked("nodes (docs/next-steps.md#open-a-port) and docs/state.md"))
}

func TestOnlyTheMarkedPartIsReplaced(t *testing.T) {
	const file = "before\n<!-- generated from config/stack.go -->\nold\n<!-- end of what is generated -->\nafter\n"
	text, err := between(file, "new\n")
	require.NoError(t, err)
	assert.Equal(t, strings.Replace(file, "old", "new", 1), text)
	_, err = between("nothing is marked", "new\n")
	assert.ErrorContains(t, err, "missing")
}
