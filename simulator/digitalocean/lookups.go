package digitalocean

import (
	"slices"
	"strconv"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// getDroplets filters by name only, as the program does.
func getDroplets(c *schema.Call) (store.Values, error) {
	list := []any{}
	for _, droplet := range c.Store.List(dropletType, "") {
		wanted := !slices.ContainsFunc(c.Inputs.Objects("filters"), func(filter store.Values) bool {
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
	return store.Values{"id": "droplets", "droplets": list}, nil
}

func getSshKeys(c *schema.Call) (store.Values, error) {
	list := []any{}
	for _, key := range c.Store.List(sshKeyType, "") {
		id, err := strconv.ParseFloat(key.ID, 64)
		if err != nil {
			return nil, err
		}
		list = append(list, map[string]any{
			"id": id, "name": key.State.String("name"), "publicKey": key.State.String("publicKey"),
			"fingerprint": key.State.String("fingerprint"),
		})
	}
	return store.Values{"id": "keys", "sshKeys": list}, nil
}
