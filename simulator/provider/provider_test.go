package provider

import (
	"errors"
	"testing"
	"time"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	thing    = "test:index:Thing"
	thingURN = "urn:pulumi:test::test::" + thing + "::thing"
)

// late and again are errors that mark themselves, as those of the Talos part do.
type late struct{ error }

func (late) Done() bool { return true }

type again struct{ error }

func (again) Retry() bool { return true }

// table is a cloud with one type of resource, whose creation goes as create says.
func table(create func(*schema.Call) error) *schema.Provider {
	return schema.Load("test", []byte(`{
		"source": "test",
		"config": {
			"region": {"type": "string", "required": true, "replaces": true},
			"defaultTags": {"type": "object", "properties": {"tags": {"type": "map(string)"}}}
		},
		"resources": {"test:index:Thing": {
			"id": "thing-",
			"autoname": {"property": "name", "maxLength": 16},
			"properties": {
				"name": {"type": "string", "computed": true, "replaces": true},
				"size": {"type": "number", "default": 1},
				"document": {"type": "string", "json": true},
				"items": {"type": "set(string)"},
				"place": {"type": "object", "properties": {
					"zone": {"type": "string", "replaces": true},
					"rack": {"type": "string"}
				}},
				"address": {"type": "string", "output": true},
				"revision": {"type": "number", "output": true, "volatile": true},
				"key": {"type": "string", "output": true, "secret": true}
			}
		}},
		"functions": {}
	}`), map[string]schema.Behavior{thing: {Create: create}}, nil)
}

func serve(t *testing.T, create func(*schema.Call) error, options Options) *Server {
	t.Helper()
	journal, err := store.Open(t.TempDir())
	require.NoError(t, err)
	server := New(table(create), journal, Clouds{
		Network:   func(*store.Store) network.Network { return nil },
		Reconcile: func(network.Network, *store.Store) error { return nil },
	}, options)
	_, err = server.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: pack(t,
		resource.PropertyMap{"region": resource.NewStringProperty("here")})})
	require.NoError(t, err)
	return server
}

func made(c *schema.Call) error {
	c.State["address"], c.State["key"] = "10.0.0.1", "hush"
	return nil
}

func pack(t *testing.T, p resource.PropertyMap) *structpb.Struct {
	t.Helper()
	wire, err := marshal(p)
	require.NoError(t, err)
	return wire
}

func unpack(t *testing.T, wire *structpb.Struct) resource.PropertyMap {
	t.Helper()
	p, err := unmarshal(wire)
	require.NoError(t, err)
	return p
}

func text(s string) resource.PropertyValue { return resource.NewStringProperty(s) }

func TestAutonames(t *testing.T) {
	server := serve(t, made, Options{})
	check := func(olds, news resource.PropertyMap, name string, seed byte) *pulumirpc.CheckResponse {
		response, err := server.Check(t.Context(), &pulumirpc.CheckRequest{
			Urn: "urn:pulumi:test::test::" + thing + "::" + name, Olds: pack(t, olds), News: pack(t,
				news), RandomSeed: []byte{seed},
		})
		require.NoError(t, err)
		return response
	}
	first := unpack(t, check(nil, resource.PropertyMap{}, "thing", 1).Inputs)
	assert.Regexp(t, `^thing-[0-9a-f]{7}$`, first["name"].StringValue())
	assert.Equal(t, first["name"], unpack(t, check(first, resource.PropertyMap{}, "thing", 2).Inputs)["name"],
		"an update keeps the name")
	assert.NotEqual(t, first["name"], unpack(t, check(nil, resource.PropertyMap{}, "thing", 2).Inputs)["name"],
		"a replacement gets another")
	given := resource.PropertyMap{"name": text("mine")}
	assert.Equal(t, "mine", unpack(t, check(first, given, "thing", 1).Inputs)["name"].StringValue())
	long := check(nil, resource.PropertyMap{}, "a-thing-of-length", 1)
	require.Len(t, long.Failures, 1)
	assert.Contains(t, long.Failures[0].Reason, "longer than maximum length 16")
}

// TestPreview hands out what is known before anything is created, and nothing else.
func TestPreview(t *testing.T) {
	server := serve(t, func(*schema.Call) error { return errors.New("a preview creates nothing") }, Options{})
	inputs := resource.PropertyMap{"name": text("x"), "document": resource.MakeComputed(text(""))}
	created, err := server.Create(t.Context(),
		&pulumirpc.CreateRequest{Urn: thingURN, Properties: pack(t, inputs), Preview: true})
	require.NoError(t, err)
	outputs := unpack(t, created.Properties)
	assert.Equal(t, text("x"), outputs["name"])
	assert.Equal(t, resource.NewNumberProperty(1), outputs["size"], "a default is known")
	for _, name := range []resource.PropertyKey{"address", "revision", "document"} {
		assert.True(t, outputs[name].IsComputed(), name)
	}
	assert.True(t, outputs["key"].IsSecret() || outputs["key"].ContainsSecrets())

	updated, err := server.Update(t.Context(), &pulumirpc.UpdateRequest{
		Id: "thing-1", Urn: thingURN, News: pack(t, inputs), OldInputs: pack(t, nil), Preview: true,
		Olds: pack(t, resource.PropertyMap{"address": text("10.0.0.1"), "revision": resource.NewNumberProperty(1)}),
	})
	require.NoError(t, err)
	outputs = unpack(t, updated.Properties)
	assert.Equal(t, text("10.0.0.1"), outputs["address"])
	assert.True(t, outputs["revision"].IsComputed(), "a volatile output is not known")
}

// TestLifeOfAResource creates, reads, drifts, reads and deletes, and keeps secrets secret all the way.
func TestLifeOfAResource(t *testing.T) {
	server := serve(t, made, Options{})
	inputs := resource.PropertyMap{"name": resource.MakeSecret(text("x")),
		"place": resource.NewObjectProperty(resource.PropertyMap{"rack": resource.MakeSecret(text("r"))})}
	created, err := server.Create(t.Context(), &pulumirpc.CreateRequest{Urn: thingURN, Properties: pack(t, inputs)})
	require.NoError(t, err)
	assert.Regexp(t, `^thing-[0-9a-f]{17}$`, created.Id)
	read := func() *pulumirpc.ReadResponse {
		response, err := server.Read(t.Context(),
			&pulumirpc.ReadRequest{Id: created.Id, Urn: thingURN, Inputs: pack(t, inputs),
				Properties: created.Properties})
		require.NoError(t, err)
		return response
	}
	assert.Equal(t, unpack(t, created.Properties), unpack(t, read().Properties), "a refresh finds what was made")
	assert.Equal(t, inputs, unpack(t, read().Inputs))
	outputs := unpack(t, created.Properties)
	assert.True(t, outputs["name"].IsSecret(), "a secret input comes back secret")
	assert.True(t, outputs["place"].ObjectValue()["rack"].IsSecret())
	assert.True(t, outputs["key"].IsSecret(), "the table says so")

	require.NoError(t, server.journal.Do(func(st *store.Store) error {
		changed := *st.Get(thing, "here", created.Id)
		changed.Inputs, changed.State = store.Values{"name": "y"}, store.Values{"name": "y"}
		st.Put(&changed)
		return nil
	}))
	assert.Equal(t, resource.MakeSecret(text("y")), unpack(t, read().Inputs)["name"], "a refresh sees drift")
	for range 2 {
		_, err = server.Delete(t.Context(), &pulumirpc.DeleteRequest{Id: created.Id, Urn: thingURN})
		require.NoError(t, err, "what is gone needs no deleting")
	}
	assert.Empty(t, read().Id)
}

func TestDiff(t *testing.T) {
	server := serve(t, made, Options{})
	object := func(zone string) resource.PropertyValue {
		return resource.NewObjectProperty(resource.PropertyMap{"zone": text(zone), "rack": text("r")})
	}
	list := func(items ...string) resource.PropertyValue {
		var values []resource.PropertyValue
		for _, item := range items {
			values = append(values, text(item))
		}
		return resource.NewArrayProperty(values)
	}
	for name, c := range map[string]struct {
		old, new resource.PropertyMap
		want     map[string]pulumirpc.PropertyDiff_Kind
	}{
		"same":                {resource.PropertyMap{"name": text("x")}, resource.PropertyMap{"name": text("x")}, nil},
		"computed, not given": {resource.PropertyMap{"name": text("x")}, nil, nil},
		"default given":       {nil, resource.PropertyMap{"size": resource.NewNumberProperty(1)}, nil},
		"default changed": {nil, resource.PropertyMap{"size": resource.NewNumberProperty(2)},
			map[string]pulumirpc.PropertyDiff_Kind{"size": pulumirpc.PropertyDiff_UPDATE}},
		"JSON's layout": {resource.PropertyMap{"document": text(`{"a":1,"b":2}`)},
			resource.PropertyMap{"document": text(`{ "b": 2, "a": 1 }`)}, nil},
		"order of a set": {resource.PropertyMap{"items": list("a", "b")},
			resource.PropertyMap{"items": list("b", "a")}, nil},
		"items of a set": {resource.PropertyMap{"items": list("a", "b")},
			resource.PropertyMap{"items": list("b", "c")},
			map[string]pulumirpc.PropertyDiff_Kind{
				"items[0]": pulumirpc.PropertyDiff_DELETE, "items[1]": pulumirpc.PropertyDiff_ADD}},
		"empty and absent": {resource.PropertyMap{"items": list()}, nil, nil},
		"taken away": {resource.PropertyMap{"items": list("a")}, nil,
			map[string]pulumirpc.PropertyDiff_Kind{"items": pulumirpc.PropertyDiff_DELETE}},
		"nested replaces": {resource.PropertyMap{"place": object("a")},
			resource.PropertyMap{"place": object("b")},
			map[string]pulumirpc.PropertyDiff_Kind{"place.zone": pulumirpc.PropertyDiff_UPDATE_REPLACE}},
		"secret, same": {resource.PropertyMap{"name": resource.MakeSecret(text("x"))},
			resource.PropertyMap{"name": text("x")}, nil},
		"not known yet": {resource.PropertyMap{"name": text("x")},
			resource.PropertyMap{"name": resource.MakeComputed(text(""))},
			map[string]pulumirpc.PropertyDiff_Kind{"name": pulumirpc.PropertyDiff_UPDATE_REPLACE}},
	} {
		response, err := server.Diff(t.Context(),
			&pulumirpc.DiffRequest{Id: "thing-1", Urn: thingURN, OldInputs: pack(t, c.old), Olds: pack(t, c.old),
				News: pack(t, c.new)})
		require.NoError(t, err)
		got := map[string]pulumirpc.PropertyDiff_Kind{}
		for path, change := range response.DetailedDiff {
			got[path] = change.Kind
		}
		if c.want == nil {
			c.want = map[string]pulumirpc.PropertyDiff_Kind{}
		}
		assert.Equal(t, c.want, got, name)
		assert.Equal(t, len(c.want) > 0, response.Changes == pulumirpc.DiffResponse_DIFF_SOME, name)
	}
}

func TestConfig(t *testing.T) {
	server := serve(t, made, Options{})
	// SDKs write nested configuration as JSON; the engine adds a version.
	config := resource.PropertyMap{"region": text("here"), "defaultTags": text(`{"tags":{"a":"b"}}`),
		"version": text("1.2.3")}
	checked, err := server.CheckConfig(t.Context(), &pulumirpc.CheckRequest{News: pack(t, config)})
	require.NoError(t, err)
	assert.Empty(t, checked.Failures)
	checked, err = server.CheckConfig(t.Context(),
		&pulumirpc.CheckRequest{News: pack(t, resource.PropertyMap{"regoin": text("here")})})
	require.NoError(t, err)
	require.Len(t, checked.Failures, 2)
	assert.Contains(t, checked.Failures[0].Reason, `the nearest is "region"`)
	moved := resource.PropertyMap{"region": text("there"), "defaultTags": text(`{"tags":{"a":"b"}}`)}
	diff, err := server.DiffConfig(t.Context(),
		&pulumirpc.DiffRequest{OldInputs: pack(t, config), News: pack(t, moved)})
	require.NoError(t, err)
	assert.Equal(t, []string{"region"}, diff.Replaces)
}

func TestFaults(t *testing.T) {
	t.Setenv("SIMULATOR_FAULT", thing+"#2,"+thing+"#3:half,"+thing+"#5:lost")
	options, err := OptionsFromEnvironment()
	require.NoError(t, err)
	server := serve(t, made, options)
	create := func() (*pulumirpc.CreateResponse, error) {
		return server.Create(t.Context(), &pulumirpc.CreateRequest{Urn: thingURN,
			Properties: pack(t, resource.PropertyMap{"name": text("x")})})
	}
	_, err = create()
	require.NoError(t, err)
	_, err = create()
	assert.Equal(t, codes.FailedPrecondition, status.Code(err), "clean: the engine knows that nothing was made")
	_, err = create()
	require.Len(t, status.Convert(err).Details(), 1)
	half := status.Convert(err).Details()[0].(*pulumirpc.ErrorResourceInitFailed)
	assert.NotEmpty(t, half.Id, "the engine keeps what was half made")
	_, err = create()
	assert.NoError(t, err, "a fault strikes once")
	_, err = create()
	assert.Equal(t, codes.FailedPrecondition, status.Code(err))
	require.NoError(t, server.journal.Do(func(st *store.Store) error {
		assert.Len(t, st.List(thing, ""), 4, "what was lost was made")
		return nil
	}))
	for _, wrong := range []string{"thing", "thing#0", "thing#x"} {
		t.Setenv("SIMULATOR_FAULT", wrong)
		_, err := OptionsFromEnvironment()
		assert.ErrorContains(t, err, "SIMULATOR_FAULT", wrong)
	}
}

// TestStateOnly has resources that are calls: nothing of them is in the store, a refresh finds what the state says, an
// import fails.
func TestStateOnly(t *testing.T) {
	server := serve(t, made, Options{})
	server.schema.Resources[thing].StateOnly = true
	created, err := server.Create(t.Context(),
		&pulumirpc.CreateRequest{Urn: thingURN, Properties: pack(t, resource.PropertyMap{"name": text("x")})})
	require.NoError(t, err)
	require.NoError(t, server.journal.Do(func(st *store.Store) error {
		assert.Empty(t, st.List(thing, ""))
		return nil
	}))
	read := &pulumirpc.ReadRequest{Urn: thingURN, Id: "another", Properties: created.Properties}
	found, err := server.Read(t.Context(), read)
	require.NoError(t, err)
	assert.Equal(t, "another", found.Id)
	_, err = server.Read(t.Context(), &pulumirpc.ReadRequest{Urn: thingURN, Id: "another"})
	assert.ErrorContains(t, err, "turnaround check")
}

// TestMarkedErrors keeps what a late error had changed, and tries again what the network may still allow.
func TestMarkedErrors(t *testing.T) {
	server := serve(t, func(c *schema.Call) error {
		c.Store.SetTalos("applied", []byte("true"))
		return late{errors.New("too late")}
	}, Options{})
	_, err := server.Create(t.Context(), &pulumirpc.CreateRequest{Urn: thingURN, Properties: pack(t, nil)})
	assert.ErrorContains(t, err, "too late")
	require.NoError(t, server.journal.Do(func(st *store.Store) error {
		assert.NotNil(t, st.Talos("applied"))
		assert.Empty(t, st.List(thing, ""))
		return nil
	}))

	tries := 0
	server = serve(t, func(*schema.Call) error {
		if tries++; tries < 3 {
			return again{errors.New("not yet")}
		}
		return nil
	}, Options{})
	_, err = server.Create(t.Context(), &pulumirpc.CreateRequest{Urn: thingURN, Properties: pack(t, nil)})
	assert.NoError(t, err)
	assert.Equal(t, 3, tries)
}

func TestLatency(t *testing.T) {
	t.Setenv("SIMULATOR_LATENCY", "0.5")
	options, err := OptionsFromEnvironment()
	require.NoError(t, err)
	start := time.Now()
	options.wait(t.Context(), 40*time.Millisecond)
	assert.GreaterOrEqual(t, time.Since(start), 20*time.Millisecond)
	call := &schema.Call{}
	call.Machine.Provider, call.Machine.Started = "aws", time.Now().Add(-74900*time.Millisecond/2)
	start = time.Now()
	options.waitForBoot(t.Context(), call)
	assert.InDelta(t, 50*time.Millisecond, time.Since(start), float64(40*time.Millisecond),
		"a machine has been on its way for nearly 75 s, at half the time")
	t.Setenv("SIMULATOR_LATENCY", "slow")
	_, err = OptionsFromEnvironment()
	assert.ErrorContains(t, err, "SIMULATOR_LATENCY")
}
