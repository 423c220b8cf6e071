package rules

import (
	"slices"
	"strings"
)

// gcp checks the resources of Google Cloud.
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

	// Forwarding rules are the frontends of load balancers.
	gcpFrontend       = "gcp:compute/forwardingRule:ForwardingRule"
	gcpGlobalFrontend = "gcp:compute/globalForwardingRule:GlobalForwardingRule"
)

// ingress reads firewall rules. One without a source allows all:
// https://cloud.google.com/firewall/docs/firewalls#sources
func (gcp) ingress(r Resource) []ingress {
	if r.at("direction").is("EGRESS") && !r.at("direction").isUnknown() {
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
		return cross(sources, gcpPorts(r.at("allows"), "protocol"))
	// Rules of firewall policies are evaluated before the network's own.
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
		return cross(sources, gcpPorts(match.at("layer4Configs"), "ipProtocol"))
	}
	return nil
}

// gcpPorts returns the ports of each protocol that a rule allows; all ports if it names none.
func gcpPorts(allows field, protocol string) []ports {
	var all []ports
	for _, allow := range allows.items() {
		name, ranges := allow.at(protocol), allow.at("ports")
		switch {
		case ranges.isEmpty():
			all = append(all, portsOf(name, name.text(), "all"))
		case ranges.isUnknown():
			all = append(all, portsOf(ranges, name.text(), ""))
		}
		for _, item := range ranges.items() {
			all = append(all, portsOf(item, name.text(), item.text()))
		}
	}
	return all
}

// isMachine reports whether the resource is an instance or a template of one. Both have the same properties, except for
// disks.
func (gcp) isMachine(r Resource) bool {
	return slices.Contains([]string{gcpInstance, gcpTemplate, gcpRegionalTemplate}, r.Type)
}

// machineHasFirewall checks that firewall rules can select the machine, by its service account or its tags. A project's
// default network allows SSH from everywhere: https://cloud.google.com/firewall/docs/firewalls#more_rules_default_vpc
func (c gcp) machineHasFirewall(r Resource) []violation {
	if !c.isMachine(r) {
		return nil
	}
	var found []violation
	if account := r.at("serviceAccount", "email"); account.isEmpty() && r.at("tags").isEmpty() {
		found = append(found, account.violation("is missing, and so are tags: no firewall rule can select this machine",
			"give the machine a service account of its own"))
	}
	for _, nic := range r.at("networkInterfaces").items() {
		network := nic.at("network")
		none := network.isEmpty() && nic.at("subnetwork").isEmpty()
		if none || network.text() == "default" || strings.HasSuffix(network.text(), "/networks/default") {
			found = append(found,
				network.violation("is the project's default network, which allows SSH from everywhere",
					"name a network of the stack"))
		}
	}
	return found
}

func (c gcp) firewallCovers(machine Resource, stack []Resource) []violation {
	account := machine.at("serviceAccount", "email")
	known := append(names(machine.at("tags")), account)
	if !c.isMachine(machine) || covered(stack, known, gcpFirewall, "targetServiceAccounts", "targetTags") {
		return nil
	}
	return []violation{account.violation("is in no firewall rule of the stack", "")}
}

// balancerInternal checks the scheme of a forwarding rule. Without one the rule is external; an empty one is the
// endpoint of a private service:
// https://cloud.google.com/compute/docs/reference/rest/v1/forwardingRules
func (gcp) balancerInternal(r Resource) []violation {
	if r.Type != gcpFrontend && r.Type != gcpGlobalFrontend {
		return nil
	}
	at := r.at("loadBalancingScheme")
	if at.value.IsString() && at.text() == "" || at.is("INTERNAL", "INTERNAL_MANAGED", "INTERNAL_SELF_MANAGED") {
		return nil
	}
	return []violation{at.violation("gives the load balancer a public address",
		"set loadBalancingScheme: INTERNAL_MANAGED")}
}

// diskEncrypted returns the keys that are passed to Google as they are, and not as names of keys in Cloud KMS. Such
// keys are in the state as well.
func (gcp) diskEncrypted(r Resource) []violation {
	if !strings.HasPrefix(r.Type, "gcp:compute/") {
		return nil
	}
	places := []field{r.at("diskEncryptionKey", "rawKey"), r.at("bootDisk", "diskEncryptionKeyRaw")}
	for _, disk := range slices.Concat(r.at("attachedDisks").items(), r.at("disks").items()) {
		places = append(places, disk.at("diskEncryptionKeyRaw"))
	}
	var found []violation
	for _, at := range places {
		if at.isSet() && !at.isUnknown() {
			at.secret = true
			found = append(found, at.violation("is a key that the stack's state would hold",
				"name a key of Cloud KMS with kmsKeySelfLink"))
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

// metadataGuarded checks for metadata keys that give access to a machine. Google Cloud requires a header in every case.
// https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys
func (c gcp) metadataGuarded(r Resource) []violation {
	if !c.isMachine(r) {
		return nil
	}
	metadata := r.at("metadata")
	var found []violation
	for _, key := range []string{"ssh-keys", "sshKeys"} {
		if at := metadata.at(key); at.isSet() && !at.isUnknown() {
			at.secret = true
			found = append(found, at.violation("gives SSH access, and Talos has no SSH", "remove the key"))
		}
	}
	if at := metadata.at("serial-port-enable"); !at.isUnknown() && at.is("true", "1") {
		found = append(found, at.violation("opens the serial console to all users with access to the project",
			"set it to FALSE"))
	}
	return found
}

func (gcp) machineTagged(r Resource) []violation {
	switch r.Type {
	case gcpInstance:
		return slices.Concat(
			missingTags(r.at("labels"), machineTags),
			missingTags(r.at("bootDisk", "initializeParams", "labels"), machineTags),
		)
	case gcpTemplate, gcpRegionalTemplate:
		found := missingTags(r.at("labels"), machineTags)
		for _, disk := range r.at("disks").items() {
			found = append(found, missingTags(disk.at("labels"), machineTags)...)
		}
		return found
	case gcpDisk, gcpRegionalDisk:
		return missingTags(r.at("labels"), mandatoryTags)
	}
	return nil
}

func (gcp) otherTagged(r Resource) []violation {
	switch r.Type {
	case gcpAddress, "gcp:compute/globalAddress:GlobalAddress", gcpFrontend, gcpGlobalFrontend, gcpKey:
		return missingTags(r.at("labels"), mandatoryTags)
	}
	return nil
}

func (c gcp) secrets(r Resource) []field {
	if !c.isMachine(r) {
		return nil
	}
	return []field{r.at("metadata", "user-data")}
}

func (gcp) isCritical(r Resource) bool {
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

func (gcp) deletionProtection(r Resource) field {
	if r.Type == gcpInstance {
		return r.at("deletionProtection")
	}
	return r.field()
}
