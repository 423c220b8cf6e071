package rules

import "strings"

// SharedNames returns a problem for each name that two stacks use for a resource of one type (invariant 36). In one
// account the second stack would fail, or adopt a resource of the first. It compares the names of resources, from which
// Pulumi derives names in the cloud, and their property "name".
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
					problems = append(problems, Problem{
						Rule: "names-of-its-own", Resource: r.Name, URN: r.URN, Path: path, Value: name,
						Reason: "is also the name of another stack's resource",
						Remedy: "begin it with the cluster's name",
					})
				}
				owners[key] = i
			}
		}
	}
	return problems
}
