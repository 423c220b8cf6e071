// Package digitalocean is the simulated DigitalOcean: tables of the resources that the program uses, as the
// DigitalOcean provider (pulumi-digitalocean 4.53) declares them, and the rules by which the cloud refuses.
//
// Which inputs are required, computed or force a replacement is read in the provider's sources:
// https://github.com/digitalocean/terraform-provider-digitalocean/tree/main/digitalocean
package digitalocean

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/inferadb/infra/simulator/catalogue"
	"github.com/inferadb/infra/simulator/world"
)

// Catalogue is what the simulated DigitalOcean serves.
func Catalogue() *catalogue.Provider {
	provider := &catalogue.Provider{
		Name: "digitalocean",
		Config: catalogue.Fields{
			"token": catalogue.String(catalogue.Secret), "apiEndpoint": catalogue.String(), "spacesEndpoint": catalogue.String(),
			"spacesAccessId": catalogue.String(), "spacesSecretKey": catalogue.String(catalogue.Secret),
			"httpRetryMax": catalogue.Number(), "httpRetryWaitMax": catalogue.Number(), "httpRetryWaitMin": catalogue.Number(),
			"requestsPerSecond": catalogue.Number(),
		},
		Functions: functions,
		Site:      newSite,
		Restart:   restart,
		Inspect:   inspect,
	}
	for _, resources := range [][]catalogue.Resource{
		networkResources, firewallResources, loadBalancerResources, imageResources, dropletResources,
	} {
		provider.Resources = append(provider.Resources, resources...)
	}
	return provider
}

// sizes are the droplet sizes that the simulated regions offer, with what they are made of:
// https://slugs.do-api.dev/
var sizes = map[string]struct {
	vCPU, memoryMiB, diskGiB int
	monthly                  float64
}{
	"s-1vcpu-1gb": {1, 1024, 25, 6}, "s-1vcpu-2gb": {1, 2048, 50, 12}, "s-2vcpu-2gb": {2, 2048, 60, 18},
	"s-2vcpu-4gb": {2, 4096, 80, 24}, "s-4vcpu-8gb": {4, 8192, 160, 48}, "s-8vcpu-16gb": {8, 16384, 320, 96},
	"c-2": {2, 4096, 25, 42}, "c-4": {4, 8192, 50, 84}, "g-2vcpu-8gb": {2, 8192, 25, 63}, "g-4vcpu-16gb": {4, 16384, 50, 126},
}

// regions take new resources: https://docs.digitalocean.com/platform/regional-availability/
var regions = []string{"nyc1", "nyc3", "sfo3", "ams3", "sgp1", "lon1", "fra1", "tor1", "blr1", "syd1", "atl1"}

// tagPattern is the alphabet of a tag.
const tagPattern = `^[a-zA-Z0-9:\-_]{1,255}$`

// hostName is the alphabet of most names: they begin with a letter or digit.
const hostName = `^[a-zA-Z0-9][a-zA-Z0-9.\-]*$`

// tagList are the tags of a resource.
func tagList() catalogue.Field {
	return catalogue.List(catalogue.String(catalogue.Matching(tagPattern)), catalogue.Unordered)
}

func checkRegion(region string) error {
	if slices.Contains([]string{"nyc2", "sfo1", "sfo2", "ams2"}, region) {
		return fmt.Errorf("422 (unprocessable_entity) the region %s does not take new resources", region)
	}
	if !slices.Contains(regions, region) {
		return fmt.Errorf("422 (unprocessable_entity) %q is not a region; choose one of %s", region, strings.Join(regions, ", "))
	}
	return nil
}

// find is the resource with that id, or the error that the API answers.
func find(w *world.World, token, id, what string) (*world.Resource, error) {
	if found := w.Get(token, "", id); found != nil {
		return found, catalogue.Known(found, "404 (not_found) the %s %q could not be found", what, id)
	}
	return nil, fmt.Errorf("404 (not_found) the %s %q could not be found", what, id)
}

// unique refuses a name that another resource of the type has.
func unique(c *catalogue.Call, what string) error {
	name := c.State.String("name")
	other := c.World.Find(c.Token, "", func(r *world.Resource) bool {
		return r.ID != c.ID && strings.EqualFold(r.State.String("name"), name)
	})
	if other != nil {
		return fmt.Errorf("409 (conflict) the %s name %q is already in use", what, name)
	}
	return nil
}

// uuid and number are the two kinds of ids.
func uuid(c *catalogue.Call) string {
	h := c.World.Hash(c.URN, 32)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

func number(c *catalogue.Call) string {
	value, err := strconv.ParseUint(c.World.Hash(c.URN, 7), 16, 64)
	if err != nil {
		panic(err) // seven hexadecimal digits
	}
	return strconv.FormatUint(200_000_000+value, 10)
}

var portRange = regexp.MustCompile(`^(all|\d{1,5}(-\d{1,5})?)$`)

// ports are the bounds of a range.
func ports(text string) (low, high int, ok bool) {
	if !portRange.MatchString(text) {
		return 0, 0, false
	}
	if text == "all" {
		return 1, 65535, true
	}
	first, last, ranged := strings.Cut(text, "-")
	low, _ = strconv.Atoi(first)
	high = low
	if ranged {
		high, _ = strconv.Atoi(last)
	}
	return low, high, 1 <= low && low <= high && high <= 65535
}
