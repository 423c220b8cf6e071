package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/inferadb/infra/operate"
	"github.com/spf13/cobra"
)

// newPending builds the command that leads through what an update was creating when it was cut off. Pulumi only warns
// of it and creates the same once more: two machines of one name.
func newPending() *cobra.Command {
	var stack string
	command := &cobra.Command{
		Use: "pending", GroupID: groupState,
		Short: "Show what an update was creating when it was cut off, and fail if there is anything",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			state, err := exportPending(c.Context())
			if err != nil {
				return err
			}
			return state.report(c.OutOrStdout())
		},
	}
	resolve := &cobra.Command{
		Use: "resolve TYPE::NAME=ID|none ...",
		Short: "Set the id under which the cloud has each creation: the state adopts it, or with none forgets the " +
			"creation",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return resolvePending(c.Context(), args) },
	}
	onStack(command, &stack)
	onStack(resolve, &stack)
	command.AddCommand(resolve)
	return command
}

// pendingState is a stack's exported state. It is changed as little as possible: what is not looked at stays as it is.
type pendingState struct {
	whole      map[string]any
	deployment map[string]any
}

// operation is a creation that was cut off.
type operation struct {
	// Key names it: the type and the name of the program. A URN has a dollar sign, which make and the shell read
	// otherwise.
	Key, Type, Name string
	// Resource is the resource as the state would have it, without an id.
	Resource map[string]any
	// Inputs are those of the resource, Provider those of its provider.
	Inputs, Provider map[string]any
}

func exportPending(ctx context.Context) (*pendingState, error) {
	d, err := exportState(ctx, "", false)
	if err != nil {
		return nil, err
	}
	return pendingOf(d)
}

func pendingOf(d *deployment) (*pendingState, error) {
	s := &pendingState{whole: d.whole}
	var ok bool
	if s.deployment, ok = s.whole["deployment"].(map[string]any); !ok {
		return nil, errors.New("pulumi stack export: there is no deployment in it")
	}
	return s, nil
}

// operations returns the creations that were cut off. An update or a deletion that was cut off is no matter: the state
// has the resource, and the next update repeats it.
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

// none is the answer for what the cloud does not have.
const none = "none"

// answers reads an id or none for each pending creation. All are needed at once: an import of the state, by which it is
// changed, forgets every pending operation.
func (s *pendingState) answers(arguments []string) (map[string]string, error) {
	ids := map[string]string{}
	for _, argument := range arguments {
		key, id, found := strings.Cut(argument, "=")
		if !found || id == "" || strings.HasPrefix(id, "<") {
			return nil, fmt.Errorf("%s: write TYPE::NAME=ID, or TYPE::NAME=%s if the cloud does not have it",
				argument, none)
		}
		ids[key] = id
	}
	left := maps.Clone(ids)
	for _, op := range s.operations() {
		switch id, answered := ids[op.Key]; {
		case !answered:
			return nil, fmt.Errorf("%s: is pending, too; give its id, or %s=%s", op.Key, op.Key, none)
		case id != none && s.has(op.Resource["urn"]):
			return nil, fmt.Errorf("%s: the state has the resource that it replaces; delete %s in the cloud, then "+
				"write %s=%s",
				op.Key, id, op.Key, none)
		}
		delete(left, op.Key)
	}
	for key := range left {
		return nil, fmt.Errorf("%s: no creation of this type and name is pending", key)
	}
	return ids, nil
}

// has reports whether the state has a resource.
func (s *pendingState) has(urn any) bool {
	return slices.ContainsFunc(list(s.deployment["resources"]), func(r map[string]any) bool { return r["urn"] == urn })
}

// resolvePending puts what the cloud has into the state, with the inputs that it was created with, and has Pulumi read
// the rest from the cloud. An import would start from what the cloud returns, which is not complete: the next update
// would replace a machine.
func resolvePending(ctx context.Context, arguments []string) error {
	state, err := exportPending(ctx)
	if err != nil {
		return err
	}
	ids, err := state.answers(arguments)
	if err != nil {
		return err
	}
	adopted := map[string]string{}
	resources, _ := state.deployment["resources"].([]any)
	for _, op := range state.operations() {
		if ids[op.Key] == none {
			continue
		}
		resource := maps.Clone(op.Resource)
		resource["id"], resource["outputs"] = ids[op.Key], op.Inputs
		resources = append(resources, resource)
		adopted[fmt.Sprint(resource["urn"])] = op.Key
	}
	state.deployment["resources"] = resources
	delete(state.deployment, "pending_operations")
	if err := importState(ctx, "", &deployment{whole: state.whole}); err != nil || len(adopted) == 0 {
		return err
	}
	return readAdopted(ctx, adopted, ids)
}

// readAdopted reads adopted resources from the cloud. One that is not there leaves the state again.
func readAdopted(ctx context.Context, adopted, ids map[string]string) error {
	refresh := []string{"refresh", "--yes", "--skip-preview"}
	for _, urn := range slices.Sorted(maps.Keys(adopted)) {
		refresh = append(refresh, "--target", urn)
	}
	if _, err := operate.Pulumi(ctx, "", refresh...); err != nil {
		return err
	}
	state, err := exportPending(ctx)
	if err != nil {
		return err
	}
	var missing error
	for _, urn := range slices.Sorted(maps.Keys(adopted)) {
		if key := adopted[urn]; !state.has(urn) {
			missing = errors.Join(missing, fmt.Errorf("%s: the cloud has no %s, so that the next update creates it; "+
				"if it has it under another id, delete it there first", key, ids[key]))
		}
	}
	return missing
}

// report lists what is pending with the steps for each, and fails if there is anything.
func (s *pendingState) report(out io.Writer) error {
	operations := s.operations()
	if len(operations) == 0 {
		return nil
	}
	stack := os.Getenv("PULUMI_STACK")
	fmt.Fprintf(out, "If another update of %s runs at this moment, wait until it ends.\n", stack)
	fmt.Fprintf(out, "Otherwise one was cut off while it created what is below, and the cloud may have it. If the "+
		"stack is still\nlocked: make pulumi STACK=%s ARGS=cancel\n\n", stack)
	var answers []string
	then := map[string]bool{}
	for _, op := range operations {
		fmt.Fprintf(out, "%s\n", op.Key)
		for _, step := range op.steps() {
			fmt.Fprintf(out, "  %s\n", step)
		}
		answers = append(answers, op.Key+"="+op.answer())
		if target := lookups[op.Type].then; target != "" {
			then[target] = true
		}
	}
	fmt.Fprintf(out, "\nThen, with the id of each, or none if it is not there:\n\n"+
		"  make pending STACK=%s ARGS=\"resolve %s\"\n", stack, strings.Join(answers, " "))
	for _, target := range append(slices.Sorted(maps.Keys(then)), "up") {
		fmt.Fprintf(out, "  make %s STACK=%s\n", target, stack)
	}
	fmt.Fprintln(out)
	return fmt.Errorf("%d creations of %s are pending: docs/operations.md#what-a-killed-up-leaves", len(operations),
		stack)
}
