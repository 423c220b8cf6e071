package documents

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// here are the commands that take seconds: this test runs them as they stand.
var here = regexp.MustCompile(`^(make help|make cost STACK=\w+( \w+=\w+)*|go test (\./(regions|config|cost|tests/documents)/?(\.\.\.)? ?)+)$`)

// elsewhere are the commands that take minutes, and what runs them: a file, and what it says.
var elsewhere = map[string][2]string{
	"make test": {".ci/run", "make test"},
	// The same script as the walkthrough's, on the larger stack.
	"make demo":                     {walkthrough, "dev on aws: done"},
	"make demo STACK=dev LATENCY=1": {"tests/lifecycle/latency_test.go", "LATENCY="},
	"make simulator":                {"Makefile", "\ntest: tools simulator"},
	// The same script as the walkthrough's, on another stack.
	"make preview-simulated STACK=staging": {walkthrough, "### Preview of dev"},
}

// walkthrough runs every command of the section of that name in docs/getting-started.md.
const (
	walkthrough        = "tests/lifecycle/walkthrough_test.go"
	walkthroughPage    = "docs/getting-started.md"
	walkthroughSection = "Without an account"
)

// TestEveryCommandRunsOrSaysWhatItNeeds: a command in a document is run here, or by a test that is named, or its block
// says what it needs that no test has.
func TestEveryCommandRunsOrSaysWhatItNeeds(t *testing.T) {
	all := pages(t)
	proven := map[string]bool{}
	for _, p := range all {
		for _, b := range p.blocks {
			if p.path == walkthroughPage && b.under == walkthroughSection {
				for _, command := range b.commands() {
					proven[command] = true
				}
			}
		}
	}
	contains(t, walkthrough, walkthroughSection)
	for _, p := range all {
		for _, b := range p.blocks {
			if !b.shell() || b.needs != "" {
				continue
			}
			for _, command := range b.commands() {
				if !proven[command] {
					prove(t, b, command)
				}
				proven[command] = true
			}
		}
	}
	for command := range elsewhere {
		assert.True(t, proven[command], "no document has the command %q: remove it from the list", command)
	}
}

// prove runs a command, or looks for what does.
func prove(t *testing.T, b block, command string) {
	t.Helper()
	if proof, known := elsewhere[command]; known {
		contains(t, proof[0], proof[1])
		return
	}
	if here.MatchString(command) {
		output, err := shell(command)
		assert.NoError(t, err, "%s: %s\n%s", b.at, command, output)
		return
	}
	assert.Fail(t, "no test runs it", "%s: %s\nput <!-- needs: %s --> before its block, add it to the lists of this test, "+
		"or name the block's language if this is no command", b.at, command, strings.Join(wants, " | "))
}

func contains(t *testing.T, file, said string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, file))
	require.NoError(t, err)
	assert.Contains(t, string(text), said, "%s does not run it any more", file)
}

// shell runs a command in the repository as a person would, without anything that leads to a cloud.
func shell(command string) (string, error) {
	cmd := exec.Command("bash", "-c", command)
	cmd.Dir = repository
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "PULUMI_") && !strings.HasPrefix(entry, "SIMULATOR_") && !strings.HasPrefix(entry, "MAKE") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	output, err := cmd.CombinedOutput()
	return string(output), err
}

var (
	makeCommand = regexp.MustCompile(`^make( -s)?(( |$).*)`)
	variable    = regexp.MustCompile(`\b([A-Z]\w*)=`)
	// ofBackends are variables that infra reads in the environment: cmd/infra/backends.go.
	ofBackends = regexp.MustCompile(`^(BACKEND|SECRETS)_\w+$`)
	target     = regexp.MustCompile(`(?m)^([a-z-]+( [a-z-]+)*):`)
)

// TestEveryMakeCommandExists: targets and variables, in blocks and within lines. Where nothing is left open, make
// itself says what it would do.
func TestEveryMakeCommandExists(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(repository, "Makefile"))
	require.NoError(t, err)
	var targets []string
	for _, match := range target.FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, strings.Fields(match[1])...)
	}
	seen := map[string]bool{}
	for _, p := range pages(t) {
		commands := p.spans
		for _, b := range p.blocks {
			if b.shell() {
				commands = append(commands, b.commands()...)
			}
		}
		for _, command := range commands {
			match := makeCommand.FindStringSubmatch(command)
			if match == nil || seen[command] {
				continue
			}
			seen[command] = true
			words := strings.Fields(match[2])
			if len(words) > 0 && regexp.MustCompile(`^[a-z-]+$`).MatchString(words[0]) {
				if !assert.True(t, slices.Contains(targets, words[0]), "%s: the Makefile has no target for %s", p.path, command) {
					continue
				}
			}
			for _, name := range variable.FindAllStringSubmatch(strings.SplitN(command, "ARGS=", 2)[0], -1) {
				if !ofBackends.MatchString(name[1]) {
					assert.Contains(t, string(makefile), "$("+name[1]+")", "%s: %s", p.path, command)
				}
			}
			if !strings.ContainsAny(command, "…<>[") && !strings.Contains(command, "...") && stackKnown(command) {
				output, err := shell("make -n" + match[2])
				assert.NoError(t, err, "%s: %s\n%s", p.path, command, output)
			}
		}
	}
}

// stackKnown reports whether make can tell what a command would do: most want to know the stack.
func stackKnown(command string) bool {
	needless := []string{"demo", "test", "help", "lint", "fmt", "build", "clean", "tools", "graph", "bench", "simulator", "simulator-env"}
	return strings.Contains(command, "STACK=") ||
		slices.ContainsFunc(needless, func(t string) bool { return strings.HasSuffix(command, "make "+t) })
}
