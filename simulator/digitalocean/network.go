package digitalocean

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/inferadb/infra/simulator/conditions"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// The types of networking.
const (
	vpcType = "digitalocean:index/vpc:Vpc"
	tagType = "digitalocean:index/tag:Tag"
)

func getVPC(c *schema.Call) (store.Values, error) {
	found := c.Store.Find(vpcType, "", func(r *store.Resource) bool {
		return r.ID == c.Inputs.String("id") || c.Inputs.Has("name") &&
			r.State.String("name") == c.Inputs.String("name") ||
			c.Inputs.Has("region") && r.State.String("region") == c.Inputs.String("region") && r.State.Bool("default")
	})
	if found == nil {
		return nil, fmt.Errorf("Error retrieving VPC: 404 (not_found) the resource you were accessing could not be "+
			"found: %v", c.Inputs)
	}
	answer := store.Values{"id": found.ID, "urn": "do:vpc:" + found.ID}
	for _, name := range []string{"name", "region", "ipRange", "description", "default"} {
		answer[name] = found.State[name]
	}
	return answer, nil
}

// reserved ranges: https://docs.digitalocean.com/products/networking/vpc/details/limits/
var reserved = []netip.Prefix{
	netip.MustParsePrefix("10.244.0.0/16"), netip.MustParsePrefix("10.245.0.0/16"),
	netip.MustParsePrefix("10.246.0.0/24"), netip.MustParsePrefix("10.229.0.0/16"),
}

func createVPC(c *schema.Call) error {
	c.ID = uuid(c)
	if err := checkRegion(c.State.String("region")); err != nil {
		return err
	}
	if err := unique(c, "VPC"); err != nil {
		return err
	}
	if !c.State.Has("ipRange") {
		c.State["ipRange"] = fmt.Sprintf("10.%d.0.0/20", 116+c.Store.Count("vpc range"))
	}
	if err := checkRange(c); err != nil {
		return err
	}
	c.State["vpcUrn"] = "do:vpc:" + c.ID
	return nil
}

func checkVPCName(c *schema.Call) error { return unique(c, "VPC") }

func checkRange(c *schema.Call) error {
	prefix, err := netip.ParsePrefix(c.State.String("ipRange"))
	switch {
	case err != nil || prefix != prefix.Masked():
		return fmt.Errorf("422 (unprocessable_entity) ip_range %q is not a valid network", c.State.String("ipRange"))
	case !prefix.Addr().IsPrivate():
		return fmt.Errorf("422 (unprocessable_entity) ip_range %s is not in the ranges of RFC 1918", prefix)
	case prefix.Bits() < 16 || prefix.Bits() > 28:
		return fmt.Errorf("422 (unprocessable_entity) ip_range %s must be between /16 and /28", prefix)
	case c.State.String("region") == "nyc1" && prefix.Overlaps(netip.MustParsePrefix("10.10.0.0/16")),
		slices.ContainsFunc(reserved, prefix.Overlaps):
		return fmt.Errorf("422 (unprocessable_entity) ip_range %s overlaps a range that DigitalOcean reserves", prefix)
	}
	for _, other := range c.Store.List(vpcType, "") {
		if other.ID != c.ID && prefix.Overlaps(rangeOf(other)) {
			return fmt.Errorf("422 (unprocessable_entity) this range/size overlaps with another VPC network in "+
				"your account: %s and %s of %s", prefix, rangeOf(other), other.State.String("name"))
		}
	}
	return nil
}

func rangeOf(vpc *store.Resource) netip.Prefix {
	return netip.MustParsePrefix(vpc.State.String("ipRange"))
}

func deleteVPC(c *schema.Call) error {
	members := c.Store.Select(func(r *store.Resource) bool {
		return (r.Type == dropletType || r.Type == loadBalancerType) && r.State.String("vpcUuid") == c.ID
	})
	if len(members) > 0 {
		// The provider tries again for two minutes, because members linger after their deletion:
		// https://github.com/digitalocean/terraform-provider-digitalocean/blob/v2.55.0/digitalocean/vpc/resource_vpc.go
		return fmt.Errorf("Error deleting VPC: 409 (conflict) can not delete VPC with members: %s; tried for 2m0s",
			members[0].Name)
	}
	// The provider asks again for as long as the operation may take.
	if conditions.Duration(conditions.Lingering) > cmp.Or(c.Timeout, 2*time.Minute) {
		return fmt.Errorf("409 (conflict) Can not delete VPC with members")
	}
	return nil
}

// freeAddress returns the lowest address of a VPC that nothing has: the first is the network's own, the second the
// gateway's.
func freeAddress(st *store.Store, vpc *store.Resource) (string, error) {
	taken := map[string]bool{}
	for _, r := range st.List(dropletType, "") {
		taken[r.State.String("ipv4AddressPrivate")] = true
	}
	for _, r := range st.List(loadBalancerType, "") {
		taken[r.State.String("ip")] = true
	}
	prefix := rangeOf(vpc)
	for address := prefix.Addr().Next().Next(); prefix.Contains(address.Next()); address = address.Next() {
		if !taken[address.String()] {
			return address.String(), nil
		}
	}
	return "", fmt.Errorf("422 (unprocessable_entity) the VPC %s has no free address", vpc.State.String("name"))
}

// publicAddress returns an address of the range for documentation.
func publicAddress(st *store.Store) string {
	n := st.Count("digitalocean public address")
	return fmt.Sprintf("192.0.2.%d", 1+(n-1)%254)
}

// createTag hands out a tag that exists, with 201, as the API does.
func createTag(c *schema.Call) error {
	c.ID = c.State.String("name")
	return nil
}

// deleteTag removes the tag from all resources, also of other programs: droplets lose the firewalls that cover
// them by it, and load balancers their targets.
// https://docs.digitalocean.com/reference/api/digitalocean/#tag/Tags/operation/tags_delete
func deleteTag(c *schema.Call) error {
	for _, r := range c.Store.Select(func(r *store.Resource) bool {
		return r.Provider == "digitalocean" &&
			r.Type != tagType
	}) {
		inputs, state := r.Inputs.Clone(), r.State.Clone()
		if untag(inputs, c.ID) || untag(state, c.ID) {
			untag(state, c.ID)
			changed := *r
			changed.Inputs, changed.State = inputs, state
			c.Store.Put(&changed)
		}
	}
	return nil
}

// untag reports whether it removed a tag from the tags of a resource, the sources of its rules or its targets.
func untag(values store.Values, tag string) bool {
	found := false
	if strings.EqualFold(values.String("dropletTag"), tag) {
		delete(values, "dropletTag")
		found = true
	}
	without := func(list map[string]any, name string) {
		tags, _ := list[name].([]any)
		kept := slices.DeleteFunc(slices.Clone(tags), func(item any) bool {
			text, isText := item.(string)
			return isText && strings.EqualFold(text, tag)
		})
		if len(kept) < len(tags) {
			list[name], found = kept, true
		}
	}
	without(values, "tags")
	rules, _ := values["inboundRules"].([]any)
	for _, rule := range rules {
		if rule, isObject := rule.(map[string]any); isObject {
			without(rule, "sourceTags")
		}
	}
	return found
}

func checkTag(st *store.Store, tag string) error {
	if tag != "" && st.Get(tagType, "", tag) == nil {
		return fmt.Errorf("404 (not_found) the tag %q does not exist", tag)
	}
	return nil
}
