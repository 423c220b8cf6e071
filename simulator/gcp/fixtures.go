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

// CreateFixtures makes a network for a program to adopt, with a subnetwork for machines, one for proxies and a way
// out, and a key. The project that owns the network is Project, or HostProject, which shares it.
func CreateFixtures(w *world.World, region string, cidr netip.Prefix, project string) (Fixtures, error) {
	b := &catalogue.Fixtures{
		Provider: Provider(), World: w, Region: region, Config: world.Values{"project": project},
	}
	address := cidr.Addr().As4()
	address[2] = 255
	// A world can have several.
	suffix := fmt.Sprintf("-%d", address[1])
	network := b.Create(networkType, world.Values{"name": "shared" + suffix, "autoCreateSubnetworks": false})
	nodes := b.Create(subnetworkType, world.Values{
		"name": "machines" + suffix, "network": network, "ipCidrRange": netip.PrefixFrom(cidr.Addr(), 20).String(),
	})
	b.Create(subnetworkType, world.Values{
		"name": "proxies" + suffix, "network": network, "purpose": proxyPurpose, "role": "ACTIVE",
		"ipCidrRange": netip.PrefixFrom(netip.AddrFrom4(address), 24).String(),
	})
	b.Create(routerType, world.Values{"name": "way-out" + suffix, "network": network})
	b.Create(natType, world.Values{
		"name": "way-out" + suffix, "router": "way-out" + suffix, "natIpAllocateOption": "AUTO_ONLY",
		"sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
	})
	b.Config = world.Values{"project": Project}
	ring := b.Create(keyRingType, world.Values{"name": "shared" + suffix, "location": region})
	key := b.Create(keyType, world.Values{"name": "disks", "keyRing": ring})
	return Fixtures{ID: network, SubnetIDs: []string{nodes}, Key: key}, b.Err
}
