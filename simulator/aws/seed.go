package aws

import (
	"fmt"
	"net/netip"

	"github.com/inferadb/infra/simulator/catalogue"
	"github.com/inferadb/infra/simulator/world"
)

// Seeded is what Seed made, in the terms of a stack file.
type Seeded struct {
	ID              string   `json:"id"`
	SubnetIDs       []string `json:"subnetIds"`
	PublicSubnetIDs []string `json:"publicSubnetIds"`
	// Key is a customer-managed key for disks.
	Key string `json:"key"`
}

// seeder creates resources that were there before the program: it adopts a network, it does not own it.
type seeder struct {
	world  *world.World
	region string
	table  *catalogue.Provider
	err    error
}

// Seed makes a network for a program to adopt, with a private and a public subnet in every zone and ways out, and a
// key. The private subnets lie in the second range, if there is one.
func Seed(w *world.World, region string, cidr, second netip.Prefix) (Seeded, error) {
	s := &seeder{world: w, region: region, table: Provider()}
	vpc := s.create(vpcType, world.Values{"cidrBlock": cidr.String(), "enableDnsSupport": true, "enableDnsHostnames": true})
	inside := cidr
	if second.IsValid() {
		inside = second
		if found := w.Get(vpcType, region, vpc); found != nil {
			found.State[secondaryKey] = world.List(second.String())
			w.Put(found)
		}
	}
	gateway := s.create(gatewayType, world.Values{"vpcId": vpc})
	public := s.routeTable(vpc, world.Values{"gatewayId": gateway})
	result := Seeded{ID: vpc}
	var private string
	for i, zone := range zones(region) {
		open := s.subnet(vpc, zone, cidr, 2*i, public)
		if i == 0 {
			nat := s.create(natType, world.Values{"subnetId": open, "allocationId": s.create(addressType, world.Values{"domain": "vpc"})})
			private = s.routeTable(vpc, world.Values{"natGatewayId": nat})
		}
		result.PublicSubnetIDs = append(result.PublicSubnetIDs, open)
		result.SubnetIDs = append(result.SubnetIDs, s.subnet(vpc, zone, inside, 2*i+1, private))
	}
	key := s.create(keyType, world.Values{"description": "Disks", "enableKeyRotation": true})
	result.Key = arn("kms", region, "key/"+key)
	return result, s.err
}

func (s *seeder) subnet(vpc, zone string, cidr netip.Prefix, index int, table string) string {
	address := cidr.Addr().As4()
	address[2] += byte(16 * index)
	block := netip.PrefixFrom(netip.AddrFrom4(address), 20)
	subnet := s.create(subnetType, world.Values{"vpcId": vpc, "availabilityZone": zone, "cidrBlock": block.String()})
	s.create(associationType, world.Values{"routeTableId": table, "subnetId": subnet})
	return subnet
}

func (s *seeder) routeTable(vpc string, target world.Values) string {
	table := s.create(routeTableType, world.Values{"vpcId": vpc})
	route := target.Clone()
	route["routeTableId"], route["destinationCidrBlock"] = table, "0.0.0.0/0"
	s.create(routeType, route)
	return table
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
		Inputs: inputs, Old: world.Values{}, State: state, Config: world.Values{},
	}
	if resource.ID != "" {
		call.ID = resource.ID + s.world.Hash(call.URN, 17)
	}
	if err := resource.Behavior.Create(call); err != nil {
		s.err = fmt.Errorf("seed %s: %w", token, err)
		return ""
	}
	s.world.Put(&world.Resource{
		Provider: "aws", Type: token, Region: s.region, ID: call.ID, Name: "seed", Inputs: inputs, State: call.State, Adopted: true,
	})
	return call.ID
}
