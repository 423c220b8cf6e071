package aws

import (
	"fmt"

	"github.com/inferadb/infra/regions"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// talosOwner is the account that publishes Talos' images:
// https://docs.siderolabs.com/talos/v1.13/platform-specific-installations/cloud-platforms/aws
const talosOwner = "540036508848"

// image is a machine image: its id, and the device that its root disk must be attached as.
type image struct {
	id, rootDevice pulumi.String
}

// lookedUp is the answer to a lookup, kept for the machines that need the same image.
type lookedUp struct {
	image image
	err   error
}

// keptImage is what a machine, or the template of a group, was created from according to the state; its id is empty for
// a new one.
type keptImage struct {
	image
	// ignored reports whether an update ignores the image of the machine.
	ignored bool
}

func (c *Cloud) imageOfInstance(name string) keptImage {
	id := c.running.Text("aws:ec2/instance:Instance", name, "ami")
	return keptImage{image: image{id: pulumi.String(id)}, ignored: true}
}

func (c *Cloud) imageOfTemplate(name string) keptImage {
	const template = "aws:ec2/launchTemplate:LaunchTemplate"
	return keptImage{image: image{
		id:         pulumi.String(c.running.Text(template, name, "imageId")),
		rootDevice: pulumi.String(c.running.Text(template, name, "blockDeviceMappings", "deviceName")),
	}}
}

// findImage returns the image for machines of an architecture. If it cannot be found any more, what runs keeps the
// image that it has: neither a machine that stays nor a group whose version stays needs the lookup.
func (c *Cloud) findImage(architecture regions.Architecture, kept keptImage) (image, error) {
	found, ok := c.images[architecture]
	if !ok {
		found.image, found.err = c.lookUpImage(architecture)
		c.images[architecture] = found
	}
	if found.err == nil {
		return found.image, nil
	}
	unchanged := kept.ignored || c.running.TalosVersion == c.cluster.TalosVersion
	if c.cluster.Image != "" {
		unchanged = kept.ignored || string(kept.id) == c.cluster.Image
	}
	if kept.id == "" || !unchanged {
		return image{}, found.err
	}
	if !ok {
		return kept.image, c.ctx.Log.Warn(found.err.Error()+"; what runs keeps its image", nil)
	}
	return kept.image, nil
}

// lookUpImage asks for the image by its exact name, owner and architecture: never the most recent one, which would
// change under a cluster. An image of the user's own is looked up too, for its architecture and root device.
func (c *Cloud) lookUpImage(architecture regions.Architecture) (image, error) {
	path := fmt.Sprintf("regions[%s].image", c.cluster.Region)
	name := fmt.Sprintf("talos-%s-%s-%s", c.cluster.TalosVersion, c.cluster.Location.Region, architecture)
	want := awsArchitecture(architecture)
	remedy := "choose a talosVersion that has one, or name an image of your own"
	// A public image is hidden two years after its release, unless deprecated ones are asked for:
	// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deprecate.html
	query := &ec2.LookupAmiArgs{
		IncludeDeprecated: pulumi.BoolRef(true),
		Owners:            []string{talosOwner},
		Filters:           []ec2.GetAmiFilter{filter("name", name), filter("architecture", want)},
	}
	if c.cluster.Image != "" {
		name, remedy = c.cluster.Image, "correct the id, or remove image to use Talos' own"
		query.Owners, query.Filters = nil, []ec2.GetAmiFilter{filter("image-id", c.cluster.Image)}
	}
	found, err := ec2.LookupAmi(c.ctx, query, c.lookup()...)
	if err != nil {
		return image{}, fmt.Errorf("%s: cannot find %s (%w); %s", path, name, err, remedy)
	}
	if found.Architecture != want {
		return image{}, fmt.Errorf(
			"%s: %s is for %s, the machines are %s; name an image for %s",
			path,
			found.Id,
			found.Architecture,
			want,
			want,
		)
	}
	return image{id: pulumi.String(found.Id), rootDevice: pulumi.String(found.RootDeviceName)}, nil
}

func filter(name, value string) ec2.GetAmiFilter {
	return ec2.GetAmiFilter{Name: name, Values: []string{value}}
}

// awsArchitecture returns the architecture as the EC2 API spells it.
func awsArchitecture(a regions.Architecture) string {
	if a == regions.AMD64 {
		return "x86_64"
	}
	return string(a)
}
