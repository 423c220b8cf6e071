package digitalocean

import (
	"fmt"
	"strings"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// startDroplet completes the state of a droplet that starts anew, or returns why it does not start.
func startDroplet(c *schema.Call) error {
	// A new droplet has no disk that could be too large.
	delete(c.State, "disk")
	return checkDroplet(c)
}

// checkDroplet holds a droplet against what the API refuses.
func checkDroplet(c *schema.Call) error {
	region := c.State.String("region")
	if err := checkRegion(region); err != nil {
		return err
	}
	if err := checkImage(c.Store, c.State.String("image"), region); err != nil {
		return err
	}
	if err := checkKeys(c); err != nil {
		return err
	}
	vpc, err := find(c.Store, vpcType, c.State.String("vpcUuid"), "VPC")
	if err != nil {
		return err
	}
	if vpc.State.String("region") != region {
		return fmt.Errorf("422 (unprocessable_entity) the VPC %s is in %s, the droplet in %s", vpc.ID,
			vpc.State.String("region"), region)
	}
	return updateDroplet(c)
}

// inspect returns the findings about what connects the droplets with the outside: targets of load balancers.
func inspect(st *store.Store) []network.Finding {
	n := newNetwork(st).(cloudNetwork)
	var findings []network.Finding
	for _, loadBalancer := range st.List(loadBalancerType, "") {
		for _, rule := range loadBalancer.State.Objects("forwardingRules") {
			for _, target := range targets(st, loadBalancer) {
				if err := n.forward(loadBalancer, target, rule); err != nil {
					findings = append(findings, network.Unhealthy(loadBalancer.Name, target.Name, err))
				}
			}
		}
	}
	return findings
}

// forward follows a packet from a load balancer to a droplet, and its health check.
// https://docs.digitalocean.com/products/networking/load-balancers/how-to/manage/#health-checks
func (n cloudNetwork) forward(loadBalancer, target *store.Resource, rule store.Values) error {
	from := end{loadBalancer: loadBalancer, address: loadBalancer.State.String("ip")}
	receiver := end{droplet: target, address: target.State.String("ipv4AddressPrivate")}
	if err := n.askFirewall("inboundRules", "source", receiver, from, network.TCP(rule.Int("targetPort"))); err != nil {
		return err
	}
	if rule.Int("entryPort") != rule.Int("targetPort") {
		return fmt.Errorf("%s sends port %d to port %d of %s, where something else answers", from,
			rule.Int("entryPort"), rule.Int("targetPort"), receiver)
	}
	health := loadBalancer.State.Object("healthcheck")
	if port := health.Int("port"); port != 0 {
		if err := n.askFirewall("inboundRules", "source", receiver, from, network.TCP(port)); err != nil {
			return err
		}
	}
	if err := network.CheckHealth(strings.ToUpper(health.String("protocol")), false); err != nil {
		return fmt.Errorf("%s to %s: %w", from, receiver, err)
	}
	return nil
}
