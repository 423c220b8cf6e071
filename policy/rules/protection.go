package rules

import (
	"slices"
	"strings"
)

var protectionRules = []Rule{{
	Name: "production-protected", Invariant: 29,
	Demand: "In production, and wherever anything is protected, so are the cluster's secrets, balancer, control planes and keys.",
	Remedy: "set protection: true in the stack file, or protect the resource as its cluster is",
	// To delete a stack, its protection is taken away first: docs/operations.md.
	Advice: true,
	all:    productionProtected,
}}

func productionProtected(stack []Resource) []finding {
	demanded := slices.ContainsFunc(stack, func(r Resource) bool {
		return environmentOf(r) == "production" || mustStay(r) && (r.Options != nil && r.Options.Protect || guard(r).text() == "true")
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

// mustStay are the resources whose loss is the cluster's.
func mustStay(r Resource) bool {
	switch r.Type {
	case "talos:machine/secrets:Secrets", "talos:machine/bootstrap:Bootstrap", doBalancer, "gcp:kms/cryptoKey:CryptoKey":
		return true
	case "aws:kms/key:Key":
		return strings.HasSuffix(r.Name, "-disks")
	case "gcp:compute/address:Address":
		return strings.HasSuffix(r.Name, "-api")
	case awsInstance, gcpInstance, doDroplet:
		return strings.Contains(r.Name, "-control-plane-")
	}
	return slices.Contains(awsBalancers, r.Type) || slices.Contains(gcpFrontends, r.Type)
}

// guard is the property by which the cloud itself refuses to delete; the resource as a whole if it has none.
func guard(r Resource) field {
	switch r.Type {
	case awsInstance:
		return r.at("disableApiTermination")
	case awsBalancers[0], awsBalancers[1]:
		return r.at("enableDeletionProtection")
	case gcpInstance:
		return r.at("deletionProtection")
	}
	return r.field()
}

// environmentOf is what a resource's tags say, in the form of each cloud.
func environmentOf(r Resource) string {
	for _, tags := range []field{r.at("tags"), r.at("labels"), r.at("defaultTags", "tags")} {
		if at := tags.at("environment"); at.present() {
			return at.text()
		}
		for _, tag := range tags.items() {
			if environment, ok := strings.CutPrefix(tag.text(), "environment:"); ok {
				return environment
			}
		}
	}
	return ""
}
