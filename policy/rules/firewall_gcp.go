package rules

import "slices"

const gcpFirewall = "gcp:compute/firewall:Firewall"

// gcpPolicyRules are the rules of firewall policies, which stand above a network's own.
var gcpPolicyRules = []string{
	"gcp:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule",
	"gcp:compute/regionNetworkFirewallPolicyRule:RegionNetworkFirewallPolicyRule",
	"gcp:compute/firewallPolicyRule:FirewallPolicyRule",
}

// openingsOnGoogleCloud: a rule without a source is for everybody, https://cloud.google.com/firewall/docs/firewalls#sources
func openingsOnGoogleCloud(r Resource) []opening {
	if r.at("direction").is("EGRESS") && !r.at("direction").unknown() {
		return nil
	}
	switch {
	case r.Type == gcpFirewall:
		sources := sourcesOf(r.field(), []string{"sourceRanges"}, []string{"sourceTags", "sourceServiceAccounts"}, r.at("sourceRanges"))
		return pair(sources, gcpPorts(r.at("allows"), "protocol"))
	case slices.Contains(gcpPolicyRules, r.Type) && r.at("action").is("allow"):
		match := r.at("match")
		addressKeys := []string{"srcIpRanges", "srcRegionCodes", "srcFqdns", "srcAddressGroups", "srcThreatIntelligences"}
		sources := sourcesOf(match, addressKeys, []string{"srcSecureTags"}, match.at("srcIpRanges"))
		return pair(sources, gcpPorts(match.at("layer4Configs"), "ipProtocol"))
	}
	return nil
}

// gcpPorts are those of each protocol that is let in; without ports it is all of them.
func gcpPorts(allows field, protocol string) []ports {
	var all []ports
	for _, allow := range allows.items() {
		name, ranges := allow.at(protocol), allow.at("ports")
		switch {
		case ranges.absent():
			all = append(all, portsOf(name, name.text(), "all"))
		case ranges.unknown():
			all = append(all, portsOf(ranges, name.text(), ""))
		}
		for _, item := range ranges.items() {
			all = append(all, portsOf(item, name.text(), item.text()))
		}
	}
	return all
}
