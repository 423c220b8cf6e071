package rules

import (
	"slices"
	"strings"
)

// gcp judges the resources of Google Cloud.
type gcp struct{}

var _ = register("gcp", gcp{})

const (
	gcpInstance         = "gcp:compute/instance:Instance"
	gcpTemplate         = "gcp:compute/instanceTemplate:InstanceTemplate"
	gcpRegionalTemplate = "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate"
	gcpDisk             = "gcp:compute/disk:Disk"
	gcpRegionalDisk     = "gcp:compute/regionDisk:RegionDisk"

	gcpFirewall = "gcp:compute/firewall:Firewall"
	gcpAddress  = "gcp:compute/address:Address"
	gcpKey      = "gcp:kms/cryptoKey:CryptoKey"

	// These are where load balancers listen.
	gcpFrontend       = "gcp:compute/forwardingRule:ForwardingRule"
	gcpGlobalFrontend = "gcp:compute/globalForwardingRule:GlobalForwardingRule"
)

// openings: a rule without a source is for everybody, https://cloud.google.com/firewall/docs/firewalls#sources
func (gcp) openings(r Resource) []opening {
	if r.at("direction").is("EGRESS") && !r.at("direction").unknown() {
		return nil
	}
	switch r.Type {
	case gcpFirewall:
		sources := sourcesOf(
			r.field(),
			[]string{"sourceRanges"},
			[]string{"sourceTags", "sourceServiceAccounts"},
			r.at("sourceRanges"),
		)
		return pair(sources, gcpPorts(r.at("allows"), "protocol"))
	// The rules of firewall policies, which stand above a network's own.
	case "gcp:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule",
		"gcp:compute/regionNetworkFirewallPolicyRule:RegionNetworkFirewallPolicyRule",
		"gcp:compute/firewallPolicyRule:FirewallPolicyRule":
		if !r.at("action").is("allow") {
			return nil
		}
		match := r.at("match")
		addressKeys := []string{
			"srcIpRanges",
			"srcRegionCodes",
			"srcFqdns",
			"srcAddressGroups",
			"srcThreatIntelligences",
		}
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

// isMachine: templates have the form of machines, but for their disks.
func (gcp) isMachine(r Resource) bool {
	return slices.Contains([]string{gcpInstance, gcpTemplate, gcpRegionalTemplate}, r.Type)
}

// machineHasFirewall: rules know a machine by its account or its tags. A project's default network lets SSH in from
// everywhere: https://cloud.google.com/firewall/docs/firewalls#more_rules_default_vpc
func (c gcp) machineHasFirewall(r Resource) []finding {
	if !c.isMachine(r) {
		return nil
	}
	var found []finding
	if account := r.at("serviceAccount", "email"); account.absent() && r.at("tags").absent() {
		found = append(found, account.problem("is missing, and so are tags: no firewall rule is for this machine alone",
			"give the machine a service account of its own"))
	}
	for _, nic := range r.at("networkInterfaces").items() {
		network := nic.at("network")
		none := network.absent() && nic.at("subnetwork").absent()
		if none || network.text() == "default" || strings.HasSuffix(network.text(), "/networks/default") {
			found = append(found, network.problem("is the project's default network, which lets SSH in from everywhere",
				"name a network of the stack"))
		}
	}
	return found
}

func (c gcp) firewallCovers(machine Resource, stack []Resource) []finding {
	account := machine.at("serviceAccount", "email")
	known := append(names(machine.at("tags")), account)
	if !c.isMachine(machine) || covered(stack, known, gcpFirewall, "targetServiceAccounts", "targetTags") {
		return nil
	}
	return []finding{account.problem("is in no firewall rule of the stack", "")}
}

// balancerInternal: without a scheme a rule is external. An empty scheme is a private service's endpoint:
// https://cloud.google.com/compute/docs/reference/rest/v1/forwardingRules
func (gcp) balancerInternal(r Resource) []finding {
	if r.Type != gcpFrontend && r.Type != gcpGlobalFrontend {
		return nil
	}
	at := r.at("loadBalancingScheme")
	if at.value.IsString() && at.text() == "" || at.is("INTERNAL", "INTERNAL_MANAGED", "INTERNAL_SELF_MANAGED") {
		return nil
	}
	return []finding{at.problem("gives the balancer a public address", "set loadBalancingScheme: INTERNAL_MANAGED")}
}

// diskEncrypted finds keys that are given to Google as they are instead of standing in its key service: they are in the
// state, too.
func (gcp) diskEncrypted(r Resource) []finding {
	if !strings.HasPrefix(r.Type, "gcp:compute/") {
		return nil
	}
	places := []field{r.at("diskEncryptionKey", "rawKey"), r.at("bootDisk", "diskEncryptionKeyRaw")}
	for _, disk := range slices.Concat(r.at("attachedDisks").items(), r.at("disks").items()) {
		places = append(places, disk.at("diskEncryptionKeyRaw"))
	}
	var found []finding
	for _, at := range places {
		if at.present() && !at.unknown() {
			at.secret = true
			found = append(
				found,
				at.problem("is a key that stands in the stack's state", "name a key of Cloud KMS with kmsKeySelfLink"),
			)
		}
	}
	return found
}

func (gcp) diskKeys(r Resource) []field {
	switch r.Type {
	case gcpDisk, gcpRegionalDisk:
		return []field{r.at("diskEncryptionKey", "kmsKeySelfLink")}
	case gcpInstance:
		return []field{r.at("bootDisk", "kmsKeySelfLink")}
	case gcpTemplate, gcpRegionalTemplate:
		var keys []field
		for _, disk := range r.at("disks").items() {
			keys = append(keys, disk.at("diskEncryptionKey", "kmsKeySelfLink"))
		}
		return keys
	}
	return nil
}

// metadataGuarded looks for the keys that open a machine. Google Cloud asks for a header whatever a machine says.
// https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys
func (c gcp) metadataGuarded(r Resource) []finding {
	if !c.isMachine(r) {
		return nil
	}
	metadata := r.at("metadata")
	var found []finding
	for _, key := range []string{"ssh-keys", "sshKeys"} {
		if at := metadata.at(key); at.present() && !at.unknown() {
			at.secret = true
			found = append(found, at.problem("gives out a way in, and Talos has no SSH", "remove the key"))
		}
	}
	if at := metadata.at("serial-port-enable"); !at.unknown() && at.is("true", "1") {
		found = append(found, at.problem("opens the serial console to whoever the project lets in", "set it to FALSE"))
	}
	return found
}

func (gcp) machineTagged(r Resource) []finding {
	switch r.Type {
	case gcpInstance:
		return slices.Concat(
			lacks(r.at("labels"), machineTags),
			lacks(r.at("bootDisk", "initializeParams", "labels"), machineTags),
		)
	case gcpTemplate, gcpRegionalTemplate:
		found := lacks(r.at("labels"), machineTags)
		for _, disk := range r.at("disks").items() {
			found = append(found, lacks(disk.at("labels"), machineTags)...)
		}
		return found
	case gcpDisk, gcpRegionalDisk:
		return lacks(r.at("labels"), mandatoryTags)
	}
	return nil
}

func (gcp) otherTagged(r Resource) []finding {
	switch r.Type {
	case gcpAddress, "gcp:compute/globalAddress:GlobalAddress", gcpFrontend, gcpGlobalFrontend, gcpKey:
		return lacks(r.at("labels"), mandatoryTags)
	}
	return nil
}

func (c gcp) secrets(r Resource) []field {
	if !c.isMachine(r) {
		return nil
	}
	return []field{r.at("metadata", "user-data")}
}

func (gcp) mustStay(r Resource) bool {
	switch r.Type {
	case gcpFrontend, gcpGlobalFrontend, gcpKey:
		return true
	case gcpInstance:
		return strings.Contains(r.Name, "-control-plane-")
	case gcpAddress:
		return strings.HasSuffix(r.Name, "-api")
	}
	return false
}

func (gcp) guard(r Resource) field {
	if r.Type == gcpInstance {
		return r.at("deletionProtection")
	}
	return r.field()
}
