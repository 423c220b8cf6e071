package digitalocean

import (
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/inferadb/infra/simulator/conditions"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

const dropletType = "digitalocean:index/droplet:Droplet"

// userDataKey is what the machine reads; the provider keeps only a hash in the state.
const userDataKey = "__userData"

// userDataLimit: https://docs.digitalocean.com/reference/api/digitalocean/#tag/Droplets/operation/droplets_create
const userDataLimit = 64 << 10

// replaceForIPv6 follows the provider: IPv6 can be switched on in place, but not off.
func replaceForIPv6(c *schema.Call, changed []string) []string {
	if slices.Contains(changed, "ipv6") && c.Old.Bool("ipv6") {
		return []string{"ipv6"}
	}
	return nil
}

func createDroplet(c *schema.Call) error {
	c.ID = number(c)
	if err := checkDroplet(c); err != nil {
		return err
	}
	if _, exceeds := conditions.Exceeds("do-droplets", len(c.Store.List(dropletType, ""))+1); exceeds {
		return fmt.Errorf("422 (unprocessable_entity) creating this/these droplet(s) will exceed your droplet limit")
	}
	if size := c.State.String("size"); !conditions.InStock(c.State.String("region"), size) {
		return fmt.Errorf("422 (unprocessable_entity) the size %q is not available in %s", size,
			c.State.String("region"))
	}
	vpc, err := find(c.Store, vpcType, c.State.String("vpcUuid"), "VPC")
	if err != nil {
		return err
	}
	if c.State["ipv4AddressPrivate"], err = freeAddress(c.Store, vpc); err != nil {
		return err
	}
	c.State["ipv4Address"], c.State["dropletUrn"] = publicAddress(c.Store), "do:droplet:"+c.ID
	text := c.Inputs.String("userData")
	sum := sha1.Sum([]byte(text))
	c.State["userData"], c.State[userDataKey] = hex.EncodeToString(sum[:]), text
	return nil
}

// checkKeys requires an SSH key: a custom image has no root password that could be mailed.
// https://docs.digitalocean.com/products/custom-images/how-to/create-droplets/
func checkKeys(c *schema.Call) error {
	keys := c.State.Strings("sshKeys")
	if len(keys) == 0 {
		return fmt.Errorf("422 (unprocessable_entity) an SSH key is required for a droplet from a custom image")
	}
	for _, key := range keys {
		known := c.Store.Find(sshKeyType, "", func(r *store.Resource) bool {
			return r.ID == key ||
				r.State.String("fingerprint") == key
		})
		if known == nil {
			return fmt.Errorf("422 (unprocessable_entity) %s are invalid key identifiers for Droplet creation", key)
		}
	}
	return nil
}

// updateDroplet resizes a droplet, which is powered off meanwhile, and its disk never shrinks.
func updateDroplet(c *schema.Call) error {
	slug := c.State.String("size")
	disk, known := sizes[slug]
	if !known {
		return fmt.Errorf("422 (unprocessable_entity) the size %q is not available in %s", slug,
			c.State.String("region"))
	}
	if before := c.State.Int("disk"); before != 0 {
		if c.State.Bool("resizeDisk") && disk < before {
			return fmt.Errorf("422 (unprocessable_entity) this size is not available because it has a smaller "+
				"disk: %d GiB, the droplet has %d", disk, before)
		}
		if !c.State.Bool("resizeDisk") {
			disk = before
		}
	}
	c.State["disk"] = float64(disk)
	// What is given again and not changed keeps its hash.
	sum := sha1.Sum([]byte(c.State.String(userDataKey)))
	c.State["userData"] = hex.EncodeToString(sum[:])
	return nil
}

// shutDown waits for the droplet to be off before it is deleted, for no longer than the operation may take.
// https://github.com/digitalocean/terraform-provider-digitalocean/blob/v2.59.0/digitalocean/droplet/resource_droplet.go
func shutDown(c *schema.Call) error {
	limit := cmp.Or(c.Timeout, time.Minute)
	if c.State.Bool("gracefulShutdown") && conditions.Duration(conditions.SlowStop) > limit {
		return fmt.Errorf("Error waiting for droplet (%s) to become off: timeout while waiting for state to become "+
			"'off' (last state: 'active', timeout: %s)", c.ID, limit)
	}
	return nil
}

// hasTag reports whether a droplet has a tag. DigitalOcean ignores the case of tags.
func hasTag(droplet *store.Resource, tag string) bool {
	return tag != "" && slices.ContainsFunc(droplet.State.Strings("tags"),
		func(own string) bool { return strings.EqualFold(own, tag) })
}

// listed reports whether a list of numbers has the id.
func listed(list any, id string) bool {
	numbers, _ := list.([]any)
	return slices.ContainsFunc(numbers, func(item any) bool {
		number, isNumber := item.(float64)
		return isNumber && strconv.FormatFloat(number, 'f', -1, 64) == id
	})
}
