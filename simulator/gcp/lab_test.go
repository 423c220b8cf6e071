package gcp

import (
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
		merged[key] = value
		if value == nil {
			delete(merged, key)
		}
	}
	return merged
}

// lab is a project in which a program works, by the provider's own protocol.
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
	l.configure(Project)
	return l
}

func (l *lab) configure(project string) {
	l.t.Helper()
	_, err := l.server.Configure(l.t.Context(), &pulumirpc.ConfigureRequest{Args: l.marshal(props{"project": project, "region": "us-east4"})})
	require.NoError(l.t, err)
}

func (l *lab) marshal(p props) *structpb.Struct {
	l.t.Helper()
	wire, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(p), plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true})
	require.NoError(l.t, err)
	return wire
}

type failure string

func (f failure) Error() string { return string(f) }

func (l *lab) check(token, name string, olds *structpb.Struct, p props) (urn string, inputs *structpb.Struct, err error) {
	l.t.Helper()
	urn = "urn:pulumi:test::lab::" + token + "::" + name
	checked, err := l.server.Check(l.t.Context(), &pulumirpc.CheckRequest{Urn: urn, Olds: olds, News: l.marshal(p), RandomSeed: []byte(urn)})
	require.NoError(l.t, err)
	for _, f := range checked.Failures {
		return urn, nil, failure(f.Property + ": " + f.Reason)
	}
	return urn, checked.Inputs, nil
}

// try checks and creates a resource.
func (l *lab) try(token, name string, p props) (id string, err error) {
	l.t.Helper()
	urn, inputs, err := l.check(token, name, nil, p)
	if err != nil {
		return "", err
	}
	created, err := l.server.Create(l.t.Context(), &pulumirpc.CreateRequest{Urn: urn, Properties: inputs})
	if err != nil {
		return "", err
	}
	l.inputs[created.Id] = inputs
	return created.Id, nil
}

// create makes a resource that has to succeed.
func (l *lab) create(token, name string, p props) string {
	l.t.Helper()
	id, err := l.try(token, name, p)
	require.NoError(l.t, err)
	return id
}

// diff is what a change of inputs would do.
func (l *lab) diff(token, id string, p props) *pulumirpc.DiffResponse {
	l.t.Helper()
	urn, inputs, err := l.check(token, "changed", l.inputs[id], p)
	require.NoError(l.t, err)
	response, err := l.server.Diff(l.t.Context(), &pulumirpc.DiffRequest{Id: id, Urn: urn, OldInputs: l.inputs[id], Olds: l.inputs[id], News: inputs})
	require.NoError(l.t, err)
	return response
}

// update changes a resource in place.
func (l *lab) update(token, id string, p props) error {
	l.t.Helper()
	urn, inputs, err := l.check(token, "changed", l.inputs[id], p)
	if err != nil {
		return err
	}
	if _, err := l.server.Update(l.t.Context(), &pulumirpc.UpdateRequest{Id: id, Urn: urn, OldInputs: l.inputs[id], Olds: l.inputs[id], News: inputs}); err != nil {
		return err
	}
	l.inputs[id] = inputs
	return nil
}

func (l *lab) delete(token, id string) error {
	l.t.Helper()
	_, err := l.server.Delete(l.t.Context(), &pulumirpc.DeleteRequest{Id: id, Urn: "urn:pulumi:test::lab::" + token + "::gone", Properties: l.inputs[id]})
	return err
}

// within looks at the world.
func (l *lab) within(look func(*world.World)) {
	l.t.Helper()
	require.NoError(l.t, l.store.Do(func(w *world.World) error { look(w); return nil }))
}

// dial follows a packet from a machine, or from the operator when from is empty, and returns whom it reaches.
func (l *lab) dial(from, host string, port int) (names []string, err error) {
	l.t.Helper()
	l.within(func(w *world.World) {
		s := newSite(w)
		var sender *site.Machine
		for _, machine := range s.Machines() {
			if machine.Name == from {
				sender = &machine
			}
		}
		require.Equal(l.t, from == "", sender == nil, from)
		var machines []site.Machine
		machines, err = s.Dial(sender, host, port)
		for _, machine := range machines {
			names = append(names, machine.Name)
		}
	})
	return names, err
}
