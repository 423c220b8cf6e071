package main

import (
	"errors"

	"github.com/inferadb/infra/simulator/aws"
	"github.com/inferadb/infra/simulator/digitalocean"
	"github.com/inferadb/infra/simulator/gcp"
	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
	"github.com/spf13/cobra"
)

// tools are the command-line tools that the binary simulates when it is called by their names. They know the
// commands of docs/operations.md, and refuse every other flag and argument, as the real ones refuse what they do not
// know.
var tools = map[string]func() *cobra.Command{
	"aws":      awsTool,
	"doctl":    doctlTool,
	"gcloud":   gcloudTool,
	"kubectl":  kubectlTool,
	"talosctl": talosctlTool,
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

// reconciling runs an operation of a cloud on the store: machines that it switched boot or go off, and then all do what
// they do by themselves.
func reconciling(operation func(*store.Store) error) error {
	return within(func(st *store.Store, clouds network.Network) error {
		if err := operation(st); err != nil {
			return err
		}
		for _, machine := range clouds.Machines() {
			off, err := talos.PoweredOff(st, machine.ID)
			switch {
			case err == nil && machine.Off && !off:
				err = talos.PowerOff(st, machine.ID)
			case err == nil && !machine.Off && off:
				err = talos.PowerOn(st, machine.ID)
			}
			if err != nil {
				return err
			}
		}
		return talos.Reconcile(clouds, st)
	})
}

// reconcile lets the clouds see which machines shut themselves down, and lets all do what they do by themselves.
func reconcile(st *store.Store, clouds network.Network) error {
	for _, machine := range clouds.Machines() {
		off, err := talos.PoweredOff(st, machine.ID)
		if err != nil {
			return err
		}
		if off && !machine.Off {
			stop(st, machine)
		}
	}
	return talos.Reconcile(clouds, st)
}

func stop(st *store.Store, machine network.Machine) {
	switch found := find(st, machine); machine.Provider {
	case "aws":
		aws.Stop(st, found)
	case "gcp":
		gcp.Stop(st, found)
	default:
		digitalocean.Stop(st, found)
	}
}
