package aws

import (
	"net/netip"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// Fixtures is what CreateFixtures created, in the terms of a stack file.
type Fixtures struct {
	ID              string   `json:"id"`
	SubnetIDs       []string `json:"subnetIds"`
	PublicSubnetIDs []string `json:"publicSubnetIds"`
	// Key is a customer-managed key for disks.
	Key string `json:"key"`
}

// builder creates the parts of a network.
type builder struct{ schema.Fixtures }

// CreateFixtures creates a network for a program to adopt, with a private and a public subnet in every zone and ways
// out, and a key. The private subnets are in the second range, if there is one.
func CreateFixtures(st *store.Store, region string, cidr, second netip.Prefix) (Fixtures, error) {
	b := &builder{schema.Fixtures{Provider: Provider(), Store: st, Region: region, Config: store.Values{}}}
	vpc := b.Create(vpcType, store.Values{"cidrBlock": cidr.String(), "enableDnsSupport": true,
		"enableDnsHostnames": true})
	inside := cidr
	if second.IsValid() {
		inside = second
		if found := st.Get(vpcType, region, vpc); found != nil {
			found.State[secondaryKey] = store.List(second.String())
			st.Put(found)
		}
	}
	gateway := b.Create(gatewayType, store.Values{"vpcId": vpc})
	public := b.routeTable(vpc, store.Values{"gatewayId": gateway})
	result := Fixtures{ID: vpc}
	var private string
	for i, zone := range zones(region) {
		open := b.subnet(vpc, zone, cidr, 2*i, public)
		if i == 0 {
			nat := b.Create(natType, store.Values{"subnetId": open,
				"allocationId": b.Create(addressType, store.Values{"domain": "vpc"})})
			private = b.routeTable(vpc, store.Values{"natGatewayId": nat})
		}
		result.PublicSubnetIDs = append(result.PublicSubnetIDs, open)
		result.SubnetIDs = append(result.SubnetIDs, b.subnet(vpc, zone, inside, 2*i+1, private))
	}
	key := b.Create(keyType, store.Values{"description": "Disks", "enableKeyRotation": true})
	result.Key = arn("kms", region, "key/"+key)
	return result, b.Err
}

func (b *builder) subnet(vpc, zone string, cidr netip.Prefix, index int, table string) string {
	address := cidr.Addr().As4()
	address[2] += byte(16 * index)
	block := netip.PrefixFrom(netip.AddrFrom4(address), 20)
	subnet := b.Create(subnetType, store.Values{"vpcId": vpc, "availabilityZone": zone, "cidrBlock": block.String()})
	b.Create(associationType, store.Values{"routeTableId": table, "subnetId": subnet})
	return subnet
}

func (b *builder) routeTable(vpc string, target store.Values) string {
	table := b.Create(routeTableType, store.Values{"vpcId": vpc})
	route := target.Clone()
	route["routeTableId"], route["destinationCidrBlock"] = table, "0.0.0.0/0"
	b.Create(routeType, route)
	return table
}
