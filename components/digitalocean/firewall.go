package digitalocean

import (
	"fmt"
	"strconv"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/config"
	"github.com/pulumi/pulumi-digitalocean/sdk/v4/go/digitalocean"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var roles = []string{cloud.ControlPlane, cloud.Worker}

// firewall has the firewalls of the droplets.
type firewall struct {
	// tags mark the droplets of each role; firewalls and load balancer find them by it.
	tags map[string]*digitalocean.Tag
	// roles are the firewall of each role.
	roles map[string]pulumi.Resource
}

// createFirewall makes one firewall for each role. It applies to every droplet with the role's tag, so it can exist
// before the first droplet. It applies to the public interface too, which only the named sources can reach.
//
// The name of a tag is random and used only by this state. Creating a tag that exists returns the existing one, and
// deleting it removes it from all droplets: if two states shared a name, the destroy of one would remove the firewall
// of the other's droplets.
// https://docs.digitalocean.com/reference/api/digitalocean/#tag/Tags/operation/tags_delete
// A running cluster keeps the name that it has, because another tag would leave its droplets uncovered for a while.
func (c *Cloud) createFirewall() (firewall, error) {
	made := firewall{tags: map[string]*digitalocean.Tag{}, roles: map[string]pulumi.Resource{}}
	for _, role := range roles {
		tag, err := digitalocean.NewTag(
			c.ctx,
			c.name(role),
			&digitalocean.TagArgs{},
			c.options(pulumi.IgnoreChanges([]string{"name"}))...)
		if err != nil {
			return firewall{}, err
		}
		made.tags[role] = tag
	}
	for _, role := range roles {
		covering, err := digitalocean.NewFirewall(c.ctx, c.name(role), &digitalocean.FirewallArgs{
			Tags:          pulumi.StringArray{made.tags[role].Name},
			InboundRules:  inbound(c.cluster, role, made.tags),
			OutboundRules: outbound(),
		}, c.options()...)
		if err != nil {
			return firewall{}, err
		}
		made.roles[role] = covering
	}
	return made, nil
}

// The limits of a firewall: inbound and outbound rules together, and sources of one rule.
// https://docs.digitalocean.com/products/networking/firewalls/details/limits/
const rulesPerFirewall, sourcesPerRule = 50, 1000

// Check refuses a cluster whose firewall DigitalOcean would refuse halfway through an update.
func Check(cluster cluster.Cluster) (errs config.Errors) {
	// Only the number of rules counts, so that any tag will do.
	tags := map[string]*digitalocean.Tag{cloud.ControlPlane: {}, cloud.Worker: {}}
	for _, role := range roles {
		if all := len(inbound(cluster, role, tags)) + len(outbound()); all > rulesPerFirewall {
			errs = append(errs, config.Error{Path: "openPorts",
				Problem: fmt.Sprintf(
					"needs %d rules in the firewall of the %s, and DigitalOcean allows %d",
					all,
					role,
					rulesPerFirewall,
				),
				Remedy: "open fewer ports, or name one range of ports that contains several"})
		}
	}
	if ranges := len(cluster.OperatorCIDRs); ranges > sourcesPerRule {
		errs = append(errs, config.Error{Path: "operatorCidrs",
			Problem: fmt.Sprintf(
				"has %d sources in one firewall rule, and DigitalOcean allows %d",
				ranges,
				sourcesPerRule,
			),
			Remedy: "name fewer ranges: one can contain several"})
	}
	return errs
}

// inbound returns the inbound rules of a role, one for each port: DigitalOcean keeps the sources of a port together.
func inbound(
	c cluster.Cluster,
	role string,
	tags map[string]*digitalocean.Tag,
) digitalocean.FirewallInboundRuleArray {
	var ports []string
	inbound := map[string]*digitalocean.FirewallInboundRuleArgs{}
	port := func(protocol string, low, high int) *digitalocean.FirewallInboundRuleArgs {
		key := fmt.Sprint(protocol, low, high)
		if inbound[key] == nil {
			ports = append(ports, key)
			inbound[key] = &digitalocean.FirewallInboundRuleArgs{Protocol: pulumi.String(protocol)}
			if protocol != "icmp" {
				inbound[key].PortRange = pulumi.String(portRange(low, high))
			}
		}
		return inbound[key]
	}
	for _, rule := range cloud.NodeRules(c) {
		if rule.To == role {
			into := port(rule.Protocol, rule.Low, rule.High)
			into.SourceTags = addTo(into.SourceTags, tags[rule.From].Name)
		}
	}
	for _, open := range c.OpenPorts {
		for _, prefix := range open.Ranges {
			into := port(open.Protocol, open.Low, open.High)
			into.SourceAddresses = addTo(into.SourceAddresses, pulumi.String(prefix.String()))
		}
	}
	if role == cloud.ControlPlane {
		operated := []int{talosPort}
		if c.Access == cluster.Public {
			operated = append(operated, cloud.APIPort)
		}
		for _, number := range operated {
			into := port("tcp", number, number)
			for _, prefix := range c.OperatorCIDRs {
				into.SourceAddresses = addTo(into.SourceAddresses, pulumi.String(prefix.String()))
			}
		}
	}
	var rules digitalocean.FirewallInboundRuleArray
	for _, key := range ports {
		rules = append(rules, inbound[key])
	}
	return rules
}

func addTo(list pulumi.StringArrayInput, item pulumi.StringInput) pulumi.StringArray {
	array, _ := list.(pulumi.StringArray)
	return append(array, item)
}

func portRange(low, high int) string {
	if low == high {
		return strconv.Itoa(low)
	}
	return fmt.Sprintf("%d-%d", low, high)
}

// outbound lets the machines out to images, time, discovery, and to DHCP, which a custom image's network needs:
// https://docs.digitalocean.com/products/networking/firewalls/details/limits/
func outbound() digitalocean.FirewallOutboundRuleArray {
	everywhere := pulumi.ToStringArray([]string{"0.0.0.0/0"})
	return digitalocean.FirewallOutboundRuleArray{
		&digitalocean.FirewallOutboundRuleArgs{
			Protocol:             pulumi.String("tcp"),
			PortRange:            pulumi.String("all"),
			DestinationAddresses: everywhere,
		},
		&digitalocean.FirewallOutboundRuleArgs{
			Protocol:             pulumi.String("udp"),
			PortRange:            pulumi.String("all"),
			DestinationAddresses: everywhere,
		},
		&digitalocean.FirewallOutboundRuleArgs{Protocol: pulumi.String("icmp"), DestinationAddresses: everywhere},
	}
}

// allowLoadBalancer lets the load balancer reach the control planes. It is a separate firewall, because the droplets
// need one before the load balancer exists.
func (n network) allowLoadBalancer(balancer *digitalocean.LoadBalancer) (*digitalocean.Firewall, error) {
	return digitalocean.NewFirewall(n.ctx, n.name("api"), &digitalocean.FirewallArgs{
		Tags: pulumi.StringArray{n.firewall.tags[cloud.ControlPlane].Name},
		InboundRules: digitalocean.FirewallInboundRuleArray{&digitalocean.FirewallInboundRuleArgs{
			Protocol: pulumi.String("tcp"), PortRange: pulumi.String(strconv.Itoa(cloud.APIPort)),
			SourceLoadBalancerUids: pulumi.StringArray{balancer.ID()},
		}},
	}, n.options()...)
}
