package aws

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/conditions"
	"github.com/inferadb/infra/simulator/releases"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// talosOwner publishes Talos' images:
// https://docs.siderolabs.com/talos/v1.13/platform-specific-installations/cloud-platforms/aws
const talosOwner = "540036508848"

// image is a machine image in one region.
type image struct{ id, name, owner, architecture string }

// rootDevice is where the images of Talos, and those of a user, expect their root disk.
const rootDevice = "/dev/xvda"

// imageGiB is the size of the images' root disk.
const imageGiB = 20

// images returns the images of a region: Talos' own, and one for each architecture that a user might have built.
func images(region string) []image {
	list := []image{
		{"ami-0aa64000000000001", "custom-talos-arm64", Account, "arm64"},
		{"ami-0ad64000000000001", "custom-talos-amd64", Account, "x86_64"},
	}
	for _, version := range releases.All() {
		for suffix, architecture := range map[string]string{"amd64": "x86_64", "arm64": "arm64"} {
			name := fmt.Sprintf("talos-%s-%s-%s", version, region, suffix)
			sum := sha256.Sum256([]byte(name))
			list = append(list, image{"ami-0" + hex.EncodeToString(sum[:])[:16], name, talosOwner, architecture})
		}
	}
	slices.SortFunc(list, func(a, b image) int { return strings.Compare(a.name, b.name) })
	list = slices.DeleteFunc(list, func(i image) bool { return conditions.PartOf(conditions.MissingImages, i.name) })
	return list
}

func findImage(region, id string) (image, error) {
	for _, image := range images(region) {
		if image.id == id {
			return image, nil
		}
	}
	return image{}, fmt.Errorf("InvalidAMIID.NotFound: The image id '[%s]' does not exist", id)
}

// fits reports whether an image boots on a machine type.
func (i image) fits(machine string) error {
	architecture, err := architectureOf(machine)
	if err != nil {
		return err
	}
	if architecture != i.architecture {
		return fmt.Errorf("InvalidParameterValue: The architecture '%s' of the specified instance type does not "+
			"match the architecture '%s' of the specified AMI. Specify an instance type and an AMI that have "+
			"matching architectures, and try again. (%s, %s)", architecture, i.architecture, machine, i.id)
	}
	return nil
}

func (i image) matches(filter store.Values) bool {
	value, known := map[string]string{
		"name": i.name, "architecture": i.architecture, "image-id": i.id, "owner-id": i.owner,
		"root-device-type": "ebs", "virtualization-type": "hvm", "state": "available", "ena-support": "true",
	}[filter.String("name")]
	return known && slices.ContainsFunc(filter.Strings("values"),
		func(pattern string) bool { return wildcard(pattern, value) })
}

// wildcard reports whether a text matches a filter of the EC2 API, in which a star matches any text.
func wildcard(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return strings.HasSuffix(text, parts[len(parts)-1])
}

func lookUpImage(c *schema.Call) (store.Values, error) {
	var found []image
	owners := c.Inputs.Strings("owners")
	for i, owner := range owners {
		if owner == "self" {
			owners[i] = Account
		}
	}
	for _, image := range images(c.Region) {
		mismatch := slices.ContainsFunc(c.Inputs.Objects("filters"),
			func(filter store.Values) bool { return !image.matches(filter) })
		// Two years after its release a public image is only shown to its owner, or with deprecated images.
		hidden := conditions.PartOf(conditions.DeprecatedImages, image.name) && image.owner != Account &&
			!c.Inputs.Bool("includeDeprecated")
		if !mismatch && !hidden && (len(owners) == 0 || slices.Contains(owners, image.owner)) {
			found = append(found, image)
		}
	}
	switch {
	case len(found) == 0:
		return nil, fmt.Errorf("Your query returned no results. Please change your search criteria and try again "+
			"(%s)", searched(c))
	case len(found) > 1 && !c.Inputs.Bool("mostRecent"):
		return nil, fmt.Errorf("Your query returned more than one result. Please try a more specific search "+
			"criteria, or set `mostRecent` attribute to true (%s)", searched(c))
	}
	image := found[len(found)-1]
	answer := c.Inputs.Clone()
	answer["id"], answer["name"], answer["ownerId"] = image.id, image.name, image.owner
	answer["architecture"], answer["rootDeviceName"] = image.architecture, rootDevice
	return answer, nil
}

func searched(c *schema.Call) string {
	text := "region " + c.Region
	for _, filter := range c.Inputs.Objects("filters") {
		text += fmt.Sprintf(", %s=%s", filter.String("name"), strings.Join(filter.Strings("values"), "|"))
	}
	return text
}
