package invariants

// machineRows are about a cluster's machines and their zones.
var machineRows = []Invariant{
	{
		ID:       1,
		Sentence: "Control planes are never spot machines, and never in a group that can shrink.",
		Unseen:   "Control planes are recognized by their names, which other resources may have by chance.",
		Refused: []Setting{refuse("control planes on spot machines", stack("controlPlaneSpot", "true"),
			"controlPlaneSpot: there is no such key")},
	},
	{
		ID:       2,
		Sentence: "A cluster has 1, 3 or 5 control planes, in production at least 3.",
		Unseen:   "It concerns the settings.",
		Refused: []Setting{
			refuse("one control plane", stack("controlPlanes", "1"),
				"controlPlanes: 1 control plane does not survive the loss of a machine"),
			refuse("an even number of control planes", stack("controlPlanes", "4"),
				"controlPlanes: 4 is not 1, 3 or 5"),
			refuse("a pool named control-plane",
				stack("pools", `[{"name":"control-plane","size":"small","count":1}]`),
				"pools[0].name: control-plane is the name of the control planes"),
		},
		Elsewhere: []string{"TestEachOfTheseIsRefused"},
	},
	{
		ID: 3,
		Sentence: "Control planes are in different zones. Fewer zones than control planes are an error, or a " +
			"warning where the location has no more.",
		Unseen:    "While a stack is created, some machines do not exist yet.",
		Elsewhere: []string{"TestALocationWithFewZonesIsAllowedWithAWarning"},
	},
	{
		ID:        4,
		Sentence:  "Worker pools are spread over the zones, and nodes have labels of their zone.",
		Unseen:    "While a stack is created, some machines do not exist yet.",
		Elsewhere: []string{"TestALocationWithFewZonesIsAllowedWithAWarning"},
	},
	{
		ID:        5,
		Sentence:  "Every region and size is complete for every cloud.",
		Unseen:    "It concerns the tables of regions.",
		Elsewhere: []string{"TestEveryRegionIsCompleteForEveryProvider", "TestSizes"},
	},
	{
		ID: 16,
		Sentence: "Instance metadata is protected: it needs a token and has a hop limit of 1 where the cloud " +
			"can do that; elsewhere it enables neither SSH keys nor a console, and no agent reads keys " +
			"from it.",
		Rules: []string{"metadata-guarded"},
	},
	{
		ID:       37,
		Sentence: "Images are pinned, and have the machines' architecture.",
		Unseen:   "Images are lookups, which the policy pack does not see.",
		// Who chooses the image controls the machines. The stack file names it exactly, so that a review shows it.
		Allowed: []Setting{allow("an image of somebody else", oneRegion(`,"image":"{image}"`))},
	},
}

// Settings of clouds that have zones.
var (
	controlPlanesInOneZone = refuse("all control planes in one zone", oneRegion(`,"zones":["{zone}"]`),
		"regions[0].zones: 1 zones cannot hold 3 control planes apart")
	poolInOneZone = allow("a pool in one zone", also(onePool(`,"count":3,"zones":["{zone}"]`), "regions", `["nyc1"]`))
)

// Settings of clouds that encrypt disks with a customer's key. The owner of the key can revoke access to the disks,
// which is its purpose.
var (
	keyOfSomebody = allow("a key of somebody else", oneRegion(`,"encryptionKey":"{key}"`))
	noKey         = allow("no key of its own", stack("encryptionKey", `{"managed":false}`))
)

// configuration is the path of the input with a machine's configuration.
const configuration = "machineConfigurationInput"

// spread adds a violation if machines are in fewer zones than possible. The property names a machine's zone.
func spread(v *Violations, of *Resource, machines []*Resource, zones int, property ...any) {
	found := map[string]bool{}
	for _, r := range machines {
		found[r.Text(property...)] = true
	}
	v.equal(min(zones, len(machines)), len(found), of, "number of zones of its machines")
}
