package gcp

import (
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden file")

const golden = "testdata/staging.sh"

func TestCommands(t *testing.T) {
	s := Setup{Stack: "staging", Project: "my-project", Location: "us-east4", Repository: "acme/infra"}
	got, err := s.Commands(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "run: go test ./backend/gcp -update")
	output, err := exec.Command("bash", "-n", golden).CombinedOutput()
	assert.NoError(t, err, string(output))
	writes := regexp.MustCompile(`(?m)^.*roles/storage\.objectUser.*\n.*startsWith.*$`).FindAllString(got, -1)
	require.Len(t, writes, 1)
	assert.Contains(t, writes[0], "resource.name.startsWith('projects/_/buckets/$bucket/objects/etcd/')", "a backup writes no state")
	s.Repository = ""
	got, err = s.Commands(time.Now())
	require.NoError(t, err)
	assert.False(t, strings.Contains(got, "service-accounts") || strings.Contains(got, "workload-identity"), "accounts are an option")
}

// TestNothingIsPrintedThatAShellWouldRun of what is not a name.
func TestNothingIsPrintedThatAShellWouldRun(t *testing.T) {
	_, err := Setup{Stack: "Staging", Project: "$(id)", Location: "here;", Repository: "acme"}.Commands(time.Now())
	assert.EqualError(t, err, `STACK: "Staging" cannot be used; use at most 15 lower case letters, digits and hyphens
GCP_PROJECT: "$(id)" cannot be used; write a project's id
GCP_LOCATION: "here;" cannot be used; write a location like us-east4
REPOSITORY: "acme" cannot be used; write owner/name`)
}
