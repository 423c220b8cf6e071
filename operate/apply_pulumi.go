package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/machineconfig"
	talosconfig "github.com/siderolabs/talos/pkg/machinery/config"
)

// PendingConfig is the configuration of a machine that the next update would change.
type PendingConfig struct {
	// Node is the machine's name, URN that of its ConfigurationApply.
	Node, URN string
	// Was is what the last update applied, Want what the next would.
	Was, Want talosconfig.Provider

	text string
}

const applyType = "talos:machine/configurationApply:ConfigurationApply"

// configurationInput is the input of a ConfigurationApply that has the configuration.
const configurationInput = "machineConfigurationInput"

// PendingConfigs asks the program for the configurations that the next update would change: a preview writes its plan,
// in clear, into a pipe. So they are those of the update to the last byte, and no file has their secrets.
func (s *Stack) PendingConfigs(ctx context.Context) ([]PendingConfig, error) {
	text, err := Pulumi(ctx, s.Name, "stack", "export", "--show-secrets")
	if err != nil {
		return nil, err
	}
	plan, err := s.plan(ctx)
	if err != nil {
		return nil, err
	}
	return parsePending(text, plan)
}

// plan runs a preview and returns its plan.
func (s *Stack) plan(ctx context.Context) ([]byte, error) {
	from, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer from.Close()
	// The first further file of a command is its descriptor 3.
	command := pulumiCommand(ctx, s.Name, "preview", "--save-plan", "/dev/fd/3", "--show-secrets", "--suppress-outputs",
		"--color", "never")
	command.Env, command.ExtraFiles = append(os.Environ(), config.ApplyVariable+"=1"), []*os.File{to}
	// The CLI's other output may have secrets in plain text as well, and is not kept.
	if err := errors.Join(command.Start(), to.Close()); err != nil {
		return nil, err
	}
	// The plugins that the CLI starts inherit the pipe: it may stay open after the plan.
	var text json.RawMessage
	err = json.NewDecoder(from).Decode(&text)
	if err := errors.Join(command.Wait(), err); err != nil {
		return nil, fmt.Errorf("the preview that renders the configurations fails (%w); this says "+
			"why: %s=1 make preview STACK=%s",
			err, config.ApplyVariable, s.Name)
	}
	return text, nil
}

// RecordConfigs runs an update of only these resources. Its output goes to the writer.
func (s *Stack) RecordConfigs(out io.Writer) func(context.Context, []string) error {
	return func(ctx context.Context, urns []string) error {
		arguments := []string{"up", "--yes", "--skip-preview", "--suppress-outputs"}
		for _, urn := range urns {
			arguments = append(arguments, "--target", urn)
		}
		// Who ends the context by Ctrl-C ends the CLI with it, which then gives its lock back.
		command := pulumiCommand(context.WithoutCancel(ctx), s.Name, arguments...)
		command.Env = append(os.Environ(), config.ApplyVariable+"=1")
		command.Stdout, command.Stderr = out, out
		return command.Run()
	}
}

// parsePending puts a state and a plan together, both in clear. Its errors quote neither.
func parsePending(state, plan []byte) ([]PendingConfig, error) {
	parsed, err := ParseState(state)
	if err != nil {
		return nil, err
	}
	var planned struct {
		ResourcePlans map[string]struct {
			Goal struct {
				InputDiff struct{ Updates map[string]any }
			}
		}
	}
	if json.Unmarshal(plan, &planned) != nil {
		return nil, errors.New("pulumi preview wrote no plan that this program knows; is .bin/pulumi " +
			"another version? run: make tools")
	}
	var all []PendingConfig
	for _, r := range parsed.Resources() {
		urn, _ := r["urn"].(string)
		want, changes := planned.ResourcePlans[urn].Goal.InputDiff.Updates[configurationInput]
		if r["type"] != applyType || !changes {
			continue
		}
		p := PendingConfig{URN: urn, Node: resourceName(r)}
		had, _ := inside(r, "inputs", configurationInput).(string)
		p.text, _ = PlainValue(want).(string)
		if p.Was, err = machineconfig.Parse(had); err != nil {
			return nil, fmt.Errorf("%s: the state has a configuration that Talos cannot read", p.Node)
		}
		if p.Want, err = machineconfig.Parse(p.text); err != nil {
			return nil, fmt.Errorf("%s: its configuration depends on something else that the next update changes; "+
				"make only that change first", p.Node)
		}
		all = append(all, p)
	}
	return all, nil
}
