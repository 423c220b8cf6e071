package gcp

import (
	"fmt"
	"strings"

	"github.com/inferadb/infra/machineconfig"
	"github.com/inferadb/infra/regions"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// lookedUp is the answer to a lookup, kept for the machines that need the same image.
type lookedUp struct {
	image pulumi.String
	err   error
}

// keptImage is what a machine, or the template of a group, was created from according to the state: the path of an
// image, empty for a new one.
type keptImage struct {
	path string
	// ignored reports whether an update ignores the image of the machine.
	ignored bool
}

func (c *Cloud) imageOfInstance(name string) keptImage {
	path := c.running.Text("gcp:compute/instance:Instance", name, "bootDisk", "initializeParams", "image")
	return keptImage{path: pathOf(path), ignored: true}
}

func (c *Cloud) imageOfTemplate(name string) keptImage {
	path := c.running.Text("gcp:compute/regionInstanceTemplate:RegionInstanceTemplate", name, "disks", "sourceImage")
	return keptImage{path: pathOf(path)}
}

// findImage returns the link to the image for machines of an architecture. If it is gone, what runs keeps the image
// that it has: neither a machine that stays nor a group whose image stays needs the lookup.
func (c *Cloud) findImage(architecture regions.Architecture, kept keptImage) (pulumi.String, error) {
	project, name, remedy, err := c.imageNames(architecture)
	if err != nil {
		return "", err
	}
	found, ok := c.images[architecture]
	if !ok {
		found.image, found.err = c.lookUpImage(project, name, remedy)
		c.images[architecture] = found
	}
	path := fmt.Sprintf("projects/%s/global/images/%s", project, name)
	if found.err == nil || kept.path == "" || !kept.ignored && kept.path != path {
		return found.image, found.err
	}
	if !ok {
		err = c.ctx.Log.Warn(
			found.err.Error()+"; what runs keeps its image, but a group cannot start new machines from it",
			nil,
		)
	}
	return pulumi.String("https://www.googleapis.com/compute/v1/" + path), err
}

// imageNames returns which image of which project the stack file asks for, and what to do if it is not there.
func (c *Cloud) imageNames(architecture regions.Architecture) (project, name, remedy string, err error) {
	if c.cluster.Image == "" {
		remedy = fmt.Sprintf("run: make gcp-image GCP_PROJECT=%s TALOS_VERSION=%s", c.cluster.Project,
			c.cluster.TalosVersion)
		if c.cluster.Schematic != machineconfig.Schematic {
			remedy += " SCHEMATIC=" + c.cluster.Schematic
		}
		return c.cluster.Project, imageName(c.cluster.TalosVersion, c.cluster.Schematic, architecture), remedy, nil
	}
	if project, name, err = splitImage(c.cluster.Image); err != nil {
		err = fmt.Errorf("regions[%s].image: %w", c.cluster.Region, err)
	}
	return project, name, "correct the name, or remove image to use Talos' own", err
}

// lookUpImage asks for the image by its exact name: never the newest of a family, which would change under a cluster.
//
// There are no published images of Talos for Google Cloud, so `make gcp-image` puts an image of the Image Factory into
// the project, once for each version. It is not a resource of this program: as the source of a bucket's object the
// download of 100 MB would happen on every preview, once in the engine for its hash and once in the provider, which
// also checks what does not change.
// https://github.com/pulumi/pulumi-terraform-bridge/blob/master/pkg/tfbridge/assets.go
func (c *Cloud) lookUpImage(project, name, remedy string) (pulumi.String, error) {
	found, err := compute.LookupImage(c.ctx, &compute.LookupImageArgs{Name: &name, Project: &project}, c.lookup()...)
	if err != nil {
		return "", fmt.Errorf(
			"regions[%s].image: cannot find %s in project %s (%w); %s",
			c.cluster.Region,
			name,
			project,
			err,
			remedy,
		)
	}
	return pulumi.String(found.SelfLink), nil
}

// imageName returns the name that `make gcp-image` gives to the image of a version; the schematic identifies the
// extensions in it.
func imageName(version, schematic string, architecture regions.Architecture) string {
	return fmt.Sprintf("talos-%s-%s-%s", strings.ReplaceAll(version, ".", "-"), architecture, schematic[:12])
}

// splitImage reads a path such as projects/acme/global/images/talos, with or without the API's address before it.
func splitImage(path string) (project, name string, err error) {
	parts := strings.Split(pathOf(path), "/")
	if len(parts) != 5 || parts[0] != "projects" || parts[2] != "global" || parts[3] != "images" {
		return "", "", fmt.Errorf("%q does not name one image; write it like projects/acme/global/images/talos", path)
	}
	return parts[1], parts[4], nil
}
