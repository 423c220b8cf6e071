package digitalocean

import (
	"fmt"

	"github.com/inferadb/infra/components/cloud"
)

// Group returns an error: DigitalOcean has no spot machines, and the user data of its autoscale pools, which has the
// cluster's secrets, can be read from the API (https://docs.digitalocean.com/products/droplets/how-to/autoscale/).
// Validation refuses such pools before.
func (network) Group(args cloud.GroupArgs) (cloud.Group, error) {
	return cloud.Group{}, fmt.Errorf(
		"digitalocean has neither spot nor a scaling group that runs Talos; set spot: false and count for pool %s",
		args.Pool.Name,
	)
}
