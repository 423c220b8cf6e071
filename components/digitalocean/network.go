package digitalocean

import (
	"fmt"

	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi-digitalocean/sdk/v4/go/digitalocean"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// layout is a VPC: it has no subnets.
type layout struct {
	vpcID, cidr pulumi.StringOutput
}

// network is the network of the machines and the load balancer.
type network struct {
	prepared
	layout
	firewall firewall
}

// Network creates a VPC, or adopts the one that the stack file names. A VPC has neither subnets nor gateways: every
// droplet has a public interface as well, which it uses for egress. The firewall lets nothing in there.
func (p prepared) Network() (cloud.Network, error) {
	makeLayout := p.createNetwork
	if p.cluster.Network.Adopted() {
		makeLayout = p.adoptNetwork
	}
	layout, err := makeLayout()
	if err != nil {
		return cloud.Network{}, err
	}
	firewall, err := p.createFirewall()
	if err != nil {
		return cloud.Network{}, err
	}
	return cloud.Network{
		CIDRs:         pulumi.StringArray{layout.cidr}.ToStringArrayOutput(),
		Ready:         []pulumi.Resource{firewall.roles[cloud.ControlPlane], firewall.roles[cloud.Worker]},
		EndpointMaker: network{prepared: p, layout: layout, firewall: firewall},
	}, nil
}

func (c *Cloud) createNetwork() (layout, error) {
	vpc, err := digitalocean.NewVpc(c.ctx, c.name("network"), &digitalocean.VpcArgs{
		Region:      pulumi.String(c.cluster.Location.Region),
		IpRange:     pulumi.String(c.cluster.Network.CIDR.String()),
		Description: pulumi.Sprintf("Network of %s", c.cluster.Name),
		// The API counts a droplet or load balancer as a member for some minutes after it is deleted.
	}, c.options(pulumi.Timeouts(&pulumi.CustomTimeouts{Delete: deleteTimeout}))...)
	if err != nil {
		return layout{}, err
	}
	return layout{
		vpcID: vpc.ID().ToStringOutput(),
		cidr:  pulumi.String(c.cluster.Network.CIDR.String()).ToStringOutput(),
	}, nil
}

// adoptNetwork reads the VPC that exists, which is neither changed nor deleted.
func (c *Cloud) adoptNetwork() (layout, error) {
	id, region := c.cluster.Network.ID, c.cluster.Location.Region
	vpc := c.lookupVPC()
	vpcID := vpc.Region().ApplyT(func(found string) (string, error) {
		if found != region {
			return "", fmt.Errorf("%s: network.id: %s is in %s, the cluster in %s; name a VPC of %s",
				c.cluster.Region, id, found, region, region)
		}
		return id, nil
	}).(pulumi.StringOutput)
	return layout{vpcID: vpcID, cidr: vpc.IpRange()}, nil
}
