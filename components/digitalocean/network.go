package digitalocean

import (
	"fmt"

	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi-digitalocean/sdk/v4/go/digitalocean"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Network creates a VPC, or adopts the one that the stack file names. A VPC has neither subnets nor gateways: every
// droplet has a public interface as well, by which it gets out and which the firewall closes.
func (c *Cloud) Network() (cloud.Network, error) {
	makeNetwork := c.createNetwork
	if c.cluster.Network.Adopted() {
		makeNetwork = c.adoptNetwork
	}
	if err := makeNetwork(); err != nil {
		return cloud.Network{}, err
	}
	if err := c.createFirewalls(); err != nil {
		return cloud.Network{}, err
	}
	return cloud.Network{CIDRs: pulumi.StringArray{c.networkCIDR}.ToStringArrayOutput(), Ready: c.allFirewalls()}, nil
}

func (c *Cloud) createNetwork() error {
	vpc, err := digitalocean.NewVpc(c.ctx, c.name("network"), &digitalocean.VpcArgs{
		Region:      pulumi.String(c.cluster.Location.Region),
		IpRange:     pulumi.String(c.cluster.Network.CIDR.String()),
		Description: pulumi.Sprintf("Network of %s", c.cluster.Name),
		// The API counts a droplet or load balancer as a member for some minutes after it is deleted.
	}, c.options(pulumi.Timeouts(&pulumi.CustomTimeouts{Delete: deleteTimeout}))...)
	if err != nil {
		return err
	}
	c.vpcID = vpc.ID().ToStringOutput()
	c.networkCIDR = pulumi.String(c.cluster.Network.CIDR.String()).ToStringOutput()
	return nil
}

// adoptNetwork reads the VPC that exists, which is neither changed nor deleted.
func (c *Cloud) adoptNetwork() error {
	id, region := c.cluster.Network.ID, c.cluster.Location.Region
	vpc := c.lookupVPC()
	c.vpcID = vpc.Region().ApplyT(func(found string) (string, error) {
		if found != region {
			return "", fmt.Errorf("%s: network.id: %s is in %s, the cluster in %s; name a VPC of %s", c.cluster.Region, id, found, region, region)
		}
		return id, nil
	}).(pulumi.StringOutput)
	c.networkCIDR = vpc.IpRange()
	return nil
}
