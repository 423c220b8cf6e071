package aws

import (
	"testing"

	"github.com/inferadb/infra/simulator/simulatortest"
)

// props are the inputs of a resource, as a program would write them.
type props = simulatortest.Props

func newHarness(t *testing.T) *simulatortest.Harness {
	t.Helper()
	return simulatortest.New(t, Provider(), props{"region": "us-east-1"})
}

// place is a network with all that a machine needs.
type place struct {
	*simulatortest.Harness
	vpc, gateway, public, private, other, controlPlanes, workers, profile, image string
}

// newPlace creates a network: a public subnet with a NAT gateway, a private one in the same zone, another private one.
func newPlace(t *testing.T) place {
	t.Helper()
	h := newHarness(t)
	p := place{Harness: h, image: talosImage(t, "us-east-1", "arm64")}
	p.vpc = h.Create(vpcType, "network", props{"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": true})
	p.gateway = h.Create(gatewayType, "network", props{"vpcId": p.vpc})
	p.public = p.subnet("public", "10.0.0.0/20", "us-east-1a")
	p.private = p.subnet("private", "10.0.16.0/20", "us-east-1a")
	p.other = p.subnet("other", "10.0.32.0/20", "us-east-1b")
	nat := h.Create(natType, "nat", props{"subnetId": p.public,
		"allocationId": h.Create(addressType, "nat", props{"domain": "vpc"})})
	p.route("public", props{"gatewayId": p.gateway}, p.public)
	p.route("private", props{"natGatewayId": nat}, p.private, p.other)
	p.controlPlanes = h.Create(securityGroupType, "control-planes", props{"vpcId": p.vpc})
	p.workers = h.Create(securityGroupType, "workers", props{"vpcId": p.vpc})
	for name, group := range map[string]string{"control-planes": p.controlPlanes, "workers": p.workers} {
		h.Create(egressType, name, props{"securityGroupId": group, "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"})
	}
	role := h.Create(roleType, "node", props{"assumeRolePolicy": `{"Version":"2012-10-17","Statement":[]}`})
	p.profile = h.Create(profileType, "node", props{"role": role})
	return p
}

func (p place) subnet(name, cidr, zone string) string {
	return p.Create(subnetType, name, props{"vpcId": p.vpc, "cidrBlock": cidr, "availabilityZone": zone})
}

func (p place) route(name string, target props, subnets ...string) {
	table := p.Create(routeTableType, name, props{"vpcId": p.vpc})
	p.Create(routeType, name, target.With(props{"routeTableId": table, "destinationCidrBlock": "0.0.0.0/0"}))
	for _, subnet := range subnets {
		p.Create(associationType, name+subnet, props{"routeTableId": table, "subnetId": subnet})
	}
}

// machine are the inputs of an instance.
func (p place) machine() props {
	return props{
		"ami": p.image, "instanceType": "t4g.medium", "subnetId": p.private, "vpcSecurityGroupIds": []any{p.controlPlanes},
		"iamInstanceProfile": p.profile, "userDataBase64": "aGVsbG8=",
	}
}

func talosImage(t *testing.T, region, architecture string) string {
	t.Helper()
	for _, image := range images(region) {
		if image.name == "talos-v1.12.1-"+region+"-"+architecture {
			return image.id
		}
	}
	t.Fatal("no such image")
	return ""
}
