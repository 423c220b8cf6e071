package digitalocean

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// Fixtures is what CreateFixtures created, in the terms of a stack file.
type Fixtures struct {
	ID string `json:"id"`
}

// IsRegion reports whether DigitalOcean has a region of that name.
func IsRegion(name string) bool { return slices.Contains(regions, name) }

// CreateFixtures creates a VPC for a program to adopt.
func CreateFixtures(st *store.Store, region string, cidr netip.Prefix) (Fixtures, error) {
	name := fmt.Sprintf("fixture-%s-%d", region, cidr.Addr().As4()[1])
	inputs := store.Values{"name": name, "region": region, "ipRange": cidr.String()}
	b := &schema.Fixtures{Provider: Provider(), Store: st}
	id := b.Create(vpcType, inputs)
	return Fixtures{ID: id}, b.Err
}
