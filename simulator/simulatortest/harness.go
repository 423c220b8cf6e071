// Package simulatortest works with a simulated cloud by the provider's own protocol, as the engine does.
package simulatortest

import (
	"errors"
	"maps"
	"testing"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/provider"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"
)

// Props are the inputs of a resource, as a program would write them.
type Props map[string]any

// With returns a copy with other properties. The value nil takes a property away.
func (p Props) With(changes Props) Props {
	merged := maps.Clone(p)
	for name, value := range changes {
		if merged[name] = value; value == nil {
			delete(merged, name)
		}
	}
	return merged
}

// Harness is an account in which a program works.
type Harness struct {
	T       *testing.T
	cloud   *schema.Provider
	journal *store.Journal
	// Server takes the requests that the harness has no method for.
	Server *provider.Server
	// Inputs are those of the resources made so far, by id.
	Inputs map[string]*structpb.Struct
}

// New returns an empty account of a cloud, under a configuration of the provider.
func New(t *testing.T, cloud *schema.Provider, config Props) *Harness {
	t.Helper()
	journal, err := store.Open(t.TempDir())
	require.NoError(t, err)
	clouds := provider.Clouds{Network: cloud.Network,
		Reconcile: func(network.Network, *store.Store) error { return nil }}
	h := &Harness{
		T: t, cloud: cloud, journal: journal, Inputs: map[string]*structpb.Struct{},
		Server: provider.New(cloud, journal, clouds, provider.Options{}),
	}
	h.Configure(config)
	return h
}

// Configure gives the provider another configuration.
func (h *Harness) Configure(config Props) {
	h.T.Helper()
	_, err := h.Server.Configure(h.T.Context(), &pulumirpc.ConfigureRequest{Args: h.marshal(config)})
	require.NoError(h.T, err)
}

func (h *Harness) marshal(p Props) *structpb.Struct {
	h.T.Helper()
	options := plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true}
	wire, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(p), options)
	require.NoError(h.T, err)
	return wire
}

// check completes the inputs of a resource, or returns why the provider refuses them.
func (h *Harness) check(token, name string, olds *structpb.Struct, p Props) (string, *structpb.Struct, error) {
	h.T.Helper()
	urn := "urn:pulumi:test::test::" + token + "::" + name
	checked, err := h.Server.Check(h.T.Context(), &pulumirpc.CheckRequest{
		Urn: urn, Olds: olds, News: h.marshal(p), RandomSeed: []byte(urn),
	})
	require.NoError(h.T, err)
	for _, failure := range checked.Failures {
		return urn, nil, errors.New(failure.Property + ": " + failure.Reason)
	}
	return urn, checked.Inputs, nil
}

// Try checks and creates a resource. Whatever it computes must be in the schema.
func (h *Harness) Try(token, name string, p Props) (id string, outputs map[string]any, err error) {
	h.T.Helper()
	urn, inputs, err := h.check(token, name, nil, p)
	if err != nil {
		return "", nil, err
	}
	created, err := h.Server.Create(h.T.Context(), &pulumirpc.CreateRequest{Urn: urn, Properties: inputs})
	if err != nil {
		return "", nil, err
	}
	outputs = created.Properties.AsMap()
	for property := range outputs {
		require.Contains(h.T, h.cloud.Resources[token].Fields, property,
			"%s computes what its schema does not declare", token)
	}
	h.Inputs[created.Id] = inputs
	return created.Id, outputs, nil
}

// Create creates a resource that has to succeed, and returns its id.
func (h *Harness) Create(token, name string, p Props) string {
	h.T.Helper()
	id, _, err := h.Try(token, name, p)
	require.NoError(h.T, err)
	return id
}

// Diff returns what a change of inputs would do.
func (h *Harness) Diff(token, id string, p Props) *pulumirpc.DiffResponse {
	h.T.Helper()
	urn, inputs, err := h.check(token, "changed", h.Inputs[id], p)
	require.NoError(h.T, err)
	response, err := h.Server.Diff(h.T.Context(), &pulumirpc.DiffRequest{
		Id: id, Urn: urn, OldInputs: h.Inputs[id], Olds: h.Inputs[id], News: inputs,
	})
	require.NoError(h.T, err)
	return response
}

// Update changes a resource in place.
func (h *Harness) Update(token, id string, p Props) error {
	h.T.Helper()
	_, err := h.update(token, id, p)
	return err
}

// MustUpdate changes a resource in place, which has to succeed, and returns its outputs.
func (h *Harness) MustUpdate(token, id string, p Props) map[string]any {
	h.T.Helper()
	outputs, err := h.update(token, id, p)
	require.NoError(h.T, err)
	return outputs
}

func (h *Harness) update(token, id string, p Props) (outputs map[string]any, err error) {
	h.T.Helper()
	urn, inputs, err := h.check(token, "changed", h.Inputs[id], p)
	if err != nil {
		return nil, err
	}
	updated, err := h.Server.Update(h.T.Context(), &pulumirpc.UpdateRequest{
		Id: id, Urn: urn, OldInputs: h.Inputs[id], Olds: h.Inputs[id], News: inputs,
	})
	if err != nil {
		return nil, err
	}
	h.Inputs[id] = inputs
	return updated.Properties.AsMap(), nil
}

// Delete removes a resource.
func (h *Harness) Delete(token, id string) error {
	h.T.Helper()
	urn := "urn:pulumi:test::test::" + token + "::gone"
	_, err := h.Server.Delete(h.T.Context(), &pulumirpc.DeleteRequest{Id: id, Urn: urn, Properties: h.Inputs[id]})
	return err
}

// Within looks at the store.
func (h *Harness) Within(look func(*store.Store)) {
	h.T.Helper()
	require.NoError(h.T, h.journal.Do(func(st *store.Store) error { look(st); return nil }))
}

// Dial follows a packet from a machine of that name or id, or from the operator when from is empty.
func (h *Harness) Dial(from, host string, port int) (machines []network.Machine, err error) {
	h.T.Helper()
	h.Within(func(st *store.Store) {
		cloud := h.cloud.Network(st)
		var sender *network.Machine
		for _, machine := range cloud.Machines() {
			if machine.Name == from || machine.ID == from {
				sender = &machine
			}
		}
		require.Equal(h.T, from == "", sender == nil, from)
		machines, err = cloud.Dial(sender, host, port)
	})
	return machines, err
}
