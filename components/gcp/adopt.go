package gcp

import (
	"fmt"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// lookupSubnet reads the adopted subnet. The error names its setting.
func (c *Cloud) lookupSubnet(project, region string) compute.LookupSubnetworkResultOutput {
	name := lastPart(c.cluster.Network.SubnetIDs[0])
	return pulumi.String(name).ToStringOutput().ApplyT(func(name string) (compute.LookupSubnetworkResult, error) {
		found, err := compute.LookupSubnetwork(c.ctx,
			&compute.LookupSubnetworkArgs{Name: &name, Project: &project, Region: &region}, c.lookup()...)
		if err != nil {
			return compute.LookupSubnetworkResult{}, fmt.Errorf("regions[%s].network.subnetIds[0]: cannot find %s "+
				"in %s of project %s (%w); "+
				"correct the name, or write projects/<project>/regions/<region>/subnetworks/<name> for another "+
				"project's",
				c.cluster.Region, name, region, project, err)
		}
		return *found, nil
	}).(compute.LookupSubnetworkResultOutput)
}
