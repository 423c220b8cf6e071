package gcp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/conditions"
	"github.com/inferadb/infra/simulator/releases"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// schematic is the beginning of the Image Factory's id of Talos without any extension.
const schematic = "376567988ad3"

// imageGiB is the size of the images' disk.
const imageGiB = 10

// image is a machine image of the project.
type image struct{ name, architecture string }

func (i image) id() string { return fmt.Sprintf("projects/%s/global/images/%s", Project, i.name) }

// imageType is an image that was put into the project. It is the project's, and no stack's.
const imageType = "gcp:compute/image:Image"

// CreateImage puts an image into the project.
func CreateImage(st *store.Store, name, architecture string) error {
	created := image{name, map[string]string{"X86_64": "amd64", "ARM64": "arm64"}[architecture]}
	if created.architecture == "" {
		return invalid("architecture", architecture, "It is one of X86_64 and ARM64")
	}
	if _, err := findImage(st, created.id()); err == nil {
		return fmt.Errorf("The resource '%s' already exists", created.id())
	}
	st.Put(&store.Resource{
		Provider: "gcp", Type: imageType, ID: created.id(), Name: name, Adopted: true,
		State: store.Values{"name": name, "architecture": created.architecture},
	})
	return nil
}

// HasImage reports whether the project has an image.
func HasImage(st *store.Store, name string) bool {
	_, err := findImage(st, image{name: name}.id())
	return err == nil
}

// images returns the images of the project: every release of Talos, as if it had been uploaded there, and one for each
// architecture that a user might have built.
func images(st *store.Store) []image {
	list := []image{{"custom-talos-amd64", "amd64"}, {"custom-talos-arm64", "arm64"}}
	for _, version := range releases.All() {
		for _, architecture := range []string{"amd64", "arm64"} {
			name := fmt.Sprintf("talos-%s-%s-%s", strings.ReplaceAll(version, ".", "-"), architecture, schematic)
			list = append(list, image{name, architecture})
		}
	}
	for _, r := range st.List(imageType, "") {
		list = append(list, image{r.State.String("name"), r.State.String("architecture")})
	}
	return slices.DeleteFunc(list, func(i image) bool { return conditions.PartOf(conditions.MissingImages, i.name) })
}

func findImage(st *store.Store, reference string) (image, error) {
	list := images(st)
	i := slices.IndexFunc(list, func(i image) bool { return i.id() == path(reference) })
	if i < 0 {
		return image{}, fmt.Errorf("Error 404: The resource '%s' was not found, notFound", path(reference))
	}
	return list[i], nil
}

func getImage(c *schema.Call) (store.Values, error) {
	project := c.Inputs.String("project")
	if project == "" {
		project = c.Config.String("project")
	}
	found, err := findImage(c.Store, fmt.Sprintf("projects/%s/global/images/%s", project, c.Inputs.String("name")))
	if err != nil {
		return nil, fmt.Errorf("error retrieving image information: googleapi: %w", err)
	}
	return store.Values{
		"id": found.id(), "name": found.name, "project": Project, "selfLink": api + found.id(), "status": "READY",
		"diskSizeGb": float64(imageGiB), "labels": map[string]any{"architecture": strings.ToLower(found.architecture)},
	}, nil
}
