package rules

var metadataRules = []Rule{{
	Name: "metadata-guarded",
	Demand: "Instance metadata, where machine configurations are, takes a token and goes one hop on AWS, and opens " +
		"no machine to keys or consoles elsewhere.",
	Remedy: "set httpTokens: required and httpPutResponseHopLimit: 1",
	one:    ask(cloud.metadataGuarded),
}}
