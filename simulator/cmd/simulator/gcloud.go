package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/inferadb/infra/simulator/gcp"
	"github.com/inferadb/infra/simulator/world"
	"github.com/spf13/cobra"
)

// gcloudTool is `gcloud`: https://cloud.google.com/sdk/gcloud/reference/compute/instances
func gcloudTool() *cobra.Command {
	var kind string
	setType := onMachine("set-machine-type", func(_ *cobra.Command, w *world.World, machine *world.Resource) error {
		return gcp.SetType(w, machine, kind)
	})
	setType.Flags().StringVar(&kind, "machine-type", "", "")
	update := onMachine("update", func(command *cobra.Command, w *world.World, machine *world.Resource) error {
		if command.Flags().Changed("no-deletion-protection") {
			gcp.SetProtection(w, machine, false)
		}
		return nil
	})
	update.Flags().Bool("no-deletion-protection", false, "")
	root := group("gcloud", group("compute", group("instances",
		require(setType, "machine-type"), update,
		onMachine("stop", func(_ *cobra.Command, w *world.World, machine *world.Resource) error {
			gcp.Stop(w, machine)
			return nil
		}),
		onMachine("start", func(_ *cobra.Command, w *world.World, machine *world.Resource) error {
			gcp.Start(w, machine)
			return nil
		}),
		onMachine("get-serial-port-output", func(_ *cobra.Command, _ *world.World, machine *world.Resource) error {
			fmt.Println(gcp.Console(machine))
			return nil
		}),
	)))
	root.PersistentFlags().String("project", os.Getenv("CLOUDSDK_CORE_PROJECT"), "")
	return root
}

// onMachine is a command on one instance. Without a zone the real tool asks for it, and there is nobody to answer.
func onMachine(name string, operation func(*cobra.Command, *world.World, *world.Resource) error) *cobra.Command {
	var zone string
	command := &cobra.Command{Use: name, Args: cobra.ExactArgs(1), RunE: func(command *cobra.Command, arguments []string) error {
		project, err := command.Flags().GetString("project")
		if err != nil {
			return err
		}
		if project != gcp.Project {
			return errors.New("The required property [project] is not currently set.")
		}
		return settling(func(w *world.World) error {
			machine, err := gcp.Instance(w, zone, arguments[0])
			if err != nil {
				return err
			}
			return operation(command, w, machine)
		})
	}}
	command.Flags().StringVar(&zone, "zone", "", "")
	return require(command, "zone")
}
