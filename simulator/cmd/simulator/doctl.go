package main

import (
	"errors"
	"os"

	"github.com/inferadb/infra/simulator/digitalocean"
	"github.com/inferadb/infra/simulator/store"
	"github.com/spf13/cobra"
)

// doctlTool returns the command doctl: https://docs.digitalocean.com/reference/doctl/reference/compute/droplet-action/
func doctlTool() *cobra.Command {
	var size string
	var disk bool
	resize := onDroplet("resize", func(st *store.Store, droplet *store.Resource) error {
		return digitalocean.Resize(st, droplet, size, disk)
	})
	resize.Flags().StringVar(&size, "size", "", "")
	resize.Flags().BoolVar(&disk, "resize-disk", false, "")
	powerOff := onDroplet("power-off", func(st *store.Store, droplet *store.Resource) error {
		digitalocean.Stop(st, droplet)
		return nil
	})
	return group("doctl", group("compute", group("droplet-action",
		require(resize, "size"), powerOff, onDroplet("power-on", digitalocean.Start),
	)))
}

// onDroplet returns a command for an action on one droplet. The next action must wait for it.
func onDroplet(name string, operation func(*store.Store, *store.Resource) error) *cobra.Command {
	var wait bool
	command := &cobra.Command{Use: name, Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, arguments []string) error {
			if os.Getenv("DIGITALOCEAN_ACCESS_TOKEN") == "" {
				return errors.New("Unable to initialize DigitalOcean API client: access token is required. (hint: " +
					"run 'doctl auth init')")
			}
			return reconciling(func(st *store.Store) error {
				droplet, err := digitalocean.Droplet(st, arguments[0])
				if err != nil {
					return err
				}
				return operation(st, droplet)
			})
		}}
	command.Flags().BoolVar(&wait, "wait", false, "")
	return command
}
