package digitalocean

import (
	"github.com/inferadb/infra/machineconfig"
	"github.com/pulumi/pulumi-digitalocean/sdk/v4/go/digitalocean"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// findImage makes DigitalOcean import Talos from the Image Factory, by its exact version, or uses the image of the
// stack file. Version and schematic are part of the name: a new version is a new image beside the old one, which is
// deleted when it is not used any more.
func (c *Cloud) findImage() (pulumi.StringOutput, error) {
	if c.cluster.Image != "" {
		return pulumi.String(c.cluster.Image).ToStringOutput(), nil
	}
	name := c.name("talos-" + c.cluster.TalosVersion)
	if c.cluster.Schematic != machineconfig.Schematic {
		name += "-" + c.cluster.Schematic[:12]
	}
	image, err := digitalocean.NewCustomImage(c.ctx, name, &digitalocean.CustomImageArgs{
		Url: pulumi.String(
			machineconfig.ImageURL("digital-ocean-amd64.raw.gz", c.cluster.Schematic, c.cluster.TalosVersion),
		),
		// Of the names that the API knows: https://docs.digitalocean.com/reference/api/digitalocean/#tag/Images
		Distribution: pulumi.String("Unknown OS"),
		Description:  pulumi.Sprintf("Talos %s of %s", c.cluster.TalosVersion, c.cluster.Name),
		Regions:      pulumi.ToStringArray([]string{c.cluster.Location.Region}),
		Tags:         c.tags(nil),
		// The provider says that it updated the tags of an image, and never does, so that no refresh would be clean.
	}, c.options(pulumi.IgnoreChanges([]string{"tags"}))...)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return image.ID().ToStringOutput(), nil
}
