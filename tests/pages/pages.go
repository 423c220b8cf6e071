// Package pages compares generated documents, or parts of them, with what they are generated from.
package pages

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Fresh compares the part of a page between the comments "begin: name" and "end: name" with the text. With update it
// writes the text.
func Fresh(t *testing.T, update bool, path, name, text string) {
	t.Helper()
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	begin, end := "<!-- begin: "+name+" -->\n", "<!-- end: "+name+" -->"
	before, rest, found := strings.Cut(string(page), begin)
	require.True(t, found, "%s has no line %s", path, begin)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found, "%s has no line %s", path, end)
	FreshFile(t, update, path, before+begin+text+end+after)
}

// FreshFile compares a file with the text. With update it writes the text.
func FreshFile(t *testing.T, update bool, path, text string) {
	t.Helper()
	if update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return
	}
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, text, string(written), "run: make graph")
}
