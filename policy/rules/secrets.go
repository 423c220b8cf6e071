package rules

import "regexp"

var secretRules = []Rule{{
	Name:   "secrets-marked",
	Demand: "Machine configurations and clients' keys are secrets, so that no state, log or preview shows them.",
	Remedy: "pass it through pulumi.ToSecret",
	// A refresh may store the value without the mark, and where changes of the property are ignored no update adds the
	// mark again: https://github.com/pulumi/pulumi-terraform-bridge/pull/3569. That is reported and stops no update.
	Advice: true,
	one:    secretsMarked,
}}

// hashed matches the SHA-1 that some providers keep in place of the user data, and return on a refresh.
// https://github.com/digitalocean/terraform-provider-digitalocean/pull/128
var hashed = regexp.MustCompile(`^[0-9a-f]{40}$`)

func secretsMarked(r Resource) []violation {
	var found []violation
	for _, at := range secretsOf(r) {
		if at.isSet() && !at.isUnknown() && !at.secret && !hashed.MatchString(at.text()) {
			// The message must not show the value.
			at.secret = true
			found = append(found, at.violation("is not marked as a secret", ""))
		}
	}
	return found
}

// secretsOf returns the properties that hold machine configurations and clients' keys.
func secretsOf(r Resource) []field {
	key := r.at("clientConfiguration", "clientKey")
	switch r.Type {
	case "talos:machine/configurationApply:ConfigurationApply":
		return []field{r.at("machineConfigurationInput"), key}
	case talosBootstrap, "talos:cluster/kubeconfig:Kubeconfig":
		return []field{key}
	}
	return ask(cloud.secrets)(r)
}
