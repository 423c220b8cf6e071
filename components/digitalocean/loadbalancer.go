package digitalocean

import (
	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi-digitalocean/sdk/v4/go/digitalocean"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// talosPort is the port of the Talos API.
const talosPort = 50000

// Endpoint makes the internal load balancer. DigitalOcean has no private names and reserves no private address, so the
// machines' configuration waits for the load balancer's own, unless the user brings a name.
func (n network) Endpoint() (cloud.Endpoint, error) {
	balancer, err := n.createLoadBalancer()
	if err != nil {
		return cloud.Endpoint{}, err
	}
	admitted, err := n.allowLoadBalancer(balancer)
	if err != nil {
		return cloud.Endpoint{}, err
	}
	endpoint := cloud.Endpoint{
		Host:         balancer.Ip,
		LoadBalancer: balancer.Ip,
		Ready:        []pulumi.Resource{balancer, admitted},
		MachineMaker: n,
	}
	if n.cluster.Endpoint != "" {
		endpoint.Host = pulumi.String(n.cluster.Endpoint).ToStringOutput()
	}
	return endpoint, nil
}

func (n network) createLoadBalancer() (*digitalocean.LoadBalancer, error) {
	return digitalocean.NewLoadBalancer(n.ctx, n.name("api"), &digitalocean.LoadBalancerArgs{
		Region: pulumi.String(n.cluster.Location.Region),
		// A proxy, not the pass-through REGIONAL_NETWORK: a control plane can reach itself through it.
		Type:       pulumi.String("REGIONAL"),
		Network:    pulumi.String("INTERNAL"),
		VpcUuid:    n.vpcID,
		SizeUnit:   pulumi.Int(1),
		DropletTag: n.firewall.tags[cloud.ControlPlane].Name,
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
		Firewall: &digitalocean.LoadBalancerFirewallArgs{Allows: n.balancerClients()},
		// The API server does not speak the PROXY protocol.
		EnableProxyProtocol: pulumi.Bool(false),
	}, n.options(pulumi.Protect(n.cluster.Protected))...)
}

// balancerClients returns the sources that the load balancer accepts: the machines and the operators. A firewall that
// selects by tags does not apply to a load balancer.
func (n network) balancerClients() pulumi.StringArray {
	clients := pulumi.StringArray{pulumi.Sprintf("cidr:%s", n.cidr)}
	for _, prefix := range n.cluster.OperatorCIDRs {
		if prefix != n.cluster.Network.CIDR {
			clients = append(clients, pulumi.String("cidr:"+prefix.String()))
		}
	}
	return clients
}
