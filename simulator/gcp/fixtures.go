package gcp

import (
	"fmt"
	"net/netip"
	"regexp"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// IsRegion reports whether a name has the form of a region of Google Cloud.
var IsRegion = regexp.MustCompile(`^[a-z]+-[a-z]+\d+$`).MatchString

// Fixtures is what CreateFixtures created, in the terms of a stack file.
type Fixtures struct {
	ID        string   `json:"id"`
	SubnetIDs []string `json:"subnetIds"`
	// Key is a customer-managed key for disks.
	Key string `json:"key"`
}

// CreateFixtures creates a network for a program to adopt, with a subnetwork for machines, one for proxies and a way
// out, and a key. The project that owns the network is Project, or HostProject, which shares it.
func CreateFixtures(st *store.Store, region string, cidr netip.Prefix, project string) (Fixtures, error) {
	b := &schema.Fixtures{
		Provider: Provider(), Store: st, Region: region, Config: store.Values{"project": project},
	}
	address := cidr.Addr().As4()
	address[2] = 255
	// A store can have several.
	suffix := fmt.Sprintf("-%d", address[1])
	network := b.Create(networkType, store.Values{"name": "shared" + suffix, "autoCreateSubnetworks": false})
	nodes := b.Create(subnetworkType, store.Values{
		"name": "machines" + suffix, "network": network, "ipCidrRange": netip.PrefixFrom(cidr.Addr(), 20).String(),
	})
	b.Create(subnetworkType, store.Values{
		"name": "proxies" + suffix, "network": network, "purpose": proxyPurpose, "role": "ACTIVE",
		"ipCidrRange": netip.PrefixFrom(netip.AddrFrom4(address), 24).String(),
	})
	b.Create(routerType, store.Values{"name": "way-out" + suffix, "network": network})
	b.Create(natType, store.Values{
		"name": "way-out" + suffix, "router": "way-out" + suffix, "natIpAllocateOption": "AUTO_ONLY",
		"sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
	})
	b.Config = store.Values{"project": Project}
	ring := b.Create(keyRingType, store.Values{"name": "shared" + suffix, "location": region})
	key := b.Create(keyType, store.Values{"name": "disks", "keyRing": ring})
	return Fixtures{ID: network, SubnetIDs: []string{nodes}, Key: key}, b.Err
}
