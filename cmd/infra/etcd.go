package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/inferadb/infra/operate"
	"github.com/spf13/cobra"
)

// newEtcd returns the commands on etcd's data.
func newEtcd() *cobra.Command {
	command := &cobra.Command{Use: "etcd", GroupID: groupData, Short: "Save etcd's data, and restore it"}
	command.AddCommand(newSnapshot(), newRestore())
	return command
}

// snapshotOptions are the flags of `infra etcd snapshot`.
type snapshotOptions struct {
	stack, cluster, folder, to string
	keep                       int
}

func newSnapshot() *cobra.Command {
	var options snapshotOptions
	command := &cobra.Command{
		Use: "snapshot", Args: cobra.NoArgs,
		Short: "Write a snapshot of each cluster's etcd into a folder or a bucket, and check that it is whole",
		RunE:  func(c *cobra.Command, _ []string) error { return snapshots(c, options) },
	}
	flags := command.Flags()
	onStack(command, &options.stack)
	flags.StringVar(&options.cluster, "cluster", "",
		"one cluster of the stack, such as inferadb-staging-nyc1; all by default")
	flags.StringVar(&options.folder, "folder", "backups", "where the files go")
	flags.StringVar(&options.to, "to", "", "the bucket where they go instead: s3://bucket/prefix, "+
		"gs://bucket/prefix, or file:///folder; "+
		"DigitalOcean's Spaces: s3://space/prefix?endpoint=https://nyc3.digitaloceanspaces.com&region=us-east-1")
	flags.IntVar(&options.keep, "keep", 0, "how many of each cluster's snapshots stay there; 0 keeps all")
	return command
}

// place writes a cluster's snapshot somewhere, and returns where.
type place func(context.Context, *operate.Operator) (string, error)

// open finds the place that the flags name. The function that it returns closes it.
func (o snapshotOptions) open(ctx context.Context) (place, func() error, error) {
	folder, isFolder := o.folder, o.to == ""
	if path, is := strings.CutPrefix(o.to, "file://"); is {
		if !filepath.IsAbs(path) {
			return nil, nil, fmt.Errorf("--to: %s names no absolute path; write: --to file:///var/backups", o.to)
		}
		folder, isFolder = path, true
	}
	if isFolder {
		write := func(ctx context.Context, op *operate.Operator) (string, error) {
			return op.Snapshot(ctx, folder, o.keep)
		}
		return write, func() error { return nil }, nil
	}
	bucket, err := operate.OpenBucket(ctx, o.to)
	if err != nil {
		return nil, nil, fmt.Errorf("--to: %w", err)
	}
	at, _, _ := strings.Cut(o.to, "?")
	write := func(ctx context.Context, op *operate.Operator) (string, error) {
		name, err := op.SnapshotToBucket(ctx, bucket, o.keep)
		if name == "" {
			return "", err
		}
		return strings.TrimSuffix(at, "/") + "/" + name, err
	}
	return write, bucket.Close, nil
}

// snapshots saves the clusters one after the other. One that fails does not keep the others from being saved.
func snapshots(c *cobra.Command, options snapshotOptions) error {
	stack, err := operate.ReadStack(c.Context(), ".", options.stack)
	if err != nil {
		return err
	}
	clusters, err := stack.Select(options.cluster)
	if err != nil {
		return err
	}
	write, done, err := options.open(c.Context())
	if err != nil {
		return err
	}
	var failed error
	for _, cluster := range clusters {
		operator, err := operate.Open(c.Context(), cluster)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		path, err := write(c.Context(), operator)
		if path != "" {
			fmt.Fprintln(c.OutOrStdout(), path)
		}
		failed = errors.Join(failed, err, operator.Close())
	}
	return errors.Join(failed, done())
}

// restoreOptions are the flags of `infra etcd restore` that the restore itself does not have.
type restoreOptions struct{ cluster, confirm string }

func newRestore() *cobra.Command {
	r := &operate.Restore{Poll: 2 * time.Second, Settle: 10 * time.Second}
	var options restoreOptions
	command := &cobra.Command{
		Use: "restore", Args: cobra.NoArgs,
		Short: "Start the etcd of a cluster that has lost its quorum from a snapshot, after asking",
		Long: "Start the etcd of a cluster that has lost its quorum from a snapshot, after asking.\n\n" +
			"Every control plane has to answer. What is left of the old etcd is copied and then wiped, with the " +
			"rest of EPHEMERAL.\nWhile etcd has a leader, nothing is done. Run it again after an interruption: it " +
			"goes on where it was.",
		RunE: func(c *cobra.Command, _ []string) error { return restore(c, r, options) },
	}
	flags := command.Flags()
	onStack(command, &r.Stack)
	flags.StringVar(&options.cluster, "cluster", "",
		"the cluster, such as inferadb-staging-nyc1; a stack with one needs none")
	flags.StringVar(&r.Snapshot, "snapshot", "",
		"the file that the etcd starts from, or its URL in a bucket: s3://bucket/prefix/<name>, "+
			"gs://bucket/prefix/<name>")
	flags.StringVar(&options.confirm, "confirm", "", "the cluster's name, for scripts: do not ask for it")
	flags.StringVar(&r.Databases, "databases", "backups",
		"the folder for what is left of the old etcd, and for a snapshot from a bucket")
	flags.BoolVar(&r.WithoutDatabases, "without-databases", false,
		"wipe a control plane also if what it has left of etcd cannot be copied")
	flags.DurationVar(&r.Node, "node-timeout", 15*time.Minute, "how long a node may take until it answers again")
	flags.DurationVar(&r.Gate, "gate-timeout", 20*time.Minute, "how long etcd and the API may take after that")
	return command
}

// restore restores one cluster of a stack.
func restore(c *cobra.Command, r *operate.Restore, options restoreOptions) error {
	if r.Snapshot == "" {
		return fmt.Errorf("SNAPSHOT: is not set; write: make etcd-restore STACK=%s SNAPSHOT=backups/<file> "+
			"(docs/operations.md#restore-etcd)", r.Stack)
	}
	stack, err := operate.ReadStack(c.Context(), ".", r.Stack)
	if err != nil {
		return err
	}
	clusters, err := stack.Select(options.cluster)
	if err != nil {
		return err
	}
	if len(clusters) > 1 {
		return fmt.Errorf("--cluster: the stack %s has %d clusters; write: --cluster %s", r.Stack, len(clusters),
			clusters[0].Name)
	}
	if r.Operator, err = operate.Open(c.Context(), clusters[0]); err != nil {
		return err
	}
	r.Out = c.OutOrStdout()
	r.Confirm = func() error { return confirmName(c, clusters[0].Name, options.confirm) }
	return errors.Join(r.Run(c.Context()), r.Operator.Close())
}

// confirmName returns an error unless the flag has the cluster's name, or the person types it.
func confirmName(c *cobra.Command, name, flag string) error {
	answer := flag
	if answer == "" {
		c.Printf("Type the name of the cluster, %s, to go on: ", name)
		answer, _ = bufio.NewReader(c.InOrStdin()).ReadString('\n')
		answer = strings.TrimSpace(answer)
	}
	if answer != name {
		return fmt.Errorf("%q is not the name of the cluster, %s; nothing was done", answer, name)
	}
	return nil
}
