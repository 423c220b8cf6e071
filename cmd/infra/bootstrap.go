package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/inferadb/infra/operate"
	"github.com/spf13/cobra"
)

// newBootstrap returns the commands that make state and clusters agree on whether etcd was bootstrapped.
func newBootstrap() *cobra.Command {
	var stack, name string
	command := &cobra.Command{Use: "bootstrap", GroupID: groupState,
		Short: "Record in the state whether a cluster's etcd was started"}
	record := &cobra.Command{
		Use: "record", Short: "Record a bootstrap that was made and that the state does not know", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return changeBootstraps(command, stack, name, "recorded", recordIfRunning)
		},
	}
	forget := &cobra.Command{
		Use: "forget", Short: "Forget the bootstrap of a cluster whose etcd is lost, so that up starts an empty one",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return changeBootstraps(command, stack, name, "forgotten", forgetIfLost)
		},
	}
	for _, one := range []*cobra.Command{record, forget} {
		onStack(one, &stack)
		one.Flags().StringVar(&name, "cluster", "",
			"one cluster of the stack, such as inferadb-staging-nyc1; all by default")
		command.AddCommand(one)
	}
	return command
}

// changeBootstraps lets a change look at each cluster and edit the state, and imports the state if anything was
// changed.
func changeBootstraps(command *cobra.Command, stack, name, done string,
	change func(context.Context, *cobra.Command, *deployment, deployedCluster) (bool, error)) error {
	ctx := command.Context()
	clusters, err := clustersOf(ctx, stack, name)
	if err != nil {
		return err
	}
	state, err := exportState(ctx, stack, false)
	if err != nil {
		return err
	}
	changed := false
	for _, c := range clusters {
		one, err := change(ctx, command, state, c)
		if err != nil {
			return err
		}
		changed = changed || one
	}
	if !changed {
		command.Println("Nothing was changed.")
		return nil
	}
	if err := importState(ctx, stack, state); err != nil {
		return err
	}
	command.Printf("The bootstrap is %s. Next: make preview STACK=%s, make up STACK=%s\n", done, stack, stack)
	return nil
}

// clustersOf reads the clusters of a stack, or the one of that name.
func clustersOf(ctx context.Context, stack, name string) ([]deployedCluster, error) {
	if stack == "" {
		return nil, fmt.Errorf("--stack: is not set; write: --stack staging")
	}
	state, err := exportState(ctx, stack, true)
	if err != nil {
		return nil, err
	}
	clusters, names := state.clusters(), []string{}
	for _, c := range clusters {
		names = append(names, c.name)
	}
	if name != "" {
		clusters = slices.DeleteFunc(clusters, func(c deployedCluster) bool { return c.name != name })
	}
	if len(clusters) == 0 {
		return nil, fmt.Errorf("stack %s: its state has no cluster %q; it has [%s]", stack, name,
			strings.Join(names, " "))
	}
	return clusters, nil
}

// recordIfRunning records a cluster's bootstrap if the first control plane runs as a member of an etcd that answers.
func recordIfRunning(ctx context.Context, command *cobra.Command, state *deployment, c deployedCluster) (bool, error) {
	if c.bootstrapped {
		command.Printf("%s: its bootstrap is in the state already\n", c.name)
		return false, nil
	}
	if len(c.controlPlanes) == 0 {
		command.Printf("%s: it has no control plane yet\n", c.name)
		return false, nil
	}
	first, err := c.askFirst(ctx)
	if err != nil {
		return false, err
	}
	members := membersOf(first)
	if first.EtcdError != "" {
		return false, fmt.Errorf("%s: its first control plane does not run etcd, so there is no bootstrap to "+
			"record; run: make up: %s at %s: %s", c.name,
			first.Name, first.Endpoint, cmp.Or(first.TalosError, first.EtcdError))
	}
	for _, member := range members {
		if !slices.ContainsFunc(c.controlPlanes, func(n controlPlane) bool { return n.name == member }) {
			return false, fmt.Errorf("%s: etcd on %s has the member %s, which is not a control plane of the stack; is "+
				"the address another cluster's?",
				c.name, first.Address, member)
		}
	}
	if !slices.Contains(members, first.Name) {
		return false, fmt.Errorf("%s: etcd does not count %s as a member; its members are %s", c.name, first.Name,
			strings.Join(members, ", "))
	}
	if !first.HasHealthyEtcd() {
		return false, fmt.Errorf("%s: etcd was started, and is not healthy: %s has no leader, or is still catching "+
			"up: %s", c.name, first.Name,
			strings.Join(first.Etcd.Errors, ", "))
	}
	command.Printf("%s: etcd runs with the members %s\n", c.name, strings.Join(members, ", "))
	return true, state.recordBootstrap(c)
}

// elections is how long an etcd that was just started may take to elect a leader. Talos leaves etcd's default, one
// second without a leader before an election: https://etcd.io/docs/v3.6/tuning/#time-parameters
const elections = 15 * time.Second

// askFirst asks the first control plane. If its etcd runs without a leader, it asks again until there is one or the
// elections must be over.
func (c deployedCluster) askFirst(ctx context.Context) (*operate.Node, error) {
	for end := time.Now().Add(elections); ; {
		nodes, err := c.ask(ctx)
		if err != nil {
			return nil, err
		}
		if first := nodes[0]; first.EtcdError != "" || first.HasHealthyEtcd() || time.Now().After(end) {
			return first, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// forgetIfLost forgets a cluster's bootstrap if each of its control planes answers and none runs etcd.
func forgetIfLost(ctx context.Context, command *cobra.Command, state *deployment, c deployedCluster) (bool, error) {
	if !c.bootstrapped {
		command.Printf("%s: its bootstrap is not in the state\n", c.name)
		return false, nil
	}
	nodes, err := c.ask(ctx)
	if err != nil {
		return false, err
	}
	for i, node := range nodes {
		if !c.controlPlanes[i].machine {
			continue
		}
		if node.TalosError != "" {
			return false, fmt.Errorf("%s: the Talos API of %s at %s does not answer, so it is unknown whether it "+
				"has etcd's data; if the machine was deleted, run: make refresh; else repair the route to "+
				"it", c.name, node.Name, node.Address)
		}
		// Without a quorum etcd answers in part.
		if members := membersOf(node); len(members) > 0 {
			return false, fmt.Errorf("%s: etcd runs on %s, with the members %s: the bootstrap is not forgotten. If "+
				"etcd has lost its quorum for good, "+
				"save what is left (docs/operations.md#recover-lost-control-planes), then wipe it: "+
				"talosctl -n %s reset --graceful=false --reboot --system-labels-to-wipe EPHEMERAL",
				c.name, node.Name, strings.Join(members, ", "), node.Address)
		}
	}
	command.Printf("%s: no control plane runs etcd; the next up starts an empty one, without the Kubernetes "+
		"objects that there were\n", c.name)
	state.forgetBootstrap(c)
	return true, nil
}

// membersOf returns the names of etcd's members, as the etcd of a node knows them.
func membersOf(n *operate.Node) []string {
	var names []string
	for _, m := range n.Etcd.Members {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	return names
}
