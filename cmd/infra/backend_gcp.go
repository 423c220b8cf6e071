package main

import (
	"fmt"
	"time"

	"github.com/inferadb/infra/backend/gcp"
	"github.com/spf13/cobra"
)

func newBackendScript() *cobra.Command {
	var setup gcp.Setup
	command := &cobra.Command{
		Use: "gcp-backend", Args: cobra.NoArgs, GroupID: groupSetUp,
		Short: "Print the commands that make a place for a stack's state on Google Cloud",
		Long: "Print the commands that make a place for a stack's state on Google Cloud: a bucket, keys, and " +
			"service accounts\nfor a repository's workflows. Read them, then run them: docs/state.md.",
		RunE: func(c *cobra.Command, _ []string) error {
			commands, err := setup.Commands(time.Now())
			if err == nil {
				_, err = fmt.Fprint(c.OutOrStdout(), commands)
			}
			return err
		},
	}
	stackFlag(command, &setup.Stack)
	command.Flags().StringVar(&setup.Project, "project", "", "the Google Cloud project")
	command.Flags().StringVar(&setup.Location, "location", "us-east4", "the location of the bucket and the keys")
	command.Flags().StringVar(&setup.Repository, "repository", "",
		"the GitHub repository whose workflows get accounts, as owner/name; none without")
	return command
}
