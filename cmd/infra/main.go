// Command infra is the one command of the project. It runs the Pulumi CLI on a stack, and does to its clusters what an
// update cannot, because a person has to decide it or the nodes have to be asked first. The make targets call it;
// `infra help` lists its commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the command at once.
	context.AfterFunc(ctx, stop)
	if err := newRoot().ExecuteContext(ctx); err != nil {
		var code exitCode
		if errors.As(err, &code) {
			os.Exit(int(code))
		}
		fmt.Fprintln(os.Stderr, "infra:", err)
		os.Exit(1)
	}
}

// The groups of commands in the help.
const (
	groupEngine  = "engine"
	groupLook    = "look"
	groupChange  = "change"
	groupData    = "data"
	groupState   = "state"
	groupSetUp   = "setup"
	groupDevelop = "develop"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "infra",
		Short: "Bring stacks up and work on their clusters",
		Long: "Bring stacks up and work on their clusters. The make targets call it: `make status STACK=staging` is\n" +
			"`infra status --stack staging`. It runs in the project's folder. backends.yaml has the place where a " +
			"stack keeps\nits state; an environment that names a backend already, such as a shell on the simulator, " +
			"stays as it is.\n\nExit codes: 0 done or nothing to do, 1 failed or stopped partway, 2 refused before " +
			"anything changed,\n3 interrupted, 4 another command works on the cluster. status: 0 healthy, 1 " +
			"degraded, 2 down.\n\nCompletion in this shell: source <(infra completion bash), or zsh.",
		SilenceErrors: true, SilenceUsage: true,
	}
	root.SetOut(os.Stdout)
	root.AddGroup(
		&cobra.Group{ID: groupEngine, Title: "Bring a stack up, with the Pulumi CLI:"},
		&cobra.Group{ID: groupLook, Title: "Look:"},
		&cobra.Group{ID: groupChange, Title: "Change a running cluster, with a plan first:"},
		&cobra.Group{ID: groupData, Title: "Save and restore:"},
		&cobra.Group{ID: groupState, Title: "Mend the state after an update that was cut off:"},
		&cobra.Group{ID: groupSetUp, Title: "Set up:"},
		&cobra.Group{ID: groupDevelop, Title: "Develop:"},
	)
	addEnvironmentFlags(root)
	root.AddCommand(engineCommands()...)
	root.AddCommand(
		newApply(), newBackendScript(), newBench(), newBootstrap(), newChangedStacks(), newControlPlanes(), newCost(),
		newEtcd(), newPending(), newRenew(), newRepair(), newStateBackend(), newStatus(), newUpgrade(),
		newVulnerabilities(),
	)
	sayNext(root)
	return root
}

// onStack adds the flag --stack to a command that works in the environment of that stack.
func onStack(command *cobra.Command, stack *string) {
	stackFlag(command, stack)
	command.PreRunE = func(c *cobra.Command, _ []string) error { return refused(c, enterStack(c, *stack)) }
}

// stackFlag adds the flag --stack, which a shell completes from the stack files of the folder.
func stackFlag(command *cobra.Command, stack *string) {
	command.Flags().StringVar(stack, "stack", "", "the stack, as in Pulumi.<stack>.yaml")
	complete := func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		files, _ := filepath.Glob("Pulumi.*.yaml")
		for i, file := range files {
			files[i] = strings.TrimSuffix(strings.TrimPrefix(file, "Pulumi."), ".yaml")
		}
		return files, cobra.ShellCompDirectiveNoFileComp
	}
	if err := command.RegisterFlagCompletionFunc("stack", complete); err != nil {
		panic(err) // The flag is defined above.
	}
}
