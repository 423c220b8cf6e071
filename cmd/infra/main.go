// Command infra works on the clusters of a stack: what an update cannot do, because a person has to decide it or the nodes
// have to be asked first. The make targets call it; `infra help` lists its commands.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newRoot().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "infra:", err)
		os.Exit(1)
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "infra",
		Short:         "Work on the clusters of a stack",
		SilenceErrors: true, SilenceUsage: true,
	}
	root.SetOut(os.Stdout)
	root.AddCommand(newBootstrap(), newControlPlanes(), newPending())
	return root
}
