package rules

var loadBalancerRules = []Rule{{
	Name:   "balancer-internal",
	Demand: "Load balancers have private addresses only.",
	Remedy: "set internal: true; operators connect through a VPN or peering",
	one:    ask(cloud.balancerInternal),
}}
