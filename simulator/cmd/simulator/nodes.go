package main

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
)

// showNodes lists the machines, and whether they have booted, joined and are ready.
func showNodes(arguments []string) error {
	var asJSON bool
	if _, err := parse("nodes", arguments, func(flags *flag.FlagSet) {
		flags.BoolVar(&asJSON, "json", false, "as JSON")
	}); err != nil {
		return err
	}
	return within(func(st *store.Store, clouds network.Network) error {
		nodes, err := talos.Report(clouds, st)
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(nodes)
		}
		objects, err := talos.Objects(clouds, st)
		if err != nil {
			return err
		}
		if err := printStatuses(nodes); err != nil {
			return err
		}
		printObjects(nodes, objects)
		return nil
	})
}

func printStatuses(nodes []talos.NodeStatus) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CLUSTER\tNODE\tSTATUS\tPOOL\tZONE\tADDRESS\tREASON")
	for _, n := range nodes {
		// Machines of a scaling group learn their zone from a cloud controller, which the simulator does not run.
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", n.Cluster, n.Node, status(n),
			cmp.Or(n.Labels["inferadb.com/pool"], n.Role),
			cmp.Or(n.Labels["topology.kubernetes.io/zone"], "-"), n.Address, n.Reason)
	}
	return table.Flush()
}

// status returns the word that kubectl would print. A machine that has not joined is no node yet.
func status(n talos.NodeStatus) string {
	switch {
	case !n.Booted:
		return "not booted"
	case !n.Joined:
		return "not joined"
	case !n.Ready:
		return "NotReady"
	}
	return "Ready"
}

func printObjects(nodes []talos.NodeStatus, objects map[string][]talos.Object) {
	for _, cluster := range slices.Sorted(maps.Keys(objects)) {
		joined := 0
		for _, n := range nodes {
			if n.Cluster == cluster && n.Joined {
				joined++
			}
		}
		byKind := map[string][]string{}
		for _, object := range objects[cluster] {
			byKind[object.Kind] = append(byKind[object.Kind], object.Name)
		}
		fmt.Printf("\n%s: the control planes have created %d objects\n", cluster, len(objects[cluster]))
		fmt.Printf("  DaemonSets, on each of %d nodes: %s\n", joined, strings.Join(byKind["DaemonSet"], ", "))
		fmt.Printf("  Deployments: %s\n", strings.Join(byKind["Deployment"], ", "))
		if policies := byKind["CiliumClusterwideNetworkPolicy"]; len(policies) > 0 {
			fmt.Printf("  policies for all pods: %s\n", strings.Join(policies, ", "))
		}
	}
	fmt.Println("\nConfigurations, secrets and manifests are read by Talos' own library. No pod runs here: a node " +
		"is Ready when it has\njoined and the packets of its network plugin reach all other nodes.")
}
