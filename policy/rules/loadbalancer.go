package rules

import "slices"

// awsBalancers are balancers of each generation; alb is an older name of lb.
var awsBalancers = []string{"aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer", "aws:elb/loadBalancer:LoadBalancer"}

// gcpFrontends are where balancers listen.
var gcpFrontends = []string{
	"gcp:compute/forwardingRule:ForwardingRule", "gcp:compute/globalForwardingRule:GlobalForwardingRule",
}

var loadBalancerRules = []Rule{{
	Name: "balancer-internal", Invariant: 10,
	Demand: "Load balancers have private addresses only.",
	Remedy: "set internal: true; operators come through a VPN or peering",
	one:    balancerInternal,
}}

func balancerInternal(r Resource) []finding {
	switch {
	case slices.Contains(awsBalancers, r.Type):
		if at := r.at("internal"); !at.is("true") {
			return []finding{at.problem("gives the balancer public addresses", "")}
		}
	case slices.Contains(gcpFrontends, r.Type):
		return gcpFrontendInternal(r)
	case r.Type == doBalancer:
		if at := r.at("network"); !at.is("INTERNAL") {
			return []finding{at.problem("gives the balancer a public address", "set network: INTERNAL, of a type that is not GLOBAL")}
		}
	}
	return nil
}

// gcpFrontendInternal: without a scheme a rule is external. An empty scheme is a private service's endpoint:
// https://cloud.google.com/compute/docs/reference/rest/v1/forwardingRules
func gcpFrontendInternal(r Resource) []finding {
	at := r.at("loadBalancingScheme")
	if at.value.IsString() && at.text() == "" || at.is("INTERNAL", "INTERNAL_MANAGED", "INTERNAL_SELF_MANAGED") {
		return nil
	}
	return []finding{at.problem("gives the balancer a public address", "set loadBalancingScheme: INTERNAL_MANAGED")}
}
