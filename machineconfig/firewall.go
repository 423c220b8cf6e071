package machineconfig

import (
	"net/netip"
	"reflect"
	"slices"

	"github.com/siderolabs/talos/pkg/machinery/config"
	document "github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/types/network"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/nethelpers"
)

// talosAPIRule closes the Talos API to pods. Under the firewall's default action, accept, a rule drops whatever comes
// to its port from elsewhere and leaves every other port alone; loopback is always let in. "block" would need a rule
// for each port of the kubelet, the network plugin and every NodePort
// (https://github.com/siderolabs/talos/blob/v1.12.1/internal/app/machined/pkg/controllers/network/nftables_chain_config.go).
//
// It stops a pod on the pod's own node, where the packet has the pod's address. On its way to another node the network
// plugin may put the node's address in that place: there the cloud's firewall stands, which lets no worker at the port
// of another machine unless operatorCidrs holds the nodes' network, and under Cilium docs/policies/deny-talos-api.yaml.
// A pod on the host's network is a node to all of them, and PodSecurity allows none. Behind it the API wants a
// certificate of the cluster's own authority.
func talosAPIRule(in Input) document.Document {
	rule := network.NewRuleConfigV1Alpha1()
	rule.MetaName = "talos-api"
	rule.PortSelector = network.RulePortSelector{
		Ports: network.PortRanges{{Lo: constants.ApidPort, Hi: constants.ApidPort}}, Protocol: nethelpers.ProtocolTCP,
	}
	clients := in.networks()
	for _, client := range in.TalosClients {
		if !slices.ContainsFunc(clients, func(network netip.Prefix) bool { return contains(network, client) }) {
			clients = append(clients, client)
		}
	}
	for _, client := range clients {
		ingress := network.IngressRule{Subnet: client}
		if client.Overlaps(in.Pods) {
			ingress.Except = network.Prefix{Prefix: in.Pods}
		}
		rule.Ingress = append(rule.Ingress, ingress)
	}
	return rule
}

// contains reports whether the wider range holds all of the other.
func contains(wide, narrow netip.Prefix) bool {
	return wide.Bits() <= narrow.Bits() && wide.Contains(narrow.Addr())
}

// sameTalosAPIRules compares everything that decides who reaches the Talos API.
func sameTalosAPIRules(before, after config.Provider) bool {
	return reflect.DeepEqual(talosAPIRules(before), talosAPIRules(after))
}

// podsReachTalosAPI reports whether the rule lets in an address that a pod may have.
func podsReachTalosAPI(c config.Provider) bool {
	rules := talosAPIRules(c)
	for _, text := range c.Cluster().Network().PodCIDRs() {
		pods, err := netip.ParsePrefix(text)
		if err != nil {
			return true
		}
		for i := 0; i < len(rules); i += 2 {
			subnets, except := rules[i], rules[i+1]
			excepted := slices.ContainsFunc(except, func(wide netip.Prefix) bool { return contains(wide, pods) })
			if !excepted && slices.ContainsFunc(subnets, pods.Overlaps) {
				return true
			}
		}
	}
	return false
}

// talosAPIRules are the rules that hold for the Talos API's port: the subnets of each, and those that it excepts.
func talosAPIRules(c config.Provider) [][]netip.Prefix {
	var rules [][]netip.Prefix
	for _, rule := range c.NetworkRules().Rules() {
		for _, ports := range rule.PortRanges() {
			if rule.Protocol() == nethelpers.ProtocolTCP && ports[0] <= constants.ApidPort &&
				constants.ApidPort <= ports[1] {
				rules = append(rules, rule.Subnets(), rule.ExceptSubnets())
			}
		}
	}
	return rules
}
