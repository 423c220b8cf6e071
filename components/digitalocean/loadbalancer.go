package digitalocean

import (
	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi-digitalocean/sdk/v4/go/digitalocean"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// talosPort is the Talos API's.
const talosPort = 50000

// Endpoint makes the internal load balancer. DigitalOcean has no private names and reserves no private address, so the
// machines' configuration waits for the load balancer's own, unless the user brings a name.
func (c *Cloud) Endpoint() (cloud.Endpoint, error) {
	balancer, err := c.createLoadBalancer()
	if err != nil {
		return cloud.Endpoint{}, err
	}
	admitted, err := c.allowLoadBalancer(balancer)
	if err != nil {
		return cloud.Endpoint{}, err
	}
	endpoint := cloud.Endpoint{
		Host:         balancer.Ip,
		LoadBalancer: balancer.Ip,
		Ready:        []pulumi.Resource{balancer, admitted},
	}
	if c.cluster.Endpoint != "" {
		endpoint.Host = pulumi.String(c.cluster.Endpoint).ToStringOutput()
	}
	return endpoint, nil
}

func (c *Cloud) createLoadBalancer() (*digitalocean.LoadBalancer, error) {
	return digitalocean.NewLoadBalancer(c.ctx, c.name("api"), &digitalocean.LoadBalancerArgs{
		Region: pulumi.String(c.cluster.Location.Region),
		// A proxy, not the pass-through REGIONAL_NETWORK: a control plane can reach itself through it.
		Type:       pulumi.String("REGIONAL"),
		Network:    pulumi.String("INTERNAL"),
		VpcUuid:    c.vpcID,
		SizeUnit:   pulumi.Int(1),
		DropletTag: c.roleTags[cloud.ControlPlane].Name,
		ForwardingRules: digitalocean.LoadBalancerForwardingRuleArray{&digitalocean.LoadBalancerForwardingRuleArgs{
			EntryProtocol: pulumi.String("tcp"), EntryPort: pulumi.Int(cloud.APIPort),
			TargetProtocol: pulumi.String("tcp"), TargetPort: pulumi.Int(cloud.APIPort),
		}},
		// TCP, because Talos' API server answers no anonymous HTTP request.
		Healthcheck: &digitalocean.LoadBalancerHealthcheckArgs{
			Protocol: pulumi.String("tcp"), Port: pulumi.Int(cloud.APIPort),
			CheckIntervalSeconds: pulumi.Int(10), ResponseTimeoutSeconds: pulumi.Int(5),
			HealthyThreshold: pulumi.Int(2), UnhealthyThreshold: pulumi.Int(2),
		},
		Firewall: &digitalocean.LoadBalancerFirewallArgs{Allows: c.balancerClients()},
		// The API server does not speak the PROXY protocol.
		EnableProxyProtocol: pulumi.Bool(false),
	}, c.options(pulumi.Protect(c.cluster.Protected))...)
}

// balancerClients are the machines and the operators; a firewall with tags does not cover a load balancer.
func (c *Cloud) balancerClients() pulumi.StringArray {
	clients := pulumi.StringArray{pulumi.Sprintf("cidr:%s", c.networkCIDR)}
	for _, prefix := range c.cluster.OperatorCIDRs {
		if prefix != c.cluster.Network.CIDR {
			clients = append(clients, pulumi.String("cidr:"+prefix.String()))
		}
	}
	return clients
}
