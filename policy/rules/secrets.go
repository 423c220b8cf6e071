package rules

import "regexp"

var secretRules = []Rule{{
	Name:   "secrets-marked",
	Demand: "Machine configurations and clients' keys are secrets, so that no state, log or preview shows them.",
	Remedy: "pass it through pulumi.ToSecret",
	// A refresh may bring back what it reads without the mark, and where changes of the property are ignored no update
	// puts it on again: https://github.com/pulumi/pulumi-terraform-bridge/pull/3569. That must be seen, and must not
	// stop updates.
	Advice: true,
	one:    secretsMarked,
}}

// hashed is what some providers keep of a user data, and bring back on a refresh: its SHA-1.
// https://github.com/digitalocean/terraform-provider-digitalocean/pull/128
var hashed = regexp.MustCompile(`^[0-9a-f]{40}$`)

func secretsMarked(r Resource) []finding {
	var found []finding
	for _, at := range secretsOf(r) {
		if at.present() && !at.unknown() && !at.secret && !hashed.MatchString(at.text()) {
			// The message must not give away what the property does.
			at.secret = true
			found = append(found, at.problem("is not marked as a secret", ""))
		}
	}
	return found
}

// secretsOf are the places where machine configurations and clients' keys go in.
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
