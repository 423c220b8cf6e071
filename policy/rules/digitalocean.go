package rules

import "strings"

// digitalOcean judges the resources of DigitalOcean.
type digitalOcean struct{}

var _ = register("digitalocean", digitalOcean{})

const (
	doDroplet  = "digitalocean:index/droplet:Droplet"
	doFirewall = "digitalocean:index/firewall:Firewall"
	doBalancer = "digitalocean:index/loadBalancer:LoadBalancer"
)

// openings are a firewall's rules, and the list of those whom a load balancer listens to.
func (digitalOcean) openings(r Resource) []opening {
	switch r.Type {
	case doFirewall:
		var all []opening
		for _, rule := range r.at("inboundRules").items() {
			peerKeys := []string{"sourceTags", "sourceLoadBalancerUids", "sourceDropletIds", "sourceKubernetesIds"}
			sources := sourcesOf(rule, []string{"sourceAddresses"}, peerKeys, rule)
			at := rule.at("portRange")
			all = append(all, pair(sources, []ports{portsOf(at, rule.at("protocol").text(), at.text())})...)
		}
		return all
	case doBalancer:
		sources := sourcesOf(r.at("firewall"), []string{"allows"}, nil, r.at("firewall", "allows"))
		var all []opening
		for _, rule := range r.at("forwardingRules").items() {
			at := rule.at("entryPort")
			all = append(all, pair(sources, []ports{portsOf(at, "tcp", at.text())})...)
		}
		return all
	}
	return nil
}

func (digitalOcean) machineHasFirewall(r Resource) []finding {
	if tags := r.at("tags"); r.Type == doDroplet && tags.absent() {
		return []finding{tags.problem("are missing, and a firewall knows its droplets by their tags",
			"give the droplet the tag of a firewall")}
	}
	return nil
}

func (digitalOcean) firewallCovers(machine Resource, stack []Resource) []finding {
	tags := machine.at("tags")
	if machine.Type != doDroplet || covered(stack, names(tags), doFirewall, "tags") {
		return nil
	}
	return []finding{tags.problem("are in no firewall of the stack", "")}
}

func (digitalOcean) balancerInternal(r Resource) []finding {
	if at := r.at("network"); r.Type == doBalancer && !at.is("INTERNAL") {
		return []finding{
			at.problem("gives the balancer a public address", "set network: INTERNAL, of a type that is not GLOBAL"),
		}
	}
	return nil
}

// diskEncrypted looks into the machine configuration: DigitalOcean encrypts no droplet's disk, Talos encrypts its two
// partitions.
// https://docs.siderolabs.com/talos/v1.13/configure-your-talos-cluster/storage-and-disk-management/disk-encryption
func (digitalOcean) diskEncrypted(r Resource) []finding {
	at := r.at("userData")
	if r.Type != doDroplet || at.unknown() || hashed.MatchString(at.text()) ||
		strings.Count(at.text(), "provider: luks2") >= 2 {
		return nil
	}
	at.secret = true
	return []finding{
		at.problem("has no LUKS for Talos' STATE and EPHEMERAL, and DigitalOcean encrypts no droplet's disk",
			"give the droplet a machine configuration that encrypts both"),
	}
}

// diskKeys are none: DigitalOcean takes no customer's keys.
func (digitalOcean) diskKeys(Resource) []field { return nil }

// metadataGuarded: DigitalOcean's metadata asks for no token, whatever a machine says.
func (digitalOcean) metadataGuarded(r Resource) []finding {
	if at := r.at("dropletAgent"); r.Type == doDroplet && !at.is("false") {
		return []finding{at.problem("lets an agent take SSH keys from the metadata, which asks for no token",
			"set dropletAgent: false")}
	}
	return nil
}

func (digitalOcean) machineTagged(r Resource) []finding {
	if r.Type == doDroplet {
		return lacks(r.at("tags"), machineTags)
	}
	return nil
}

func (digitalOcean) otherTagged(r Resource) []finding {
	if r.Type == "digitalocean:index/volume:Volume" {
		return lacks(r.at("tags"), mandatoryTags)
	}
	return nil
}

func (digitalOcean) secrets(r Resource) []field {
	if r.Type == doDroplet {
		return []field{r.at("userData")}
	}
	return nil
}

func (digitalOcean) mustStay(r Resource) bool {
	return r.Type == doBalancer || r.Type == doDroplet && strings.Contains(r.Name, "-control-plane-")
}

// guard is none: neither droplets nor load balancers have such a property.
func (digitalOcean) guard(r Resource) field { return r.field() }
