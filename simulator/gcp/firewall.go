package gcp

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

const firewallType = "gcp:compute/firewall:Firewall"

var portPattern = regexp.MustCompile(`^\d{1,5}(-\d{1,5})?$`)

func checkFirewall(c *schema.Call) []schema.Problem {
	var problems []schema.Problem
	refuse := func(property, reason string) {
		problems = append(problems, schema.Problem{Property: property, Reason: reason})
	}
	egress := c.Inputs.String("direction") == "EGRESS"
	sources := c.Inputs.Has("sourceRanges") || c.Inputs.Has("sourceTags") || c.Inputs.Has("sourceServiceAccounts")
	if !egress && !sources {
		refuse("sourceRanges", "one of sourceRanges, sourceTags, sourceServiceAccounts must be given: an empty "+
			"source would be everybody")
	}
	if egress && sources {
		refuse("sourceRanges", "a rule for EGRESS has no source")
	}
	for _, name := range []string{"allows", "denies"} {
		for _, t := range c.Inputs.Objects(name) {
			protocol := t.String("protocol")
			for _, port := range t.Strings("ports") {
				if protocol != "tcp" && protocol != "udp" && protocol != "sctp" {
					refuse(name, "ports are for tcp, udp and sctp, not for "+protocol)
				}
				if !portPattern.MatchString(port) {
					refuse(name, "Invalid port or range: "+port)
				}
			}
		}
	}
	return problems
}

func createFirewall(c *schema.Call) error {
	if err := create(c, "firewalls"); err != nil {
		return err
	}
	return updateFirewall(c)
}

func updateFirewall(c *schema.Call) error {
	reorder(c.Inputs)
	reorder(c.State)
	return checkFirewallEnds(c)
}

// reorder has the API tell the protocols of a rule in an order of its own. The provider compares them by index.
func reorder(values store.Values) {
	for _, name := range []string{"allows", "denies"} {
		list, _ := values[name].([]any)
		list = slices.Clone(list)
		slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(b), fmt.Sprint(a)) })
		if len(list) > 0 {
			values[name] = list
		}
	}
}

func checkFirewallEnds(c *schema.Call) error {
	network, err := find(c, networkType, c.State.String("network"))
	if err != nil {
		return err
	}
	// A rule belongs to its network's project: https://cloud.google.com/vpc/docs/shared-vpc#firewall_rules
	if owner := projectOf(network.ID); owner != c.State.String("project") {
		return invalid("resource.network", network.ID,
			"Cross project reference is not allowed: the rule is in project %s, the network in "+
				"%s", c.State.String("project"), owner)
	}
	c.State["network"] = api + network.ID
	for _, name := range []string{"sourceRanges", "destinationRanges"} {
		for _, text := range c.State.Strings(name) {
			if prefix, err := netip.ParsePrefix(text); err != nil || prefix != prefix.Masked() {
				return invalid(name, text, "Must be a range of addresses without host bits")
			}
		}
	}
	return nil
}
