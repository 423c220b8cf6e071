package rules

import (
	"slices"
	"strings"
)

// The types of machines, and of what machines are made from.
const (
	awsInstance      = "aws:ec2/instance:Instance"
	awsSpotInstance  = "aws:ec2/spotInstanceRequest:SpotInstanceRequest"
	awsTemplate      = "aws:ec2/launchTemplate:LaunchTemplate"
	awsConfiguration = "aws:ec2/launchConfiguration:LaunchConfiguration"
	awsInterface     = "aws:ec2/networkInterface:NetworkInterface"

	gcpInstance         = "gcp:compute/instance:Instance"
	gcpTemplate         = "gcp:compute/instanceTemplate:InstanceTemplate"
	gcpRegionalTemplate = "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate"

	doDroplet = "digitalocean:index/droplet:Droplet"
)

// isGCPMachine: templates have the form of machines, but for their disks.
func isGCPMachine(r Resource) bool {
	return r.Type == gcpInstance || isGCPTemplate(r)
}

func isGCPTemplate(r Resource) bool { return r.Type == gcpTemplate || r.Type == gcpRegionalTemplate }

func isAWSInstance(r Resource) bool { return r.Type == awsInstance || r.Type == awsSpotInstance }

var machineRules = []Rule{
	{
		Name: "machine-has-firewall", Invariant: 9,
		Demand: "Every machine names the firewall that it stands behind.",
		Remedy: "give the machine a security group",
		one:    machineHasFirewall,
	},
	{
		Name: "firewall-covers-machine", Invariant: 9,
		Demand: "Every machine is covered by a firewall of the stack.",
		Remedy: "give the machine the account or tag of a firewall of the stack, or make a firewall for it",
		all:    firewallCoversMachine,
	},
}

func machineHasFirewall(r Resource) []finding {
	const awsDefault = "is missing, so the machine stands behind the network's default security group"
	switch {
	case isAWSInstance(r):
		if r.at("vpcSecurityGroupIds").absent() && r.at("networkInterfaces").absent() && r.at("securityGroups").absent() {
			return []finding{r.at("vpcSecurityGroupIds").problem(awsDefault, "")}
		}
	case r.Type == awsInterface, r.Type == awsConfiguration:
		if r.at("securityGroups").absent() {
			return []finding{r.at("securityGroups").problem(awsDefault, "")}
		}
	case r.Type == awsTemplate:
		return templateHasFirewall(r, awsDefault)
	case isGCPMachine(r):
		return gcpMachineHasFirewall(r)
	case r.Type == doDroplet:
		if r.at("tags").absent() {
			return []finding{r.at("tags").problem("are missing, and a firewall knows its droplets by their tags", "give the droplet the tag of a firewall")}
		}
	}
	return nil
}

// templateHasFirewall: interfaces that a template describes have groups of their own.
func templateHasFirewall(r Resource, reason string) []finding {
	interfaces := r.at("networkInterfaces")
	if interfaces.absent() && r.at("vpcSecurityGroupIds").absent() {
		return []finding{r.at("vpcSecurityGroupIds").problem(reason, "")}
	}
	var found []finding
	for _, nic := range interfaces.items() {
		if nic.at("securityGroups").absent() && nic.at("networkInterfaceId").absent() {
			found = append(found, nic.at("securityGroups").problem(reason, ""))
		}
	}
	return found
}

// gcpMachineHasFirewall: rules know a machine by its account or its tags. A project's default network lets SSH in from
// everywhere: https://cloud.google.com/firewall/docs/firewalls#more_rules_default_vpc
func gcpMachineHasFirewall(r Resource) []finding {
	var found []finding
	if r.at("serviceAccount", "email").absent() && r.at("tags").absent() {
		found = append(found, r.at("serviceAccount", "email").problem("is missing, and so are tags: no firewall rule is for this machine alone",
			"give the machine a service account of its own"))
	}
	for _, nic := range r.at("networkInterfaces").items() {
		network := nic.at("network")
		if network.absent() && nic.at("subnetwork").absent() || network.text() == "default" || strings.HasSuffix(network.text(), "/networks/default") {
			found = append(found, network.problem("is the project's default network, which lets SSH in from everywhere", "name a network of the stack"))
		}
	}
	return found
}

// firewallCoversMachine is for the clouds whose firewalls name their machines, instead of the other way round.
func firewallCoversMachine(stack []Resource) []finding {
	var found []finding
	for _, r := range stack {
		tags := names(r.at("tags"))
		switch {
		case isGCPMachine(r):
			account := r.at("serviceAccount", "email")
			if !covered(stack, append(tags, account), gcpFirewall, "targetServiceAccounts", "targetTags") {
				found = append(found, account.problem("is in no firewall rule of the stack", ""))
			}
		case r.Type == doDroplet:
			if !covered(stack, tags, doFirewall, "tags") {
				found = append(found, r.at("tags").problem("are in no firewall of the stack", ""))
			}
		}
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

// covered says whether a firewall of the type has one of the names. A name that is not known may be any, and a firewall
// without the lists names its machines in another way.
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
			if name.present() && slices.ContainsFunc(targets, func(target field) bool { return target.is(name.text()) }) {
				return true
			}
		}
	}
	return false
}
