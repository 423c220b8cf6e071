package digitalocean

import (
	"slices"
	"strconv"

	"github.com/inferadb/infra/simulator/catalogue"
	"github.com/inferadb/infra/simulator/world"
)

// getDroplets filters by name alone, as the program does.
func getDroplets(c *catalogue.Call) (world.Values, error) {
	list := []any{}
	for _, droplet := range c.World.List(dropletType, "") {
		wanted := !slices.ContainsFunc(c.Inputs.Objects("filters"), func(filter world.Values) bool {
			return filter.String("key") != "name" ||
				!slices.Contains(filter.Strings("values"), droplet.State.String("name"))
		})
		if id, err := strconv.ParseFloat(droplet.ID, 64); wanted && err == nil {
			list = append(list, map[string]any{
				"id": id, "name": droplet.State.String("name"), "region": droplet.State.String("region"),
				"size": droplet.State.String("size"),
			})
		}
	}
	return world.Values{"id": "droplets", "droplets": list}, nil
}

func getSshKeys(c *catalogue.Call) (world.Values, error) {
	list := []any{}
	for _, key := range c.World.List(sshKeyType, "") {
		id, err := strconv.ParseFloat(key.ID, 64)
		if err != nil {
			return nil, err
		}
		list = append(list, map[string]any{
			"id": id, "name": key.State.String("name"), "publicKey": key.State.String("publicKey"),
			"fingerprint": key.State.String("fingerprint"),
		})
	}
	return world.Values{"id": "keys", "sshKeys": list}, nil
}
