package invariants

// settingRows are about what a stack file may say.
var settingRows = []Invariant{
	{
		ID:        26,
		Sentence:  "Every key is honored or refused on every cloud; unknown keys are errors.",
		Unseen:    "It concerns the settings.",
		Elsewhere: []string{"TestEverySettingIsHonoredOrRejected", "TestEachOfTheseIsRefused"},
	},
	{
		ID:        27,
		Sentence:  "All mistakes of a stack file are reported at once, before the first resource.",
		Unseen:    "It concerns the settings.",
		Elsewhere: []string{"TestEverythingWrongIsNamedAtOnceAndInOrder", "TestEachRefusedSettingIsRefused"},
	},
	{
		ID: 34,
		Sentence: "Talos supports the Kubernetes version. That updates skip no minor version is checked against " +
			"the running cluster ([operations](operations.md)).",
		Unseen:    "It concerns the settings.",
		Elsewhere: []string{"TestCheckVersions", "TestKubeletIsNotNewerThanTheServer"},
	},
	{
		ID:        40,
		Sentence:  "The same stack has the same outputs on every cloud.",
		Unseen:    "The policy pack does not see a stack's outputs.",
		Elsewhere: []string{"TestTheSameStackHasTheSameOutputsEverywhere"},
	},
}
