package aws

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// lookupVPC reads the adopted network. The error names its setting.
func (c *Cloud) lookupVPC() ec2.LookupVpcResultOutput {
	return pulumi.String(c.cluster.Network.ID).ToStringOutput().ApplyT(func(id string) (ec2.LookupVpcResult, error) {
		found, err := ec2.LookupVpc(c.ctx, &ec2.LookupVpcArgs{Id: &id}, c.lookup()...)
		if err != nil {
			return ec2.LookupVpcResult{}, c.notFound("id", id, err)
		}
		return *found, nil
	}).(ec2.LookupVpcResultOutput)
}

// lookupSubnet reads an adopted subnet. The error names its setting.
func (c *Cloud) lookupSubnet(id string) ec2.LookupSubnetResultOutput {
	network := c.cluster.Network
	setting := fmt.Sprintf("subnetIds[%d]", slices.Index(network.SubnetIDs, id))
	if i := slices.Index(network.PublicSubnetIDs, id); i >= 0 {
		setting = fmt.Sprintf("publicSubnetIds[%d]", i)
	}
	return pulumi.String(id).ToStringOutput().ApplyT(func(id string) (ec2.LookupSubnetResult, error) {
		found, err := ec2.LookupSubnet(c.ctx, &ec2.LookupSubnetArgs{Id: &id}, c.lookup()...)
		if err != nil {
			return ec2.LookupSubnetResult{}, c.notFound(setting, id, err)
		}
		return *found, nil
	}).(ec2.LookupSubnetResultOutput)
}

// notFound returns the error of a failed lookup of an id that a setting of the region's network names.
func (c *Cloud) notFound(setting, id string, err error) error {
	return fmt.Errorf("regions[%s].network.%s: cannot find %s in %s (%w); correct the id, or sign in to its account",
		c.cluster.Region, setting, id, c.cluster.Location.Region, err)
}
