package main

import (
	"github.com/inferadb/infra/operate"
	"github.com/spf13/cobra"
)

// newRenew builds the command that issues the administrator's credentials anew.
func newRenew() *cobra.Command {
	r := &operate.Renew{}
	var stack string
	var yes bool
	command := &cobra.Command{
		Use: "renew", GroupID: groupChange, Args: cobra.NoArgs,
		Short: "Issue the administrator's kubeconfig and talosconfig anew, for a year",
		Long: "Issue the administrator's kubeconfig and talosconfig anew, for a year, and put them into the " +
			"stack's state.\n\nNo node is changed. The former credentials stay valid until they expire: they " +
			"cannot be revoked.",
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if r.Stack, err = operate.ReadStack(c.Context(), ".", stack); err != nil {
				return err
			}
			r.Out = c.OutOrStdout()
			r.Confirm = confirmation(c, yes)
			return r.Run(c.Context())
		},
	}
	flags := command.Flags()
	onStack(command, &stack)
	flags.StringVar(&r.Cluster, "cluster", "", "only this cluster, such as inferadb-staging-nyc1")
	flags.BoolVar(&r.DryRun, "dry-run", false, "print the plan; change nothing")
	flags.BoolVar(&yes, "yes", false, "do not ask")
	return command
}
