package lifecycle

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/inferadb/infra/simulator/sandbox"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheDemoShowsWhatItWaitedFor runs the demo in a fiftieth of the clouds' own time. What was measured is no shorter
// than what the dependencies and the table of times say, or the simulator would not wait.
func TestTheDemoShowsWhatItWaitedFor(t *testing.T) {
	takesLong(t)
	t.Parallel()
	for _, provider := range []string{"aws", "gcp", "digitalocean"} {
		t.Run(provider, func(t *testing.T) {
			name := fmt.Sprintf("latency-%s-%d", provider, os.Getpid())
			t.Cleanup(func() { assert.NoError(t, os.RemoveAll(filepath.Join(repository, ".demo", name))) })
			command := exec.Command("make", "demo", "STACK=dev", "PROVIDER="+provider, "LATENCY=0.02")
			command.Dir = repository
			command.Env = append(sandbox.Clean(os.Environ()), "DEMO_NAME="+name)
			output, err := command.CombinedOutput()
			require.NoError(t, err, "%s", output)
			line := regexp.MustCompile(`Total (\d+:\d\d); measured (\d+:\d\d)\. Minimum \d+:\d\d, ratio 1\.(?:0\d|10):`)
			said := line.FindAllSubmatch(output, -1)
			require.Len(t, said, 2, "%s", output)
			for _, totals := range said {
				assert.GreaterOrEqual(t, minutes(t, totals[2]), minutes(t, totals[1]), "%s", totals[0])
			}
		})
	}
}

// minutes reads minutes and seconds.
func minutes(t *testing.T, text []byte) time.Duration {
	t.Helper()
	parts := regexp.MustCompile(`(\d+):(\d+)`).FindSubmatch(text)
	m, err := strconv.Atoi(string(parts[1]))
	require.NoError(t, err)
	s, err := strconv.Atoi(string(parts[2]))
	require.NoError(t, err)
	return time.Duration(m)*time.Minute + time.Duration(s)*time.Second
}
