package rules

import "slices"

var machineRules = []Rule{
	{
		Name:   "machine-has-firewall",
		Demand: "Every machine names its firewall.",
		Remedy: "give the machine a security group",
		one:    ask(cloud.machineHasFirewall),
	},
	{
		Name:   "firewall-covers-machine",
		Demand: "Every machine is covered by a firewall of the stack.",
		Remedy: "give the machine the account or tag of a firewall of the stack, or make a firewall for it",
		all:    firewallCoversMachine,
	},
}

func firewallCoversMachine(stack []Resource) []violation {
	judge := ask(func(c cloud, r Resource) []violation { return c.firewallCovers(r, stack) })
	var found []violation
	for _, r := range stack {
		found = append(found, judge(r)...)
	}
	return found
}

// names returns the items of a list; one unknown name for a list that is known only after the update.
func names(list field) []field {
	if list.isUnknown() {
		return []field{list}
	}
	return list.items()
}

// covered reports whether a firewall of the type names the machine in one of its lists. An unknown name may be any. A
// firewall whose lists are all empty covers every machine.
func covered(stack []Resource, machine []field, firewall string, lists ...string) bool {
	if slices.ContainsFunc(machine, field.isUnknown) {
		return true
	}
	for _, r := range stack {
		if r.Type != firewall {
			continue
		}
		var targets []field
		for _, list := range lists {
			targets = append(targets, names(r.at(list))...)
		}
		if len(targets) == 0 {
			return true
		}
		for _, name := range machine {
			if name.isSet() &&
				slices.ContainsFunc(targets, func(target field) bool { return target.is(name.text()) }) {
				return true
			}
		}
	}
	return false
}
