package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/inferadb/infra/simulator"
	"github.com/inferadb/infra/simulator/latency"
	"github.com/inferadb/infra/simulator/provider"
)

// showCriticalPath compares the critical path of a stack, by the table of times, with what happened in the clouds.
func showCriticalPath(arguments []string) error {
	if len(arguments) != 2 {
		return errors.New("critical-path: name create or delete, and a file that `pulumi stack export` wrote")
	}
	options, err := provider.OptionsFromEnvironment()
	if err != nil {
		return err
	}
	if options.Latency == 0 {
		return errors.New("critical-path: SIMULATOR_LATENCY: is not set, so that nothing took any time; set it " +
			"before the up, such as 0.1")
	}
	plans := map[latency.Operation]func([]latency.Resource) latency.Plan{latency.Create: latency.Up,
		latency.Delete: latency.Destroy}
	plan, known := plans[latency.Operation(arguments[0])]
	if !known {
		return fmt.Errorf("critical-path: %q is neither create nor delete", arguments[0])
	}
	state, err := os.ReadFile(arguments[1])
	if err != nil {
		return err
	}
	resources, err := latency.ReadState(state)
	if err != nil {
		return fmt.Errorf("%s: %w", arguments[1], err)
	}
	journal, err := simulator.Open()
	if err != nil {
		return err
	}
	measured, err := latency.Measured(journal.Directory(), latency.Operation(arguments[0]), options.Latency)
	if err != nil {
		return err
	}
	plan(resources).Write(os.Stdout, measured)
	return nil
}
