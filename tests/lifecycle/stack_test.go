// Package lifecycle brings stacks up, changes them and takes them down: with the real Pulumi CLI and engine, the real
// program and real state, on the simulator.
package lifecycle

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/inferadb/infra/simulator/sandbox"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// repository is the project's folder, cli the Pulumi CLI that runs its program, and secrets the folder of the secrets
// that the clusters of all tests share.
var repository, cli, secrets string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

// forgetCaller unsets what the shell and make hand to this process and the commands under test would take for theirs:
// the simulator's settings, and the variables of `make test ARGS=-count=1`.
func forgetCaller() {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "SIMULATOR_") || strings.HasPrefix(name, "MAKE") || name == "MFLAGS" || name == "ARGS" {
			os.Unsetenv(name)
		}
	}
}

// run compiles the program once: linking the cloud SDKs takes longer than bringing a stack up.
func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "lifecycle")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	forgetCaller()
	secrets = filepath.Join(folder, "secrets")
	if repository, err = filepath.Abs("../.."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for _, tool := range []string{"pulumi", "pulumi-language-go", "pulumi-analyzer-policy-inferadb", "infra", "simulator/simulator", "simulator/pulumi-resource-talos"} {
		// 1 is X_OK. A look by package os would make the result depend on the time at which the tool was linked.
		if err := syscall.Access(filepath.Join(repository, ".bin", tool), 1); err != nil {
			fmt.Fprintf(os.Stderr, ".bin/%s: %v; run: make tools simulator infra\n", tool, err)
			return 1
		}
	}
	lookAtSources()
	if cli, err = sandbox.CLI(repository, ".", folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if os.Getenv("LONG_TESTS") != "" {
		if err := chooseLongTests(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// lookAtSources lets the go command know of the files that the CLI, the simulator and make read: it repeats a test if a
// file has changed that the test looked at. The tests read the pages that they need themselves.
func lookAtSources() {
	list := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "--", ":!*.md", ":!docs")
	list.Dir = repository
	out, err := list.Output()
	if err != nil {
		// Without git's list, a look at a file that is never old enough has the tests repeated each time.
		fresh := filepath.Join(repository, ".bin", "no-list-of-sources")
		_ = os.WriteFile(fresh, nil, 0o600)
		_, _ = os.Stat(fresh)
	}
	for name := range strings.Lines(string(out)) {
		// What is listed and not there is about to be deleted.
		_, _ = os.Stat(filepath.Join(repository, strings.TrimSpace(name)))
	}
}

// chooseLongTests runs only the tests that call takesLong, unless the command line chooses others.
func chooseLongTests() error {
	flag.Parse()
	files, err := filepath.Glob("*_test.go")
	if err != nil || flag.Lookup("test.run").Value.String() != "" {
		return err
	}
	var names []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, function := range strings.Split(string(text), "\nfunc ")[1:] {
			if name, body, _ := strings.Cut(function, "("); strings.HasPrefix(name, "Test") && strings.Contains(body, "takesLong(t)") {
				names = append(names, name)
			}
		}
	}
	return flag.Set("test.run", "^("+strings.Join(names, "|")+")$")
}

// takesLong skips a test of many minutes, unless `make test-long` runs it.
func takesLong(t *testing.T) {
	t.Helper()
	if os.Getenv("LONG_TESTS") == "" {
		t.Skip("takes minutes a cloud: make test-long runs it")
	}
}

// stack is a copy of one of the project's stacks, with its own home, state and simulated clouds.
type stack struct {
	t           *testing.T
	name        string
	folder      string
	environment []string
	// cli is the Pulumi CLI that runs the stack's program.
	cli string
	// said is everything that any command printed.
	said bytes.Buffer
}

// passphrase encrypts the secrets of every stack here.
const passphrase = "correct horse battery staple"

// newStack initializes the stack in a new folder, on a provider. Tests of different stacks run side by side.
func newStack(t *testing.T, name, provider string) *stack {
	t.Helper()
	s := newFolder(t, name, "", cli)
	s.pulumi("stack", "init", name, "--secrets-provider", "passphrase")
	s.set("provider", provider)
	return s
}

// newFolder prepares a stack of the program in a folder of the repository, which the CLI runs.
func newFolder(t *testing.T, name, program, cli string) *stack {
	t.Helper()
	folder := sandbox.Sandbox{Root: repository, Folder: t.TempDir(), Stack: name, Program: program, CLI: cli}
	require.NoError(t, folder.Create())
	return &stack{t: t, name: name, folder: folder.Folder, cli: cli, environment: append(folder.Environment(),
		"SIMULATOR_SECRETS="+secrets,
		"PULUMI_CONFIG_PASSPHRASE="+passphrase,
		// The commands are short and small: collecting garbage less often takes an eighth off the tests.
		"GOGC=400",
	)}
}

// nyc1 is the cloud's own name of the region nyc1.
var nyc1 = map[string]string{"aws": "us-east-1", "gcp": "us-east4", "digitalocean": "nyc1"}

// fixtures are a network, and a key for disks where the cloud has keys, that were there before the program.
type fixtures struct {
	ID, Key   string
	SubnetIDs []string
}

// createFixtures creates a network and a key with the arguments of `simulator create-fixtures`: the cloud's region, a
// range, and what else it takes.
func (s *stack) createFixtures(arguments ...string) fixtures {
	s.t.Helper()
	out, err := s.try(nil, "simulator", append([]string{"create-fixtures"}, arguments...)...)
	require.NoError(s.t, err)
	var made fixtures
	require.NoError(s.t, json.Unmarshal([]byte(out), &made))
	return made
}

func (s *stack) path(elements ...string) string {
	return filepath.Join(append([]string{s.folder}, elements...)...)
}

// patience is many times what any command takes.
const patience = 5 * time.Minute

// command prepares a command of the stack's, in its folder and environment.
func (s *stack) command(ctx context.Context, environment []string, name string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, name, arguments...)
	// exec looks names up in our own PATH, not in the stack's.
	switch name {
	case "pulumi":
		command.Path, command.Err = s.cli, nil
	case "infra":
		command.Path, command.Err = filepath.Join(repository, ".bin", name), nil
	case "simulator", "talosctl":
		command.Path, command.Err = filepath.Join(repository, ".bin", "simulator", name), nil
	}
	command.Dir = s.folder
	command.Env = append(append([]string{}, s.environment...), environment...)
	return command
}

// onlyTheLastState spares half of an up's processor time, which goes into writing the whole state anew for each
// resource. It is for commands that nothing kills.
const onlyTheLastState = "PULUMI_SKIP_CHECKPOINTS=true"

// try runs a command in the stack's folder and returns what it printed.
func (s *stack) try(environment []string, name string, arguments ...string) (stdout string, err error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	command := s.command(ctx, append([]string{onlyTheLastState}, environment...), name, arguments...)
	// A command that hangs says where.
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGQUIT) }
	command.WaitDelay = 10 * time.Second
	var out, diagnostics bytes.Buffer
	command.Stdout, command.Stderr = &out, &diagnostics
	err = command.Run()
	// What the test itself asks for in clear does not count as said.
	if !strings.Contains(strings.Join(arguments, " "), "--show-secrets") {
		s.said.Write(out.Bytes())
	}
	s.said.Write(diagnostics.Bytes())
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(arguments, " "), err, out.String(), diagnostics.String())
	}
	return out.String(), err
}

func (s *stack) pulumi(arguments ...string) string {
	s.t.Helper()
	out, err := s.try(nil, "pulumi", append(arguments, "--non-interactive", "--color", "never")...)
	require.NoError(s.t, err)
	return out
}

// set changes a setting of the stack file, as a person would write it; value is YAML.
func (s *stack) set(key, value string) {
	s.t.Helper()
	var file map[string]any
	text, err := os.ReadFile(s.path("Pulumi." + s.name + ".yaml"))
	require.NoError(s.t, err)
	require.NoError(s.t, yaml.Unmarshal(text, &file))
	var parsed any
	require.NoError(s.t, yaml.Unmarshal([]byte(value), &parsed))
	file["config"].(map[string]any)["inferadb:"+key] = parsed
	text, err = yaml.Marshal(file)
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(s.path("Pulumi."+s.name+".yaml"), text, 0o600))
}

func (s *stack) up(arguments ...string) {
	s.t.Helper()
	s.pulumi(append([]string{"up", "--yes", "--skip-preview"}, arguments...)...)
}

// startUp starts an up that lasts, because the clouds take a tenth of their time, and waits until it holds the stack's
// lock.
func (s *stack) startUp() (up *exec.Cmd, ended chan error) {
	s.t.Helper()
	up = s.command(context.Background(), []string{"SIMULATOR_LATENCY=0.1"},
		"pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
	require.NoError(s.t, up.Start())
	ended = make(chan error, 1)
	go func() { ended <- up.Wait() }()
	require.Eventually(s.t, func() bool { return len(s.locks()) > 0 }, time.Minute, 10*time.Millisecond)
	return up, ended
}

// failingUp is an up under a fault of the simulator; it returns what was printed.
func (s *stack) failingUp(fault string) string {
	s.t.Helper()
	_, err := s.try([]string{"SIMULATOR_FAULT=" + fault}, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
	require.Error(s.t, err)
	return err.Error()
}

// steps counts what a preview would do: "create aws:ec2/vpc:Vpc". What stays the same is left out.
type steps map[string]int

func (s *stack) preview(arguments ...string) steps {
	s.t.Helper()
	var plan struct {
		Steps []struct{ Op, URN string }
	}
	require.NoError(s.t, json.Unmarshal([]byte(s.pulumi(append([]string{"preview", "--json"}, arguments...)...)), &plan))
	require.NotEmpty(s.t, plan.Steps)
	planned := steps{}
	for _, step := range plan.Steps {
		if step.Op != "same" {
			planned[step.Op+" "+typeOf(step.URN)]++
		}
	}
	return planned
}

// typeOf is a resource's own type: the last of the types in a URN.
func typeOf(urn string) string {
	parts := strings.Split(urn, "::")
	types := strings.Split(parts[2], "$")
	return types[len(types)-1]
}

// settled says that there is nothing more to do: for the program, and against the clouds.
func (s *stack) settled() {
	s.t.Helper()
	assert.Empty(s.t, s.preview(), "a second preview")
	s.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
}

// nodes asks the simulator for its machines, and expects all to be ready nodes of their clusters.
func (s *stack) nodes() []node {
	s.t.Helper()
	out, err := s.try(nil, "simulator", "nodes", "--json")
	require.NoError(s.t, err)
	var nodes []node
	require.NoError(s.t, json.Unmarshal([]byte(out), &nodes))
	for _, n := range nodes {
		assert.True(s.t, n.Joined && n.Ready, "%s: %s", n.Node, n.Reason)
	}
	return nodes
}

// node is a machine as the simulator reports it.
type node struct {
	Cluster, Node, Role, Reason string
	// Machine is its id in the cloud.
	Machine       string
	Joined, Ready bool
	Labels        map[string]string
}

// export is the state as `pulumi stack export` writes it, in clear if asked.
func (s *stack) export(arguments ...string) map[string]any {
	s.t.Helper()
	var state map[string]any
	if len(arguments) > 0 {
		require.NoError(s.t, json.Unmarshal([]byte(s.pulumi(append([]string{"stack", "export"}, arguments...)...)), &state))
		return state
	}
	// What is not in clear is in the file, and the CLI takes half a second to start.
	files, err := filepath.Glob(s.path("state", ".pulumi", "stacks", "*", s.name+".json"))
	require.NoError(s.t, err)
	require.Len(s.t, files, 1)
	text, err := os.ReadFile(files[0])
	require.NoError(s.t, err)
	require.NoError(s.t, json.Unmarshal(text, &state))
	checkpoint := state["checkpoint"].(map[string]any)
	return map[string]any{"version": state["version"], "deployment": checkpoint["latest"]}
}

// resources are those of the state, in clear if asked.
func (s *stack) resources(arguments ...string) []map[string]any {
	s.t.Helper()
	var resources []map[string]any
	for _, item := range s.export(arguments...)["deployment"].(map[string]any)["resources"].([]any) {
		resources = append(resources, item.(map[string]any))
	}
	return resources
}

// destroy takes the stack down as docs/operations.md says, and expects that nothing is left.
func (s *stack) destroy() {
	s.t.Helper()
	if before := s.export(); strings.Contains(fmt.Sprint(before), "protect:true") {
		// Without a preview, what is not protected would be deleted first; an operator's environment skips previews.
		_, err := s.try(nil, "pulumi", "destroy", "--yes", "--skip-preview=false", "--non-interactive", "--color", "never")
		require.ErrorContains(s.t, err, "protect", "a protected stack is not destroyed by accident")
		require.Equal(s.t, before["deployment"].(map[string]any)["resources"], s.export()["deployment"].(map[string]any)["resources"])
		s.set("protection", "false")
		s.up()
	}
	s.pulumi("destroy", "--yes", "--skip-preview")
	_, err := s.try(nil, "simulator", "resources", "--expect-empty")
	assert.NoError(s.t, err)
	assert.NotContains(s.t, s.export()["deployment"], "resources", "the state is empty")
}
