package rules

var encryptionRules = []Rule{
	{
		Name: "disk-encrypted",
		Demand: "Every disk says that it is encrypted, itself or in its machine's configuration, and no key " +
			"of a disk is in the state.",
		Remedy: "set encrypted: true",
		one:    ask(cloud.diskEncrypted),
	},
	{
		Name:   "disk-key",
		Demand: "Where one disk of a cluster has a customer's key, all have one.",
		Remedy: "give the disk the cluster's key",
		// A machine that is older than the key keeps its disk until it is replaced: docs/operations.md.
		Advice: true,
		all:    diskKey,
	},
}

// diskKey compares the disks of each cluster. Disks without a cluster's tag are compared with all disks of their cloud.
func diskKey(stack []Resource) []violation {
	var found []violation
	keys := map[string]field{}
	disks := diskKeys(stack)
	for _, disk := range disks {
		for _, group := range []string{cloudOf(disk.of), cloudOf(disk.of) + tagOf(disk.of, "cluster")} {
			if _, seen := keys[group]; !seen && disk.isSet() {
				keys[group] = disk
			}
		}
	}
	for _, disk := range disks {
		if example, some := keys[cloudOf(disk.of)+tagOf(disk.of, "cluster")]; some && disk.isEmpty() {
			found = append(found, disk.violation("is missing, while "+example.of.Name+" has a customer's key", ""))
		}
	}
	return found
}

// diskKeys returns the properties that name the keys of all disks.
func diskKeys(stack []Resource) []field {
	var keys []field
	for _, r := range stack {
		keys = append(keys, ask(cloud.diskKeys)(r)...)
	}
	return keys
}
