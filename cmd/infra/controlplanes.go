package main

import (
	"context"
	"fmt"
	"time"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/operate"
	"github.com/spf13/cobra"
)

// newControlPlanes builds the command on the number of control planes.
func newControlPlanes() *cobra.Command {
	command := &cobra.Command{Use: "control-planes", GroupID: groupChange, Short: "Change the number of control planes"}
	scale := &operate.Scale{Gate: 15 * time.Minute, Leave: 10 * time.Minute, Poll: 2 * time.Second,
		Renew: 15 * time.Second}
	var stack string
	var yes bool
	set := &cobra.Command{
		Use: "set", Args: cobra.NoArgs,
		Short: "Make the control planes 1, 3 or 5: members leave etcd before their machines are deleted, and new " +
			"ones join",
		Long: "Make the control planes of each cluster of a stack 1, 3 or 5.\n\n" +
			"To shrink, those with the highest numbers leave etcd first, one after the other. Then the stack file " +
			"is changed, pulumi up runs,\nand the command waits until each control plane is a member of etcd that " +
			"votes. Run it again after an interruption: it goes on.\n" +
			"The exit code is 0 for done or nothing to do, 1 for stopped, 2 for refused, 3 for interrupted, 4 for " +
			"an upgrade that is running.",
		RunE: func(c *cobra.Command, _ []string) error {
			if scale.To == 0 {
				return refused(c, fmt.Errorf("TO: is not set; write: make control-planes STACK=%s TO=3 "+
					"(docs/operations.md#change-the-number-of-control-planes)", stack))
			}
			scale.Out = c.OutOrStdout()
			scale.Confirm = confirmation(c, yes)
			scale.Read = func(ctx context.Context) (operate.Scaled, error) { return readScaled(ctx, stack) }
			scale.Check = func(ctx context.Context, key, value string) error {
				return operate.CheckSetting(ctx, ".", stack, key, value)
			}
			scale.Up = func(context.Context) error { return bringUp(c, stack, yes) }
			return exitWith(c, scale.Run(c.Context()))
		},
	}
	onStack(set, &stack)
	set.Flags().IntVar(&scale.To, "to", 0, "how many control planes each cluster is to have: 1, 3 or 5")
	set.Flags().BoolVar(&yes, "yes", false, "do not ask")
	set.Flags().DurationVar(&scale.Gate, "gate-timeout", scale.Gate, "how long to wait for a gate")
	set.Flags().DurationVar(&scale.Leave, "leave-timeout", scale.Leave, "how long a member may take to leave etcd")
	command.AddCommand(set)
	return command
}

// readScaled reads a stack with the control planes that its state has. The outputs are those of the last update that
// ended.
func readScaled(ctx context.Context, name string) (operate.Scaled, error) {
	stack, err := operate.ReadStack(ctx, ".", name)
	if err != nil {
		return operate.Scaled{}, err
	}
	state, err := exportState(ctx, name, true)
	if err != nil {
		return operate.Scaled{}, err
	}
	scaled := operate.Scaled{Stack: stack, Configured: map[string][]operate.Machine{}}
	for _, c := range state.clusters() {
		for _, node := range c.controlPlanes {
			scaled.Configured[c.name] = append(scaled.Configured[c.name], node.asMachine())
			if node.protected {
				scaled.Protected = append(scaled.Protected, node.name)
			}
		}
	}
	return scaled, nil
}

// asMachine returns a control plane as package operate has it.
func (n controlPlane) asMachine() operate.Machine {
	return operate.Machine{Name: n.name, Pool: cluster.ControlPlanePool, Address: n.address, Endpoint: n.endpoint}
}

// bringUp runs an update as `make up` does: not while a creation that was cut off is pending, and with the engine's own
// question.
func bringUp(c *cobra.Command, stack string, yes bool) error {
	if err := refusePending(c); err != nil {
		return err
	}
	arguments := []string{"up", "--stack", stack}
	if yes {
		arguments = append(arguments, "--yes")
	}
	return engine(c, arguments...)
}
