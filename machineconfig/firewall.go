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

// talosAPIRule closes the Talos API to pods. Under the firewall's default action, accept, a rule drops packets to its
// port from other sources and does not affect other ports; loopback is always allowed. "block" would need a rule for
// each port of the kubelet, the network plugin and every NodePort
// (https://github.com/siderolabs/talos/blob/v1.12.1/internal/app/machined/pkg/controllers/network/nftables_chain_config.go).
//
// It stops a pod on the pod's own node, where the packet has the pod's address. On the way to another node the network
// plugin may replace it by the node's address. Those packets are dropped by the cloud's firewall, which lets workers
// reach the port of another machine only if operatorCidrs has the nodes' network, and under Cilium by
// docs/policies/deny-talos-api.yaml. A pod on the host's network cannot be told from its node, and PodSecurity allows
// no such pod. A client that gets through still needs a certificate of the cluster's certificate authority.
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

// sameTalosAPIRules reports whether two configurations are equal in everything that decides who reaches the Talos API.
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

// talosAPIRules returns the rules that apply to the port of the Talos API: the subnets of each, and those that it
// excludes.
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
