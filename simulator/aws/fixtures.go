package aws

import (
	"net/netip"

	"github.com/inferadb/infra/simulator/catalogue"
	"github.com/inferadb/infra/simulator/world"
)

// Fixtures is what CreateFixtures made, in the terms of a stack file.
type Fixtures struct {
	ID              string   `json:"id"`
	SubnetIDs       []string `json:"subnetIds"`
	PublicSubnetIDs []string `json:"publicSubnetIds"`
	// Key is a customer-managed key for disks.
	Key string `json:"key"`
}

// builder creates resources that were there before the program: it adopts a network, it does not own it.
type builder struct {
	world  *world.World
	region string
	err    error
}

// CreateFixtures makes a network for a program to adopt, with a private and a public subnet in every zone and ways
// out, and a key. The private subnets lie in the second range, if there is one.
func CreateFixtures(w *world.World, region string, cidr, second netip.Prefix) (Fixtures, error) {
	b := &builder{world: w, region: region}
	vpc := b.create(vpcType, world.Values{"cidrBlock": cidr.String(), "enableDnsSupport": true,
		"enableDnsHostnames": true})
	inside := cidr
	if second.IsValid() {
		inside = second
		if found := w.Get(vpcType, region, vpc); found != nil {
			found.State[secondaryKey] = world.List(second.String())
			w.Put(found)
		}
	}
	gateway := b.create(gatewayType, world.Values{"vpcId": vpc})
	public := b.routeTable(vpc, world.Values{"gatewayId": gateway})
	result := Fixtures{ID: vpc}
	var private string
	for i, zone := range zones(region) {
		open := b.subnet(vpc, zone, cidr, 2*i, public)
		if i == 0 {
			nat := b.create(natType, world.Values{"subnetId": open,
				"allocationId": b.create(addressType, world.Values{"domain": "vpc"})})
			private = b.routeTable(vpc, world.Values{"natGatewayId": nat})
		}
		result.PublicSubnetIDs = append(result.PublicSubnetIDs, open)
		result.SubnetIDs = append(result.SubnetIDs, b.subnet(vpc, zone, inside, 2*i+1, private))
	}
	key := b.create(keyType, world.Values{"description": "Disks", "enableKeyRotation": true})
	result.Key = arn("kms", region, "key/"+key)
	return result, b.err
}

func (b *builder) subnet(vpc, zone string, cidr netip.Prefix, index int, table string) string {
	address := cidr.Addr().As4()
	address[2] += byte(16 * index)
	block := netip.PrefixFrom(netip.AddrFrom4(address), 20)
	subnet := b.create(subnetType, world.Values{"vpcId": vpc, "availabilityZone": zone, "cidrBlock": block.String()})
	b.create(associationType, world.Values{"routeTableId": table, "subnetId": subnet})
	return subnet
}

func (b *builder) routeTable(vpc string, target world.Values) string {
	table := b.create(routeTableType, world.Values{"vpcId": vpc})
	route := target.Clone()
	route["routeTableId"], route["destinationCidrBlock"] = table, "0.0.0.0/0"
	b.create(routeType, route)
	return table
}

func (b *builder) create(token string, inputs world.Values) string {
	if b.err != nil {
		return ""
	}
	made, err := Provider().CreateFixture(token, catalogue.Call{
		World: b.world, Region: b.region, URN: "fixture " + b.region + token, Inputs: inputs, Config: world.Values{},
	})
	if err != nil {
		b.err = err
		return ""
	}
	return made.ID
}
