package digitalocean

import (
	"fmt"
	"regexp"

	"github.com/inferadb/infra/simulator/catalogue"
	"github.com/inferadb/infra/simulator/world"
)

const loadBalancerType = "digitalocean:index/loadBalancer:LoadBalancer"

var balancerRule = regexp.MustCompile(`^(ip:[0-9.]+|cidr:[0-9.]+/[0-9]+)$`)

func checkLoadBalancer(c *catalogue.Call) []catalogue.Problem {
	var problems []catalogue.Problem
	refuse := func(property, format string, arguments ...any) {
		problems = append(problems, catalogue.Refuse(property, format, arguments...)...)
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
			if !balancerRule.MatchString(rule) {
				refuse(fmt.Sprintf("firewall.%s[%d]", property, i),
					"%q must be written ip:1.2.3.4 or cidr:1.2.0.0/16", rule)
			}
		}
	}
	return problems
}

func createLoadBalancer(c *catalogue.Call) error {
	c.ID = uuid(c)
	region := c.State.String("region")
	if err := checkRegion(region); err != nil {
		return err
	}
	vpc, err := find(c.World, vpcType, c.State.String("vpcUuid"), "VPC")
	if err != nil {
		return err
	}
	if vpc.State.String("region") != region {
		return fmt.Errorf("422 (unprocessable_entity) the VPC %s is in %s, the load balancer in %s", vpc.ID,
			vpc.State.String("region"), region)
	}
	if c.State.String("network") == "INTERNAL" {
		if c.State["ip"], err = freeAddress(c.World, vpc); err != nil {
			return err
		}
	} else {
		c.State["ip"] = publicAddress(c.World)
	}
	return updateLoadBalancer(c)
}

func updateLoadBalancer(c *catalogue.Call) error {
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
	return checkTag(c.World, c.State.String("dropletTag"))
}

// targets are the droplets behind a load balancer.
func targets(w *world.World, balancer *world.Resource) []*world.Resource {
	return w.Select(func(r *world.Resource) bool {
		return r.Type == dropletType && r.State.String("vpcUuid") == balancer.State.String("vpcUuid") &&
			(hasTag(r, balancer.State.String("dropletTag")) || listed(balancer.State["dropletIds"], r.ID))
	})
}
