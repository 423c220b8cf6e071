package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheDocumentIsFresh(t *testing.T) {
	text, err := os.ReadFile("../../" + document)
	require.NoError(t, err)
	fresh, err := render(string(text))
	require.NoError(t, err)
	assert.True(t, string(text) == fresh, "docs/invariants.md is stale; run: go generate ./invariants")
}

func TestOnlyTheTablesAreReplaced(t *testing.T) {
	const empty = "before\n<!-- invariants, generated from invariants/ -->\nold\n<!-- end of invariants -->\n" +
		"between\n<!-- rules, generated from invariants/ -->\nold\n<!-- end of rules -->\nafter\n"
	text, err := render(empty)
	require.NoError(t, err)
	for _, kept := range []string{"before\n", "between\n", "after\n"} {
		assert.Contains(t, text, kept)
	}
	assert.NotContains(t, text, "old\n")
	_, err = render(strings.ReplaceAll(empty, "<!-- end of rules -->", ""))
	assert.ErrorContains(t, err, "are missing; put them around the table")
}
