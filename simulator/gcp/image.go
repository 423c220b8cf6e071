package gcp

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/inferadb/infra/simulator/catalogue" //lint:ignore ST1001 the tables read as tables
	"github.com/inferadb/infra/simulator/releases"
	"github.com/inferadb/infra/simulator/world"
)

// schematic is the beginning of the Image Factory's id of Talos without any extension.
const schematic = "376567988ad3"

// imageGiB is the size of the images' disk.
const imageGiB = 10

// image is a machine image of the project.
type image struct{ name, architecture string }

func (i image) id() string { return fmt.Sprintf("projects/%s/global/images/%s", Project, i.name) }

// images are the images of the project: every release of Talos, as if somebody had put it there, and one for each architecture that a user might have built.
func images() []image {
	list := []image{{"custom-talos-amd64", "amd64"}, {"custom-talos-arm64", "arm64"}}
	for _, version := range releases.All() {
		for _, architecture := range []string{"amd64", "arm64"} {
			name := fmt.Sprintf("talos-%s-%s-%s", strings.ReplaceAll(version, ".", "-"), architecture, schematic)
			list = append(list, image{name, architecture})
		}
	}
	return list
}

func findImage(reference string) (image, error) {
	list := images()
	i := slices.IndexFunc(list, func(i image) bool { return i.id() == path(reference) })
	if i < 0 {
		return image{}, fmt.Errorf("Error 404: The resource '%s' was not found, notFound", path(reference))
	}
	return list[i], nil
}

var imageFunction = Function{
	Token:  "gcp:compute/getImage:getImage",
	Fields: Fields{"name": String(), "family": String(), "filter": String(), "mostRecent": Bool(), "project": String()},
	Invoke: func(c *Call) (world.Values, error) {
		project := c.Inputs.String("project")
		if project == "" {
			project = c.Config.String("project")
		}
		found, err := findImage(fmt.Sprintf("projects/%s/global/images/%s", project, c.Inputs.String("name")))
		if err != nil {
			return nil, fmt.Errorf("error retrieving image information: googleapi: %w", err)
		}
		return world.Values{
			"id": found.id(), "name": found.name, "project": Project, "selfLink": api + found.id(), "status": "READY", "diskSizeGb": float64(imageGiB),
			"archiveSizeBytes": 0.0, "creationTimestamp": "", "description": "", "family": "", "imageEncryptionKeySha256": "", "imageId": found.name,
			"labelFingerprint": "", "labels": map[string]any{"architecture": strings.ToLower(found.architecture)}, "licenses": []any{}, "sourceDisk": "",
			"sourceDiskEncryptionKeySha256": "", "sourceDiskId": "", "sourceImageId": "",
		}, nil
	},
}
