package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/spf13/cobra"
)

// talosctl simulates Talos' command: it has the commands and flags that docs/ and cmd/infra use, and prints what
// theirs does. https://docs.siderolabs.com/talos/v1.13/reference/cli
type talosctl struct {
	file, context    string
	nodes, endpoints []string
}

// talosctlTool returns the whole command.
func talosctlTool() *cobra.Command {
	t := &talosctl{}
	root := &cobra.Command{Use: "talosctl", SilenceErrors: true, SilenceUsage: true}
	flags := root.PersistentFlags()
	flags.StringVar(&t.file, "talosconfig", os.Getenv("TALOSCONFIG"), "the file of credentials")
	flags.StringVar(&t.context, "context", "", "the context of the file")
	flags.StringSliceVarP(&t.nodes, "nodes", "n", nil, "the nodes that the command is about")
	flags.StringSliceVarP(&t.endpoints, "endpoints", "e", nil, "the nodes that forward it")
	root.AddCommand(t.config(), t.etcd(), t.bootstrap(), t.reset(), t.upgrade(), t.upgradeKubernetes(), t.patch(),
		t.simple("version", printVersion),
		t.simple("health", printHealth),
		t.simple("shutdown", (*talos.Session).Shutdown),
		t.simple("reboot", (*talos.Session).Reboot))
	return root
}

// current returns the context that the flags choose.
func (t *talosctl) current() (*clientconfig.Context, error) {
	if t.file == "" {
		return nil, errors.New("failed to resolve config context: set --talosconfig or TALOSCONFIG")
	}
	file, err := os.Open(t.file)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	config, err := clientconfig.ReadFrom(file)
	if err != nil {
		return nil, err
	}
	name := t.context
	if name == "" {
		name = config.Context
	}
	if config.Contexts[name] == nil {
		return nil, fmt.Errorf("failed to resolve config context: context %q is not defined in %s", name, t.file)
	}
	return config.Contexts[name], nil
}

// each runs an operation on every node that the flags, or else the context, name.
func (t *talosctl) each(operation func(*talos.Session, string) error) error {
	context, err := t.current()
	if err != nil {
		return err
	}
	nodes, endpoints := t.nodes, t.endpoints
	if len(nodes) == 0 {
		nodes = context.Nodes
	}
	if len(endpoints) == 0 {
		endpoints = context.Endpoints
	}
	if len(nodes) == 0 {
		return errors.New("nodes are not set for the command: please use `--nodes` flag or configuration file to " +
			"set the nodes")
	}
	return within(func(st *store.Store, clouds network.Network) error {
		for _, node := range nodes {
			// Each operation may change what the machines are.
			session, err := talos.Connect(clouds, st, context, endpoints)
			if err != nil {
				return err
			}
			if err := operation(session, node); err != nil {
				return err
			}
		}
		return reconcile(st, clouds)
	})
}

// one returns a function for commands that take a single node.
func (t *talosctl) one(command string, operation func(*talos.Session, string) error) error {
	if context, err := t.current(); err == nil && (len(t.nodes) > 1 || len(t.nodes) == 0 && len(context.Nodes) > 1) {
		return fmt.Errorf("command %q is not supported with multiple nodes", command)
	}
	return t.each(operation)
}

func (t *talosctl) simple(name string, operation func(*talos.Session, string) error) *cobra.Command {
	command := &cobra.Command{Use: name, Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		if name == "health" && len(t.nodes) > 1 {
			return errors.New("command \"health\" is not supported with multiple nodes")
		}
		return t.each(operation)
	}}
	switch name {
	case "version":
		command.Flags().Bool("short", false, "print the short version")
	case "health":
		command.Flags().Duration("wait-timeout", 0, "how long to wait")
		command.Flags().Bool("server", true, "run on the node")
	case "shutdown":
		command.Flags().Bool("force", false, "shut down without a drain")
		command.Flags().Bool("wait", true, "wait for the end")
	case "reboot":
		command.Flags().Bool("wait", true, "wait for the end")
	}
	return command
}

func (t *talosctl) config() *cobra.Command {
	command := &cobra.Command{Use: "config"}
	command.AddCommand(&cobra.Command{Use: "contexts", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		config, err := clientconfig.Open(t.file)
		if err != nil {
			return err
		}
		table := tableTo(os.Stdout, "CURRENT", "NAME", "ENDPOINTS", "NODES")
		for name, context := range config.Contexts {
			current := ""
			if name == config.Context {
				current = "*"
			}
			row(table, current, name, strings.Join(context.Endpoints, ","), strings.Join(context.Nodes, ","))
		}
		return table.Flush()
	}})
	return command
}

func printVersion(session *talos.Session, node string) error {
	version, err := session.Version(node)
	if err == nil {
		fmt.Printf("Server:\n\tNODE:        %s\n\tTag:         %s\n", node, version)
	}
	return err
}

func printHealth(session *talos.Session, node string) error {
	if err := session.Health(node); err != nil {
		return fmt.Errorf("healthcheck error: %w", err)
	}
	fmt.Fprintln(os.Stderr, "waiting for etcd to be healthy: OK")
	fmt.Fprintln(os.Stderr, "waiting for etcd members to be consistent across nodes: OK")
	fmt.Fprintln(os.Stderr, "waiting for all k8s nodes to report ready: OK")
	return nil
}

func (t *talosctl) etcd() *cobra.Command {
	command := &cobra.Command{Use: "etcd"}
	command.AddCommand(
		&cobra.Command{Use: "members", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return t.members() }},
		&cobra.Command{Use: "status", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return t.status() }},
		&cobra.Command{Use: "leave", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
			return t.one("etcd leave", (*talos.Session).LeaveEtcd)
		}},
		&cobra.Command{Use: "remove-member <member ID>", Args: cobra.ExactArgs(1),
			RunE: func(_ *cobra.Command, args []string) error {
				return t.each(func(session *talos.Session,
					node string) error {
					return session.RemoveMember(node, args[0])
				})
			}},
		&cobra.Command{Use: "snapshot <path>", Args: cobra.ExactArgs(1),
			RunE: func(_ *cobra.Command, args []string) error {
				return t.one("etcd snapshot", func(session *talos.Session, node string) error {
					data, err := session.Snapshot(node)
					if err == nil {
						err = os.WriteFile(args[0], data, 0o600)
					}
					if err == nil {
						fmt.Printf("etcd snapshot saved to %q (%d bytes)\n", args[0], len(data))
					}
					return err
				})
			}},
	)
	return command
}

func (t *talosctl) members() error {
	table := tableTo(os.Stdout, "NODE", "ID", "HOSTNAME", "PEER URLS", "CLIENT URLS", "LEARNER")
	err := t.each(func(session *talos.Session, node string) error {
		members, err := session.Members(node)
		if err != nil {
			return fmt.Errorf("error getting members: %w", err)
		}
		for _, m := range members {
			row(table, node, m.ID, m.Name, "https://"+m.Address+":2380", "https://"+m.Address+":2379", "false")
		}
		return nil
	})
	if err != nil {
		return err
	}
	return table.Flush()
}

func (t *talosctl) status() error {
	table := tableTo(os.Stdout, "NODE", "MEMBER", "DB SIZE", "IN USE", "LEADER", "RAFT INDEX", "RAFT TERM",
		"RAFT APPLIED INDEX", "LEARNER", "ERRORS")
	err := t.each(func(session *talos.Session, node string) error {
		status, err := session.EtcdStatus(node)
		if err != nil {
			return fmt.Errorf("error getting status: %w", err)
		}
		row(table, node, status.Member, "17 MB", "4.5 MB (26.10%)", status.Leader, "53391", "4", "53391", "false",
			status.Errors)
		return nil
	})
	if err != nil {
		return err
	}
	return table.Flush()
}

func (t *talosctl) bootstrap() *cobra.Command {
	var snapshot string
	command := &cobra.Command{Use: "bootstrap", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		var data []byte
		if snapshot != "" {
			var err error
			if data, err = os.ReadFile(snapshot); err != nil {
				return err
			}
		}
		return t.one("bootstrap", func(session *talos.Session,
			node string) error {
			return session.Bootstrap(node, data)
		})
	}}
	command.Flags().StringVar(&snapshot, "recover-from", "", "a snapshot of etcd")
	command.Flags().Bool("recover-skip-hash-check", false, "for a copied database")
	return command
}

func (t *talosctl) reset() *cobra.Command {
	var options talos.ResetOptions
	command := &cobra.Command{Use: "reset", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return t.each(func(session *talos.Session, node string) error { return session.Reset(node, options) })
	}}
	command.Flags().BoolVar(&options.Graceful, "graceful", true, "leave etcd and drain the node before")
	command.Flags().BoolVar(&options.Reboot, "reboot", false, "start again instead of shutting down")
	command.Flags().StringSliceVar(&options.Labels, "system-labels-to-wipe", nil, "the partitions to wipe")
	command.Flags().Bool("wait", true, "wait for the end")
	return command
}

func (t *talosctl) upgrade() *cobra.Command {
	var image string
	command := &cobra.Command{Use: "upgrade", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return t.each(func(session *talos.Session, node string) error { return session.Upgrade(node, image) })
	}}
	command.Flags().StringVarP(&image, "image", "i", "", "the installer")
	command.Flags().Bool("preserve", true, "keep the data")
	command.Flags().Bool("wait", true, "wait for the end")
	return command
}

func (t *talosctl) upgradeKubernetes() *cobra.Command {
	var to string
	command := &cobra.Command{Use: "upgrade-k8s", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return t.one("upgrade-k8s", func(session *talos.Session,
			node string) error {
			return session.UpgradeKubernetes(node, to)
		})
	}}
	command.Flags().StringVar(&to, "to", "", "the version of Kubernetes")
	command.Flags().Bool("manifests-no-prune", false, "delete no manifest; nothing is deleted here")
	return command
}

// tableTo begins a table as talosctl prints it: three spaces or more between two columns.
func tableTo(out io.Writer, columns ...string) *tabwriter.Writer {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	row(table, columns...)
	return table
}

func row(table io.Writer, cells ...string) { fmt.Fprintln(table, strings.Join(cells, "\t")) }
