package gcp

import (
	"fmt"
	"net/netip"
	"regexp"

	"github.com/inferadb/infra/simulator/catalogue"
	"github.com/inferadb/infra/simulator/world"
)

// IsRegion tells Google Cloud's regions from those of other clouds.
var IsRegion = regexp.MustCompile(`^[a-z]+-[a-z]+\d+$`).MatchString

// Seeded is what Seed made, in the terms of a stack file.
type Seeded struct {
	ID        string   `json:"id"`
	SubnetIDs []string `json:"subnetIds"`
	// Key is a customer-managed key for disks.
	Key string `json:"key"`
}

// seeder creates resources that were there before the program: it adopts a network, it does not own it.
type seeder struct {
	world  *world.World
	region string
	// project owns the network.
	project string
	table   *catalogue.Provider
	err     error
}

// Seed makes a network for a program to adopt, with a subnetwork for machines, one for proxies and a way out, and a
// key. The project that owns the network is Project, or HostProject, which shares it.
func Seed(w *world.World, region string, cidr netip.Prefix, project string) (Seeded, error) {
	s := &seeder{world: w, region: region, project: project, table: Provider()}
	address := cidr.Addr().As4()
	address[2] = 255
	// A world can have several.
	suffix := fmt.Sprintf("-%d", address[1])
	network := s.create(networkType, world.Values{"name": "shared" + suffix, "autoCreateSubnetworks": false})
	nodes := s.create(subnetworkType, world.Values{
		"name": "machines" + suffix, "network": network, "ipCidrRange": netip.PrefixFrom(cidr.Addr(), 20).String(),
	})
	s.create(subnetworkType, world.Values{
		"name": "proxies" + suffix, "network": network, "purpose": proxyPurpose, "role": "ACTIVE", "ipCidrRange": netip.PrefixFrom(netip.AddrFrom4(address), 24).String(),
	})
	s.create(routerType, world.Values{"name": "way-out" + suffix, "network": network})
	s.create(natType, world.Values{
		"name": "way-out" + suffix, "router": "way-out" + suffix, "natIpAllocateOption": "AUTO_ONLY", "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
	})
	s.project = Project
	ring := s.create(keyRingType, world.Values{"name": "shared" + suffix, "location": region})
	key := s.create(keyType, world.Values{"name": "disks", "keyRing": ring})
	return Seeded{ID: network, SubnetIDs: []string{nodes}, Key: key}, s.err
}

func (s *seeder) create(token string, inputs world.Values) string {
	if s.err != nil {
		return ""
	}
	resource := s.table.Resources[token]
	state := inputs.Clone()
	for name, field := range resource.Fields {
		if field.Default != nil && !state.Has(name) {
			state[name] = field.Default
		}
	}
	call := &catalogue.Call{
		World: s.world, Region: s.region, Type: resource, Token: token, URN: "seed " + s.region + token,
		Inputs: inputs, Old: world.Values{}, State: state, Config: world.Values{"project": s.project},
	}
	if err := resource.Behavior.Create(call); err != nil {
		s.err = fmt.Errorf("seed %s: %w", token, err)
		return ""
	}
	region := s.region
	if resource.Global {
		region = ""
	}
	s.world.Put(&world.Resource{
		Provider: "gcp", Type: token, Region: region, ID: call.ID, Name: "seed", Inputs: inputs, State: call.State, Adopted: true,
	})
	return call.ID
}
