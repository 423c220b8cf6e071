package invariants

// spotRows are about machines that come and go.
var spotRows = []Invariant{
	{
		ID:        19,
		Sentence:  "A mix of spot and on-demand machines is one that the cloud accepts.",
		Unseen:    "The cloud refuses any other mix.",
		Elsewhere: []string{"TestSpotTypesCanStandInForTheirSize"},
	},
	{
		ID:        20,
		Sentence:  "Spot machines on a cloud without a spot market are an error.",
		Unseen:    "It concerns the settings.",
		Elsewhere: []string{"TestEachOfTheseIsRefused", "TestTheProfilesSpotPoolIsOnDemandWhereThereIsNoSpot"},
	},
	{
		ID:       21,
		Sentence: "Spot machines have all properties that the cloud requires of them.",
		Unseen:   "Spot machines for other purposes may be different.",
	},
	{
		ID: 22,
		Sentence: "Spot machines are labeled, and tainted if there are other pools; production always has " +
			"machines that are not spot; groups have interruption handling and an alarm.",
		Unseen: "It concerns a stack's pools, which the policy pack does not know.",
		Refused: []Setting{
			refuse("a stateful pool on spot machines", onePool(`,"count":3,"workload":"stateful","spot":true`),
				"pools[0].spot: the pool is stateful"),
			refuse("all pools on spot machines", onePool(`,"count":3,"spot":true`),
				"pools: every machine of production's pools is on the spot market"),
			refuse("all pools on spot machines, beside a pool of count 0",
				stack("pools", `[{"name":"a","size":"small","count":3,"spot":true},`+
					`{"name":"b","size":"small","count":0}]`),
				"pools: every machine of production's pools is on the spot market"),
		},
		Elsewhere: []string{"TestTheOnlyPoolCanBeSpot", "TestPools", "TestEachOfTheseIsRefused", "TestInterruption"},
	},
	{
		ID: 23,
		Sentence: "A pool's min is at most its max; updates ignore the number of machines only where an " +
			"autoscaler changes it; only such groups have the autoscaler's tags.",
		Unseen: "The policy pack does not see which changes are ignored.",
		Refused: []Setting{refuse("an autoscaled stateful pool", onePool(`,"min":0,"max":3,"workload":"stateful"`),
			"pools[0]: is stateful, and a stateful pool has a fixed size")},
		Elsewhere: []string{"TestScalingGroups", "TestEachOfTheseIsRefused"},
	},
}
