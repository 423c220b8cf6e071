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
	"github.com/inferadb/infra/simulator/nodes"
	"github.com/inferadb/infra/simulator/site"
	"github.com/inferadb/infra/simulator/talos"
	"github.com/inferadb/infra/simulator/world"
)

// serveNodes lets the nodes answer until it is told to end. It prints the line that leads a shell to them.
func serveNodes(arguments []string) error {
	var options nodes.Options
	if _, err := parse("serve", arguments, func(flags *flag.FlagSet) {
		flags.StringVar(&options.Proxy, "listen", "127.0.0.1:0", "where the proxy listens")
		flags.DurationVar(&options.Reboot, "reboot", 2*time.Second, "how long a machine is away when it reboots")
	}); err != nil {
		return err
	}
	store, err := simulator.Open()
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	options.Store, options.Site, options.Log = store, simulator.Clouds(store).Site, os.Stderr
	daemon, err := nodes.Start(options)
	if err != nil {
		return err
	}
	fmt.Printf("export HTTPS_PROXY=%s\n", daemon.Proxy())
	<-ctx.Done()
	return daemon.Close()
}

// setFault gives a machine a fault that a daemon lets strike.
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
	return within(func(w *world.World, s site.Site) error { return talos.SetFault(s, w, arguments[0], arguments[1]) })
}
