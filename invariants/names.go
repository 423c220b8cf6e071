package invariants

// nameRows are about names and tags, by which clouds, people and Kubernetes' controllers know what is whose.
var nameRows = []Invariant{
	{
		ID:       17,
		Sentence: "Machines, disks and network interfaces carry the mandatory tags, where the cloud tags them.",
		Rules:    []string{"machines-tagged"},
	},
	{
		ID: 18,
		Sentence: "Everything else that can be tagged is tagged, reserved tags cannot be set, and no two tags " +
			"become the same one in a cloud.",
		Rules: []string{"everything-tagged"},
		Refused: []Setting{
			refuse("the program's own tag Cluster", stack("tags", `{"Cluster":"inferadb-dev-nyc1"}`),
				"tags.Cluster: the program sets this tag"),
			refuse("Kubernetes' ownership tag", stack("tags", `{"kubernetes.io/cluster/other":"owned"}`),
				"Kubernetes' controllers act on this tag"),
			refuse("a tag that a cloud reserves", stack("tags", `{"aws:autoscaling:groupName":"other"}`),
				"reserves keys that begin with aws:"),
			refuse("a tag with characters that no cloud accepts", stack("tags", `{"*":"*"}`),
				"tags.*: the key has characters"),
		},
	},
	{
		ID:       25,
		Sentence: "Names are valid for their service, and stay different when they are shortened.",
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
		Sentence: "No two stacks share a name, and adopted networks are not changed.",
		Unseen:   "The policy pack sees one stack, and does not know which networks existed before.",
		Refused: []Setting{refuse("a pool whose machines are named like another cluster's",
			stack("pools", `[{"name":"nyc1-control-plane","size":"small","count":1}]`),
			"pools[0].name: nyc1-control-plane begins with a region's name")},
		Elsewhere: []string{"TestTwoStacksShareNoName", "TestAnAdoptedSubnetLiesInItsNetwork"},
	},
}
