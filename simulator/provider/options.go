package provider

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/inferadb/infra/simulator/latency"
	"github.com/inferadb/infra/simulator/schema"
)

// Options make a simulated cloud slow, and make its operations fail.
type Options struct {
	// Latency is the part of the clouds' own time that operations take; 0 for none.
	Latency float64
	Faults  []Fault
}

// OptionsFromEnvironment reads SIMULATOR_LATENCY and SIMULATOR_FAULT.
func OptionsFromEnvironment() (Options, error) {
	var options Options
	if text := os.Getenv("SIMULATOR_LATENCY"); text != "" {
		scale, err := strconv.ParseFloat(text, 64)
		if err != nil || scale < 0 {
			return options, fmt.Errorf("SIMULATOR_LATENCY: %q is not a factor; use a number such as 0.01", text)
		}
		options.Latency = scale
	}
	for _, text := range strings.FieldsFunc(os.Getenv("SIMULATOR_FAULT"), func(r rune) bool { return r == ',' }) {
		fault, err := parseFault(strings.TrimSpace(text))
		if err != nil {
			return options, err
		}
		options.Faults = append(options.Faults, fault)
	}
	return options, nil
}

// patience returns how long an operation may be retried: ten minutes of a cloud's time, and a moment for the machine
// that all this runs on.
func (o Options) patience() time.Duration {
	return 2*time.Second + time.Duration(o.Latency*float64(10*time.Minute))
}

// wait lets some of the clouds' time pass.
func (o Options) wait(ctx context.Context, takes time.Duration) {
	o.waitUntil(ctx, time.Now(), takes)
}

// waitForBoot waits until the machine that a call spoke to would have answered.
func (o Options) waitForBoot(ctx context.Context, call *schema.Call) {
	if machine := latency.Machines[call.Machine.Provider]; machine != "" {
		o.waitUntil(ctx, call.Machine.Started, latency.Of(machine).Create+latency.Boot)
	}
}

func (o Options) waitUntil(ctx context.Context, start time.Time, takes time.Duration) {
	select {
	case <-time.After(time.Until(start.Add(time.Duration(float64(takes) * o.Latency)))):
	case <-ctx.Done():
	}
}
