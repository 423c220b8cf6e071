package aws

import (
	"testing"

	"github.com/inferadb/infra/simulator/provider"
	"github.com/inferadb/infra/simulator/site"
	"github.com/inferadb/infra/simulator/world"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"
)

// props are the inputs of a resource, as a program would write them.
type props map[string]any

// with is a copy with other properties; nil takes one away.
func (p props) with(changes props) props {
	merged := props{}
	for _, source := range []props{p, changes} {
		for key, value := range source {
			merged[key] = value
			if value == nil {
				delete(merged, key)
			}
		}
	}
	return merged
}

// lab is an account in which a program works, by the provider's own protocol.
type lab struct {
	t      *testing.T
	store  *world.Store
	server *provider.Server
	// inputs are those of the resources made so far, by id.
	inputs map[string]*structpb.Struct
}

func newLab(t *testing.T) *lab { return newLabIn(t, "us-east-1", nil) }

func newLabIn(t *testing.T, region string, defaultTags map[string]any) *lab {
	t.Helper()
	store, err := world.Open(t.TempDir())
	require.NoError(t, err)
	clouds := provider.Clouds{
		Site:   newSite,
		Settle: func(site.Site, *world.World) error { return nil },
	}
	l := &lab{t: t, store: store, server: provider.New(Provider(), store, clouds, provider.Weather{}), inputs: map[string]*structpb.Struct{}}
	config := props{"region": region}
	if defaultTags != nil {
		config["defaultTags"] = map[string]any{"tags": defaultTags}
	}
	_, err = l.server.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: l.marshal(config)})
	require.NoError(t, err)
	return l
}

func (l *lab) marshal(p props) *structpb.Struct {
	l.t.Helper()
	wire, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(p), plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true})
	require.NoError(l.t, err)
	return wire
}

// try checks and creates a resource.
func (l *lab) try(token, name string, p props) (id string, outputs map[string]any, err error) {
	l.t.Helper()
	urn := "urn:pulumi:test::lab::" + token + "::" + name
	checked, err := l.server.Check(l.t.Context(), &pulumirpc.CheckRequest{Urn: urn, News: l.marshal(p), RandomSeed: []byte(urn)})
	require.NoError(l.t, err)
	for _, failure := range checked.Failures {
		return "", nil, failed(failure)
	}
	created, err := l.server.Create(l.t.Context(), &pulumirpc.CreateRequest{Urn: urn, Properties: checked.Inputs})
	if err != nil {
		return "", nil, err
	}
	l.inputs[created.Id] = checked.Inputs
	return created.Id, created.Properties.AsMap(), nil
}

type failure string

func (f failure) Error() string { return string(f) }

func failed(f *pulumirpc.CheckFailure) error { return failure(f.Property + ": " + f.Reason) }

// create makes a resource that has to succeed.
func (l *lab) create(token, name string, p props) string {
	l.t.Helper()
	id, _, err := l.try(token, name, p)
	require.NoError(l.t, err)
	return id
}

// diff is what a change of inputs would do.
func (l *lab) diff(token, id string, p props) *pulumirpc.DiffResponse {
	l.t.Helper()
	urn := "urn:pulumi:test::lab::" + token + "::changed"
	checked, err := l.server.Check(l.t.Context(), &pulumirpc.CheckRequest{Urn: urn, Olds: l.inputs[id], News: l.marshal(p), RandomSeed: []byte(urn)})
	require.NoError(l.t, err)
	require.Empty(l.t, checked.Failures)
	response, err := l.server.Diff(l.t.Context(), &pulumirpc.DiffRequest{Id: id, Urn: urn, OldInputs: l.inputs[id], Olds: l.inputs[id], News: checked.Inputs})
	require.NoError(l.t, err)
	return response
}

// update changes a resource in place.
func (l *lab) update(token, id string, p props) (map[string]any, error) {
	l.t.Helper()
	urn := "urn:pulumi:test::lab::" + token + "::changed"
	checked, err := l.server.Check(l.t.Context(), &pulumirpc.CheckRequest{Urn: urn, Olds: l.inputs[id], News: l.marshal(p)})
	require.NoError(l.t, err)
	for _, failure := range checked.Failures {
		return nil, failed(failure)
	}
	updated, err := l.server.Update(l.t.Context(), &pulumirpc.UpdateRequest{Id: id, Urn: urn, OldInputs: l.inputs[id], Olds: l.inputs[id], News: checked.Inputs})
	if err != nil {
		return nil, err
	}
	l.inputs[id] = checked.Inputs
	return updated.Properties.AsMap(), nil
}

func (l *lab) delete(token, id string) error {
	l.t.Helper()
	_, err := l.server.Delete(l.t.Context(), &pulumirpc.DeleteRequest{Id: id, Urn: "urn:pulumi:test::lab::" + token + "::gone"})
	return err
}

// within looks at the world.
func (l *lab) within(look func(*world.World)) {
	l.t.Helper()
	require.NoError(l.t, l.store.Do(func(w *world.World) error { look(w); return nil }))
}

// place is a network with all that a machine needs.
type place struct {
	*lab
	vpc, gateway, public, private, other, controlPlanes, workers, profile, image string
}

// newPlace makes a network: a public subnet with a NAT gateway, a private one in the same zone, another private one.
func newPlace(t *testing.T) place {
	t.Helper()
	l := newLab(t)
	p := place{lab: l, image: talosImage(t, "us-east-1", "arm64")}
	p.vpc = l.create(vpcType, "network", props{"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": true})
	p.gateway = l.create(gatewayType, "network", props{"vpcId": p.vpc})
	p.public = p.subnet("public", "10.0.0.0/20", "us-east-1a")
	p.private = p.subnet("private", "10.0.16.0/20", "us-east-1a")
	p.other = p.subnet("other", "10.0.32.0/20", "us-east-1b")
	nat := l.create(natType, "nat", props{"subnetId": p.public, "allocationId": l.create(addressType, "nat", props{"domain": "vpc"})})
	p.route("public", props{"gatewayId": p.gateway}, p.public)
	p.route("private", props{"natGatewayId": nat}, p.private, p.other)
	p.controlPlanes = l.create(securityGroupType, "control-planes", props{"vpcId": p.vpc})
	p.workers = l.create(securityGroupType, "workers", props{"vpcId": p.vpc})
	for name, group := range map[string]string{"control-planes": p.controlPlanes, "workers": p.workers} {
		l.create(egressType, name, props{"securityGroupId": group, "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"})
	}
	role := l.create(roleType, "node", props{"assumeRolePolicy": `{"Version":"2012-10-17","Statement":[]}`})
	p.profile = l.create(profileType, "node", props{"role": role})
	return p
}

func (p place) subnet(name, cidr, zone string) string {
	return p.create(subnetType, name, props{"vpcId": p.vpc, "cidrBlock": cidr, "availabilityZone": zone})
}

func (p place) route(name string, target props, subnets ...string) {
	table := p.create(routeTableType, name, props{"vpcId": p.vpc})
	p.create(routeType, name, target.with(props{"routeTableId": table, "destinationCidrBlock": "0.0.0.0/0"}))
	for _, subnet := range subnets {
		p.create(associationType, name+subnet, props{"routeTableId": table, "subnetId": subnet})
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
