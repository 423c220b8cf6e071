package invariants

import (
	"strings"
)

// loadBalancerRows are about the way to the Kubernetes API.
var loadBalancerRows = []Invariant{
	{
		ID:       10,
		Sentence: "The load balancer is internal, and nothing public resolves to it.",
		Rules:    []string{"balancer-internal"},
	},
	{
		ID: 11,
		Sentence: "The load balancer checks port 6443 every 10 s or faster, and leads to all " +
			"control planes and to nothing else.",
		Unseen: "A control plane is known by its name, which another resource may have by chance.",
	},
	{
		ID: 12,
		Sentence: "The load balancer crosses zones, hides the clients' addresses, and lets path MTU discovery " +
			"through, where that is a choice.",
		Unseen: "A load balancer of another purpose may do otherwise.",
	},
	{
		ID:       13,
		Sentence: "Endpoint and load balancer are in the certificates, and KubePrism is on.",
		Unseen:   "It stands in machine configurations, which the policy pack does not read.",
		Checks: []Check{{Name: "kubeprism-is-on", Look: kubePrismIsOn, Breaks: []Breakage{
			replaceText(talosApply, "", "kubePrism:", "prism:", configuration),
		}}},
		Refused: []Setting{
			refuse("no KubePrism", inAllPatches("machine: {features: {kubePrism: {enabled: false}}}"),
				"patches.all[0]: a patch changes machine.features.kubePrism"),
			refuse("an API at an address", oneRegion(`,"endpoint":"203.0.113.7"`),
				`regions[0].endpoint: "203.0.113.7" is an address`),
			refuse("an API at an address in disguise", oneRegion(`,"endpoint":"127.1"`),
				`regions[0].endpoint: "127.1" ends in a number`),
		},
		// Machines trust the cluster's authority, not the name.
		Allowed: []Setting{allow("the API under a name of somebody", oneRegion(`,"endpoint":"api.example.com"`))},
	},
	{
		ID:       14,
		Sentence: "No load balancer passes packets through to the machines, so no machine has a virtual address.",
		Unseen:   "A load balancer of another purpose may do so.",
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
