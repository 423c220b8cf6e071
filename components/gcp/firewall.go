package gcp

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/regions"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The roles of nodes. Rules know a node by its service account, which unlike a tag only an administrator of that account can
// give to a machine: https://cloud.google.com/firewall/docs/firewalls#service-accounts-vs-tags
const (
	controlPlane = cloud.ControlPlane
	worker       = cloud.Worker
)

// healthChecks are where Google's health checks come from. Talos' own firewall lets in the same ones.
func healthChecks() (ranges pulumi.StringArray) {
	can, _ := regions.CapabilitiesOf(regions.GCP)
	for _, prefix := range can.HealthChecks {
		ranges = append(ranges, pulumi.String(prefix.String()))
	}
	return ranges
}

// rule lets packets in to the nodes of a role: from the nodes of another, or from ranges of addresses.
type rule struct {
	to, from string
	ranges   pulumi.StringArray
	// ports by protocol; icmp has none.
	ports map[string][]string
	why   string
}

// createFirewall makes one rule for each pair of ends: a project has room for a few hundred rules, not for thousands.
// A custom network lets nothing in by itself and everything out: https://cloud.google.com/firewall/docs/firewalls#default_firewall_rules
func (c *Cloud) createFirewall() error {
	for _, r := range slices.Concat(nodeRules(c.cluster.CNI), c.googleRules(), c.operatorRules()) {
		created, err := c.createRule(r)
		if err != nil {
			return err
		}
		c.rules = append(c.rules, created)
	}
	return nil
}

// nodeRules are what the machines need of each other, one rule for each pair of roles.
func nodeRules(cni config.CNI) []rule {
	var rules []rule
	for _, need := range cloud.NodeRules(cni) {
		i := slices.IndexFunc(rules, func(r rule) bool { return r.to == need.To && r.from == need.From })
		if i < 0 {
			i = len(rules)
			rules = append(rules, rule{to: need.To, from: need.From, ports: map[string][]string{},
				why: fmt.Sprintf("What the %s nodes need of the %s nodes", need.From, need.To)})
		}
		if need.Protocol == "icmp" {
			rules[i].ports["icmp"] = nil
			continue
		}
		ports := strconv.Itoa(need.Low)
		if need.High != need.Low {
			ports += "-" + strconv.Itoa(need.High)
		}
		rules[i].ports[need.Protocol] = append(rules[i].ports[need.Protocol], ports)
	}
	return rules
}

// googleRules let the load balancer's proxies and Google's health checks in.
func (c *Cloud) googleRules() []rule {
	rules := []rule{{to: controlPlane, from: "load-balancer", why: "Kubernetes API by the balancer's proxies and its health checks",
		ranges: append(healthChecks(), c.proxyCIDR), ports: tcp(apiPort)}}
	if slices.ContainsFunc(c.cluster.Pools, config.Pool.Elastic) {
		rules = append(rules, rule{to: worker, from: "health-checks", why: "Talos API: whether a group's machine is alive",
			ranges: healthChecks(), ports: tcp(talosPort)})
	}
	return rules
}

// operatorRules let the operators in to the Talos API. The Kubernetes API is behind the balancer, whose proxies no firewall
// rule stands before: who has a route into the network reaches it, and needs a certificate from there on.
// https://cloud.google.com/load-balancing/docs/tcp/internal-proxy#firewall-rules
func (c *Cloud) operatorRules() []rule {
	operators := rule{to: controlPlane, from: "operators", why: "Talos API for operators", ports: tcp(talosPort)}
	for _, prefix := range c.cluster.OperatorCIDRs {
		operators.ranges = append(operators.ranges, pulumi.String(prefix.String()))
	}
	if c.cluster.Access == config.Public {
		operators.why = "Talos and Kubernetes APIs for operators, at the public addresses of the control planes"
		operators.ports = tcp(talosPort, apiPort)
	}
	return []rule{operators}
}

func tcp(ports ...string) map[string][]string { return map[string][]string{"tcp": ports} }

func (c *Cloud) createRule(r rule) (pulumi.Resource, error) {
	args := &compute.FirewallArgs{
		Network:               c.network,
		Description:           pulumi.String(r.why),
		Direction:             pulumi.String("INGRESS"),
		TargetServiceAccounts: pulumi.StringArray{c.accounts[r.to].Email},
		SourceRanges:          r.ranges,
	}
	if from, isRole := c.accounts[r.from]; isRole {
		args.SourceServiceAccounts = pulumi.StringArray{from.Email}
	} else if len(r.ranges) == 0 {
		// Without a source the rule would let the whole internet in: https://cloud.google.com/firewall/docs/firewalls#sources
		return nil, fmt.Errorf("firewall: the rule from %s to %s has no source, which would mean everybody; name addresses", r.from, r.to)
	}
	var allows compute.FirewallAllowArray
	for _, protocol := range slices.Sorted(maps.Keys(r.ports)) {
		allows = append(allows, &compute.FirewallAllowArgs{
			Protocol: pulumi.String(protocol), Ports: pulumi.ToStringArray(r.ports[protocol]),
		})
	}
	args.Allows = allows
	// Names are short here: the longer word would be cut in most stacks.
	name := strings.ReplaceAll(r.to+"-from-"+r.from, controlPlane, "cp")
	return compute.NewFirewall(c.ctx, c.name(name), args, c.options()...)
}
