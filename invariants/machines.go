package invariants

// machineRows are about the machines that a cluster stands on, and where they stand.
var machineRows = []Invariant{
	{
		ID:       1,
		Sentence: "Control planes are never spot machines, nor in a group that can shrink.",
		Unseen:   "A control plane is known by its name, which another resource may have by chance.",
		Refused: []Setting{refuse("control planes on spot", stack("controlPlaneSpot", "true"),
			"controlPlaneSpot: there is no such key")},
	},
	{
		ID:       2,
		Sentence: "A cluster has 1, 3 or 5 control planes, in production at least 3.",
		Unseen:   "It is a property of the settings.",
		Refused: []Setting{
			refuse("one control plane", stack("controlPlanes", "1"),
				"controlPlanes: 1 control plane does not outlive a machine"),
			refuse("an even number of control planes", stack("controlPlanes", "4"),
				"controlPlanes: 4 is not 1, 3 or 5"),
			refuse("a pool that takes the control planes' name",
				stack("pools", `[{"name":"control-plane","size":"small","count":1}]`),
				"pools[0].name: control-plane is the name of the control planes"),
		},
		Elsewhere: []string{"TestEachOfTheseIsRefused"},
	},
	{
		ID: 3,
		Sentence: "Control planes stand in different zones. Fewer zones than control planes are an error, or " +
			"a warning where the location " +
			"has no more.",
		Unseen:    "A stack that is created in part has not all machines yet.",
		Elsewhere: []string{"TestALocationWithFewZonesIsAllowedWithAWarning"},
	},
	{
		ID:        4,
		Sentence:  "Worker pools spread over the zones, and nodes say in which one they are.",
		Unseen:    "A stack that is created in part has not all machines yet.",
		Elsewhere: []string{"TestALocationWithFewZonesIsAllowedWithAWarning"},
	},
	{
		ID:        5,
		Sentence:  "Every region and size is complete for every cloud.",
		Unseen:    "It is a property of the tables of regions.",
		Elsewhere: []string{"TestEveryRegionIsCompleteForEveryProvider", "TestSizes"},
	},
	{
		ID: 16,
		Sentence: "Instance metadata is guarded: where it can ask for a token, it does and goes one hop; " +
			"elsewhere it gives out no keys and " +
			"no console, and no agent takes keys from there.",
		Rules: []string{"metadata-guarded"},
	},
	{
		ID:       37,
		Sentence: "Images are pinned, and of the machines' architecture.",
		Unseen:   "Images are lookups, which the policy pack is not told of.",
		// Whoever picks the image owns the machines. It is named exactly, so a review sees it.
		Allowed: []Setting{allow("an image of somebody else", oneRegion(`,"image":"{image}"`))},
	},
}

// Settings of clouds that have zones.
var (
	controlPlanesInOneZone = refuse("all control planes in one zone", oneRegion(`,"zones":["{zone}"]`),
		"regions[0].zones: 1 zones cannot hold 3 control planes apart")
	poolInOneZone = allow("a pool in one zone", also(onePool(`,"count":3,"zones":["{zone}"]`), "regions", `["nyc1"]`))
)

// Settings of clouds that encrypt disks with a customer's key. Whoever holds the key can take the disks away; that is
// what a key of one's own is for.
var (
	keyOfSomebody = allow("a key of somebody else", oneRegion(`,"encryptionKey":"{key}"`))
	noKey         = allow("no key of its own", stack("encryptionKey", `{"managed":false}`))
)

// configuration is the input that holds a machine's configuration.
const configuration = "machineConfigurationInput"

// spread objects to machines that do not stand in as many zones as they can; a property says in which each stands.
func spread(v *Violations, of *Resource, machines []*Resource, zones int, property ...any) {
	found := map[string]bool{}
	for _, r := range machines {
		found[r.Text(property...)] = true
	}
	v.equal(min(zones, len(machines)), len(found), of, "number of zones of its machines")
}
