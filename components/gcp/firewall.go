package gcp

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/regions"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The roles of nodes. Rules know a node by its service account, which unlike a tag only an administrator of that
// account can give to a machine: https://cloud.google.com/firewall/docs/firewalls#service-accounts-vs-tags
const (
	controlPlane = cloud.ControlPlane
	worker       = cloud.Worker
)

// healthChecks returns the sources of Google's health checks. Talos' own firewall allows the same ones.
func healthChecks() (ranges pulumi.StringArray) {
	can, _ := regions.CapabilitiesOf(regions.GCP)
	for _, prefix := range can.HealthChecks {
		ranges = append(ranges, pulumi.String(prefix.String()))
	}
	return ranges
}

// rule lets packets in to the nodes of some roles: from the nodes of some, or from ranges of addresses.
type rule struct {
	name, why string
	to, from  []string
	ranges    pulumi.StringArray
	// ports by protocol; icmp has none.
	ports map[string][]string
	// after are the names of the rules that must exist before this one is narrowed.
	after []string
}

// createFirewall makes one rule for each purpose. A custom network lets nothing in by itself:
// https://cloud.google.com/firewall/docs/firewalls#default_firewall_rules
func (n network) createFirewall() ([]pulumi.Resource, error) {
	var rules []pulumi.Resource
	byName := map[string]pulumi.Resource{}
	for _, r := range slices.Concat(
		perProtocol(nodeRules(n.cluster)), n.googleRules(), operatorRules(n.cluster), openRules(n.cluster),
	) {
		var before []pulumi.Resource
		if n.hasSeveralProtocols(r.name) {
			for _, name := range r.after {
				before = append(before, byName[name])
			}
		}
		created, err := n.createIngress(r, pulumi.DependsOn(before))
		if err != nil {
			return nil, err
		}
		byName[r.name] = created
		rules = append(rules, created)
	}
	return rules, nil
}

// hasSeveralProtocols reports whether a rule runs as an older version of the program made it: see perProtocol.
func (c *Cloud) hasSeveralProtocols(rule string) bool {
	allows, _ := c.running.Outputs("gcp:compute/firewall:Firewall", c.name(rule))["allows"].([]any)
	return len(allows) > 1
}

// nodeRules returns the rules between nodes. A rule can have ten service accounts as sources and ten as targets
// (https://cloud.google.com/firewall/quotas), so one rule serves all roles of a purpose.
func nodeRules(cluster cluster.Cluster) []rule {
	var rules []rule
	for _, need := range cloud.NodeRules(cluster) {
		i := slices.IndexFunc(rules, func(r rule) bool { return r.name == need.Purpose })
		if i < 0 {
			i = len(rules)
			rules = append(rules, rule{name: need.Purpose, ports: map[string][]string{}})
		}
		r := &rules[i]
		r.to, r.from = appendUnique(r.to, need.To), appendUnique(r.from, need.From)
		if !strings.Contains(r.why, need.Why) {
			r.why = strings.TrimPrefix(r.why+"; "+need.Why, "; ")
		}
		if need.Protocol == "icmp" {
			r.ports["icmp"] = nil
			continue
		}
		r.ports[need.Protocol] = appendUnique(r.ports[need.Protocol], portRange(need.Low, need.High))
	}
	return rules
}

// perProtocol makes a rule for each protocol. The API returns the protocols of one rule in another order than they were
// given, and the provider compares them by index, so that no refresh of such a rule is ever clean. The last protocol
// keeps the name, and an older rule of all protocols is narrowed to it only after the others exist.
func perProtocol(rules []rule) []rule {
	var split []rule
	for _, r := range rules {
		protocols := slices.Sorted(maps.Keys(r.ports))
		last := len(protocols) - 1
		var others []string
		for _, protocol := range protocols[:last] {
			one := r
			one.name, one.ports = r.name+"-"+protocol, map[string][]string{protocol: r.ports[protocol]}
			split, others = append(split, one), append(others, one.name)
		}
		r.ports, r.after = map[string][]string{protocols[last]: r.ports[protocols[last]]}, others
		split = append(split, r)
	}
	return split
}

func portRange(low, high int) string {
	if low == high {
		return strconv.Itoa(low)
	}
	return fmt.Sprintf("%d-%d", low, high)
}

func appendUnique(list []string, item string) []string {
	if slices.Contains(list, item) {
		return list
	}
	return append(list, item)
}

// googleRules returns the rules for the load balancer's proxies and for Google's health checks.
func (n network) googleRules() []rule {
	rules := []rule{
		{
			name:   "load-balancer",
			why:    "Kubernetes API by the balancer's proxies and its health checks",
			to:     []string{controlPlane},
			ranges: append(healthChecks(), n.proxyCIDR),
			ports:  tcp(apiPort),
		},
	}
	if slices.ContainsFunc(n.cluster.Pools, cluster.Pool.InScalingGroup) {
		rules = append(
			rules,
			rule{name: "health-checks", why: "Talos API: whether a group's machine is alive", to: []string{worker},
				ranges: healthChecks(), ports: tcp(talosPort)},
		)
	}
	return rules
}

// operatorRules returns the rules by which operators reach the Talos API. No rule limits who reaches the Kubernetes
// API: VPC firewall rules do not apply to the proxies of the load balancer, so every client with a route into the
// network reaches it, and needs a certificate.
// https://cloud.google.com/load-balancing/docs/tcp/internal-proxy#firewall-rules
func operatorRules(c cluster.Cluster) []rule {
	var ranges pulumi.StringArray
	for _, prefix := range c.OperatorCIDRs {
		ranges = append(ranges, pulumi.String(prefix.String()))
	}
	rules := []rule{
		{
			name:   "operators-apid",
			why:    "Talos API for operators",
			to:     []string{controlPlane},
			ranges: ranges,
			ports:  tcp(talosPort),
		},
	}
	if c.Access == cluster.Public {
		rules = append(
			rules,
			rule{
				name:   "operators-api",
				why:    "Kubernetes API for operators, at the public addresses of the control planes",
				to:     []string{controlPlane},
				ranges: ranges,
				ports:  tcp(apiPort),
			},
		)
	}
	return rules
}

// openRules returns the rules by which other networks reach the ports that the stack file opens to them.
func openRules(cluster cluster.Cluster) []rule {
	var rules []rule
	for _, open := range cluster.OpenPorts {
		if len(open.Ranges) == 0 {
			continue
		}
		r := rule{name: cloud.OpenName(open) + "-cidrs", why: cloud.OpenReason, to: []string{controlPlane, worker},
			ports: map[string][]string{open.Protocol: {portRange(open.Low, open.High)}}}
		for _, prefix := range open.Ranges {
			r.ranges = append(r.ranges, pulumi.String(prefix.String()))
		}
		rules = append(rules, r)
	}
	return rules
}

func tcp(port string) map[string][]string { return map[string][]string{"tcp": {port}} }

func (n network) createIngress(r rule, options ...pulumi.ResourceOption) (pulumi.Resource, error) {
	if len(r.from) == 0 && len(r.ranges) == 0 {
		// Without a source the rule would let the whole internet in:
		// https://cloud.google.com/firewall/docs/firewalls#sources
		return nil, fmt.Errorf(
			"firewall: the rule %s has no source, which would allow every address; name addresses",
			r.name,
		)
	}
	var allows compute.FirewallAllowArray
	for _, protocol := range slices.Sorted(maps.Keys(r.ports)) {
		allows = append(allows, &compute.FirewallAllowArgs{
			Protocol: pulumi.String(protocol), Ports: pulumi.ToStringArray(r.ports[protocol]),
		})
	}
	return compute.NewFirewall(n.ctx, n.name(r.name), &compute.FirewallArgs{
		Project:               n.ruleProject(),
		Network:               n.vpc,
		Description:           pulumi.String(r.why),
		Direction:             pulumi.String("INGRESS"),
		TargetServiceAccounts: n.emails(r.to),
		SourceServiceAccounts: n.emails(r.from),
		SourceRanges:          r.ranges,
		Allows:                allows,
	}, n.options(options...)...)
}

// createEgress creates a rule that lets the nodes reach every address: images, time, discovery and the cloud's
// services. A created network allows that by its implied rule as well, and the explicit rule shows it in the graph. An
// adopted network may deny all egress. A rule that denied the rest would never match the nodes' packets, and would
// apply to machines that do not belong to the cluster.
func (n network) createEgress() (pulumi.Resource, error) {
	return compute.NewFirewall(n.ctx, n.name("egress"), &compute.FirewallArgs{
		Project:               n.ruleProject(),
		Network:               n.vpc,
		Description:           pulumi.String("Images, time, discovery, the services of the cloud"),
		Direction:             pulumi.String("EGRESS"),
		TargetServiceAccounts: n.emails([]string{controlPlane, worker}),
		DestinationRanges:     pulumi.ToStringArray([]string{"0.0.0.0/0"}),
		Allows:                compute.FirewallAllowArray{&compute.FirewallAllowArgs{Protocol: pulumi.String("all")}},
	}, n.options()...)
}

// emails returns the e-mail addresses of the service accounts of roles.
func (p prepared) emails(roles []string) pulumi.StringArray {
	var emails pulumi.StringArray
	for _, role := range roles {
		emails = append(emails, p.accounts[role].Email)
	}
	return emails
}
