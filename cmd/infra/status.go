package main

import (
	"context"
	"sync"
	"time"

	"github.com/inferadb/infra/operate"
	"github.com/spf13/cobra"
)

// exitCode is an error without a message, because the reason was printed already.
type exitCode int

func (exitCode) Error() string { return "" }

// newStatus builds the command that shows what is up and what is not.
func newStatus() *cobra.Command {
	var stack string
	var asJSON bool
	var limit time.Duration
	command := &cobra.Command{
		Use: "status", GroupID: groupLook,
		Short: "Show what is up: API, etcd, nodes, credentials, and where nodes and stack file differ",
		Long: "Show what is up: API, etcd, nodes, credentials, and where nodes and stack file differ.\n\n" +
			"The exit code is 0 if all is well, 1 if a cluster is degraded or differs from the stack file, 2 if " +
			"one is down or cannot be reached.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			report, err := statusOf(c.Context(), stack, limit)
			if err != nil {
				c.PrintErrln("infra:", err)
				return exitCode(2)
			}
			if asJSON {
				err = report.JSON(c.OutOrStdout())
			} else {
				err = report.Table(c.OutOrStdout())
			}
			if err == nil && report.ExitCode() != 0 {
				err = exitCode(report.ExitCode())
			}
			return err
		},
	}
	onStack(command, &stack)
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	command.Flags().DurationVar(&limit, "timeout", 10*time.Second, "how long a node may take to answer")
	return command
}

// statusOf looks at all clusters of a stack at the same time.
func statusOf(ctx context.Context, name string, limit time.Duration) (operate.Report, error) {
	stack, err := operate.ReadStack(ctx, ".", name)
	if err != nil {
		return operate.Report{}, err
	}
	observations, failures := make([]*operate.Observation, len(stack.Clusters)), make([]error, len(stack.Clusters))
	var group sync.WaitGroup
	for i, cluster := range stack.Clusters {
		group.Go(func() {
			var operator *operate.Operator
			if operator, failures[i] = operate.Open(ctx, cluster); failures[i] != nil {
				return
			}
			operator.Limit = limit
			observations[i] = operator.Observe(ctx)
			failures[i] = operator.Close()
		})
	}
	group.Wait()
	for _, failure := range failures {
		if failure != nil {
			return operate.Report{}, failure
		}
	}
	return operate.NewReport(stack, observations), nil
}
