// Command infra works on the clusters of a stack: what an update cannot do, because a person has to decide it or the
// nodes have to be asked first. The make targets call it; `infra help` lists its commands.
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
	groupLook   = "look"
	groupChange = "change"
	groupData   = "data"
	groupState  = "state"
	groupSetUp  = "setup"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "infra",
		Short: "Work on the clusters of a stack",
		Long: "Work on the clusters of a stack. Each make target of a running cluster calls one of these commands with the stack's\n" +
			"backend and credentials: `make status STACK=staging` is `infra status --stack staging`.\n\n" +
			"Exit codes: 0 done or nothing to do, 1 failed or stopped partway, 2 refused before anything changed, 3 interrupted,\n" +
			"4 another command works on the cluster. status: 0 healthy, 1 degraded, 2 down.\n\n" +
			"Completion in this shell: source <(infra completion bash), or zsh.",
		SilenceErrors: true, SilenceUsage: true,
	}
	root.SetOut(os.Stdout)
	root.AddGroup(
		&cobra.Group{ID: groupLook, Title: "Look:"},
		&cobra.Group{ID: groupChange, Title: "Change a running cluster, with a plan first:"},
		&cobra.Group{ID: groupData, Title: "Save and restore:"},
		&cobra.Group{ID: groupState, Title: "Mend the state after an update that was cut off:"},
		&cobra.Group{ID: groupSetUp, Title: "Set up:"},
	)
	root.AddCommand(newApply(), newBackend(), newBootstrap(), newComment(), newControlPlanes(), newCost(), newEtcd(), newPending(), newRenew(), newRepair(),
		newStatus(), newUpgrade())
	return root
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
		panic(err) // The flag stands above.
	}
}
