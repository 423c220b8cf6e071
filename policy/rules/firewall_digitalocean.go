package rules

const (
	doFirewall = "digitalocean:index/firewall:Firewall"
	doBalancer = "digitalocean:index/loadBalancer:LoadBalancer"
)

// openingsOnDigitalOcean: a firewall's rules, and the list of those whom a balancer listens to.
func openingsOnDigitalOcean(r Resource) []opening {
	switch r.Type {
	case doFirewall:
		var all []opening
		for _, rule := range r.at("inboundRules").items() {
			sources := sourcesAt(rule.at("sourceAddresses"), addresses)
			for _, key := range []string{"sourceTags", "sourceLoadBalancerUids", "sourceDropletIds", "sourceKubernetesIds"} {
				sources = append(sources, sourcesAt(rule.at(key), peer)...)
			}
			if len(sources) == 0 {
				sources = []source{{at: rule, kind: nobody}}
			}
			at := rule.at("portRange")
			all = append(all, pair(sources, []ports{portsOf(at, rule.at("protocol").text(), at.text())})...)
		}
		return all
	case doBalancer:
		allowed := r.at("firewall", "allows")
		sources := sourcesAt(allowed, addresses)
		if len(sources) == 0 {
			sources = []source{{at: allowed, kind: nobody}}
		}
		var all []opening
		for _, rule := range r.at("forwardingRules").items() {
			at := rule.at("entryPort")
			all = append(all, pair(sources, []ports{portsOf(at, "tcp", at.text())})...)
		}
		return all
	}
	return nil
}
