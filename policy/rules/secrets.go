package rules

import "slices"

// secretProperties are where machine configurations and clients' keys go in.
var secretProperties = map[string][][]string{
	awsInstance:         {{"userData"}, {"userDataBase64"}},
	awsSpotInstance:     {{"userData"}, {"userDataBase64"}},
	awsConfiguration:    {{"userData"}, {"userDataBase64"}},
	awsTemplate:         {{"userData"}},
	gcpInstance:         {{"metadata", "user-data"}},
	gcpTemplate:         {{"metadata", "user-data"}},
	gcpRegionalTemplate: {{"metadata", "user-data"}},
	doDroplet:           {{"userData"}},
	"talos:machine/configurationApply:ConfigurationApply": {{"machineConfigurationInput"}, {"clientConfiguration", "clientKey"}},
	"talos:machine/bootstrap:Bootstrap":                   {{"clientConfiguration", "clientKey"}},
	"talos:cluster/kubeconfig:Kubeconfig":                 {{"clientConfiguration", "clientKey"}},
}

var secretRules = []Rule{{
	Name: "secrets-marked", Invariant: 28,
	Demand: "Machine configurations and clients' keys are secrets, so that no state, log or preview shows them.",
	Remedy: "pass it through pulumi.ToSecret",
	one:    secretsMarked,
}}

func secretsMarked(r Resource) []finding {
	var found []finding
	for _, path := range secretProperties[r.Type] {
		at := r.at(slices.Clone(path)...)
		if at.present() && !at.unknown() && !at.secret {
			// The message must not give away what the property does.
			at.secret = true
			found = append(found, at.problem("is not marked as a secret", ""))
		}
	}
	return found
}
