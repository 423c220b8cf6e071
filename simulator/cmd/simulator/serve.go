package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/inferadb/infra/simulator"
	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/nodes"
	"github.com/inferadb/infra/simulator/store"
	"github.com/inferadb/infra/simulator/talos"
)

// serveNodes serves the nodes' APIs until a signal ends it. It prints the line that connects a shell to them.
func serveNodes(arguments []string) error {
	var options nodes.Options
	if _, err := parse("serve", arguments, func(flags *flag.FlagSet) {
		flags.StringVar(&options.Proxy, "listen", "127.0.0.1:0", "where the proxy listens")
		flags.DurationVar(&options.Reboot, "reboot", 2*time.Second, "how long a machine is away when it reboots")
	}); err != nil {
		return err
	}
	journal, err := simulator.Open()
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	options.Journal, options.Network, options.Log = journal, simulator.Clouds(journal).Network, os.Stderr
	daemon, err := nodes.Start(options)
	if err != nil {
		return err
	}
	fmt.Printf("export HTTPS_PROXY=%s\n", daemon.Proxy())
	<-ctx.Done()
	return daemon.Close()
}

// setFault gives a machine a fault, which takes effect where a daemon serves the machine.
func setFault(arguments []string) error {
	if len(arguments) == 0 {
		for _, kind := range slices.Sorted(maps.Keys(talos.FaultKinds)) {
			fmt.Printf("%-14s %s\n", kind, talos.FaultKinds[kind])
		}
		return nil
	}
	if len(arguments) != 2 {
		return errors.New("fault: name a machine and a fault, or none; without both, the faults are listed")
	}
	return within(func(st *store.Store, clouds network.Network) error {
		return talos.SetFault(clouds, st, arguments[0], arguments[1])
	})
}
