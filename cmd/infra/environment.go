package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
)

// setting is a variable of the environment.
type setting struct{ name, value string }

// setAll sets variables for this process and the commands that it starts.
func setAll(settings ...setting) error {
	for _, s := range settings {
		if err := os.Setenv(s.name, s.value); err != nil {
			return err
		}
	}
	return nil
}

// The flags of how the CLI runs, for all commands.
const (
	flagPolicyPack = "policy-pack"
	flagLogs       = "cli-logs"
)

// packName is what the engine calls a policy pack that is a binary.
const packName = "pulumi-analyzer-policy-inferadb"

func addEnvironmentFlags(root *cobra.Command) {
	root.PersistentFlags().String(flagPolicyPack, filepath.Join(".bin", packName),
		"the policy pack of previews and updates; empty for none")
	root.PersistentFlags().Bool(flagLogs, false, "let the Pulumi CLI write its automatic logs")
}

// enterStack gives this process the environment of a stack: its backend, the project's own home of the CLI and the CLI
// in .bin. An environment that names a backend already, such as a shell on the simulator, stays as it is.
func enterStack(c *cobra.Command, stack string) error {
	root, err := useOwnCLI()
	if err != nil {
		return err
	}
	if os.Getenv("PULUMI_BACKEND_URL") != "" {
		if stack == "" {
			return nil
		}
		return os.Setenv("PULUMI_STACK", stack)
	}
	b, err := stackOnCloud(root, stack)
	if err != nil {
		return err
	}
	if err := b.check(stack); err != nil {
		return err
	}
	pack, err := c.Flags().GetString(flagPolicyPack)
	if err != nil {
		return err
	}
	if pack != "" {
		// As a variable every command that knows the flag has it.
		if pack, err = filepath.Abs(pack); err != nil {
			return err
		}
		if err := os.Setenv("PULUMI_OPTION_POLICY_PACK", pack); err != nil {
			return err
		}
	}
	if os.Getenv("PULUMI_PARALLEL") == "" {
		// Pulumi's own number follows the processors, and the work is waiting for a cloud (docs/performance.md).
		if err := os.Setenv("PULUMI_PARALLEL", "32"); err != nil {
			return err
		}
	}
	return enterBackend(c, root, stack, b.Backend)
}

// stackOnCloud returns the backend of a stack, unless this shell works on the simulator.
func stackOnCloud(root, stack string) (stackBackend, error) {
	if os.Getenv("SIMULATOR_STORE") != "" {
		return stackBackend{}, errSimulatorShell
	}
	return backendOf(root, stack)
}

// useOwnCLI lets the CLI in .bin come first, and returns the folder of the project.
func useOwnCLI() (root string, err error) {
	if root, err = os.Getwd(); err != nil {
		return "", err
	}
	return root, os.Setenv("PATH", filepath.Join(root, ".bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// enterBackend names a backend and a stack. The home of the CLI is the project's own, which keeps the user's login out
// of it.
func enterBackend(c *cobra.Command, root, stack, url string) error {
	home := filepath.Join(root, ".pulumi-home")
	logs, err := c.Flags().GetBool(flagLogs)
	if err != nil {
		return err
	}
	if err := switchLogs(home, logs); err != nil {
		return err
	}
	return setAll(
		setting{"PULUMI_HOME", home},
		setting{"PULUMI_BACKEND_URL", url},
		setting{"PULUMI_STACK", stack},
		// Links are kept by `go run`, where the language host has no INFERADB_PROGRAM or does not know it.
		setting{"PULUMI_GO_USE_RUN", "true"},
	)
}

// logsOff is the content of a file with the name of the CLI's folder for logs.
const logsOff = "This file switches the automatic logs of the Pulumi CLI off: make ... LOG=1 switches them on\n"

// switchLogs switches the CLI's automatic logs on or off. It logs every value of every resource, encrypted, for its
// maker's support: a fifth of a preview's processor time, and one more place with secrets. It goes without where it
// cannot make the folder.
func switchLogs(home string, on bool) error {
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	logs := filepath.Join(home, "logs")
	info, err := os.Stat(logs)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err == nil && info.IsDir() == on:
		return nil
	case err == nil && on:
		return os.Remove(logs)
	case err == nil:
		if err := os.Rename(logs, logs+time.Now().Format(".20060102T150405")); err != nil {
			return err
		}
	case on:
		return nil
	}
	if err := os.WriteFile(logs, []byte(logsOff), 0o644); err != nil {
		return fmt.Errorf("switching the CLI's logs off: %w", err)
	}
	return nil
}
