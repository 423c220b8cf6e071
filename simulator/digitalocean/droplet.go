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

	. "github.com/inferadb/infra/simulator/catalogue" //lint:ignore ST1001 the tables read as tables
	"github.com/inferadb/infra/simulator/world"
)

const dropletType = "digitalocean:index/droplet:Droplet"

// userDataKey is what the machine reads; the provider keeps only a hash in the state.
const userDataKey = "__userData"

// userDataLimit: https://docs.digitalocean.com/reference/api/digitalocean/#tag/Droplets/operation/droplets_create
const userDataLimit = 64 << 10

var dropletResources = []Resource{{
	Token: dropletType, Global: true, Machines: true,
	Name: &Autoname{Property: "name", MaxLength: 255},
	Fields: Fields{
		"image": String(Required, Replaces), "name": String(Computed, MaxLength(255), Matching(hostName)), "region": String(Computed, Replaces), "size": String(Required),
		"vpcUuid": String(Computed, Replaces), "sshKeys": Strings(Replaces, Unordered), "userData": String(Replaces, MaxLength(userDataLimit)),
		"tags": tagList(), "volumeIds": Strings(Computed, Unordered), "backups": Bool(Default(false)), "monitoring": Bool(Default(false), Replaces), "dropletAgent": Bool(Replaces),
		"backupPolicy": Object(Fields{"plan": String(OneOf("daily", "weekly")), "weekday": String(), "hour": Number(Between(0, 20))}),
		"ipv6":         Bool(Default(false)), "ipv6Address": String(Computed), "privateNetworking": Bool(Computed), "resizeDisk": Bool(Default(true)), "gracefulShutdown": Bool(Default(false)),
		"disk": Number(Output), "memory": Number(Output), "vcpus": Number(Output), "priceHourly": Number(Output), "priceMonthly": Number(Output), "locked": Bool(Output),
	}.With(Outputs("createdAt", "dropletUrn", "ipv4Address", "ipv4AddressPrivate", "status")),
	Diff: replaceForIPv6, Create: createDroplet, Update: updateDroplet, Delete: shutDown,
}}

// replaceForIPv6 follows the provider: IPv6 can be switched on in place, but not off.
func replaceForIPv6(c *Call, changed []string) []string {
	if slices.Contains(changed, "ipv6") && c.Old.Bool("ipv6") {
		return []string{"ipv6"}
	}
	return nil
}

func createDroplet(c *Call) error {
	c.ID = number(c)
	if err := checkDroplet(c); err != nil {
		return err
	}
	if _, exceeds := Exceeds("do-droplets", len(c.World.List(dropletType, ""))+1); exceeds {
		return fmt.Errorf("422 (unprocessable_entity) creating this/these droplet(s) will exceed your droplet limit")
	}
	if size := c.State.String("size"); !InStock(c.State.String("region"), size) {
		return fmt.Errorf("422 (unprocessable_entity) the size %q is not available in %s", size, c.State.String("region"))
	}
	vpc, err := find(c.World, vpcType, c.State.String("vpcUuid"), "VPC")
	if err != nil {
		return err
	}
	if c.State["ipv4AddressPrivate"], err = freeAddress(c.World, vpc); err != nil {
		return err
	}
	c.State["ipv4Address"], c.State["status"], c.State["locked"] = publicAddress(c.World), "active", false
	c.State["createdAt"], c.State["dropletUrn"] = created, "do:droplet:"+c.ID
	c.State["ipv6Address"], c.State["privateNetworking"] = "", true
	if !c.State.Has("volumeIds") {
		c.State["volumeIds"] = []any{}
	}
	text := c.Inputs.String("userData")
	sum := sha1.Sum([]byte(text))
	c.State["userData"], c.State[userDataKey] = hex.EncodeToString(sum[:]), text
	return nil
}

// checkKeys: a custom image has no root password to mail, so the API wants a key.
// https://docs.digitalocean.com/products/custom-images/how-to/create-droplets/
func checkKeys(c *Call) error {
	keys := c.State.Strings("sshKeys")
	if len(keys) == 0 {
		return fmt.Errorf("422 (unprocessable_entity) an SSH key is required for a droplet from a custom image")
	}
	for _, key := range keys {
		known := c.World.Find(sshKeyType, "", func(r *world.Resource) bool { return r.ID == key || r.State.String("fingerprint") == key })
		if known == nil {
			return fmt.Errorf("422 (unprocessable_entity) %s are invalid key identifiers for Droplet creation", key)
		}
	}
	return nil
}

// updateDroplet resizes: the droplet is powered off for it, and its disk never shrinks.
func updateDroplet(c *Call) error {
	slug := c.State.String("size")
	size, known := sizes[slug]
	if !known {
		return fmt.Errorf("422 (unprocessable_entity) the size %q is not available in %s", slug, c.State.String("region"))
	}
	disk := size.diskGiB
	if before := c.State.Int("disk"); before != 0 {
		if c.State.Bool("resizeDisk") && disk < before {
			return fmt.Errorf("422 (unprocessable_entity) this size is not available because it has a smaller disk: %d GiB, the droplet has %d", disk, before)
		}
		if !c.State.Bool("resizeDisk") {
			disk = before
		}
	}
	c.State["disk"], c.State["memory"], c.State["vcpus"] = float64(disk), float64(size.memoryMiB), float64(size.vCPU)
	c.State["priceMonthly"], c.State["priceHourly"] = size.monthly, size.monthly/672
	// What is given again and not changed keeps its hash.
	sum := sha1.Sum([]byte(c.State.String(userDataKey)))
	c.State["userData"] = hex.EncodeToString(sum[:])
	return nil
}

// shutDown waits for the droplet to be off before it is deleted, for no longer than the operation may take.
// https://github.com/digitalocean/terraform-provider-digitalocean/blob/v2.59.0/digitalocean/droplet/resource_droplet.go
func shutDown(c *Call) error {
	limit := cmp.Or(c.Timeout, time.Minute)
	if c.State.Bool("gracefulShutdown") && Duration(SlowStop) > limit {
		return fmt.Errorf("Error waiting for droplet (%s) to become off: timeout while waiting for state to become 'off' (last state: 'active', timeout: %s)", c.ID, limit)
	}
	return nil
}

// hasTag compares as DigitalOcean does, without case.
func hasTag(droplet *world.Resource, tag string) bool {
	return tag != "" && slices.ContainsFunc(droplet.State.Strings("tags"), func(own string) bool { return strings.EqualFold(own, tag) })
}

// listed reports whether a list of numbers has the id.
func listed(list any, id string) bool {
	numbers, _ := list.([]any)
	return slices.ContainsFunc(numbers, func(item any) bool {
		number, isNumber := item.(float64)
		return isNumber && strconv.FormatFloat(number, 'f', -1, 64) == id
	})
}
