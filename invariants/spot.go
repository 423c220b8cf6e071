package invariants

// spotRows are about machines that come and go.
var spotRows = []Invariant{
	{
		ID:        19,
		Sentence:  "A mix of spot and on-demand machines is one that the cloud accepts.",
		Unseen:    "The cloud refuses another.",
		Elsewhere: []string{"TestSpotTypesCanStandInForTheirSize"},
	},
	{
		ID:        20,
		Sentence:  "Spot where there is none is an error.",
		Unseen:    "It is a property of the settings.",
		Elsewhere: []string{"TestEachOfTheseIsRefused", "TestTheProfilesSpotPoolIsOnDemandWhereThereIsNoSpot"},
	},
	{
		ID:       21,
		Sentence: "Spot machines say all that the cloud wants said of them.",
		Unseen:   "A machine of another purpose may be on the spot market in another way.",
	},
	{
		ID: 22,
		Sentence: "Spot machines are labeled, and tainted where there are others; production has others; " +
			"groups have interruption handling " +
			"and an alarm.",
		Unseen: "It is about a stack's pools, which the policy pack does not know.",
		Refused: []Setting{
			refuse("data on spot", onePool(`,"count":3,"workload":"stateful","spot":true`),
				"pools[0].spot: the pool is stateful"),
			refuse("everything on spot", onePool(`,"count":3,"spot":true`),
				"pools: every machine of production's pools is on the spot market"),
			refuse("everything on spot beside a parked pool",
				stack("pools", `[{"name":"a","size":"small","count":3,"spot":true},`+
					`{"name":"b","size":"small","count":0}]`),
				"pools: every machine of production's pools is on the spot market"),
		},
		Elsewhere: []string{"TestTheOnlyPoolCanBeSpot", "TestPools", "TestEachOfTheseIsRefused", "TestInterruption"},
	},
	{
		ID: 23,
		Sentence: "A pool's min is at most its max; the number of machines is ignored only " +
			"where an autoscaler moves it, " +
			"and its tags stand there alone.",
		Unseen: "The policy pack is not told which changes are ignored.",
		Refused: []Setting{refuse("data that scales away", onePool(`,"min":0,"max":3,"workload":"stateful"`),
			"pools[0]: is stateful, and a stateful pool is of fixed size")},
		Elsewhere: []string{"TestElasticPools", "TestEachOfTheseIsRefused"},
	},
}
