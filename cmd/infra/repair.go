package main

import (
	"bufio"
	"context"
	"time"

	"github.com/inferadb/infra/operate"
	"github.com/spf13/cobra"
)

// newRepair builds the command that repairs what status finds.
func newRepair() *cobra.Command {
	repair := &operate.Repair{Gate: 10 * time.Minute, Poll: 2 * time.Second, Renew: 15 * time.Second}
	var stack, cluster string
	var yes bool
	command := &cobra.Command{
		Use: "repair", GroupID: groupChange, Args: cobra.NoArgs,
		Short: "Find what is broken in etcd and among the nodes, show the repairs, and do them after asking",
		Long: "Find what is broken in etcd and among the nodes, show the repairs, and do them after asking:\n" +
			"remove the member of a control plane that is lost, one in a run; make space in etcd's database and " +
			"disarm the alarm NOSPACE;\nlet pods onto a node again that was left cordoned by Talos. What it cannot " +
			"do, it names with the commands that do.\n\nThe exit code is 0 for done or nothing to do, 1 for stopped " +
			"or something that is left for you, 2 for refused.",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := readRepair(c.Context(), repair, stack, cluster); err != nil {
				return exitWith(c, &operate.ExitError{Code: operate.Refused, Err: err})
			}
			c.SetIn(bufio.NewReader(c.InOrStdin()))
			repair.Out = c.OutOrStdout()
			repair.Confirm = confirmation(c, yes)
			repair.ConfirmText = func(text string) error { return askForText(c, text) }
			return exitWith(c, repair.Run(c.Context()))
		},
	}
	onStack(command, &stack)
	command.Flags().StringVar(&cluster, "cluster", "",
		"one cluster of the stack, such as inferadb-staging-nyc1; all by default")
	command.Flags().BoolVar(&repair.DryRun, "dry-run", false, "show the repairs; change nothing")
	command.Flags().BoolVar(&yes, "yes", false, "do not ask, but for the removal of a member")
	command.Flags().DurationVar(&repair.Gate, "gate-timeout", repair.Gate, "how long to wait for a gate")
	return command
}

// readRepair reads the stack, and which of its control planes have no machine.
func readRepair(ctx context.Context, r *operate.Repair, name, only string) error {
	stack, err := operate.ReadStack(ctx, ".", name)
	if err != nil {
		return err
	}
	state, err := exportState(ctx, name, true)
	if err != nil {
		return err
	}
	for _, c := range state.clusters() {
		for _, node := range c.controlPlanes {
			if !node.machine {
				r.Gone = append(r.Gone, node.name)
			}
		}
	}
	stack.Clusters, err = stack.Select(only)
	r.Stack = stack
	return err
}
