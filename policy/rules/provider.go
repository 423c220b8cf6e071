package rules

import "strings"

var providerRules = []Rule{{
	Name: "provider-explicit",
	Demand: "Every resource has a provider of its region; none falls to the default one, " +
		"which follows the environment.",
	Remedy: "pass the region's provider with pulumi.Provider, or create the resource below its cluster",
	// In an update the engine itself refuses default providers, because Pulumi.yaml disables them.
	NeedsOptions: true,
	one:          providerExplicit,
}}

func providerExplicit(r Resource) []violation {
	if r.Options == nil || !r.Options.Custom || strings.HasPrefix(r.Type, "pulumi:") {
		return nil
	}
	if r.Options.Provider == "" || strings.Contains(r.Options.Provider, "::default") {
		return []violation{r.field().violation("has the default provider", "")}
	}
	return nil
}
