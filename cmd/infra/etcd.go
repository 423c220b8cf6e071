package main

import (
	"errors"
	"fmt"

	"github.com/inferadb/infra/operate"
	"github.com/spf13/cobra"
)

// newEtcd returns the commands on etcd's data.
func newEtcd() *cobra.Command {
	command := &cobra.Command{Use: "etcd", Short: "Save etcd's data"}
	var stack, cluster, folder string
	var keep int
	snapshot := &cobra.Command{
		Use: "snapshot", Args: cobra.NoArgs,
		Short: "Write a snapshot of each cluster's etcd into a folder, and check that it is whole",
		RunE: func(c *cobra.Command, _ []string) error {
			return snapshots(c, stack, cluster, folder, keep)
		},
	}
	snapshot.Flags().StringVar(&stack, "stack", "", "the stack")
	snapshot.Flags().StringVar(&cluster, "cluster", "", "one cluster of the stack, such as inferadb-staging-nyc1; all by default")
	snapshot.Flags().StringVar(&folder, "folder", "backups", "where the files go")
	snapshot.Flags().IntVar(&keep, "keep", 0, "how many of each cluster's snapshots stay in the folder; 0 keeps all")
	command.AddCommand(snapshot)
	return command
}

// snapshots saves the clusters one after the other. One that fails does not keep the others from being saved.
func snapshots(c *cobra.Command, name, only, folder string, keep int) error {
	stack, err := operate.ReadStack(c.Context(), ".", name)
	if err != nil {
		return err
	}
	var failed error
	found := false
	for _, cluster := range stack.Clusters {
		if only != "" && cluster.Name != only {
			continue
		}
		found = true
		operator, err := operate.Open(c.Context(), cluster)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		path, err := operator.Snapshot(c.Context(), folder, keep)
		if path != "" {
			fmt.Fprintln(c.OutOrStdout(), path)
		}
		failed = errors.Join(failed, err, operator.Close())
	}
	if !found {
		return fmt.Errorf("stack %s: its outputs have no cluster %q; run: make up STACK=%s", name, only, name)
	}
	return failed
}
