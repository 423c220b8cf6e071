package digitalocean

import (
	"fmt"

	"github.com/pulumi/pulumi-digitalocean/sdk/v4/go/digitalocean"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// lookupVPC reads the adopted network. The error names its setting.
func (c *Cloud) lookupVPC() digitalocean.LookupVpcResultOutput {
	lookup := func(id string) (digitalocean.LookupVpcResult, error) {
		found, err := digitalocean.LookupVpc(c.ctx, &digitalocean.LookupVpcArgs{Id: &id}, pulumi.Parent(c.parent),
			pulumi.Provider(c.provider))
		if err != nil {
			return digitalocean.LookupVpcResult{}, fmt.Errorf("regions[%s].network.id: cannot find the VPC %s (%w); "+
				"correct the id, or use a token of its account", c.cluster.Region, id, err)
		}
		return *found, nil
	}
	return pulumi.String(c.cluster.Network.ID).ToStringOutput().ApplyT(lookup).(digitalocean.LookupVpcResultOutput)
}
