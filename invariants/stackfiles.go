package invariants

// settingRows are about what a stack file may say.
var settingRows = []Invariant{
	{
		ID:        26,
		Sentence:  "Every key is honored or refused on every cloud; unknown keys are errors.",
		Unseen:    "It is a property of the settings.",
		Elsewhere: []string{"TestEverySettingIsHonouredOrRejected", "TestEachOfTheseIsRefused"},
	},
	{
		ID:        27,
		Sentence:  "Everything wrong is named at once, before the first resource.",
		Unseen:    "It is a property of the settings.",
		Elsewhere: []string{"TestEverythingWrongIsNamedAtOnceAndInOrder", "TestEachRefusedSettingIsRefused"},
	},
	{
		ID: 34,
		Sentence: "Talos supports the Kubernetes version. That no minor version is skipped " +
			"between two updates is a rule of " +
			"[operations](operations.md), because a stack file does not know what runs.",
		Unseen:    "It is a property of the settings.",
		Elsewhere: []string{"TestCheckVersions", "TestKubeletIsNotNewerThanTheServer"},
	},
	{
		ID:        40,
		Sentence:  "The same stack has the same outputs on every cloud.",
		Unseen:    "The policy pack is not told a stack's outputs.",
		Elsewhere: []string{"TestTheSameStackHasTheSameOutputsEverywhere"},
	},
}
