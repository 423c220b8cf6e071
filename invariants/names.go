package invariants

// nameRows are about names and tags, by which clouds, people and Kubernetes' controllers know what is whose.
var nameRows = []Invariant{
	{
		ID:       17,
		Sentence: "Machines, disks and network interfaces carry the mandatory tags, where the cloud tags them.",
		Rules:    []string{"machines-tagged"},
	},
	{
		ID:       18,
		Sentence: "Everything else that can be tagged is; reserved tags cannot be set; no two become one.",
		Rules:    []string{"everything-tagged"},
		Refused: []Setting{
			refuse("the tag by which machines belong to a cluster", stack("tags", `{"Cluster":"inferadb-dev-nyc1"}`),
				"tags.Cluster: the program sets this tag"),
			refuse("the tag by which Kubernetes owns things", stack("tags", `{"kubernetes.io/cluster/other":"owned"}`),
				"Kubernetes' controllers act on this tag"),
			refuse("a tag that a cloud keeps to itself", stack("tags", `{"aws:autoscaling:groupName":"other"}`),
				"keeps keys that begin with aws: to itself"),
			refuse("a wildcard for a tag", stack("tags", `{"*":"*"}`), "tags.*: the key has characters"),
		},
	},
	{
		ID:       25,
		Sentence: "Names fit their service, and stay different when they are cut.",
		Unseen: "A service refuses a name that does not fit it, and names that the program does " +
			"not make cannot be told apart.",
		Elsewhere: []string{"TestStackNamesThatMakeNoClusterNameAreRefused"},
	},
	{
		ID:       35,
		Sentence: "Every resource and lookup has an explicit provider of its region.",
		Rules:    []string{"provider-explicit"},
		Allowed:  []Setting{allow("default providers", stack("pulumi:disable-default-providers", "[]"))},
	},
	{
		ID:       36,
		Sentence: "Stacks share no names; adopted networks are left as they are.",
		Unseen:   "The policy pack sees one stack, and not which network somebody else made.",
		Refused: []Setting{refuse("machines named like another stack's",
			stack("pools", `[{"name":"nyc1-control-plane","size":"small","count":1}]`),
			"pools[0].name: nyc1-control-plane begins with a region's name")},
		Elsewhere: []string{"TestTwoStacksShareNoName", "TestAnAdoptedSubnetLiesInItsNetwork"},
	},
}
