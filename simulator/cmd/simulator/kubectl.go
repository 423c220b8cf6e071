package main

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"
)

// kubectlTool returns the command kubectl: https://kubernetes.io/docs/reference/kubectl/generated/
func kubectlTool() *cobra.Command {
	root := group("kubectl",
		group("get", kubectlCommand("nodes", cobra.NoArgs,
			func(k *talos.Kubernetes, _ []string) error { return printNodes(k) })),
		onNode("cordon", func(k *talos.Kubernetes, name string) error { return k.Cordon(name, true) }),
		onNode("uncordon", func(k *talos.Kubernetes, name string) error { return k.Cordon(name, false) }),
		drain(),
		group("delete", deleteNode()),
		group("taint", taintNodes()),
	)
	root.PersistentFlags().String("kubeconfig", os.Getenv("KUBECONFIG"), "")
	root.PersistentFlags().String("context", "", "")
	return root
}

// kubectlCommand returns a command that reaches the cluster of the current context first.
func kubectlCommand(name string, arguments cobra.PositionalArgs,
	operation func(*talos.Kubernetes, []string) error) *cobra.Command {
	return &cobra.Command{Use: name, Args: arguments, RunE: func(command *cobra.Command, given []string) error {
		file, err := command.Flags().GetString("kubeconfig")
		if err != nil {
			return err
		}
		context, err := command.Flags().GetString("context")
		if err != nil {
			return err
		}
		config, err := clientcmd.LoadFromFile(file)
		if err != nil {
			return err
		}
		if context == "" {
			context = config.CurrentContext
		}
		return within(func(st *store.Store, clouds network.Network) error {
			kubernetes, err := talos.ConnectKubernetes(clouds, st, config, context)
			if err != nil {
				return fmt.Errorf("Unable to connect to the server: %w", err)
			}
			if err := operation(kubernetes, given); err != nil {
				return err
			}
			return kubernetes.Save()
		})
	}}
}

func onNode(name string, operation func(*talos.Kubernetes, string) error) *cobra.Command {
	return kubectlCommand(name, cobra.ExactArgs(1), func(k *talos.Kubernetes, arguments []string) error {
		return operation(k, arguments[0])
	})
}

// taintNodes taints the node that it names, or those with a label.
func taintNodes() *cobra.Command {
	var selector string
	command := kubectlCommand("nodes", cobra.MinimumNArgs(1), func(k *talos.Kubernetes, arguments []string) error {
		names, taints := arguments[:1], arguments[1:]
		if selector != "" {
			names, taints = k.Labeled(selector), arguments
			if len(names) == 0 {
				return fmt.Errorf("error: no node has the label %s", selector)
			}
		}
		for _, name := range names {
			for _, taint := range taints {
				if err := k.Taint(name, taint); err != nil {
					return err
				}
			}
		}
		return nil
	})
	command.Flags().StringVarP(&selector, "selector", "l", "", "")
	command.Flags().Bool("overwrite", false, "")
	return command
}

// deleteNode deletes the object of a node.
func deleteNode() *cobra.Command {
	var ignoreNotFound bool
	command := onNode("node", func(k *talos.Kubernetes, name string) error {
		err := k.DeleteNode(name)
		if ignoreNotFound {
			return nil
		}
		return err
	})
	command.Flags().BoolVar(&ignoreNotFound, "ignore-not-found", false, "")
	return command
}

// drain cordons a node. The network plugin's pods are of a DaemonSet, which evictions only skip if they are told
// to.
func drain() *cobra.Command {
	var ignoreDaemonSets bool
	command := onNode("drain", func(k *talos.Kubernetes, name string) error {
		if err := k.Cordon(name, true); err != nil {
			return err
		}
		if !ignoreDaemonSets {
			return fmt.Errorf("unable to drain node %q: cannot delete DaemonSet-managed Pods (use "+
				"--ignore-daemonsets to ignore)", name)
		}
		fmt.Printf("node/%s drained\n", name)
		return nil
	})
	command.Flags().BoolVar(&ignoreDaemonSets, "ignore-daemonsets", false, "")
	command.Flags().Bool("delete-emptydir-data", false, "")
	return command
}

func printNodes(k *talos.Kubernetes) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "NAME\tSTATUS\tROLES\tVERSION")
	for _, node := range k.Nodes() {
		status := []string{"NotReady"}
		if node.Ready {
			status[0] = "Ready"
		}
		if node.Unschedulable {
			status = append(status, "SchedulingDisabled")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", node.Name, strings.Join(status, ","), node.Role, node.Version)
	}
	return table.Flush()
}
