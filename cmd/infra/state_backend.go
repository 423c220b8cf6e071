package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/inferadb/infra/operate"
	"github.com/spf13/cobra"
)

// newStateBackend returns the commands that run the program in backend/, which makes the place of a stack's state. Its
// own state is a file. Nothing in it is secret, so its passphrase is empty, and all of it can be adopted again.
func newStateBackend() *cobra.Command {
	var adopt bool
	apply := backendCommand("up",
		"Create or change the bucket and the keys of a stack's state, and the roles of CI, after asking",
		func(c *cobra.Command, stack string, flags []string) error {
			if adopt {
				if err := os.Setenv("BACKEND_ADOPT", "1"); err != nil {
					return err
				}
			}
			if err := engine(c, append([]string{"-C", "backend", "up"}, flags...)...); err != nil {
				return err
			}
			return compareBackend(c, stack)
		})
	apply.Flags().BoolVar(&adopt, "adopt", false,
		"take over a backend that exists: on another machine, or after losing backend/.state")
	command := &cobra.Command{Use: "backend", GroupID: groupSetUp,
		Short: "Make the place where a stack keeps its state"}
	command.AddCommand(apply, backendCommand("pulumi", "Run any other command of the CLI on it, given after --",
		func(c *cobra.Command, _ string, arguments []string) error {
			return engine(c, append([]string{"-C", "backend"}, arguments...)...)
		}))
	return command
}

// backendCommand returns a command that runs the CLI on the backend of a stack.
func backendCommand(name, short string, run func(c *cobra.Command, stack string, flags []string) error) *cobra.Command {
	var stack string
	command := &cobra.Command{
		Use: name + " --stack STACK [-- FLAGS OF PULUMI]", Short: short,
		RunE: func(c *cobra.Command, flags []string) error {
			if err := enterBackendProgram(c, stack); err != nil {
				return err
			}
			return run(c, stack, flags)
		},
	}
	stackFlag(command, &stack)
	return command
}

// enterBackendProgram gives this process the environment of the program in backend/. Credentials come from the
// environment, and are written nowhere.
func enterBackendProgram(c *cobra.Command, stack string) error {
	root, err := useOwnCLI()
	if err != nil {
		return err
	}
	b, err := stackOnCloud(root, stack)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(b.Backend, "s3://") {
		return fmt.Errorf("%s keeps its state in %s, which needs nothing of backend/: next: make init STACK=%s",
			stack, b.Backend, stack)
	}
	file := filepath.Join("backend", "Pulumi."+stack+".yaml")
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("%s: is missing; write it like backend/Pulumi.staging.yaml", file)
	}
	state := filepath.Join(root, "backend", ".state")
	if err := os.MkdirAll(state, 0o755); err != nil {
		return err
	}
	if err := enterBackend(c, root, stack, "file://"+state); err != nil {
		return err
	}
	if err := os.Setenv("PULUMI_CONFIG_PASSPHRASE", ""); err != nil {
		return err
	}
	return engine(c, "-C", "backend", "stack", "select", stack, "--create", "--secrets-provider", "passphrase")
}

// compareBackend returns an error if backends.yaml names other places than those that were created.
func compareBackend(c *cobra.Command, stack string) error {
	named, err := backendOf(".", stack)
	if err != nil {
		return err
	}
	var made stackBackend
	for output, value := range map[string]*string{"backend": &made.Backend, "secretsProvider": &made.Secrets} {
		text, err := operate.Pulumi(c.Context(), "", "-C", "backend", "stack", "output", output)
		if err != nil {
			return err
		}
		*value = strings.TrimSpace(string(text))
	}
	if made != named {
		return fmt.Errorf("backends.yaml names other places: set backend: %s and secrets: %s for %s in it",
			made.Backend, made.Secrets, stack)
	}
	return nil
}
