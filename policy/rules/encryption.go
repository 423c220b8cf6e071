package rules

var encryptionRules = []Rule{
	{
		Name: "disk-encrypted",
		Demand: "Every disk says that it is encrypted, itself or in its machine's configuration, and no key " +
			"of a disk stands in the state.",
		Remedy: "set encrypted: true",
		one:    ask(cloud.diskEncrypted),
	},
	{
		Name:   "disk-key",
		Demand: "Where one disk of a cluster has a customer's key, all have one.",
		Remedy: "give the disk the cluster's key",
		// A machine that stood before the key did keeps its disk until it is replaced: docs/operations.md.
		Advice: true,
		all:    diskKey,
	},
}

// diskKey compares the disks of a cluster; disks of no cluster are compared with all of their cloud.
func diskKey(stack []Resource) []finding {
	var found []finding
	keys := map[string]field{}
	disks := diskKeys(stack)
	for _, disk := range disks {
		for _, group := range []string{cloudOf(disk.of), cloudOf(disk.of) + clusterOf(disk.of)} {
			if _, seen := keys[group]; !seen && disk.present() {
				keys[group] = disk
			}
		}
	}
	for _, disk := range disks {
		if example, some := keys[cloudOf(disk.of)+clusterOf(disk.of)]; some && disk.absent() {
			found = append(found, disk.problem("is missing, while "+example.of.Name+" has a customer's key", ""))
		}
	}
	return found
}

// diskKeys are the places of the keys of all disks.
func diskKeys(stack []Resource) []field {
	var keys []field
	for _, r := range stack {
		keys = append(keys, ask(cloud.diskKeys)(r)...)
	}
	return keys
}
