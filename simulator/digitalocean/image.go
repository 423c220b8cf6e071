package digitalocean

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/inferadb/infra/simulator/releases"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// The types of what a droplet starts from.
const (
	imageType  = "digitalocean:index/customImage:CustomImage"
	sshKeyType = "digitalocean:index/sshKey:SshKey"
)

// ownImage is an image that a user built; it is in every region.
const ownImage = "170000001"

// keepTags follows the provider, which reports an update and does not change the tags.
// https://github.com/digitalocean/terraform-provider-digitalocean/blob/v2.59.0/digitalocean/image/resource_custom_image.go
func keepTags(c *schema.Call) error {
	before := c.Store.Get(imageType, "", c.ID)
	for _, values := range []struct{ now, then store.Values }{{c.Inputs, before.Inputs}, {c.State, before.State}} {
		values.now["tags"] = values.then["tags"]
	}
	return nil
}

// replaceLeftRegions follows the provider: an image can be brought to more regions, but not be taken out of one.
func replaceLeftRegions(c *schema.Call, changed []string) []string {
	for _, region := range c.Old.Strings("regions") {
		if slices.Contains(changed, "regions") && !slices.Contains(c.Inputs.Strings("regions"), region) {
			return []string{"regions"}
		}
	}
	return nil
}

// factoryURL is where Talos' Image Factory serves the image for DigitalOcean, which only runs amd64:
// https://docs.siderolabs.com/talos/v1.13/platform-specific-installations/cloud-platforms/digitalocean
var factoryURL = regexp.MustCompile(
	`^https://factory\.talos\.dev/image/[0-9a-f]{64}/v1\.(\d+)\.(\d+)/digital-ocean-amd64\.raw\.gz$`)

func createImage(c *schema.Call) error {
	c.ID = number(c)
	if len(c.State.Strings("regions")) != 1 {
		return fmt.Errorf("422 (unprocessable_entity) an image is imported to one region, got %d",
			len(c.State.Strings("regions")))
	}
	if err := checkRegion(c.State.Strings("regions")[0]); err != nil {
		return err
	}
	url := c.State.String("url")
	if match := factoryURL.FindStringSubmatch(url); match != nil {
		minor, _ := strconv.Atoi(match[1])
		patch, _ := strconv.Atoi(match[2])
		if !releases.Exists(minor, patch) {
			return fmt.Errorf("Error waiting for image (%s) to become ready: the import failed: 404 at %s", c.ID, url)
		}
	} else if strings.HasPrefix(url, "https://factory.talos.dev/") {
		return fmt.Errorf("Error waiting for image (%s) to become ready: the import failed: 404 at %s", c.ID, url)
	}
	id, _ := strconv.ParseFloat(c.ID, 64)
	c.State["imageId"] = id
	return nil
}

// createKey creates a well-formed key, and each key only once in an account.
func createKey(c *schema.Call) error {
	c.ID = number(c)
	parts := strings.Fields(c.State.String("publicKey"))
	if len(parts) < 2 {
		return fmt.Errorf("422 (unprocessable_entity) Key invalid, key should be of the format `type key [comment]`")
	}
	blob, err := base64.StdEncoding.DecodeString(parts[1])
	if err != nil || len(blob) < 4+len(parts[0]) || string(blob[4:4+len(parts[0])]) != parts[0] {
		return fmt.Errorf("422 (unprocessable_entity) Key invalid, key should be of the format `type key [comment]`")
	}
	sum := md5.Sum(blob)
	var pairs []string
	for _, b := range sum {
		pairs = append(pairs, hex.EncodeToString([]byte{b}))
	}
	fingerprint := strings.Join(pairs, ":")
	if c.Store.Find(sshKeyType, "", func(r *store.Resource) bool {
		return r.State.String("fingerprint") == fingerprint
	}) != nil {
		return fmt.Errorf("422 (unprocessable_entity) SSH Key is already in use on your account")
	}
	c.State["fingerprint"] = fingerprint
	return nil
}

// checkImage returns why a droplet in a region cannot start from an image.
func checkImage(st *store.Store, id, region string) error {
	if id == ownImage {
		return nil
	}
	image := st.Get(imageType, "", id)
	if image == nil {
		return fmt.Errorf("422 (unprocessable_entity) the image %q does not exist or is not yours", id)
	}
	if !slices.Contains(image.State.Strings("regions"), region) {
		return fmt.Errorf("422 (unprocessable_entity) the image %s is not available in %s, it is in %s", id, region,
			strings.Join(image.State.Strings("regions"), ", "))
	}
	return nil
}
