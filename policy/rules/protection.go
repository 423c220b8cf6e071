package rules

import "slices"

// The resources of Talos without which a cluster is lost.
const (
	talosSecrets   = "talos:machine/secrets:Secrets"
	talosBootstrap = "talos:machine/bootstrap:Bootstrap"
)

var protectionRules = []Rule{{
	Name: "production-protected",
	Demand: "In production, and wherever anything is protected, so are the cluster's secrets, " +
		"balancer, control planes and keys.",
	Remedy: "set protection: true in the stack file, or protect the resource as its cluster is",
	// To delete a stack, its protection is taken away first: docs/operations.md.
	Advice: true,
	all:    productionProtected,
}}

func productionProtected(stack []Resource) []finding {
	guard := ask(cloud.guard)
	demanded := slices.ContainsFunc(stack, func(r Resource) bool {
		return environmentOf(r) == "production" ||
			mustStay(r) && (r.Options != nil && r.Options.Protect || guard(r).text() == "true")
	})
	if !demanded {
		return nil
	}
	var found []finding
	for _, r := range stack {
		if !mustStay(r) {
			continue
		}
		if r.Options != nil && !r.Options.Protect {
			found = append(found, r.field().problem("an update can delete it", ""))
		}
		if at := guard(r); at.path != "" && !at.is("true") {
			found = append(found, at.problem("lets the cloud delete it", ""))
		}
	}
	return found
}

// mustStay reports whether the loss of the resource is the cluster's.
func mustStay(r Resource) bool {
	return r.Type == talosSecrets || r.Type == talosBootstrap || ask(cloud.mustStay)(r)
}
