package main

import (
	"errors"

	"github.com/inferadb/infra/simulator/site"
	"github.com/inferadb/infra/simulator/talos"
	"github.com/inferadb/infra/simulator/world"
	"github.com/spf13/cobra"
)

// tools are the command-line tools that the binary stands in for when it is called by their names. They know the commands of
// docs/operations.md, and refuse every other flag and argument, as the real ones refuse what they do not know.
var tools = map[string]func() *cobra.Command{
	"aws":     awsTool,
	"doctl":   doctlTool,
	"gcloud":  gcloudTool,
	"kubectl": kubectlTool,
}

func runTool(tool func() *cobra.Command, arguments []string) error {
	command := tool()
	command.SetArgs(arguments)
	return command.Execute()
}

// group returns a command that only has others below it.
func group(name string, below ...*cobra.Command) *cobra.Command {
	command := &cobra.Command{
		Use: name, SilenceUsage: true, SilenceErrors: true,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return errors.New(name + ": which command?") },
	}
	command.AddCommand(below...)
	return command
}

// require marks flags without which a command does nothing.
func require(command *cobra.Command, flags ...string) *cobra.Command {
	for _, flag := range flags {
		if err := command.MarkFlagRequired(flag); err != nil {
			panic(err)
		}
	}
	return command
}

// settling runs an operation on the world and lets the machines boot, join or be missed.
func settling(operation func(*world.World) error) error {
	return within(func(w *world.World, s site.Site) error {
		if err := operation(w); err != nil {
			return err
		}
		return talos.Settle(s, w)
	})
}
