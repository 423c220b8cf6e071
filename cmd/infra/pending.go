package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// newPending builds the command that leads through what an update was creating when it was cut off. Pulumi only warns of it
// and creates the same once more: two machines of one name.
func newPending() *cobra.Command {
	command := &cobra.Command{
		Use:   "pending",
		Short: "Show what an update was creating when it was cut off, and fail if there is anything",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			state, err := exportState(c.Context())
			if err != nil {
				return err
			}
			return state.report(c.OutOrStdout())
		},
	}
	command.AddCommand(&cobra.Command{
		Use:   "adopt TYPE::NAME ID",
		Short: "Take a resource that the cloud did create into the state",
		Args:  cobra.ExactArgs(2),
		RunE:  func(c *cobra.Command, args []string) error { return adopt(c.Context(), args[0], args[1]) },
	}, &cobra.Command{
		Use:   "forget TYPE::NAME",
		Short: "Forget a creation of which the cloud has nothing, so that the next update repeats it",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			state, err := exportState(c.Context())
			if err != nil {
				return err
			}
			if _, err := state.take(args[0]); err != nil {
				return err
			}
			return state.save(c.Context())
		},
	})
	return command
}

// pendingState is a stack's exported state. It is changed as little as possible: what is not looked at stays as it is.
type pendingState struct {
	whole      map[string]any
	deployment map[string]any
}

// operation is a creation that was cut off.
type operation struct {
	// Key names it: the type and the name of the program. A URN has a dollar sign, which make and the shell read otherwise.
	Key, Type, Name string
	// Resource is the resource as the state would have it, without an id.
	Resource map[string]any
	// Inputs are those of the resource, Provider those of its provider.
	Inputs, Provider map[string]any
}

func exportState(ctx context.Context) (*pendingState, error) {
	text, err := pulumi(ctx, "stack", "export")
	if err != nil {
		return nil, err
	}
	return parseState(text)
}

func parseState(text []byte) (*pendingState, error) {
	s := &pendingState{}
	if err := json.Unmarshal(text, &s.whole); err != nil {
		return nil, fmt.Errorf("pulumi stack export: %w", err)
	}
	var ok bool
	if s.deployment, ok = s.whole["deployment"].(map[string]any); !ok {
		return nil, errors.New("pulumi stack export: there is no deployment in it")
	}
	return s, nil
}

// pulumi runs the CLI on the stack that the environment names.
func pulumi(ctx context.Context, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "pulumi", append(arguments, "--non-interactive")...)
	var out, diagnostics bytes.Buffer
	command.Stdout, command.Stderr = &out, &diagnostics
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("pulumi %s: %w\n%s", strings.Join(arguments, " "), err, diagnostics.String())
	}
	return out.Bytes(), nil
}

// operations returns the creations that were cut off. An update or a deletion that was cut off is no matter: the state has
// the resource, and the next update repeats it.
func (s *pendingState) operations() []operation {
	var found []operation
	for _, item := range list(s.deployment["pending_operations"]) {
		resource, _ := item["resource"].(map[string]any)
		if item["type"] != "creating" || resource == nil {
			continue
		}
		urn, _ := resource["urn"].(string)
		op := operation{Resource: resource}
		op.Type, _ = resource["type"].(string)
		op.Name = urn[strings.LastIndex(urn, "::")+2:]
		op.Key = op.Type + "::" + op.Name
		op.Inputs, _ = resource["inputs"].(map[string]any)
		reference, _ := resource["provider"].(string)
		op.Provider = s.inputsOf(reference)
		found = append(found, op)
	}
	slices.SortFunc(found, func(a, b operation) int { return strings.Compare(a.Key, b.Key) })
	return found
}

// inputsOf returns the inputs of the provider that a reference, its URN and id, names.
func (s *pendingState) inputsOf(reference string) map[string]any {
	for _, resource := range list(s.deployment["resources"]) {
		if urn, _ := resource["urn"].(string); urn != "" && strings.HasPrefix(reference, urn+"::") {
			inputs, _ := resource["inputs"].(map[string]any)
			return inputs
		}
	}
	return nil
}

func list(value any) []map[string]any {
	var objects []map[string]any
	items, _ := value.([]any)
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects
}

// take removes a creation from the pending ones and returns it.
func (s *pendingState) take(key string) (operation, error) {
	operations := s.operations()
	i := slices.IndexFunc(operations, func(op operation) bool { return op.Key == key || op.Resource["urn"] == key })
	if i < 0 {
		return operation{}, fmt.Errorf("%s: no creation of this type and name is pending; run: make pending STACK=%s", key, os.Getenv("PULUMI_STACK"))
	}
	urn := operations[i].Resource["urn"]
	pending, _ := s.deployment["pending_operations"].([]any)
	s.deployment["pending_operations"] = slices.DeleteFunc(slices.Clone(pending), func(item any) bool {
		object, _ := item.(map[string]any)
		resource, _ := object["resource"].(map[string]any)
		return object["type"] == "creating" && resource["urn"] == urn
	})
	return operations[i], nil
}

// has reports whether the state has a resource.
func (s *pendingState) has(urn any) bool {
	return slices.ContainsFunc(list(s.deployment["resources"]), func(r map[string]any) bool { return r["urn"] == urn })
}

// save replaces the stack's state. Pulumi locks the stack for it.
func (s *pendingState) save(ctx context.Context) error {
	text, err := json.Marshal(s.whole)
	if err != nil {
		return err
	}
	// The state's secrets are encrypted in it; the file is its owner's nevertheless.
	file, err := os.CreateTemp("", "infra-state-*.json")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if _, err := file.Write(text); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	_, err = pulumi(ctx, "stack", "import", "--file", file.Name())
	return err
}

// adopt puts a resource into the state with the inputs that it was created with, and has Pulumi read the rest from the
// cloud. An import would start from what the cloud tells, which does not tell all: the next update would replace a machine.
func adopt(ctx context.Context, key, id string) error {
	before, err := exportState(ctx)
	if err != nil {
		return err
	}
	text, err := json.Marshal(before.whole)
	if err != nil {
		return err
	}
	after, err := parseState(text)
	if err != nil {
		return err
	}
	op, err := after.take(key)
	if err != nil {
		return err
	}
	urn := op.Resource["urn"]
	if after.has(urn) {
		return fmt.Errorf("%s: the state has the resource that it replaces; delete %s in the cloud, then: infra pending forget %s", key, id, key)
	}
	adopted := maps.Clone(op.Resource)
	adopted["id"], adopted["outputs"] = id, op.Inputs
	resources, _ := after.deployment["resources"].([]any)
	after.deployment["resources"] = append(slices.Clone(resources), adopted)
	if err := after.save(ctx); err != nil {
		return err
	}
	_, refreshed := pulumi(ctx, "refresh", "--target", fmt.Sprint(urn), "--yes", "--skip-preview", "--skip-pending-creates")
	now, err := exportState(ctx)
	if err == nil && refreshed == nil && now.has(urn) {
		return nil
	}
	if err := before.save(ctx); err != nil {
		return err
	}
	return errors.Join(fmt.Errorf("%s: the cloud has no %s; the creation is pending as before", key, id), refreshed, err)
}

// report lists what is pending with the steps for each, and fails if there is anything.
func (s *pendingState) report(out io.Writer) error {
	operations := s.operations()
	if len(operations) == 0 {
		return nil
	}
	stack := os.Getenv("PULUMI_STACK")
	fmt.Fprintf(out, "If another update of %s runs at this moment, wait until it ends.\n", stack)
	fmt.Fprintf(out, "Otherwise one was cut off while it created what is below, and the cloud may have it. If the stack is still\n"+
		"locked: make pulumi STACK=%s ARGS=cancel\n\n", stack)
	for _, op := range operations {
		fmt.Fprintf(out, "%s\n", op.Key)
		for _, step := range op.steps(stack) {
			fmt.Fprintf(out, "  %s\n", step)
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "Then run again: make up STACK=%s\n", stack)
	return fmt.Errorf("%d creations of %s are pending: docs/operations.md#what-a-killed-up-leaves", len(operations), stack)
}
