package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/inferadb/infra/config"
	"go.yaml.in/yaml/v4"
	"golang.org/x/term"
)

// stackBackend is where a stack keeps its state, and what encrypts its secrets.
type stackBackend struct {
	Backend string `yaml:"backend"`
	Secrets string `yaml:"secrets"`
}

// backendOf reads the backend of a stack from backends.yaml in the folder, or from the environment.
func backendOf(folder, stack string) (stackBackend, error) {
	names, err := config.StackNames(folder)
	if err != nil {
		return stackBackend{}, err
	}
	if !slices.Contains(names, stack) {
		return stackBackend{}, fmt.Errorf("there is no stack %q: set STACK= to one of %s", stack,
			strings.Join(names, " "))
	}
	text, err := os.ReadFile(filepath.Join(folder, "backends.yaml"))
	if err != nil {
		return stackBackend{}, err
	}
	var all map[string]stackBackend
	if err := yaml.Unmarshal(text, &all); err != nil {
		return stackBackend{}, fmt.Errorf("backends.yaml: %w", err)
	}
	b := all[stack]
	b.Backend = cmp.Or(os.Getenv("BACKEND_"+stack), b.Backend)
	b.Secrets = cmp.Or(os.Getenv("SECRETS_"+stack), b.Secrets)
	if b.Backend == "" || b.Secrets == "" {
		return stackBackend{}, fmt.Errorf("the stack %s has no backend: add it to backends.yaml "+
			"(docs/getting-started.md)", stack)
	}
	// The CLI takes a relative path from its own folder.
	if path, isFile := b.file(); isFile && !filepath.IsAbs(path) && !strings.HasPrefix(path, "~") {
		root, err := filepath.Abs(folder)
		if err != nil {
			return stackBackend{}, err
		}
		b.Backend = "file://" + filepath.Join(root, path)
	}
	return b, nil
}

// file returns the folder of a backend of files.
func (b stackBackend) file() (path string, isFile bool) {
	return strings.CutPrefix(b.Backend, "file://")
}

// check returns an error if the backend cannot be used here.
func (b stackBackend) check(stack string) error {
	path, isFile := b.file()
	if isFile && os.Getenv("GITHUB_ACTIONS") != "" {
		return fmt.Errorf("%s keeps its state in a file, which a workflow's machine does not have and would lose: "+
			"docs/pull-requests.md", stack)
	}
	if isFile && filepath.IsAbs(path) {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
	}
	_, phrase := os.LookupEnv("PULUMI_CONFIG_PASSPHRASE")
	_, file := os.LookupEnv("PULUMI_CONFIG_PASSPHRASE_FILE")
	if b.Secrets == "passphrase" && !phrase && !file && !term.IsTerminal(int(os.Stdin.Fd())) {
		return fmt.Errorf("%s encrypts its secrets with a passphrase: export PULUMI_CONFIG_PASSPHRASE or "+
			"PULUMI_CONFIG_PASSPHRASE_FILE (docs/getting-started.md)", stack)
	}
	return nil
}

// errSimulatorShell keeps a person from taking one for the other.
var errSimulatorShell = errors.New("this shell is set up for the simulator: open a new one to work on a real cloud " +
	"(docs/troubleshooting.md#make)")
