// Package sandbox prepares stacks on the simulator. Each has a folder with a copy of the project and of its stack file,
// a Pulumi state, a store of the simulated clouds, a home of the Pulumi CLI, and an environment in which every command
// of the CLI works there.
package sandbox

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Clouds are the clouds that the simulator simulates.
var Clouds = []string{"aws", "gcp", "digitalocean"}

// Sandbox is a stack on the simulator.
type Sandbox struct {
	// Root is the repository, Folder the folder of the stack.
	Root, Folder string
	// Stack is the name of the stack, Provider the cloud that it is on.
	Stack, Provider string
	// Program is the folder of the program below Root; empty for Root itself.
	Program string
	// CLI is the path of the Pulumi CLI, as function CLI returns it; empty for the one in Root/.bin.
	CLI string
}

// Open returns the sandbox of a stack below .demo of the repository, on the cloud of the stack file unless one is
// named. It creates nothing. DEMO_NAME gives its folder another name than the stack and the cloud.
func Open(root, stack, provider string) (Sandbox, error) {
	files, err := filepath.Glob(filepath.Join(root, "Pulumi.*.yaml"))
	if err != nil {
		return Sandbox{}, err
	}
	var stacks []string
	for _, file := range files {
		stacks = append(stacks, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml"))
	}
	if !slices.Contains(stacks, stack) {
		return Sandbox{}, fmt.Errorf("there is no stack %q: STACK is one of %s", stack, strings.Join(stacks, " "))
	}
	if provider == "" {
		if provider, err = providerOf(filepath.Join(root, "Pulumi."+stack+".yaml")); err != nil {
			return Sandbox{}, err
		}
	}
	if !slices.Contains(Clouds, provider) {
		return Sandbox{}, fmt.Errorf("there is no provider %q: PROVIDER is one of %s", provider,
			strings.Join(Clouds, " "))
	}
	name := os.Getenv("DEMO_NAME")
	if name == "" {
		name = stack + "-" + provider
	}
	return Sandbox{Root: root, Folder: filepath.Join(root, ".demo", name), Stack: stack, Provider: provider}, nil
}

// providerOf reads the cloud of a stack file.
func providerOf(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var settings struct {
		Config struct {
			Provider string `yaml:"inferadb:provider"`
		} `yaml:"config"`
	}
	if err := yaml.Unmarshal(text, &settings); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return settings.Config.Provider, nil
}

// cli returns the path of the Pulumi CLI.
func (s Sandbox) cli() string {
	return cmp.Or(s.CLI, filepath.Join(s.Root, ".bin", "pulumi"))
}

// Path returns the path of a file of the sandbox.
func (s Sandbox) Path(elements ...string) string {
	return filepath.Join(append([]string{s.Folder}, elements...)...)
}

// Exists reports whether the stack was initialized.
func (s Sandbox) Exists() bool {
	found, _ := filepath.Glob(s.Path("state", ".pulumi", "stacks", "*", s.Stack+".json"))
	return len(found) > 0
}

// Create creates the folder with the files that the CLI reads. It does not create the stack itself.
func (s Sandbox) Create() error {
	for _, folder := range []string{"home", "state", "store"} {
		if err := os.MkdirAll(s.Path(folder), 0o700); err != nil {
			return err
		}
	}
	project, err := s.project()
	if err != nil {
		return err
	}
	settings, err := os.ReadFile(filepath.Join(s.program(), "Pulumi."+s.Stack+".yaml"))
	if err != nil {
		return err
	}
	for path, text := range map[string][]byte{
		// The CLI writes no automatic logs where a file has the name of their folder.
		s.Path("home", "logs"):                nil,
		s.Path("Pulumi.yaml"):                 project,
		s.Path("Pulumi." + s.Stack + ".yaml"): settings,
	} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// program returns the folder of the program, with its project file.
func (s Sandbox) program() string { return filepath.Join(s.Root, s.Program) }

// project returns the project file: the program stays where it is, and the plugins are the simulator's.
func (s Sandbox) project() ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(s.program(), "Pulumi.yaml"))
	if err != nil {
		return nil, err
	}
	var project map[string]any
	if err := yaml.Unmarshal(text, &project); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(s.program(), "Pulumi.yaml"), err)
	}
	// The options of the runtime name a path for the compiled program, which would be below the sandbox's folder.
	project["runtime"] = "go"
	if project["main"], err = filepath.Rel(s.Folder, s.program()); err != nil {
		return nil, err
	}
	simulator, err := filepath.Rel(s.Folder, filepath.Join(s.Root, ".bin", "simulator"))
	if err != nil {
		return nil, err
	}
	var plugins []map[string]string
	for _, name := range append(slices.Clone(Clouds), "talos") {
		plugins = append(plugins, map[string]string{"name": name, "path": simulator})
	}
	project["plugins"] = map[string]any{"providers": plugins}
	return yaml.Marshal(project)
}

// Prepare creates the sandbox with its stack, unless it is there. The output of the CLI goes to standard error.
func (s Sandbox) Prepare() error {
	if s.Exists() {
		if _, err := os.Stat(s.Path("store")); err != nil {
			return fmt.Errorf("%s has a stack, but not what its cloud has: another version of the simulator left it; "+
				"remove it with: make clean", s.Folder)
		}
		return nil
	}
	if err := s.Create(); err != nil {
		return err
	}
	for _, arguments := range [][]string{
		{"stack", "init", s.Stack, "--secrets-provider", "passphrase"},
		{"config", "set", "inferadb:provider", s.Provider},
	} {
		command := exec.Command(s.cli(), arguments...)
		command.Env, command.Dir = s.Environment(), s.Root
		command.Stdout, command.Stderr = os.Stderr, os.Stderr
		if err := command.Run(); err != nil {
			return fmt.Errorf("pulumi %s: %w; run: make tools", strings.Join(arguments, " "), err)
		}
	}
	return nil
}
