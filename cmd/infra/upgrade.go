package main

import (
	"time"

	"github.com/inferadb/infra/operate"
	"github.com/spf13/cobra"
)

// newUpgrade builds the command that upgrades Talos and Kubernetes.
func newUpgrade() *cobra.Command {
	u := &operate.Upgrade{Poll: 2 * time.Second, Settle: 10 * time.Second, Renew: 15 * time.Second}
	var stack string
	var yes, abandon bool
	command := &cobra.Command{
		Use: "upgrade", GroupID: groupChange, Args: cobra.NoArgs,
		Short: "Upgrade Talos and Kubernetes, one machine at a time, and write the versions into the stack file",
		Long: "Upgrade Talos and Kubernetes, one machine at a time, and write the versions into the stack file.\n\n" +
			"Nodes whose image is of another schematic than the stack file's get the same version from the right " +
			"one.\nCilium, CoreDNS and what else the cluster began with are brought in line; nothing is deleted.\n" +
			"Machines of scaling groups follow with the next update. Run it again after an interruption: it goes " +
			"on where it was.\nThe exit code is 0 for done or nothing to do, 1 for stopped, 2 for refused, 3 for " +
			"interrupted,\n4 for another command that works on the cluster.",
		RunE: func(c *cobra.Command, _ []string) error {
			return upgrade(c, u, stack, yes, abandon)
		},
	}
	flags := command.Flags()
	onStack(command, &stack)
	flags.StringVar(&u.Target.Talos, "talos", "",
		"the version of Talos, such as v1.13.10; without it, the stack file's")
	flags.StringVar(&u.Target.Kubernetes, "kubernetes", "",
		"the version of Kubernetes, such as 1.36.5; without it, the stack file's")
	flags.BoolVar(&u.DryRun, "dry-run", false, "print the plan and ask the gates; change nothing")
	flags.BoolVar(&yes, "yes", false, "do not ask")
	flags.BoolVar(&abandon, "abandon", false, "remove the mark of an upgrade from the stack file; refused if a "+
		"node runs a newer Kubernetes than the file")
	flags.StringSliceVar(&u.Accept, "accept", nil,
		"gates that may be violated: nodes, system, drain, manifests, removed")
	flags.IntVar(&u.MaxUnavailable, "max-unavailable", 1, "how many workers of a stateless pool may be away at once")
	flags.DurationVar(&u.Drain, "drain-timeout", 10*time.Minute, "how long the drain of a node may take")
	flags.DurationVar(&u.Node, "node-timeout", 15*time.Minute, "how long a node may take until it answers again")
	flags.DurationVar(&u.Gate, "gate-timeout", 10*time.Minute, "how long to wait for a gate")
	flags.StringVar(&u.Snapshots, "snapshots", "backups", "the folder for a snapshot of etcd before the first change")
	return command
}

// upgrade runs the upgrade of a stack. Its exit code shows how it ended.
func upgrade(c *cobra.Command, u *operate.Upgrade, name string, yes, abandon bool) error {
	stack, err := operate.ReadStack(c.Context(), ".", name)
	if err != nil {
		return exitWith(c, &operate.ExitError{Code: operate.Refused, Err: err})
	}
	u.Stack, u.Out = stack, c.OutOrStdout()
	u.Confirm = confirmation(c, yes)
	run := u.Run
	if abandon {
		run = u.Abandon
	}
	return exitWith(c, run(c.Context()))
}
