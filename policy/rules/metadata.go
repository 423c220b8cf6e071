package rules

var metadataRules = []Rule{{
	Name: "metadata-guarded",
	Demand: "Instance metadata, which holds machine configurations, needs a token and has a hop limit of 1 where the " +
		"cloud supports both, and enables neither SSH keys nor a serial console elsewhere.",
	Remedy: "set httpTokens: required and httpPutResponseHopLimit: 1",
	one:    ask(cloud.metadataGuarded),
}}
