package aws

import (
	"fmt"

	"github.com/inferadb/infra/regions"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// talosOwner is the account that publishes Talos' images: https://www.talos.dev/v1.12/talos-guides/install/cloud-platforms/aws/
const talosOwner = "540036508848"

// image is a machine image that was looked up: its id and the device that its root disk must be attached as.
type image struct {
	id, rootDevice pulumi.StringOutput
}

// findImage looks the image up by its exact name, owner and architecture: never the most recent one, which would change
// under a cluster. An image of the user's own is looked up too, for its architecture and root device.
func (c *Cloud) findImage(architecture regions.Architecture) image {
	if found, ok := c.images[architecture]; ok {
		return found
	}
	query := ec2.LookupAmiOutputArgs{
		Owners: pulumi.ToStringArray([]string{talosOwner}),
		Filters: ec2.GetAmiFilterArray{
			filter("name", fmt.Sprintf("talos-%s-%s-%s", c.cluster.TalosVersion, c.cluster.Location.Region, architecture)),
			filter("architecture", awsArchitecture(architecture)),
		},
	}
	if c.cluster.Image != "" {
		query = ec2.LookupAmiOutputArgs{Filters: ec2.GetAmiFilterArray{filter("image-id", c.cluster.Image)}}
	}
	found := ec2.LookupAmiOutput(c.ctx, query, c.lookup()...)
	id := pulumi.All(found.Id(), found.Architecture()).ApplyT(func(found []any) (string, error) {
		if want := awsArchitecture(architecture); found[1] != want {
			return "", fmt.Errorf("regions[%s].image: %s is for %s, the machines are %s; name an image for %s",
				c.cluster.Region, found[0], found[1], want, want)
		}
		return found[0].(string), nil
	}).(pulumi.StringOutput)
	c.images[architecture] = image{id: id, rootDevice: found.RootDeviceName()}
	return c.images[architecture]
}

func filter(name, value string) *ec2.GetAmiFilterArgs {
	return &ec2.GetAmiFilterArgs{Name: pulumi.String(name), Values: pulumi.ToStringArray([]string{value})}
}

// awsArchitecture is the architecture as the EC2 API spells it.
func awsArchitecture(a regions.Architecture) string {
	if a == regions.AMD64 {
		return "x86_64"
	}
	return string(a)
}
