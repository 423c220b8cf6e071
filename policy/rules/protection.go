package rules

import "slices"

// A cluster is lost without these resources of Talos.
const (
	talosSecrets   = "talos:machine/secrets:Secrets"
	talosBootstrap = "talos:machine/bootstrap:Bootstrap"
)

var protectionRules = []Rule{{
	Name: "production-protected",
	Demand: "In production, and wherever anything is protected, so are the cluster's secrets, " +
		"load balancer, control planes and keys.",
	Remedy: "set protection: true in the stack file, or protect the resource as its cluster is",
	// Before a stack is deleted, its protection is removed: docs/operations.md.
	Advice: true,
	all:    productionProtected,
}}

func productionProtected(stack []Resource) []violation {
	protection := ask(cloud.deletionProtection)
	demanded := slices.ContainsFunc(stack, func(r Resource) bool {
		return tagOf(r, "environment") == "production" ||
			isCritical(r) && (r.Options != nil && r.Options.Protect || protection(r).text() == "true")
	})
	if !demanded {
		return nil
	}
	var found []violation
	for _, r := range stack {
		if !isCritical(r) {
			continue
		}
		if r.Options != nil && !r.Options.Protect {
			found = append(found, r.field().violation("an update can delete it", ""))
		}
		if at := protection(r); at.path != "" && !at.is("true") {
			found = append(found, at.violation("lets the cloud delete it", ""))
		}
	}
	return found
}

// isCritical reports whether the cluster is lost with the resource.
func isCritical(r Resource) bool {
	return r.Type == talosSecrets || r.Type == talosBootstrap || ask(cloud.isCritical)(r)
}
