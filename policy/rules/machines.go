package rules

import "slices"

var machineRules = []Rule{
	{
		Name:   "machine-has-firewall",
		Demand: "Every machine names the firewall that it stands behind.",
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

func firewallCoversMachine(stack []Resource) []finding {
	judge := ask(func(c cloud, r Resource) []finding { return c.firewallCovers(r, stack) })
	var found []finding
	for _, r := range stack {
		found = append(found, judge(r)...)
	}
	return found
}

// names are the items of a list; a list that is not known is one name that is not.
func names(list field) []field {
	if list.unknown() {
		return []field{list}
	}
	return list.items()
}

// covered reports whether a firewall of the type has one of the names. A name that is not known may be any, and a
// firewall without the lists names its machines in another way.
func covered(stack []Resource, machine []field, firewall string, lists ...string) bool {
	if slices.ContainsFunc(machine, field.unknown) {
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
			if name.present() &&
				slices.ContainsFunc(targets, func(target field) bool { return target.is(name.text()) }) {
				return true
			}
		}
	}
	return false
}
