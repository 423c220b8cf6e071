package lifecycle

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/inferadb/infra/simulator/sandbox"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWalkthrough runs what docs/getting-started.md says under "Without an account", as it stands there.
func TestWalkthrough(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, "docs", "getting-started.md"))
	require.NoError(t, err)
	section := regexp.MustCompile(`(?s)\n## Without an account\n(.*?)\n## `).FindSubmatch(text)
	require.NotNil(t, section, "the section without an account")
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(section[1], -1)
	require.Len(t, blocks, 3, "the demo, the look around, and a change")

	name := fmt.Sprintf("walkthrough-%d", os.Getpid())
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(filepath.Join(repository, ".demo", name))) })
	run := func(script string) string {
		command := exec.Command("bash", "-euo", "pipefail", "-c", script)
		command.Dir = repository
		// A person would answer the CLI's questions.
		command.Env = append(sandbox.Clean(os.Environ()), "DEMO_NAME="+name, "PULUMI_OPTION_YES=true", "PULUMI_OPTION_NON_INTERACTIVE=true")
		output, err := command.CombinedOutput()
		require.NoError(t, err, "%s\n%s", script, output)
		return string(output)
	}
	assert.Contains(t, run(string(blocks[0][1])), "dev on aws: done")
	said := run(string(blocks[1][1]) + string(blocks[2][1]))
	assert.Contains(t, said, "The stack is still up")
	assert.Contains(t, said, "### Preview of dev")
	nodes := said[strings.LastIndex(said, "CLUSTER"):]
	assert.Equal(t, 3, strings.Count(nodes, "controlplane"), nodes)
	assert.Equal(t, 4, strings.Count(nodes, "-web-"), nodes)
}
