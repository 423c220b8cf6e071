// Package digitalocean is the simulated DigitalOcean: schema.json has the types that the program uses, as the
// DigitalOcean provider declares them, and the Go files have the rules by which the cloud refuses.
//
// Which inputs are required, computed or force a replacement is read in the provider's sources:
// https://github.com/digitalocean/terraform-provider-digitalocean/tree/main/digitalocean
package digitalocean

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

//go:embed schema.json
var schemaJSON []byte

// Provider returns what the simulated DigitalOcean serves.
func Provider() *schema.Provider { return served() }

var served = sync.OnceValue(func() *schema.Provider {
	p := schema.Load("digitalocean", schemaJSON, behaviors, functions)
	p.Network, p.Inspect = newNetwork, inspect
	p.Restart = &schema.Restart{Machine: dropletType, Start: startDroplet}
	return p
})

// behaviors are what the cloud does with the types of the schema.
var behaviors = map[string]schema.Behavior{
	dropletType:      {Diff: replaceForIPv6, Create: createDroplet, Update: updateDroplet, Delete: shutDown},
	firewallType:     {Check: checkFirewall, Create: createFirewall, Update: updateFirewall},
	imageType:        {Diff: replaceLeftRegions, Create: createImage, Update: keepTags},
	loadBalancerType: {Check: checkLoadBalancer, Create: createLoadBalancer, Update: updateLoadBalancer},
	sshKeyType:       {Create: createKey},
	tagType:          {Create: createTag, Delete: deleteTag},
	vpcType:          {Create: createVPC, Update: checkVPCName, Delete: deleteVPC},
}

// functions answer the data sources.
var functions = map[string]schema.Invoke{
	"digitalocean:index/getDroplets:getDroplets": getDroplets,
	"digitalocean:index/getSshKeys:getSshKeys":   getSshKeys,
	"digitalocean:index/getVpc:getVpc":           getVPC,
}

// sizes are the droplet sizes that the simulated regions offer, with their disks in GiB: https://slugs.do-api.dev/
var sizes = map[string]int{
	"s-1vcpu-1gb": 25, "s-1vcpu-2gb": 50, "s-2vcpu-2gb": 60,
	"s-2vcpu-4gb": 80, "s-4vcpu-8gb": 160, "s-8vcpu-16gb": 320,
	"c-2": 25, "c-4": 50, "g-2vcpu-8gb": 25, "g-4vcpu-16gb": 50,
}

// regions accept new resources: https://docs.digitalocean.com/platform/regional-availability/
var regions = []string{"nyc1", "nyc3", "sfo3", "ams3", "sgp1", "lon1", "fra1", "tor1", "blr1", "syd1", "atl1"}

func checkRegion(region string) error {
	if slices.Contains([]string{"nyc2", "sfo1", "sfo2", "ams2"}, region) {
		return fmt.Errorf("422 (unprocessable_entity) the region %s does not take new resources", region)
	}
	if !slices.Contains(regions, region) {
		return fmt.Errorf("422 (unprocessable_entity) %q is not a region; choose one of %s", region,
			strings.Join(regions, ", "))
	}
	return nil
}

// find returns the resource with that id, or the error of the API.
func find(st *store.Store, token, id, what string) (*store.Resource, error) {
	if found := st.Get(token, "", id); found != nil {
		return found, schema.Known(found, "404 (not_found) the %s %q could not be found", what, id)
	}
	return nil, fmt.Errorf("404 (not_found) the %s %q could not be found", what, id)
}

// unique refuses a name that another resource of the type has.
func unique(c *schema.Call, what string) error {
	name := c.State.String("name")
	other := c.Store.Find(c.Token, "", func(r *store.Resource) bool {
		return r.ID != c.ID && strings.EqualFold(r.State.String("name"), name)
	})
	if other != nil {
		return fmt.Errorf("409 (conflict) the %s name %q is already in use", what, name)
	}
	return nil
}

// uuid and number return the two kinds of ids.
func uuid(c *schema.Call) string {
	h := c.Store.Hash(c.URN, 32)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

func number(c *schema.Call) string {
	value, err := strconv.ParseUint(c.Store.Hash(c.URN, 7), 16, 64)
	if err != nil {
		panic(err) // seven hexadecimal digits
	}
	return strconv.FormatUint(200_000_000+value, 10)
}

var portRange = regexp.MustCompile(`^(all|\d{1,5}(-\d{1,5})?)$`)

// ports returns the first and the last port of a range.
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
