package rules

import "strings"

// digitalOcean checks the resources of DigitalOcean.
type digitalOcean struct{}

var _ = register("digitalocean", digitalOcean{})

const (
	doDroplet  = "digitalocean:index/droplet:Droplet"
	doFirewall = "digitalocean:index/firewall:Firewall"
	doBalancer = "digitalocean:index/loadBalancer:LoadBalancer"
)

// ingress reads the rules of firewalls, and the lists of sources that load balancers allow.
func (digitalOcean) ingress(r Resource) []ingress {
	switch r.Type {
	case doFirewall:
		var all []ingress
		for _, rule := range r.at("inboundRules").items() {
			peerKeys := []string{"sourceTags", "sourceLoadBalancerUids", "sourceDropletIds", "sourceKubernetesIds"}
			sources := sourcesOf(rule, []string{"sourceAddresses"}, peerKeys, rule)
			at := rule.at("portRange")
			all = append(all, cross(sources, []ports{portsOf(at, rule.at("protocol").text(), at.text())})...)
		}
		return all
	case doBalancer:
		sources := sourcesOf(r.at("firewall"), []string{"allows"}, nil, r.at("firewall", "allows"))
		var all []ingress
		for _, rule := range r.at("forwardingRules").items() {
			at := rule.at("entryPort")
			all = append(all, cross(sources, []ports{portsOf(at, "tcp", at.text())})...)
		}
		return all
	}
	return nil
}

func (digitalOcean) machineHasFirewall(r Resource) []violation {
	if tags := r.at("tags"); r.Type == doDroplet && tags.isEmpty() {
		return []violation{tags.violation("are missing, and a firewall knows its droplets by their tags",
			"give the droplet the tag of a firewall")}
	}
	return nil
}

func (digitalOcean) firewallCovers(machine Resource, stack []Resource) []violation {
	tags := machine.at("tags")
	if machine.Type != doDroplet || covered(stack, names(tags), doFirewall, "tags") {
		return nil
	}
	return []violation{tags.violation("are in no firewall of the stack", "")}
}

func (digitalOcean) balancerInternal(r Resource) []violation {
	if at := r.at("network"); r.Type == doBalancer && !at.is("INTERNAL") {
		return []violation{
			at.violation("gives the load balancer a public address",
				"set network: INTERNAL, of a type that is not GLOBAL"),
		}
	}
	return nil
}

// diskEncrypted checks the machine configuration, because DigitalOcean does not encrypt a droplet's disk: Talos
// encrypts its two partitions.
// https://docs.siderolabs.com/talos/v1.13/configure-your-talos-cluster/storage-and-disk-management/disk-encryption
func (digitalOcean) diskEncrypted(r Resource) []violation {
	at := r.at("userData")
	if r.Type != doDroplet || at.isUnknown() || hashed.MatchString(at.text()) ||
		strings.Count(at.text(), "provider: luks2") >= 2 {
		return nil
	}
	at.secret = true
	return []violation{
		at.violation("has no LUKS for Talos' STATE and EPHEMERAL, and DigitalOcean does not "+
			"encrypt the disks of droplets",
			"give the droplet a machine configuration that encrypts both"),
	}
}

// diskKeys returns nothing: DigitalOcean accepts no customer's keys.
func (digitalOcean) diskKeys(Resource) []field { return nil }

// metadataGuarded checks that no agent reads SSH keys from the metadata, which DigitalOcean serves without a token.
func (digitalOcean) metadataGuarded(r Resource) []violation {
	if at := r.at("dropletAgent"); r.Type == doDroplet && !at.is("false") {
		return []violation{at.violation("lets an agent take SSH keys from the metadata, which needs no token",
			"set dropletAgent: false")}
	}
	return nil
}

func (digitalOcean) machineTagged(r Resource) []violation {
	if r.Type == doDroplet {
		return missingTags(r.at("tags"), machineTags)
	}
	return nil
}

func (digitalOcean) otherTagged(r Resource) []violation {
	if r.Type == "digitalocean:index/volume:Volume" {
		return missingTags(r.at("tags"), mandatoryTags)
	}
	return nil
}

func (digitalOcean) secrets(r Resource) []field {
	if r.Type == doDroplet {
		return []field{r.at("userData")}
	}
	return nil
}

func (digitalOcean) isCritical(r Resource) bool {
	return r.Type == doBalancer || r.Type == doDroplet && strings.Contains(r.Name, "-control-plane-")
}

// deletionProtection returns no property: neither droplets nor load balancers have one.
func (digitalOcean) deletionProtection(r Resource) field { return r.field() }
