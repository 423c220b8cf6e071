// Command infra works on the clusters of a stack: what an update cannot do, because a person has to decide it or the nodes
// have to be asked first. The make targets call it; `infra help` lists its commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the command at once.
	context.AfterFunc(ctx, stop)
	if err := newRoot().ExecuteContext(ctx); err != nil {
		var code exitCode
		if errors.As(err, &code) {
			os.Exit(int(code))
		}
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
	root.AddCommand(newApply(), newBootstrap(), newControlPlanes(), newEtcd(), newPending(), newRenew(), newRepair(), newStatus(), newUpgrade())
	return root
}
