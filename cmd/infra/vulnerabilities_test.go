package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scanner writes a program that stands in for govulncheck.
func scanner(t *testing.T, says, code string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "govulncheck")
	require.NoError(t, os.WriteFile(name, []byte("#!/bin/sh\necho '"+says+"'\nexit "+code+"\n"), 0o755))
	return name
}

func TestVulnerabilities(t *testing.T) {
	unreachable := "not done, https://vuln.go.dev cannot be reached"
	for name, row := range map[string]struct{ says, code, verdict, failure string }{
		"none":         {"No vulnerabilities found.", "0", "nothing known", ""},
		"one":          {"Vulnerability #1: GO-2026-0001", "3", "", "Vulnerability #1: GO-2026-0001\n\nRaise the module"},
		"no way there": {"govulncheck: fetching vulnerabilities: no such host", "1", unreachable, ""},
		"no binary":    {"govulncheck: no such file", "1", "", "govulncheck: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			command := newVulnerabilities()
			verdict, err := vulnerabilities(t.Context(), scanner(t, row.says, row.code), "binary", command.Flag("database").DefValue)
			assert.Equal(t, row.verdict, verdict)
			if row.failure == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, row.failure)
			}
		})
	}
	_, err := vulnerabilities(t.Context(), "/nowhere/govulncheck", "binary", "")
	assert.ErrorContains(t, err, "/nowhere/govulncheck")
}
