package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/inferadb/infra/simulator/aws"
	"github.com/inferadb/infra/simulator/store"
	"github.com/spf13/cobra"
)

// awsTool returns the command aws: https://docs.aws.amazon.com/cli/latest/reference/ec2/
func awsTool() *cobra.Command {
	root := group("aws", group("ec2",
		group("wait", onInstances("instance-stopped", func(_ *store.Store, instance *store.Resource) error {
			return aws.Stopped(instance)
		})),
		onInstances("start-instances", func(st *store.Store, instance *store.Resource) error {
			aws.Start(st, instance)
			return nil
		}),
		onInstances("terminate-instances", func(st *store.Store, instance *store.Resource) error {
			if instance.State.Bool("disableApiTermination") {
				return fmt.Errorf("OperationNotPermitted: The instance '%s' may not be terminated. "+
					"Modify its 'disableApiTermination' instance attribute and try again.", instance.ID)
			}
			return aws.Terminate(st, instance)
		}),
		modifyInstance(), consoleOutput(),
	))
	root.PersistentFlags().String("region", cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")), "")
	root.PersistentFlags().String("output", "json", "")
	return root
}

// onInstance runs an operation on the instance that a flag names, in the region that a flag or the environment names.
func onInstance(command *cobra.Command, id string, operation func(*store.Store, *store.Resource) error) error {
	region, err := command.Flags().GetString("region")
	if err != nil {
		return err
	}
	if region == "" {
		return errors.New("You must specify a region. You can also configure your region by running \"aws configure\".")
	}
	return reconciling(func(st *store.Store) error {
		instance, err := aws.Instance(st, region, id)
		if err != nil {
			return err
		}
		return operation(st, instance)
	})
}

func onInstances(name string, operation func(*store.Store, *store.Resource) error) *cobra.Command {
	var ids []string
	command := &cobra.Command{Use: name, Args: cobra.NoArgs, RunE: func(command *cobra.Command, _ []string) error {
		for _, id := range ids {
			if err := onInstance(command, id, operation); err != nil {
				return err
			}
		}
		return nil
	}}
	command.Flags().StringSliceVar(&ids, "instance-ids", nil, "")
	return require(command, "instance-ids")
}

// modifyInstance lifts the protection against termination, or changes the type, written as JSON or in the tool's own
// shorthand.
func modifyInstance() *cobra.Command {
	var id, kind string
	var unprotect bool
	command := &cobra.Command{Use: "modify-instance-attribute", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if unprotect {
				return onInstance(command, id, func(st *store.Store, instance *store.Resource) error {
					st.Change(instance, func(_, state store.Values) { state["disableApiTermination"] = false })
					return nil
				})
			}
			var attribute struct{ Value string }
			if value, shorthand := strings.CutPrefix(kind, "Value="); shorthand {
				attribute.Value = value
			} else if err := json.Unmarshal([]byte(kind), &attribute); err != nil {
				return fmt.Errorf("Error parsing parameter '--instance-type': %w", err)
			}
			return onInstance(command, id, func(st *store.Store, instance *store.Resource) error {
				return aws.SetType(st, instance, attribute.Value)
			})
		}}
	command.Flags().StringVar(&id, "instance-id", "", "")
	command.Flags().StringVar(&kind, "instance-type", "", "")
	command.Flags().BoolVar(&unprotect, "no-disable-api-termination", false, "")
	// The tool takes one attribute at a time.
	command.MarkFlagsOneRequired("instance-type", "no-disable-api-termination")
	command.MarkFlagsMutuallyExclusive("instance-type", "no-disable-api-termination")
	return require(command, "instance-id")
}

func consoleOutput() *cobra.Command {
	var id string
	command := &cobra.Command{Use: "get-console-output", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return onInstance(command, id, func(_ *store.Store, instance *store.Resource) error {
				fmt.Println(aws.Console(instance))
				return nil
			})
		}}
	command.Flags().StringVar(&id, "instance-id", "", "")
	command.Flags().Bool("latest", false, "")
	return require(command, "instance-id")
}
