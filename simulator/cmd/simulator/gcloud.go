package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/inferadb/infra/simulator/gcp"
	"github.com/inferadb/infra/simulator/store"
	"github.com/spf13/cobra"
)

// gcloudTool returns the command gcloud: https://cloud.google.com/sdk/gcloud/reference/compute/instances
func gcloudTool() *cobra.Command {
	var kind string
	setType := onMachine("set-machine-type", func(_ *cobra.Command, st *store.Store, machine *store.Resource) error {
		return gcp.SetType(st, machine, kind)
	})
	setType.Flags().StringVar(&kind, "machine-type", "", "")
	update := onMachine("update", func(command *cobra.Command, st *store.Store, machine *store.Resource) error {
		if command.Flags().Changed("no-deletion-protection") {
			gcp.SetProtection(st, machine, false)
		}
		return nil
	})
	update.Flags().Bool("no-deletion-protection", false, "")
	remove := onMachine("delete", func(_ *cobra.Command, st *store.Store, machine *store.Resource) error {
		if machine.State.Bool("deletionProtection") {
			return fmt.Errorf("Invalid resource usage: 'Resource cannot be deleted if it's protected against " +
				"deletion.'")
		}
		return gcp.Terminate(st, machine)
	})
	remove.Flags().Bool("quiet", false, "")
	root := group("gcloud", group("compute", group("instances",
		require(setType, "machine-type"), update, remove,
		onMachine("stop", func(_ *cobra.Command, st *store.Store, machine *store.Resource) error {
			gcp.Stop(st, machine)
			return nil
		}),
		onMachine("start", func(_ *cobra.Command, st *store.Store, machine *store.Resource) error {
			gcp.Start(st, machine)
			return nil
		}),
		onMachine("get-serial-port-output", func(_ *cobra.Command, _ *store.Store, machine *store.Resource) error {
			fmt.Println(gcp.Console(machine))
			return nil
		}),
	), imageCommands()), storageCommands())
	root.PersistentFlags().String("project", os.Getenv("CLOUDSDK_CORE_PROJECT"), "")
	return root
}

// imageCommands returns the commands that scripts/gcp-image.sh runs.
func imageCommands() *cobra.Command {
	describe := &cobra.Command{Use: "describe", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			return inProject(command, func(st *store.Store) error {
				if !gcp.HasImage(st, arguments[0]) {
					return fmt.Errorf("Could not fetch resource: The resource '%s' was not found", arguments[0])
				}
				return nil
			})
		}}
	var source, architecture string
	create := &cobra.Command{Use: "create", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			return inProject(command, func(st *store.Store) error {
				if st.Get(objectType, "", source) == nil {
					return fmt.Errorf("The resource '%s' of type 'Google Cloud Storage object' was not found", source)
				}
				return gcp.CreateImage(st, arguments[0], architecture)
			})
		}}
	create.Flags().StringVar(&source, "source-uri", "", "")
	create.Flags().StringVar(&architecture, "architecture", "", "")
	for _, flag := range []string{"guest-os-features", "labels", "description"} {
		create.Flags().String(flag, "", "")
	}
	return group("images", describe, require(create, "source-uri", "architecture"))
}

// The buckets and objects of Cloud Storage, which no stack has.
const (
	bucketType = "gcloud:storage/bucket"
	objectType = "gcloud:storage/object"
)

func storageCommands() *cobra.Command {
	buckets := &cobra.Command{Use: "create", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			return inProject(command, func(st *store.Store) error {
				st.Put(&store.Resource{Provider: "gcp", Type: bucketType, ID: arguments[0]})
				return nil
			})
		}}
	buckets.Flags().Bool("uniform-bucket-level-access", false, "")
	buckets.Flags().Bool("public-access-prevention", false, "")
	buckets.Flags().String("soft-delete-duration", "", "")
	copyTo := &cobra.Command{Use: "cp", Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, arguments []string) error {
			if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
				return err
			}
			return reconciling(func(st *store.Store) error {
				bucket, _, _ := strings.Cut(strings.TrimPrefix(arguments[1], "gs://"), "/")
				if arguments[0] != "-" || st.Get(bucketType, "", "gs://"+bucket) == nil {
					return fmt.Errorf("%s: the bucket does not exist", arguments[1])
				}
				st.Put(&store.Resource{Provider: "gcp", Type: objectType, ID: arguments[1]})
				return nil
			})
		}}
	remove := &cobra.Command{Use: "rm", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, arguments []string) error {
			return reconciling(func(st *store.Store) error {
				for _, r := range st.Select(func(r *store.Resource) bool {
					return r.ID == arguments[0] && r.Type == bucketType || strings.HasPrefix(r.ID, arguments[0]+"/") &&
						r.Type == objectType
				}) {
					st.Remove(r)
				}
				return nil
			})
		}}
	remove.Flags().Bool("recursive", false, "")
	remove.Flags().Bool("quiet", false, "")
	return group("storage", group("buckets", buckets), copyTo, remove)
}

// inProject runs an operation if the command names the project.
func inProject(command *cobra.Command, operation func(*store.Store) error) error {
	project, err := command.Flags().GetString("project")
	if err != nil {
		return err
	}
	if project != gcp.Project {
		return errors.New("The required property [project] is not currently set.")
	}
	return reconciling(operation)
}

// onMachine returns a command on one instance. It requires the zone, for which the real tool would ask.
func onMachine(name string, operation func(*cobra.Command, *store.Store, *store.Resource) error) *cobra.Command {
	var zone string
	command := &cobra.Command{Use: name, Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			return inProject(command, func(st *store.Store) error {
				machine, err := gcp.Instance(st, zone, arguments[0])
				if err != nil {
					return err
				}
				return operation(command, st, machine)
			})
		}}
	command.Flags().StringVar(&zone, "zone", "", "")
	return require(command, "zone")
}
