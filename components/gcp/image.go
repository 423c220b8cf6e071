package gcp

import (
	"fmt"
	"strings"

	"github.com/inferadb/infra/components/machineconfig"
	"github.com/inferadb/infra/regions"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// findImage looks the image up by its exact name: never the newest of a family, which would change under a cluster.
//
// Nobody publishes Talos for Google Cloud, so `make gcp-image` puts an image of the Image Factory into the project, once for
// each version. It is not a resource of this program: as the source of a bucket's object the download of 100 MB would happen
// on every preview, once in the engine for its hash and once in the provider, which also checks what does not change.
// https://github.com/pulumi/pulumi-terraform-bridge/blob/master/pkg/tfbridge/assets.go
func (c *Cloud) findImage(architecture regions.Architecture) (pulumi.String, error) {
	if found, ok := c.images[architecture]; ok {
		return found, nil
	}
	project, name := c.project, imageName(c.cluster.TalosVersion, c.cluster.Schematic, architecture)
	remedy := fmt.Sprintf("run: make gcp-image GCP_PROJECT=%s TALOS_VERSION=%s", project, c.cluster.TalosVersion)
	if c.cluster.Schematic != machineconfig.Schematic {
		remedy += " SCHEMATIC=" + c.cluster.Schematic
	}
	if c.cluster.Image != "" {
		var err error
		if project, name, err = splitImage(c.cluster.Image); err != nil {
			return "", fmt.Errorf("regions[%s].image: %w", c.cluster.Region, err)
		}
		remedy = "correct the name, or remove image to use Talos' own"
	}
	found, err := compute.LookupImage(c.ctx, &compute.LookupImageArgs{Name: &name, Project: &project}, c.lookup()...)
	if err != nil {
		return "", fmt.Errorf("regions[%s].image: cannot find %s in project %s (%w); %s", c.cluster.Region, name, project, err, remedy)
	}
	c.images[architecture] = pulumi.String(found.SelfLink)
	return c.images[architecture], nil
}

// imageName is what `make gcp-image` calls the image of a version; the schematic says which extensions are in it.
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
