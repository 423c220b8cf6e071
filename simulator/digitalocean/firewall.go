package digitalocean

import (
	"fmt"
	"net/netip"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

const firewallType = "digitalocean:index/firewall:Firewall"

// Limits of a firewall: https://docs.digitalocean.com/products/networking/firewalls/details/limits/
const (
	maxRules    = 50
	maxTags     = 5
	maxDroplets = 10
)

// firewallLimits are the lists of a firewall and the most that each may have.
var firewallLimits = map[string]int{"tags": maxTags, "dropletIds": maxDroplets}

func checkFirewall(c *schema.Call) []schema.Problem {
	var problems []schema.Problem
	count := 0
	for property, end := range map[string]string{"inboundRules": "source", "outboundRules": "destination"} {
		for i, rule := range c.Inputs.Objects(property) {
			count++
			if reason := ruleProblem(rule, end); reason != "" {
				problems = append(problems, schema.Problem{Property: fmt.Sprintf("%s[%d]", property, i),
					Reason: reason})
			}
		}
	}
	if count == 0 && (!c.Inputs.Has("inboundRules") && !c.Inputs.Has("outboundRules")) {
		problems = append(problems, schema.Refuse("inboundRules", "at least one rule must be specified")...)
	}
	if count > maxRules {
		problems = append(problems, schema.Refuse("inboundRules", "%d rules, at most %d are allowed", count,
			maxRules)...)
	}
	for property, most := range firewallLimits {
		if list, ok := c.Inputs[property].([]any); ok && len(list) > most {
			problems = append(problems, schema.Refuse(property, "%d items, at most %d are allowed", len(list), most)...)
		}
	}
	return problems
}

// ruleProblem returns what is wrong with a rule. A rule without another end would let everybody in on a careless cloud;
// this one refuses it.
func ruleProblem(rule store.Values, end string) string {
	protocol, text := rule.String("protocol"), rule.String("portRange")
	switch _, _, valid := ports(text); {
	case protocol == "icmp" && text != "":
		return "icmp has no portRange"
	case protocol != "icmp" && !rule.Has("portRange"):
		return "portRange is required if protocol is tcp or udp"
	case protocol != "icmp" && rule.Known("portRange") && !valid:
		return fmt.Sprintf("portRange %q is not a port, a range or all", text)
	}
	given := false
	for _, kind := range []string{"Addresses", "DropletIds", "KubernetesIds", "LoadBalancerUids", "Tags"} {
		list, isList := rule[end+kind].([]any)
		given = given || rule.Has(end+kind) && (!isList || len(list) > 0)
	}
	if !given {
		return "must have at least one " + end
	}
	for _, text := range rule.Strings(end + "Addresses") {
		_, notRange := netip.ParsePrefix(text)
		_, notAddress := netip.ParseAddr(text)
		if notRange != nil && notAddress != nil {
			return fmt.Sprintf("%q is neither an address nor a range", text)
		}
	}
	return ""
}

func createFirewall(c *schema.Call) error {
	c.ID = uuid(c)
	return updateFirewall(c)
}

// updateFirewall looks for what the rules name.
func updateFirewall(c *schema.Call) error {
	if err := unique(c, "firewall"); err != nil {
		return err
	}
	tags := c.State.Strings("tags")
	var loadBalancers []string
	for property, end := range map[string]string{"inboundRules": "source", "outboundRules": "destination"} {
		for _, rule := range c.State.Objects(property) {
			tags = append(tags, rule.Strings(end+"Tags")...)
			loadBalancers = append(loadBalancers, rule.Strings(end+"LoadBalancerUids")...)
		}
	}
	for _, tag := range tags {
		if err := checkTag(c.Store, tag); err != nil {
			return err
		}
	}
	for _, id := range loadBalancers {
		if _, err := find(c.Store, loadBalancerType, id, "load balancer"); err != nil {
			return err
		}
	}
	return nil
}
