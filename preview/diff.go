package preview

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// clusterType is the component that is built once for each region.
const clusterType = "inferadb:index:TalosCluster"

// signs are the prefixes of resources, as in Pulumi's own display.
var signs = map[apitype.OpType]string{
	apitype.OpCreate: "+ ", apitype.OpUpdate: "~ ", apitype.OpReplace: "+-", apitype.OpDelete: "- ",
	apitype.OpImport: "= ", apitype.OpRead: "> ",
}

// section is the diff of one cluster, or of what belongs to none.
type section struct {
	title string
	lines []string
}

// sections returns the diff by cluster and type. Without the details of new resources it is shorter.
func sections(steps []apitype.StepEventMetadata, details bool) []section {
	parents := map[string]string{}
	for _, step := range steps {
		parents[step.URN] = state(step).Parent
	}
	byCluster := map[string][]apitype.StepEventMetadata{}
	for _, step := range steps {
		if step.Op != apitype.OpSame {
			cluster := clusterOf(step.URN, parents)
			byCluster[cluster] = append(byCluster[cluster], step)
		}
	}
	var all []section
	for _, cluster := range slices.Sorted(maps.Keys(byCluster)) {
		steps := byCluster[cluster]
		all = append(
			all,
			section{title: fmt.Sprintf("%s: %s", cluster, summarize(steps)), lines: lines(steps, details)},
		)
	}
	return all
}

// state returns what a step has of its resource: the new state, or the old one of what goes.
func state(step apitype.StepEventMetadata) apitype.StepEventStateMetadata {
	switch {
	case step.New != nil:
		return *step.New
	case step.Old != nil:
		return *step.Old
	}
	return apitype.StepEventStateMetadata{}
}

// clusterOf climbs from a resource to the cluster that it is part of.
func clusterOf(urn string, parents map[string]string) string {
	for range len(parents) {
		if kind, name := named(urn); kind == clusterType {
			return name
		}
		urn = parents[urn]
	}
	return "the stack itself"
}

// named takes a resource's own type and name from its URN; what is none is its own name, because the SDK would panic.
func named(urn string) (kind, name string) {
	if u := resource.URN(urn); u.IsValid() {
		return string(u.Type()), u.Name()
	}
	return "", urn
}

// summarize returns how much of each there is: "3 to create, 1 to replace".
func summarize(steps []apitype.StepEventMetadata) string {
	counts := count(steps)
	var parts []string
	for _, op := range ops(counts) {
		parts = append(parts, fmt.Sprintf("%d to %s", counts[op], op))
	}
	return strings.Join(parts, ", ")
}

// lines returns the resources of a cluster by type. Resources with the same change are listed together, above it.
func lines(steps []apitype.StepEventMetadata, details bool) []string {
	type change struct{ heads, properties []string }
	var changes []*change
	same := map[string]*change{}
	steps = slices.Clone(steps)
	slices.SortStableFunc(steps, func(a, b apitype.StepEventMetadata) int {
		return strings.Compare(a.Type+" "+a.URN, b.Type+" "+b.URN)
	})
	for _, step := range steps {
		properties := propertyLines(step, details)
		key := strings.Join(append([]string{step.Type, string(step.Op)}, properties...), "\n")
		if same[key] == nil {
			same[key] = &change{properties: properties}
			changes = append(changes, same[key])
		}
		same[key].heads = append(same[key].heads, head(step))
	}
	var all []string
	for _, c := range changes {
		all = append(all, c.heads...)
		all = append(all, c.properties...)
	}
	return all
}

func head(step apitype.StepEventMetadata) string {
	sign, ok := signs[step.Op]
	if !ok {
		sign = string(step.Op) + ":"
	}
	_, name := named(step.URN)
	line := fmt.Sprintf("%s %s %s", sign, step.Type, name)
	if step.Old != nil && step.Old.Protect {
		line += " (protected)"
	}
	if removes(step.Op) && step.Old != nil && step.Old.RetainOnDelete {
		line += " (stays in the cloud)"
	}
	return line
}

// propertyLines returns what a step says about properties: all of a new resource, those that change of an old one.
func propertyLines(step apitype.StepEventMetadata, details bool) []string {
	var all []string
	switch {
	case step.Op == apitype.OpCreate && details && step.New != nil && len(step.New.Inputs) > 0:
		inputs := maps.Clone(step.New.Inputs)
		delete(inputs, "tagsAll") // the tags once more, with the provider's
		for _, leaf := range leaves("", inputs) {
			all = append(all, fmt.Sprintf("       %s: %s", leaf.path, leaf.text))
		}
	case step.Op == apitype.OpUpdate || step.Op == apitype.OpReplace:
		for _, path := range changedPaths(step) {
			all = append(all, propertyChange(step, path)...)
		}
	}
	return all
}

// changedPaths returns the paths of the detailed diff, or the names of the properties from a provider that knows no
// better.
func changedPaths(step apitype.StepEventMetadata) []string {
	if len(step.DetailedDiff) > 0 {
		return slices.Sorted(maps.Keys(step.DetailedDiff))
	}
	paths := append(slices.Clone(step.Diffs), step.Keys...)
	slices.Sort(paths)
	return slices.Compact(paths)
}

// propertyChange returns one changed property, broken down to the plain values that differ.
func propertyChange(step apitype.StepEventMetadata, name string) []string {
	path, err := resource.ParsePropertyPath(name)
	if err != nil || step.Old == nil || step.New == nil {
		return []string{"     ~ " + scrub(name)}
	}
	detail, replaces := step.DetailedDiff[name], ""
	if forces(detail) || slices.Contains(step.Keys, name) {
		replaces = " (forces the replacement)"
	}
	if secretPath(path) {
		return []string{"     ~ " + name + ": " + secret + replaces}
	}
	before := step.Old.Inputs
	if len(step.DetailedDiff) > 0 && !detail.InputDiff {
		before = step.Old.Outputs
	}
	old, new := texts(name, at(before, path)), texts(name, at(step.New.Inputs, path))
	var all []string
	for _, leaf := range union(old, new) {
		from, had := old[leaf]
		to, has := new[leaf]
		switch {
		case !had:
			all = append(all, fmt.Sprintf("     + %s: %s%s", leaf, to, replaces))
		case !has:
			all = append(all, fmt.Sprintf("     - %s: %s%s", leaf, from, replaces))
		case from != to:
			all = append(all, fmt.Sprintf("     ~ %s: %s => %s%s", leaf, from, to, replaces))
		}
	}
	if all == nil {
		// A secret, or a difference beyond what is shown of a long text.
		all = []string{"     ~ " + name + ": " + differs(old[name]) + replaces}
	}
	return all
}

func differs(text string) string {
	if text == secret {
		return secret
	}
	return "differs"
}

// texts returns the leaves of a value by their paths; none of a property that is not there.
func texts(path string, value any) map[string]string {
	all := map[string]string{}
	if value == nil {
		return all
	}
	for _, leaf := range leaves(path, value) {
		all[leaf.path] = leaf.text
	}
	return all
}

func union(a, b map[string]string) []string {
	all := append(slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b))...)
	slices.Sort(all)
	return slices.Compact(all)
}
