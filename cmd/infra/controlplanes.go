package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/inferadb/infra/stackfile"
	"github.com/spf13/cobra"
)

// newControlPlanes returns the commands on the number of control planes.
func newControlPlanes() *cobra.Command {
	command := &cobra.Command{Use: "control-planes", Short: "Change the number of control planes"}
	removal := &removal{poll: 2 * time.Second, patience: 10 * time.Minute}
	remove := &cobra.Command{
		Use: "remove", Args: cobra.NoArgs,
		Short: "Let the control planes with the highest numbers leave etcd, one after the other, so that up may delete them",
		RunE:  func(command *cobra.Command, _ []string) error { return removal.run(command) },
	}
	remove.Flags().StringVar(&removal.stack, "stack", "", "the stack")
	remove.Flags().StringVar(&removal.cluster, "cluster", "", "one cluster of the stack, such as inferadb-staging-nyc1; all by default")
	remove.Flags().IntVar(&removal.to, "to", 0, "how many control planes stay: 1 or 3")
	remove.Flags().BoolVar(&removal.yes, "yes", false, "do not ask")
	command.AddCommand(remove)
	return command
}

// removal lets control planes leave etcd. Running it again goes on where it stopped: what the nodes say decides.
type removal struct {
	stack, cluster string
	to             int
	yes            bool
	// poll and patience are how often and how long the member list is read until a member has left it.
	poll, patience time.Duration
}

func (r *removal) run(command *cobra.Command) error {
	ctx := command.Context()
	if r.to != 1 && r.to != 3 {
		return fmt.Errorf("--to: %d is not 1 or 3; etcd decides by majority, and an even number adds no safety", r.to)
	}
	clusters, err := clustersOf(ctx, r.stack, r.cluster)
	if err != nil {
		return err
	}
	var planned []cluster
	for _, c := range clusters {
		if _, leaving := r.split(c); len(leaving) > 0 {
			planned = append(planned, c)
		}
	}
	if len(planned) == 0 {
		command.Printf("No cluster of %s has more than %d control planes.\n", r.stack, r.to)
		return nil
	}
	if err := r.confirm(command, planned); err != nil {
		return err
	}
	for _, c := range planned {
		if err := r.shrink(ctx, command, c); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	command.Printf("Next: set inferadb:controlPlanes: %d in %s, then make preview STACK=%s and make up STACK=%s, which deletes the machines; "+
		"then remove inferadb:acknowledge again\n", r.to, stackfile.Path("", r.stack), r.stack, r.stack)
	return nil
}

// split returns the control planes that stay, and those that leave with the highest number first.
func (r *removal) split(c cluster) (staying, leaving []controlPlane) {
	for _, node := range c.controlPlanes {
		if node.number < r.to {
			staying = append(staying, node)
		} else {
			leaving = append(leaving, node)
		}
	}
	slices.Reverse(leaving)
	return staying, leaving
}

// confirm prints the plan and asks. A protected machine is refused here, because the update that follows could not delete it.
func (r *removal) confirm(command *cobra.Command, planned []cluster) error {
	for _, c := range planned {
		staying, leaving := r.split(c)
		for _, node := range leaving {
			if node.protected {
				return fmt.Errorf("%s is protected, and no up could delete it: set inferadb:protection: false and run: make up STACK=%s; "+
					"then run this command again", node.name, r.stack)
			}
		}
		if len(staying) < r.to {
			return fmt.Errorf("%s has only %d of the %d control planes that are to stay; run: make up STACK=%s", c.name, len(staying), r.to, r.stack)
		}
		command.Printf("%s: %d control planes stay. In this order, each of these leaves etcd, is wiped and shut down:\n", c.name, len(staying))
		for _, node := range leaving {
			command.Printf("  %s (%s)\n", node.name, node.address)
		}
	}
	if r.yes {
		return nil
	}
	return askToGoOn(command)
}

// askToGoOn returns an error unless the person types yes.
func askToGoOn(command *cobra.Command) error {
	command.Print("Type yes to go on: ")
	answer, _ := bufio.NewReader(command.InOrStdin()).ReadString('\n')
	if strings.TrimSpace(answer) != "yes" {
		return errors.New("nothing was done")
	}
	return nil
}

// shrink lets the control planes of a cluster leave, one after the other.
func (r *removal) shrink(ctx context.Context, command *cobra.Command, c cluster) error {
	staying, leaving := r.split(c)
	// The nodes that leave forward no requests: they go away in between.
	endpoints := c
	endpoints.controlPlanes = staying
	talos, err := newTalosctl(endpoints)
	if err != nil {
		return err
	}
	for i, node := range leaving {
		if err := r.leave(ctx, command, talos, staying, leaving[i:]); err != nil {
			return fmt.Errorf("%s: %w; then run this command again, which goes on from here", node.name, err)
		}
		step := "etcd-left:" + node.name
		add := func(text []byte) ([]byte, error) { return stackfile.Append(text, "inferadb:acknowledge", step) }
		if err := stackfile.Edit(stackfile.Path("", r.stack), add); err != nil {
			return fmt.Errorf("%s has left etcd, but %q could not be added to inferadb:acknowledge: %w", node.name, step, err)
		}
		command.Printf("%s has left etcd; %q is in inferadb:acknowledge of %s\n", node.name, step, stackfile.Path("", r.stack))
	}
	return nil
}

// leave lets the first of the leaving nodes leave etcd. A node that answers is reset even if it is no member: it could still
// join. `etcd leave` alone would not do: the node joins again with its next boot.
func (r *removal) leave(ctx context.Context, command *cobra.Command, talos *talosctl, staying, leaving []controlPlane) error {
	node := leaving[0]
	members, err := talos.members(ctx, staying[0].address)
	if err != nil {
		return err
	}
	isMember, answers := slices.Contains(members, node.name), talos.answers(ctx, node.address)
	if isMember && !answers {
		return fmt.Errorf("it is a member of etcd and does not answer: start it, or, if it is lost for good, remove it by its id: "+
			"talosctl -n %s etcd members, then talosctl -n %s etcd remove-member <id>", staying[0].address, staying[0].address)
	}
	if !isMember && !answers {
		return nil
	}
	if err := checkEtcd(ctx, talos, members, staying, leaving); err != nil {
		return err
	}
	command.Printf("%s: leaving etcd ...\n", node.name)
	if _, err := talos.run(ctx, node.address, "reset", "--graceful", "--reboot=false", "--wait=false"); err != nil {
		return err
	}
	return r.waitUntilGone(ctx, talos, staying, node)
}

// checkEtcd returns why etcd should not lose a member now: each member must be a control plane of the stack and healthy, and
// each control plane that stays must be a member. With all of them healthy, those that remain are a majority.
func checkEtcd(ctx context.Context, talos *talosctl, members []string, staying, leaving []controlPlane) error {
	for _, name := range members {
		i := slices.IndexFunc(slices.Concat(staying, leaving), func(n controlPlane) bool { return n.name == name })
		if i < 0 {
			return fmt.Errorf("etcd has the member %s, which is no control plane of the stack: remove it first: "+
				"talosctl -n %s etcd remove-member <id>", name, staying[0].address)
		}
		if err := talos.healthy(ctx, slices.Concat(staying, leaving)[i].address); err != nil {
			return fmt.Errorf("%s is a member that is not healthy: mend it first: %w", name, err)
		}
	}
	for _, node := range staying {
		if !slices.Contains(members, node.name) {
			return fmt.Errorf("%s is to stay and is no member of etcd: mend it first", node.name)
		}
	}
	return nil
}

// waitUntilGone asks the control planes that stay until none of them has the node as a member any more.
func (r *removal) waitUntilGone(ctx context.Context, talos *talosctl, staying []controlPlane, node controlPlane) error {
	end := time.Now().Add(r.patience)
	for {
		gone := true
		var failed error
		for _, survivor := range staying {
			members, err := talos.members(ctx, survivor.address)
			failed = errors.Join(failed, err)
			gone = gone && err == nil && !slices.Contains(members, node.name)
		}
		if gone {
			return nil
		}
		if time.Now().After(end) {
			return errors.Join(fmt.Errorf("it was told to leave etcd and is still a member after %s: look at talosctl -n %s dmesg",
				r.patience, node.address), failed)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(r.poll):
		}
	}
}
