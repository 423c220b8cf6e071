package digitalocean

import (
	"fmt"
	"strings"

	"github.com/inferadb/infra/simulator/catalogue"
	"github.com/inferadb/infra/simulator/site"
	"github.com/inferadb/infra/simulator/world"
)

// startDroplet completes the state of a droplet that starts anew, or returns why it does not start.
func startDroplet(c *catalogue.Call) error {
	// A new droplet has no disk that could be too large.
	delete(c.State, "disk")
	return checkDroplet(c)
}

// checkDroplet holds a droplet against what the API refuses.
func checkDroplet(c *catalogue.Call) error {
	region := c.State.String("region")
	if err := checkRegion(region); err != nil {
		return err
	}
	if err := checkImage(c.World, c.State.String("image"), region); err != nil {
		return err
	}
	if err := checkKeys(c); err != nil {
		return err
	}
	vpc, err := find(c.World, vpcType, c.State.String("vpcUuid"), "VPC")
	if err != nil {
		return err
	}
	if vpc.State.String("region") != region {
		return fmt.Errorf("422 (unprocessable_entity) the VPC %s is in %s, the droplet in %s", vpc.ID,
			vpc.State.String("region"), region)
	}
	return updateDroplet(c)
}

// inspect looks at what stands between the droplets and the world: targets of load balancers.
func inspect(w *world.World) []site.Finding {
	n := newSite(w).(network)
	var findings []site.Finding
	for _, balancer := range w.List(loadBalancerType, "") {
		for _, rule := range balancer.State.Objects("forwardingRules") {
			for _, target := range targets(w, balancer) {
				if err := n.forward(balancer, target, rule); err != nil {
					findings = append(findings, site.Unhealthy(balancer.Name, target.Name, err))
				}
			}
		}
	}
	return findings
}

// forward follows a packet from a load balancer to a droplet, and its health check.
// https://docs.digitalocean.com/products/networking/load-balancers/how-to/manage/#health-checks
func (n network) forward(balancer, target *world.Resource, rule world.Values) error {
	from := end{balancer: balancer, address: balancer.State.String("ip")}
	receiver := end{droplet: target, address: target.State.String("ipv4AddressPrivate")}
	if err := n.lets("inboundRules", "source", receiver, from, site.TCP(rule.Int("targetPort"))); err != nil {
		return err
	}
	if rule.Int("entryPort") != rule.Int("targetPort") {
		return fmt.Errorf("%s sends port %d to port %d of %s, where something else answers", from,
			rule.Int("entryPort"), rule.Int("targetPort"), receiver)
	}
	health := balancer.State.Object("healthcheck")
	if port := health.Int("port"); port != 0 {
		if err := n.lets("inboundRules", "source", receiver, from, site.TCP(port)); err != nil {
			return err
		}
	}
	if err := site.CheckHealth(strings.ToUpper(health.String("protocol")), false); err != nil {
		return fmt.Errorf("%s to %s: %w", from, receiver, err)
	}
	return nil
}
