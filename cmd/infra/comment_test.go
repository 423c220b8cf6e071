package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/inferadb/infra/preview"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pulumiThatPrints writes a program that stands in for the CLI: it prints the events of a file and what a failing CLI
// says, and ends with the code.
func pulumiThatPrints(t *testing.T, events, message, code string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "preview", "testdata", events))
	require.NoError(t, err)
	script := filepath.Join(t.TempDir(), "pulumi")
	text := "#!/bin/sh\n" +
		`[ "$1 $2" = "preview --json" ] && [ "$PULUMI_ENABLE_STREAMING_JSON_PREVIEW" = true ] || exit 9` + "\n" +
		"cat " + path + "\necho '" + message + "' >&2\nexit " + code + "\n"
	require.NoError(t, os.WriteFile(script, []byte(text), 0o755))
	return script
}

func TestAComment(t *testing.T) {
	for name, row := range map[string]struct {
		kind                  preview.Kind
		events, message, code string
		failure               string
		says                  []string
	}{
		"a change": {preview.Preview, "change.jsonl", "", "0", "", []string{"### Preview of dev\n", "<summary>Cost of dev: "}},
		"a refusal": {preview.Preview, "refused.jsonl", "", "1", "pulumi preview: exit status 1",
			[]string{"### Preview of dev: failed\n", "controlPlanes: 2 is not 1, 3 or 5"}},
		"a login that failed": {preview.Preview, "none.jsonl", "error: incorrect passphrase", "1", "pulumi preview: exit status 1",
			[]string{"### Preview of dev: failed\n", "error: incorrect passphrase"}},
		"no preview at all": {preview.Preview, "change.md", "", "0", "line 1 of the preview is not an event", []string{"line 1 of the preview is not an event"}},
		"drift":             {preview.Drift, "drift.jsonl", "", "0", "dev has drifted", []string{"### Drift of dev\n", "enableDnsSupport: true => false"}},
	} {
		t.Run(name, func(t *testing.T) {
			summary := filepath.Join(t.TempDir(), "comment.md")
			err := writeComment(io.Discard, preview.Comment{Stack: "dev", Kind: row.kind}, summary, "../..",
				[]string{pulumiThatPrints(t, row.events, row.message, row.code), "preview"})
			if row.failure == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, row.failure)
			}
			text, err := os.ReadFile(summary)
			require.NoError(t, err)
			for _, words := range row.says {
				assert.Contains(t, string(text), words)
			}
		})
	}
}

func TestARefusedComment(t *testing.T) {
	for name, row := range map[string]struct {
		kind    preview.Kind
		command []string
		want    string
	}{
		"secrets":         {preview.Preview, []string{"true", "--show-secrets=true"}, "ARGS: --show-secrets is not allowed in a comment; remove it"},
		"no such command": {preview.Preview, []string{"./no-such-command"}, "no-such-command"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorContains(t, writeComment(io.Discard, preview.Comment{Stack: "dev", Kind: row.kind}, "",
				"../..", row.command), row.want)
		})
	}
}
