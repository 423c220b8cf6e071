// Package pages compares generated parts of the documents with what they are generated from.
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
	want := before + begin + text + end + after
	if update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		return
	}
	assert.Equal(t, want, string(page), "run: make graph")
}
