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

// Fixtures is what CreateFixtures made, in the terms of a stack file.
type Fixtures struct {
	ID        string   `json:"id"`
	SubnetIDs []string `json:"subnetIds"`
	// Key is a customer-managed key for disks.
	Key string `json:"key"`
}

// builder creates resources that were there before the program: it adopts a network, it does not own it.
type builder struct {
	world  *world.World
	region string
	// project owns the network.
	project string
	err     error
}

// CreateFixtures makes a network for a program to adopt, with a subnetwork for machines, one for proxies and a way
// out, and a key. The project that owns the network is Project, or HostProject, which shares it.
func CreateFixtures(w *world.World, region string, cidr netip.Prefix, project string) (Fixtures, error) {
	b := &builder{world: w, region: region, project: project}
	address := cidr.Addr().As4()
	address[2] = 255
	// A world can have several.
	suffix := fmt.Sprintf("-%d", address[1])
	network := b.create(networkType, world.Values{"name": "shared" + suffix, "autoCreateSubnetworks": false})
	nodes := b.create(subnetworkType, world.Values{
		"name": "machines" + suffix, "network": network, "ipCidrRange": netip.PrefixFrom(cidr.Addr(), 20).String(),
	})
	b.create(subnetworkType, world.Values{
		"name": "proxies" + suffix, "network": network, "purpose": proxyPurpose, "role": "ACTIVE",
		"ipCidrRange": netip.PrefixFrom(netip.AddrFrom4(address), 24).String(),
	})
	b.create(routerType, world.Values{"name": "way-out" + suffix, "network": network})
	b.create(natType, world.Values{
		"name": "way-out" + suffix, "router": "way-out" + suffix, "natIpAllocateOption": "AUTO_ONLY",
		"sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
	})
	b.project = Project
	ring := b.create(keyRingType, world.Values{"name": "shared" + suffix, "location": region})
	key := b.create(keyType, world.Values{"name": "disks", "keyRing": ring})
	return Fixtures{ID: network, SubnetIDs: []string{nodes}, Key: key}, b.err
}

func (b *builder) create(token string, inputs world.Values) string {
	if b.err != nil {
		return ""
	}
	made, err := Provider().CreateFixture(token, catalogue.Call{
		World: b.world, Region: b.region, URN: "fixture " + b.region + token, Inputs: inputs,
		Config: world.Values{"project": b.project},
	})
	if err != nil {
		b.err = err
		return ""
	}
	return made.ID
}
