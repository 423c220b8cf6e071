package digitalocean

import (
	"errors"
	"maps"
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
	merged := maps.Clone(p)
	for key, value := range changes {
		if merged[key] = value; value == nil {
			delete(merged, key)
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

func newLab(t *testing.T) *lab {
	t.Helper()
	store, err := world.Open(t.TempDir())
	require.NoError(t, err)
	clouds := provider.Clouds{Site: newSite, Settle: func(site.Site, *world.World) error { return nil }}
	l := &lab{t: t, store: store, server: provider.New(Provider(), store, clouds, provider.Weather{}), inputs: map[string]*structpb.Struct{}}
	_, err = l.server.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: l.marshal(props{})})
	require.NoError(t, err)
	return l
}

func (l *lab) marshal(p props) *structpb.Struct {
	l.t.Helper()
	wire, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(p), plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true})
	require.NoError(l.t, err)
	return wire
}

// check completes the inputs, or says why they are refused.
func (l *lab) check(token, name string, olds *structpb.Struct, p props) (urn string, inputs *structpb.Struct, err error) {
	l.t.Helper()
	urn = "urn:pulumi:test::lab::" + token + "::" + name
	checked, err := l.server.Check(l.t.Context(), &pulumirpc.CheckRequest{Urn: urn, Olds: olds, News: l.marshal(p), RandomSeed: []byte(urn)})
	require.NoError(l.t, err)
	for _, failure := range checked.Failures {
		return urn, nil, errors.New(failure.Property + ": " + failure.Reason)
	}
	return urn, checked.Inputs, nil
}

// try checks and creates a resource.
func (l *lab) try(token, name string, p props) (id string, outputs map[string]any, err error) {
	l.t.Helper()
	urn, inputs, err := l.check(token, name, nil, p)
	if err != nil {
		return "", nil, err
	}
	created, err := l.server.Create(l.t.Context(), &pulumirpc.CreateRequest{Urn: urn, Properties: inputs})
	if err != nil {
		return "", nil, err
	}
	l.inputs[created.Id] = inputs
	return created.Id, created.Properties.AsMap(), nil
}

// create makes a resource that has to succeed.
func (l *lab) create(token, name string, p props) string {
	l.t.Helper()
	id, _, err := l.try(token, name, p)
	require.NoError(l.t, err)
	return id
}

// replaces are the properties whose change replaces the resource.
func (l *lab) replaces(token, id string, p props) []string {
	l.t.Helper()
	urn, inputs, err := l.check(token, "changed", l.inputs[id], p)
	require.NoError(l.t, err)
	response, err := l.server.Diff(l.t.Context(), &pulumirpc.DiffRequest{Id: id, Urn: urn, OldInputs: l.inputs[id], Olds: l.inputs[id], News: inputs})
	require.NoError(l.t, err)
	return response.Replaces
}

// update changes a resource in place.
func (l *lab) update(token, id string, p props) error {
	l.t.Helper()
	urn, inputs, err := l.check(token, "changed", l.inputs[id], p)
	if err != nil {
		return err
	}
	_, err = l.server.Update(l.t.Context(), &pulumirpc.UpdateRequest{Id: id, Urn: urn, OldInputs: l.inputs[id], Olds: l.inputs[id], News: inputs})
	if err == nil {
		l.inputs[id] = inputs
	}
	return err
}

func (l *lab) delete(token, id string) error {
	l.t.Helper()
	_, err := l.server.Delete(l.t.Context(), &pulumirpc.DeleteRequest{Id: id, Urn: "urn:pulumi:test::lab::" + token + "::gone"})
	return err
}

// dial follows a packet from a droplet, or from the operator, to host:port.
func (l *lab) dial(from, host string, port int) ([]site.Machine, error) {
	l.t.Helper()
	var found []site.Machine
	var lost error
	require.NoError(l.t, l.store.Do(func(w *world.World) error {
		network := newSite(w)
		var sender *site.Machine
		for _, machine := range network.Machines() {
			if machine.Name == from {
				sender = &machine
			}
		}
		found, lost = network.Dial(sender, host, port)
		return nil
	}))
	return found, lost
}
