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
