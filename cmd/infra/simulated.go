package main

import (
	"os"

	"github.com/inferadb/infra/preview"
	"github.com/inferadb/infra/simulator/sandbox"
	"github.com/spf13/cobra"
)

// newPreviewSimulated returns the command that previews a stack on the simulator, on the clouds that `make demo KEEP=1`
// left or else in an empty one.
func newPreviewSimulated() *cobra.Command {
	var comment preview.Comment
	var provider, summary string
	command := &cobra.Command{
		Use: "preview-simulated --stack STACK", GroupID: groupEngine, Args: cobra.NoArgs,
		Short: "Write what a pull request would show, with the simulator instead of the cloud",
		RunE: func(c *cobra.Command, _ []string) error {
			root, err := os.Getwd()
			if err != nil {
				return err
			}
			s, err := sandbox.Open(root, comment.Stack, provider)
			if err != nil {
				return err
			}
			if !s.Exists() {
				defer os.RemoveAll(s.Folder)
			}
			if err := s.Prepare(); err != nil {
				return err
			}
			if err := s.Enter(); err != nil {
				return err
			}
			comment.Kind = preview.Simulated
			return writeComment(c.OutOrStdout(), comment, summary, s.Folder, []string{"pulumi", "preview"})
		},
	}
	stackFlag(command, &comment.Stack)
	command.Flags().StringVar(&provider, "provider", "", "the cloud; by default the stack file's")
	commentFlags(command, &comment, &summary)
	return command
}
