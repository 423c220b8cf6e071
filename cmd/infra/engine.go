package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/operate"
	"github.com/inferadb/infra/preview"
	"github.com/spf13/cobra"
)

// engine runs the Pulumi CLI as if the person had typed it: it asks and shows on their terminal, and takes any of its
// flags. Pulumi's Automation API would do neither.
func engine(c *cobra.Command, arguments ...string) error {
	// A terminal sends Ctrl-C to the CLI as well. A second signal would end it at once.
	command := exec.CommandContext(context.WithoutCancel(c.Context()), "pulumi", arguments...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, c.OutOrStdout(), c.ErrOrStderr()
	if err := command.Run(); err != nil {
		return fmt.Errorf("pulumi %s: %w", strings.Join(arguments, " "), err)
	}
	return nil
}

// engineCommand returns a command that runs the CLI on a stack. Arguments after -- are flags of the CLI.
func engineCommand(name, short string, run func(c *cobra.Command, stack string, flags []string) error) *cobra.Command {
	var stack string
	command := &cobra.Command{
		Use: name + " --stack STACK [-- FLAGS OF PULUMI]", GroupID: groupEngine, Short: short,
		RunE: func(c *cobra.Command, flags []string) error { return run(c, stack, flags) },
	}
	onStack(command, &stack)
	return command
}

// engineCommands returns the commands that run the CLI, each with what has to be known before.
func engineCommands() []*cobra.Command {
	return []*cobra.Command{
		engineCommand("init", "Create the stack in its backend, once", initStack),
		newPreview(),
		newPreviewSimulated(),
		engineCommand("up", "Bring the stack up, after asking", up),
		engineCommand("refresh", "Compare the state with the cloud, after asking",
			func(c *cobra.Command, _ string, flags []string) error {
				return engine(c, append([]string{"refresh"}, flags...)...)
			}),
		newDrift(),
		engineCommand("destroy", "Delete everything, after asking", destroy),
		outputCommand("kubeconfig"),
		outputCommand("talosconfig"),
		engineCommand("pulumi", "Run any other command of the CLI, given after --",
			func(c *cobra.Command, _ string, command []string) error { return engine(c, command...) }),
	}
}

// initStack creates a stack. Its file gets the versions that it does not name, so that another version of the program
// does not upgrade a cluster.
func initStack(c *cobra.Command, stack string, flags []string) error {
	b, err := backendOf(".", stack)
	if err != nil {
		return err
	}
	arguments := append([]string{"stack", "init", stack, "--secrets-provider", b.Secrets}, flags...)
	if err := engine(c, arguments...); err != nil {
		return err
	}
	settings, err := config.ReadStackFile(".", stack)
	if err != nil {
		return err
	}
	for key, version := range map[string]string{
		"inferadb:talosVersion":      config.DefaultTalosVersion,
		"inferadb:kubernetesVersion": config.DefaultKubernetesVersion,
	} {
		if settings[key] != "" {
			continue
		}
		if _, err := operate.Pulumi(c.Context(), stack, "config", "set", key, version); err != nil {
			return err
		}
	}
	return nil
}

// refuseRefresh refuses an update that refreshes by the way: the program reads the state before the engine does, so
// that a lost machine would go unseen and its successor be created.
func refuseRefresh(stack string, flags []string) error {
	refreshes := func(flag string) bool { return flag == "-r" || strings.HasPrefix(flag, "--refresh") }
	if slices.ContainsFunc(flags, refreshes) {
		return fmt.Errorf("run make refresh STACK=%s first, and then without --refresh: the checks of a running "+
			"cluster read the state as it was before (docs/operations.md#recover-lost-control-planes)", stack)
	}
	return nil
}

// newPreview returns the command that shows what an update would do: to a person, or as a pull request's comment.
func newPreview() *cobra.Command {
	var comment preview.Comment
	var summary string
	command := engineCommand("preview", "Show what up would do, or write it as a pull request's comment",
		func(c *cobra.Command, stack string, flags []string) error {
			if err := refuseRefresh(stack, flags); err != nil {
				return refused(c, err)
			}
			if summary == "" {
				return engine(c, append([]string{"preview", "--diff"}, flags...)...)
			}
			comment.Stack, comment.Kind = stack, preview.Preview
			return writeComment(c.OutOrStdout(), comment, summary, ".", append([]string{"pulumi", "preview"}, flags...))
		})
	commentFlags(command, &comment, &summary)
	return command
}

// newDrift returns the command that compares the state with the cloud and changes nothing.
func newDrift() *cobra.Command {
	var comment preview.Comment
	var summary string
	command := engineCommand("drift", "Compare the state with the cloud, change nothing, fail on a difference",
		func(c *cobra.Command, stack string, flags []string) error {
			comment.Stack, comment.Kind = stack, preview.Drift
			command := append([]string{"pulumi", "refresh", "--preview-only"}, flags...)
			return writeComment(c.OutOrStdout(), comment, summary, ".", command)
		})
	commentFlags(command, &comment, &summary)
	return command
}

func up(c *cobra.Command, stack string, flags []string) error {
	if err := refuseRefresh(stack, flags); err != nil {
		return refused(c, err)
	}
	if err := refusePending(c); err != nil {
		return refused(c, err)
	}
	return engine(c, append([]string{"up"}, flags...)...)
}

// refusePending returns an error while a creation that was cut off is pending.
func refusePending(c *cobra.Command) error {
	state, err := exportPending(c.Context())
	if err != nil {
		return err
	}
	return state.report(c.OutOrStdout())
}

// destroy deletes a stack, unless anything of it is protected: Pulumi deletes what is not protected before it meets
// what is, and half of production would be gone.
func destroy(c *cobra.Command, stack string, flags []string) error {
	state, err := exportState(c.Context(), "", false)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(state.resources(), func(r map[string]any) bool { return r["protect"] == true }) {
		return refused(c, fmt.Errorf("%s is protected: set protection to false and run make up STACK=%s first "+
			"(docs/operations.md#destroy)", stack, stack))
	}
	if err := refusePending(c); err != nil {
		return refused(c, err)
	}
	return engine(c, append([]string{"destroy"}, flags...)...)
}

// outputCommand writes a secret output into a file that only its owner reads.
func outputCommand(output string) *cobra.Command {
	short := "Write <stack>." + output + " (mode 0600)"
	return engineCommand(output, short, func(c *cobra.Command, stack string, flags []string) error {
		if len(flags) > 0 {
			return errors.New(output + ": takes no flags of pulumi; leave ARGS out")
		}
		text, err := operate.Pulumi(c.Context(), "", "stack", "output", output, "--show-secrets")
		if err != nil {
			return err
		}
		file := stack + "." + output
		if err := replaceFile(file, bytes.TrimRight(text, "\n")); err != nil {
			return err
		}
		c.Printf("Wrote %s.", file)
		return nil
	})
}

// replaceFile moves a new file into place: an old file would keep its wider mode, and a failure must not change it.
func replaceFile(path string, text []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path))
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(append(text, '\n'))
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
