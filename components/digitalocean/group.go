package digitalocean

import (
	"fmt"

	"github.com/inferadb/infra/components/cloud"
)

// Group refuses: DigitalOcean sells no spot machines, and its autoscale pools keep the user data, with the cluster's
// secrets, readable in the API (https://docs.digitalocean.com/products/droplets/how-to/autoscale/). Validation refuses
// both before.
func (network) Group(args cloud.GroupArgs) (cloud.Group, error) {
	return cloud.Group{}, fmt.Errorf(
		"digitalocean has neither spot nor a scaling group that runs Talos; set spot: false and count for pool %s",
		args.Pool.Name,
	)
}
