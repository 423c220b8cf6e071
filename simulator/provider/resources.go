package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/inferadb/infra/simulator/conditions"
	"github.com/inferadb/infra/simulator/latency"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// defaultsKey lists the inputs that the provider chose itself, as the real providers record them.
const defaultsKey = "__defaults"

// request is what all operations on a resource begin with.
type request struct {
	*schema.Resource
	call *schema.Call
	// inputs are the inputs as they came, with their secrets.
	inputs resource.PropertyMap
}

func (s *Server) request(ctx context.Context, name, id string, inputs resource.PropertyMap) (request, error) {
	u := urn.URN(name)
	table := s.schema.Resources[string(u.Type())]
	if table == nil {
		return request{}, status.Errorf(codes.Unimplemented, "%s: the simulated %s has no such type of resource",
			u.Type(), s.schema.Name)
	}
	return request{Resource: table, inputs: inputs, call: &schema.Call{
		Context: ctx, Config: s.config, Region: s.config.String("region"),
		Type: table, Token: table.Token, Name: u.Name(), URN: name, ID: id,
		Inputs: plain(inputs), Old: store.Values{}, State: store.Values{},
	}}, nil
}

// Check completes and checks the inputs of a resource.
func (s *Server) Check(ctx context.Context, in *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	news, err := unmarshal(in.News)
	if err != nil {
		return nil, err
	}
	olds, err := unmarshal(in.Olds)
	if err != nil {
		return nil, err
	}
	r, err := s.request(ctx, in.Urn, "", news)
	if err != nil {
		return nil, err
	}
	problems := r.autoname(news, olds, in.RandomSeed)
	r.call.Inputs = plain(news)
	if len(problems) == 0 {
		problems = Problems(s.schema, r.call)
	}
	for name, value := range properties(r.call.Inputs, r.Fields) {
		if _, given := news[name]; !given {
			news[name] = value
		}
	}
	inputs, err := marshal(news)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: inputs, Failures: failures(problems)}, nil
}

// Problems returns what a provider refuses of a resource's inputs before it asks the cloud.
func Problems(cloud *schema.Provider, call *schema.Call) []schema.Problem {
	problems := checkFields("", call.Type.Fields, call.Inputs)
	problems = append(problems, checkChoices(call.Type.ExactlyOne, call.Inputs)...)
	for _, check := range []func(*schema.Call) []schema.Problem{cloud.Check, call.Type.Behavior.Check} {
		if check != nil && len(problems) == 0 {
			problems = append(problems, check(call)...)
		}
	}
	return problems
}

// autoname names the resource if the program did not: the logical name and random digits, or the name that it got
// before.
func (r request) autoname(news, olds resource.PropertyMap, seed []byte) []schema.Problem {
	if r.Autoname == nil {
		return nil
	}
	key := resource.PropertyKey(r.Autoname.Property)
	if value, given := news[key]; given && !value.IsNull() {
		return nil
	}
	if old, ok := olds[key]; ok && chosen(olds, r.Autoname.Property) {
		news[key] = old
	} else {
		name, err := resource.NewUniqueName(seed, r.Autoname.Prefix+r.call.Name+"-", 7, r.Autoname.MaxLength, nil)
		if err != nil {
			return schema.Refuse(r.Autoname.Property, "could not make up a name: %s", err)
		}
		news[key] = resource.NewStringProperty(name)
	}
	own := resource.NewStringProperty(r.Autoname.Property)
	news[defaultsKey] = resource.NewArrayProperty([]resource.PropertyValue{own})
	return nil
}

func chosen(olds resource.PropertyMap, name string) bool {
	list := olds[defaultsKey]
	return list.IsArray() && slices.ContainsFunc(list.ArrayValue(), func(v resource.PropertyValue) bool {
		return v.IsString() && v.StringValue() == name
	})
}

// Diff compares the inputs of the last operation with new ones.
func (s *Server) Diff(ctx context.Context, in *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	news, oldInputs, state, err := unmarshalChange(in)
	if err != nil {
		return nil, err
	}
	r, err := s.request(ctx, in.Urn, in.Id, news)
	if err != nil {
		return nil, err
	}
	r.call.Old, r.call.State = plain(oldInputs), plain(state)
	found := changes{}
	diffFields("", r.Fields, r.call.Old, r.call.Inputs, false, found)
	var replace []string
	if r.Behavior.Diff != nil {
		var changed []string
		for path := range found {
			changed = appendOnce(changed, property(path))
		}
		slices.Sort(changed)
		replace = r.Behavior.Diff(r.call, changed)
	}
	return found.response(replace), nil
}

// Create creates a resource.
func (s *Server) Create(ctx context.Context, in *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	inputs, err := unmarshal(in.Properties)
	if err != nil {
		return nil, err
	}
	r, err := s.request(ctx, in.Urn, "", inputs)
	if err != nil {
		return nil, err
	}
	r.call.State = r.Fields.WithDefaults(r.call.Inputs)
	if in.Preview {
		for name, field := range r.Fields {
			if (field.Output || field.Computed) && !r.call.State.Has(name) {
				r.call.State[name] = store.Unknown
			}
		}
		outputs, err := r.outputs()
		return &pulumirpc.CreateResponse{Properties: outputs}, err
	}
	s.operations.RLock()
	defer s.operations.RUnlock()
	defer s.record(latency.Create, in.Urn, time.Now())
	fault, err := s.options.injectFault(s.journal, r.Token)
	if err != nil {
		return nil, err
	}
	if fault != nil && fault.Mode == fails {
		return nil, refused("creating", r.call.Name, errFault)
	}
	if err := s.throttle(fault); err != nil {
		return nil, refused("creating", r.call.Name, err)
	}
	if err := s.change(ctx, r, s.create); err != nil {
		return nil, refused("creating", r.call.Name, err)
	}
	s.interrupt(fault)
	s.options.waitForBoot(ctx, r.call)
	s.options.wait(ctx, latency.Of(r.Token).Create)
	outputs, err := r.outputs()
	if err != nil {
		return nil, err
	}
	if fault != nil && fault.Mode == lost {
		return nil, refused("creating", r.call.Name, errFault)
	}
	if fault != nil && fault.Mode == timeout {
		return nil, halfMade(r.call.ID, outputs, in.Properties, errTimeout(r.Token))
	}
	if fault != nil && fault.Mode != throttled {
		return nil, halfMade(r.call.ID, outputs, in.Properties, errFault)
	}
	return &pulumirpc.CreateResponse{Id: r.call.ID, Properties: outputs}, nil
}

// change runs an operation on the store. An error may mark itself: one with Retry is tried again for a while, as
// providers do that wait for the network; what one with Done changed stays changed.
func (s *Server) change(ctx context.Context, r request, operation func(request, *store.Store) error) error {
	given := *r.call
	for end := time.Now().Add(s.options.patience()); ; {
		var late error
		err := s.journal.Do(func(st *store.Store) error {
			*r.call = given
			r.call.State = given.State.Clone()
			err := operation(r, st)
			var done interface{ Done() bool }
			if errors.As(err, &done) && done.Done() {
				late, err = err, nil
			}
			if err == nil && r.Machines {
				err = s.clouds.Reconcile(s.clouds.Network(st), st)
			}
			return err
		})
		var again interface{ Retry() bool }
		if err == nil || ctx.Err() != nil || time.Now().After(end) || !errors.As(err, &again) || !again.Retry() {
			return cmp.Or(err, late)
		}
		time.Sleep(pause)
	}
}

func (s *Server) create(r request, st *store.Store) error {
	s.enter(r, st)
	r.call.State = r.Fields.WithInitial(r.call.State)
	switch {
	case r.StateOnly:
		r.call.ID = r.ID
	case r.ID != "":
		r.call.ID = r.ID + st.Hash(r.call.URN, 17)
	}
	if r.Behavior.Create != nil {
		if err := r.Behavior.Create(r.call); err != nil {
			return err
		}
	}
	if r.StateOnly {
		return nil
	}
	if conditions.Duration(conditions.Propagation) > 0 {
		r.call.State[schema.CreatedKey] = float64(time.Now().UnixMilli())
	}
	region := r.region()
	if st.Get(r.Token, region, r.call.ID) != nil && !r.Shared {
		return fmt.Errorf("%s already exists", r.call.ID)
	}
	st.Put(&store.Resource{
		Provider: s.schema.Name, Type: r.Token, Region: region, ID: r.call.ID, Name: r.call.Name,
		Inputs: r.call.Inputs.Clone(), State: r.call.State.Clone(), Adopted: r.Account,
	})
	return nil
}

// enter gives the behavior its store.
func (s *Server) enter(r request, st *store.Store) {
	r.call.Store, r.call.Network = st, s.clouds.Network(st)
}

func (r request) region() string {
	if r.Global {
		return ""
	}
	return r.call.Region
}

// halfMade reports a resource that exists but did not become ready: the engine keeps it and tries again next time.
func halfMade(id string, outputs, inputs *structpb.Struct, reason error) error {
	report, err := status.New(codes.Unknown, reason.Error()).WithDetails(&pulumirpc.ErrorResourceInitFailed{
		Id: id, Properties: outputs, Inputs: inputs, Reasons: []string{reason.Error()},
	})
	if err != nil {
		return err
	}
	return report.Err()
}

// outputs returns the state in the form of the provider protocol.
func (r request) outputs() (*structpb.Struct, error) {
	state := properties(r.call.State, r.Fields)
	keepSecrets(state, r.inputs)
	return marshal(state)
}

// Update changes a resource in place.
func (s *Server) Update(ctx context.Context, in *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	inputs, oldInputs, state, err := unmarshalChange(in)
	if err != nil {
		return nil, err
	}
	r, err := s.request(ctx, in.Urn, in.Id, inputs)
	if err != nil {
		return nil, err
	}
	r.call.Old = plain(oldInputs)
	r.call.State = r.overlay(plain(state))
	if in.Preview {
		for name, field := range r.Fields {
			if field.Volatile {
				r.call.State[name] = store.Unknown
			}
		}
	} else {
		defer s.record(latency.Update, in.Urn, time.Now())
		if err := s.withFault(r.Token+onUpdate, func() error { return s.change(ctx, r, s.update) }); err != nil {
			return nil, refused("updating", r.call.Name, err)
		}
		s.options.wait(ctx, latency.Of(r.Token).Update)
	}
	outputs, err := r.outputs()
	return &pulumirpc.UpdateResponse{Properties: outputs}, err
}

// withFault runs an update or a deletion. A fault comes before it, unless the fault is that the answer is lost.
func (s *Server) withFault(step string, operation func() error) error {
	fault, err := s.options.injectFault(s.journal, step)
	switch {
	case err != nil:
		return err
	case fault != nil && fault.Mode == fails:
		return errFault
	}
	if err := s.throttle(fault); err != nil {
		return err
	}
	if err := operation(); err != nil || fault == nil || fault.Mode == throttled {
		return err
	}
	s.interrupt(fault)
	if fault.Mode == timeout {
		return errTimeout(step)
	}
	return errFault
}

func (s *Server) update(r request, st *store.Store) error {
	s.enter(r, st)
	if r.StateOnly {
		if r.Behavior.Update == nil {
			return nil
		}
		return r.Behavior.Update(r.call)
	}
	existing := st.Get(r.Token, r.region(), r.call.ID)
	if existing == nil {
		return fmt.Errorf("%s does not exist", r.call.ID)
	}
	r.call.Old, r.call.State = existing.Inputs.Clone(), r.overlay(existing.State)
	if r.Behavior.Update != nil {
		if err := r.Behavior.Update(r.call); err != nil {
			return err
		}
	}
	changed := *existing
	changed.Inputs, changed.State = r.call.Inputs.Clone(), r.call.State.Clone()
	st.Put(&changed)
	return nil
}

// overlay returns a state under new inputs: what is not given any more keeps what was computed, or falls back to the
// default.
func (r request) overlay(state store.Values) store.Values {
	result := r.Fields.WithDefaults(r.call.Inputs)
	for name, value := range state.Clone() {
		field := r.Fields[name]
		if _, given := result[name]; !given && (field.Output || field.Computed || internal(name)) {
			result[name] = value
		}
	}
	return result
}

// Delete removes a resource. One that does not exist any more needs no deletion.
func (s *Server) Delete(ctx context.Context, in *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	r, err := s.request(ctx, in.Urn, in.Id, resource.PropertyMap{})
	if err != nil {
		return nil, err
	}
	known, err := unmarshal(in.Properties)
	if err != nil {
		return nil, err
	}
	r.call.Old = plain(known)
	r.call.Timeout = time.Duration(in.Timeout * float64(time.Second))
	s.operations.RLock()
	defer s.operations.RUnlock()
	defer s.record(latency.Delete, in.Urn, time.Now())
	err = s.withFault(r.Token+onDelete, func() error { return s.change(ctx, r, s.delete) })
	if err != nil {
		return nil, refused("deleting", r.call.Name, err)
	}
	fault, err := s.options.injectDeletionFault(s.journal)
	if err != nil {
		return nil, err
	}
	s.interrupt(fault)
	s.options.wait(ctx, latency.Of(r.Token).Delete)
	return &emptypb.Empty{}, nil
}

func (s *Server) delete(r request, st *store.Store) error {
	s.enter(r, st)
	existing := st.Get(r.Token, r.region(), r.call.ID)
	if existing == nil {
		return nil
	}
	r.call.Inputs, r.call.State = existing.Inputs, existing.State
	if r.Behavior.Delete != nil {
		if err := r.Behavior.Delete(r.call); err != nil {
			return err
		}
	}
	st.Remove(existing)
	return nil
}

// Read looks a resource up in the store, which may have changed without the program. Without a state it is an import.
func (s *Server) Read(ctx context.Context, in *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	oldInputs, err := unmarshal(in.Inputs)
	if err != nil {
		return nil, err
	}
	oldState, err := unmarshal(in.Properties)
	if err != nil {
		return nil, err
	}
	r, err := s.request(ctx, in.Urn, in.Id, oldInputs)
	if err != nil {
		return nil, err
	}
	if r.StateOnly {
		if len(oldState) == 0 {
			return nil, refused("reading", r.call.Name, errors.New("failed recovering value for turnaround check"))
		}
		return &pulumirpc.ReadResponse{Id: in.Id, Inputs: in.Inputs, Properties: in.Properties}, nil
	}
	var existing *store.Resource
	err = s.journal.Do(func(st *store.Store) error {
		existing = st.Get(r.Token, r.region(), in.Id)
		if existing == nil && r.Behavior.Import != nil {
			existing = r.Behavior.Import(st, in.Id)
		}
		return nil
	})
	if err == nil && existing == nil && r.Missing != "" {
		err = refused("refreshing", r.call.Name, fmt.Errorf(r.Missing, in.Id))
	}
	if err != nil || existing == nil {
		return &pulumirpc.ReadResponse{}, err
	}
	inputs, state := properties(existing.Inputs, r.Fields), properties(existing.State, r.Fields)
	if len(oldState) == 0 {
		r.forget(inputs)
		r.forget(state)
	}
	keepSecrets(inputs, oldInputs)
	keepSecrets(state, oldInputs)
	keepSecrets(state, oldState)
	for key, value := range oldInputs {
		if strings.HasPrefix(string(key), internalPrefix) {
			inputs[key] = value
		}
	}
	response := &pulumirpc.ReadResponse{Id: existing.ID}
	if response.Inputs, err = marshal(inputs); err != nil {
		return nil, err
	}
	response.Properties, err = marshal(state)
	return response, err
}

// forget removes what a cloud does not return.
func (r request) forget(properties resource.PropertyMap) {
	for name, field := range r.Fields {
		if field.WriteOnly {
			delete(properties, resource.PropertyKey(name))
		}
	}
}
