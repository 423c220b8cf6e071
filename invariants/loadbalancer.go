package invariants

import (
	"strings"
)

// loadBalancerRows are about the way to the Kubernetes API.
var loadBalancerRows = []Invariant{
	{
		ID:       10,
		Sentence: "The load balancer is internal, and no public name resolves to it.",
		Rules:    []string{"balancer-internal"},
	},
	{
		ID: 11,
		Sentence: "The load balancer checks port 6443 at least every 10 s, and its targets are all control " +
			"planes and nothing else.",
		Unseen: "Control planes are recognized by their names, which other resources may have by chance.",
	},
	{
		ID: 12,
		Sentence: "The load balancer works across zones, hides client addresses and allows path MTU discovery, " +
			"where the cloud lets one choose.",
		Unseen: "Load balancers for other purposes may be different.",
	},
	{
		ID:       13,
		Sentence: "Endpoint and load balancer are in the certificates, and KubePrism is enabled.",
		Unseen:   "It concerns machine configurations, which the policy pack does not read.",
		Checks: []Check{{Name: "kubeprism-is-on", Look: kubePrismIsOn, Breaks: []Breakage{
			replaceText(talosApply, "", "kubePrism:", "prism:", configuration),
		}}},
		Refused: []Setting{
			refuse("KubePrism off", inAllPatches("machine: {features: {kubePrism: {enabled: false}}}"),
				"patches.all[0]: a patch changes machine.features.kubePrism"),
			refuse("an address as endpoint", oneRegion(`,"endpoint":"203.0.113.7"`),
				`regions[0].endpoint: "203.0.113.7" is an address`),
			refuse("a short form of an address as endpoint", oneRegion(`,"endpoint":"127.1"`),
				`regions[0].endpoint: "127.1" ends in a number`),
		},
		// Machines trust the cluster's authority, not the name.
		Allowed: []Setting{allow("the API under a name of somebody", oneRegion(`,"endpoint":"api.example.com"`))},
	},
	{
		ID: 14,
		Sentence: "The load balancer is a proxy and never passes packets through, so no machine has a virtual " +
			"address.",
		Unseen: "Load balancers for other purposes may be different.",
	},
}

// ownEndpoint is the name of the API where a stack file brings its own.
const ownEndpoint = "api.example.com"

// bringsEndpoint reports whether the stack file names the API.
func (g *Graph) bringsEndpoint() bool {
	return g.says("endpoint") == ownEndpoint || g.saysOfRegions("endpoint")
}

// kubePrismIsOn looks into the machine configurations.
func kubePrismIsOn(g *Graph, v *Violations) {
	for _, r := range g.ofType(talosApply) {
		v.unless(strings.Contains(r.Text("machineConfigurationInput"), "kubePrism:\n            enabled: true"), r,
			"leaves KubePrism off")
	}
}
