package talos

import (
	"fmt"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
)

// checkApply renders the configuration, as the provider does when it plans.
func checkApply(call *schema.Call) []schema.Problem {
	if call.Inputs.Object("onDestroy").Bool("reset") {
		return []schema.Problem{{Property: "onDestroy.reset", Reason: "the simulator does not reset machines"}}
	}
	if _, err := render(call.Inputs); err != nil {
		return []schema.Problem{{Property: "configPatches", Reason: err.Error()}}
	}
	return nil
}

// render returns the input with the patches; empty while either is unknown.
func render(inputs store.Values) (string, error) {
	texts := inputs.Strings("configPatches")
	all, _ := inputs["configPatches"].([]any)
	if !inputs.Known("machineConfigurationInput") || len(texts) != len(all) ||
		inputs["configPatches"] == store.Unknown {
		return "", nil
	}
	patches, err := configpatcher.LoadPatches(texts)
	if err != nil {
		return "", fmt.Errorf("error loading config patches: %w", err)
	}
	input := configpatcher.WithBytes([]byte(inputs.String("machineConfigurationInput")))
	rendered, err := configpatcher.Apply(input, patches)
	if err != nil {
		return "", fmt.Errorf("error applying config patches: %w", err)
	}
	document, err := rendered.Bytes()
	if err != nil {
		return "", fmt.Errorf("error converting config to bytes: %w", err)
	}
	return string(document), nil
}

func apply(call *schema.Call) error {
	document, err := render(call.Inputs)
	if err != nil {
		return err
	}
	mode, err := send(call, document)
	if err != nil {
		return explain("Error applying configuration", err)
	}
	call.State["machineConfiguration"] = document
	call.State["resolvedApplyMode"] = mode
	return explain("Error applying configuration", turnaround(call.Inputs))
}

// send returns the machine's side of it. It returns the mode that the provider has chosen.
// https://github.com/siderolabs/talos/blob/v1.12.1/internal/app/machined/internal/server/v1alpha1/v1alpha1_server.go
func send(call *schema.Call, document string) (string, error) {
	_, n, err := connectFor(call)
	if err != nil {
		return "", err
	}
	call.Machine.Provider, call.Machine.Started = n.Provider, n.disk.Started
	changed, err := load([]byte(document))
	if err != nil {
		return "", fmt.Errorf("rpc error: code = InvalidArgument desc = %w", err)
	}
	mode, needsReboot := call.State.String("applyMode"), immediate(n.config, changed)
	switch {
	case mode == "no_reboot" && needsReboot != nil:
		return "", fmt.Errorf("rpc error: code = InvalidArgument desc = %w", needsReboot)
	case mode == "staged_if_needing_reboot" && needsReboot != nil:
		mode = "staged"
	case mode == "staged_if_needing_reboot":
		mode = "auto"
	}
	saved, err := recall[disk](call.Store, disks, n.ID)
	if err != nil {
		return "", err
	}
	if mode == "staged" {
		saved.Staged = document
	} else {
		saved.Config, saved.Staged = document, ""
	}
	return mode, keep(call.Store, disks, n.ID, saved)
}
