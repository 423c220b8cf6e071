package main

import (
	"errors"
	"os"

	"github.com/inferadb/infra/bench"
	"github.com/spf13/cobra"
)

func newBench() *cobra.Command {
	var runs int
	command := &cobra.Command{
		Use: "bench", GroupID: groupDevelop, Args: cobra.NoArgs,
		Short: "Measure previews, ups and builds on the simulator: medians",
		Long: "Measure previews, ups and destroys on the simulator, and builds, and print a table of medians: docs/performance.md.\n" +
			"Memory is the most that a process of that kind had resident.",
		RunE: func(c *cobra.Command, _ []string) error {
			if runs < 1 {
				return errors.New("N: is less than 1; write: make bench N=5")
			}
			root, err := os.Getwd()
			if err != nil {
				return err
			}
			return bench.Run(root, runs, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	command.Flags().IntVar(&runs, "runs", 5, "how often each is measured")
	return command
}
