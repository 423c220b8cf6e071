package digitalocean

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/inferadb/infra/simulator/catalogue"
	"github.com/inferadb/infra/simulator/world"
)

// Seeded is what Seed made, in the terms of a stack file.
type Seeded struct {
	ID string `json:"id"`
}

// IsRegion reports whether DigitalOcean has a region of that name.
func IsRegion(name string) bool { return slices.Contains(regions, name) }

// Seed makes a VPC for a program to adopt.
func Seed(w *world.World, region string, cidr netip.Prefix) (Seeded, error) {
	name := fmt.Sprintf("seed-%s-%d", region, cidr.Addr().As4()[1])
	inputs := world.Values{"name": name, "region": region, "ipRange": cidr.String()}
	call := &catalogue.Call{World: w, Token: vpcType, URN: name, Inputs: inputs, Old: world.Values{}, State: inputs.Clone()}
	if err := createVPC(call); err != nil {
		return Seeded{}, err
	}
	w.Put(&world.Resource{Provider: "digitalocean", Type: vpcType, ID: call.ID, Name: "seed", Inputs: inputs, State: call.State, Adopted: true})
	return Seeded{ID: call.ID}, nil
}
