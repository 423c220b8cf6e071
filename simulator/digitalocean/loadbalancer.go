package digitalocean

import (
	"fmt"
	"regexp"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

const loadBalancerType = "digitalocean:index/loadBalancer:LoadBalancer"

var loadBalancerRule = regexp.MustCompile(`^(ip:[0-9.]+|cidr:[0-9.]+/[0-9]+)$`)

func checkLoadBalancer(c *schema.Call) []schema.Problem {
	var problems []schema.Problem
	refuse := func(property, format string, arguments ...any) {
		problems = append(problems, schema.Refuse(property, format, arguments...)...)
	}
	health := c.Inputs.Object("healthcheck")
	if path := health.String("path"); (health.String("protocol") == "tcp") == (path != "") &&
		c.Inputs.Has("healthcheck") {
		refuse("healthcheck.path", "is required when protocol is http or https, and not allowed when it is tcp")
	}
	if !c.Inputs.Has("region") && c.Inputs.String("type") != "GLOBAL" {
		refuse("region", "must be set unless type is GLOBAL")
	}
	if c.Inputs.Has("size") && c.Inputs.Has("sizeUnit") {
		refuse("size", "conflicts with sizeUnit: give one of them")
	}
	if c.Inputs.String("network") == "INTERNAL" && !c.Inputs.Has("vpcUuid") {
		refuse("vpcUuid", "an INTERNAL load balancer needs the VPC that it is internal to")
	}
	for _, property := range []string{"allows", "denies"} {
		for i, rule := range c.Inputs.Object("firewall").Strings(property) {
			if !loadBalancerRule.MatchString(rule) {
				refuse(fmt.Sprintf("firewall.%s[%d]", property, i),
					"%q must be written ip:1.2.3.4 or cidr:1.2.0.0/16", rule)
			}
		}
	}
	return problems
}

func createLoadBalancer(c *schema.Call) error {
	c.ID = uuid(c)
	region := c.State.String("region")
	if err := checkRegion(region); err != nil {
		return err
	}
	vpc, err := find(c.Store, vpcType, c.State.String("vpcUuid"), "VPC")
	if err != nil {
		return err
	}
	if vpc.State.String("region") != region {
		return fmt.Errorf("422 (unprocessable_entity) the VPC %s is in %s, the load balancer in %s", vpc.ID,
			vpc.State.String("region"), region)
	}
	if c.State.String("network") == "INTERNAL" {
		if c.State["ip"], err = freeAddress(c.Store, vpc); err != nil {
			return err
		}
	} else {
		c.State["ip"] = publicAddress(c.Store)
	}
	return updateLoadBalancer(c)
}

func updateLoadBalancer(c *schema.Call) error {
	if err := unique(c, "load balancer"); err != nil {
		return err
	}
	entries := map[int]bool{}
	for _, rule := range c.State.Objects("forwardingRules") {
		entry, target := rule.String("entryProtocol"), rule.String("targetProtocol")
		if entries[rule.Int("entryPort")] {
			return fmt.Errorf("422 (unprocessable_entity) two forwarding rules for port %d", rule.Int("entryPort"))
		}
		entries[rule.Int("entryPort")] = true
		if (entry == "tcp") != (target == "tcp") || (entry == "udp") != (target == "udp") {
			return fmt.Errorf("422 (unprocessable_entity) the entry protocol %s cannot be forwarded to %s", entry,
				target)
		}
	}
	return checkTag(c.Store, c.State.String("dropletTag"))
}

// targets returns the droplets behind a load balancer.
func targets(st *store.Store, loadBalancer *store.Resource) []*store.Resource {
	return st.Select(func(r *store.Resource) bool {
		return r.Type == dropletType && r.State.String("vpcUuid") == loadBalancer.State.String("vpcUuid") &&
			(hasTag(r, loadBalancer.State.String("dropletTag")) || listed(loadBalancer.State["dropletIds"], r.ID))
	})
}
