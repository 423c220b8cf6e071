package main

import (
	"time"

	"github.com/inferadb/infra/operate"
	"github.com/spf13/cobra"
)

// newApply builds the command that brings to running nodes what an update cannot.
func newApply() *cobra.Command {
	a := &operate.Apply{Upgrade: operate.Upgrade{Poll: 2 * time.Second, Settle: 10 * time.Second,
		Renew: 15 * time.Second}}
	var stack string
	var yes bool
	command := &cobra.Command{
		Use: "apply", GroupID: groupChange, Args: cobra.NoArgs,
		Short: "Bring taints and labels to running nodes and, with --reboot, configuration that needs a reboot",
		Long: "Bring taints and labels to running nodes and, with --reboot, configuration that needs a reboot, one " +
			"node at a time.\n\nAn update is refused where it would need this. Machines of scaling groups follow " +
			"with the next update.\nRun it again after an interruption: it goes on where it was.\n" +
			"The exit code is 0 for done or nothing to do, 1 for stopped, 2 for refused, 3 for interrupted,\n" +
			"4 for another command that works on the cluster.",
		RunE: func(c *cobra.Command, _ []string) error {
			return apply(c, a, stack, yes)
		},
	}
	flags := command.Flags()
	onStack(command, &stack)
	flags.StringVar(&a.Cluster, "cluster", "", "only this cluster, such as inferadb-staging-nyc1")
	flags.BoolVar(&a.Reboot, "reboot", false, "reboot the nodes whose configuration needs it, one at a time")
	flags.BoolVar(&a.DryRun, "dry-run", false, "print the plan and ask the gates; change nothing")
	flags.BoolVar(&yes, "yes", false, "do not ask")
	flags.StringSliceVar(&a.Accept, "accept", nil, "gates that may be violated: nodes, system, drain")
	flags.DurationVar(&a.Drain, "drain-timeout", 10*time.Minute, "how long the drain of a node may take")
	flags.DurationVar(&a.Node, "node-timeout", 15*time.Minute, "how long a node may take until it answers again")
	flags.DurationVar(&a.Gate, "gate-timeout", 10*time.Minute, "how long to wait for a gate")
	flags.StringVar(&a.Snapshots, "snapshots", "backups", "the folder for a snapshot of etcd before the first reboot")
	return command
}

// apply changes the nodes of a stack. Its exit code shows how it ended.
func apply(c *cobra.Command, a *operate.Apply, name string, yes bool) error {
	stack, err := operate.ReadStack(c.Context(), ".", name)
	if err != nil {
		return exitWith(c, &operate.ExitError{Code: operate.Refused, Err: err})
	}
	a.Stack, a.Out = stack, c.OutOrStdout()
	a.Pending, a.Record = stack.PendingConfigs, stack.RecordConfigs(c.OutOrStdout())
	a.Confirm = confirmation(c, yes)
	return exitWith(c, a.Run(c.Context()))
}
