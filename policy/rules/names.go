package rules

import "strings"

// SharedNames finds what two stacks call alike (invariant 36): in one account the second would fail, or take over what
// is the first one's. It compares the names of resources, from which Pulumi makes the clouds' names, and the names that
// are given.
func SharedNames(stacks ...[]Resource) []Problem {
	var problems []Problem
	owners := map[string]int{}
	for i, stack := range stacks {
		for _, r := range stack {
			if strings.HasPrefix(r.Type, "pulumi:pulumi:") {
				continue
			}
			for path, name := range map[string]string{"": r.Name, "name": r.at("name").text()} {
				key := r.Type + " " + name
				if owner, taken := owners[key]; taken && owner != i && name != "" {
					problems = append(
						problems,
						Problem{Rule: "names-of-its-own", Resource: r.Name, URN: r.URN, Path: path, Value: name,
							Reason: "is the name of another stack's resource, too",
							Remedy: "let it begin with the cluster's name"},
					)
				}
				owners[key] = i
			}
		}
	}
	return problems
}
