// Package schema describes what a simulated cloud consists of: its types of resources, their properties, and how they
// behave. The properties are in the cloud's schema.json, the behaviors in Go. Package provider serves any cloud.
package schema

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
)

// Provider is what one plugin serves: the types that its schema.json declares, and how they behave.
type Provider struct {
	// Name is the plugin's: "aws" is served by pulumi-resource-aws.
	Name string `json:"-"`
	// Source is the version of the provider that the schema was taken from.
	Source    string               `json:"source"`
	Config    Fields               `json:"config"`
	Resources map[string]*Resource `json:"resources"`
	Functions map[string]*Function `json:"functions"`

	// CheckConfig checks what the fields cannot express.
	CheckConfig func(config store.Values) []Problem `json:"-"`
	// Check looks at every resource before it is planned, and may add inputs that come from the provider's
	// configuration, such as default tags. Values may be unknown.
	Check func(*Call) []Problem `json:"-"`
	// Network is the provider's part of what Talos sees; nil for a provider without machines.
	Network func(*store.Store) network.Network `json:"-"`
	// Restart is how the provider's machines start as if they were new; nil for a provider without machines.
	Restart *Restart `json:"-"`
	// Defaults is the configuration of calls that no engine makes.
	Defaults store.Values `json:"-"`
	// Inspect returns what the provider's resources do not do although they are there: a target that is not healthy, an
	// event that nothing receives.
	Inspect func(*store.Store) []network.Finding `json:"-"`
}

// Restart is how machines start as if they were new: those that the program names keep their names and addresses, and
// scaling groups start machines in the place of their members.
type Restart struct {
	// Machine is the type of machines, MemberKey a property that only members of groups have; empty without groups.
	Machine, MemberKey string
	// Start completes the state of a machine, or returns why it does not start.
	Start func(*Call) error
	// Groups are the types that start machines, in the order in which they are asked.
	Groups []Group
}

// Group is a type of scaling groups. Start starts a group's machines, or returns why it starts none.
type Group struct {
	Type  string
	Start func(*Call) error
}

// Resource is one type of resource.
type Resource struct {
	// Token is the type's name in Pulumi.
	Token string `json:"-"`
	// ID is the prefix of the ids that the cloud gives, such as "vpc-". Create may set another id.
	ID string `json:"id,omitempty"`
	// Autoname is how the resource is named when the program does not name it.
	Autoname *Autoname `json:"autoname,omitempty"`
	// Global resources exist once in an account, not in every region.
	Global bool `json:"global,omitempty"`
	// Account marks a setting of the account, which all its users share. It is not counted by --expect-empty.
	Account bool `json:"account,omitempty"`
	// Shared resources are handed out again when they are created twice.
	Shared bool `json:"shared,omitempty"`
	// StateOnly resources exist only in the Pulumi state: reading one returns what the state has, deleting one does
	// nothing, and importing one fails.
	StateOnly bool `json:"stateOnly,omitempty"`
	// Machines means that machines may start or end when one is created, changed or deleted.
	Machines bool `json:"machines,omitempty"`
	// Missing is how the provider fails to read a resource that does not exist any more, with the id; empty for one
	// that it then forgets.
	Missing string `json:"missing,omitempty"`
	// ExactlyOne are groups of properties, one of each must be given.
	ExactlyOne [][]string `json:"exactlyOne,omitempty"`
	Fields     Fields     `json:"properties"`
	Behavior   Behavior   `json:"-"`
}

// Autoname is how a resource gets a name of its own: a prefix, the logical name, and random digits.
type Autoname struct {
	Property  string `json:"property"`
	Prefix    string `json:"prefix,omitempty"`
	MaxLength int    `json:"maxLength"`
}

// Behavior is what a cloud does with a type of resource beyond its schema. Every part may be nil.
type Behavior struct {
	// Check looks for what the provider refuses before it asks the cloud. Values may be unknown.
	Check func(*Call) []Problem
	// Diff names further properties whose change replaces the resource. Values may be unknown.
	Diff func(c *Call, changed []string) (replace []string)
	// Create, Update and Delete are the cloud's side of it: they refuse, compute State and change other resources. The
	// resource itself is put into the store, and removed from it, by the caller.
	Create, Update, Delete func(*Call) error
	// Import finds a resource by what people name it by when it is imported, if that is not its id.
	Import func(st *store.Store, id string) *store.Resource
}

// Function is a data source.
type Function struct {
	Fields Fields `json:"properties"`
	Invoke Invoke `json:"-"`
}

// CallFor returns an operation on a resource as it is.
func (p *Provider) CallFor(st *store.Store, r *store.Resource) *Call {
	c := CallFor(st, r)
	c.Type, c.Config = p.Resources[r.Type], p.Defaults.Clone()
	return c
}

// CallFor returns an operation on a resource as it is, without the provider's part: the type and a configuration.
func CallFor(st *store.Store, r *store.Resource) *Call {
	return &Call{
		Store: st, Region: r.Region, Token: r.Type, Name: r.Name, ID: r.ID, URN: r.ID, Config: store.Values{},
		Inputs: r.Inputs.Clone(), Old: r.Inputs.Clone(), State: r.State.Clone(),
	}
}

// Invoke answers a call of a function.
type Invoke func(*Call) (store.Values, error)

// Load reads a provider's schema and gives its types their behaviors, by their tokens. It panics on a schema that is
// not valid, and on a type without a behavior or a behavior without a type: both are part of the binary.
func Load(name string, text []byte, behaviors map[string]Behavior, functions map[string]Invoke) *Provider {
	p := &Provider{Name: name}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(p); err != nil {
		panic(fmt.Sprintf("simulator/%s/schema.json: %s", name, err))
	}
	requireSameTokens(name, p.Resources, behaviors)
	requireSameTokens(name, p.Functions, functions)
	for token, resource := range p.Resources {
		resource.Token, resource.Behavior = token, behaviors[token]
	}
	for token, function := range p.Functions {
		function.Invoke = functions[token]
	}
	return p
}

func requireSameTokens[S, B any](name string, schema map[string]S, behaviors map[string]B) {
	for token := range schema {
		if _, ok := behaviors[token]; !ok {
			panic(fmt.Sprintf("simulator/%s: the schema declares %s, which has no behavior", name, token))
		}
	}
	for token := range behaviors {
		if _, ok := schema[token]; !ok {
			panic(fmt.Sprintf("simulator/%s: %s has a behavior and is not in the schema", name, token))
		}
	}
}

// Call is one request. Values are plain: secrets are unwrapped, and marked again by the fields and by where they came
// from.
type Call struct {
	Context context.Context
	// Store and Network are nil in Check and Diff, and in previews.
	Store   *store.Store
	Network network.Network
	// Config is the configuration of the provider instance, Region its region.
	Config store.Values
	Region string
	// Machine is set by a creation that connects to a machine: its cloud, and when that began to create it.
	Machine struct {
		Provider string
		Started  time.Time
	}
	// Type is the resource's row of the table, nil for a function.
	Type  *Resource
	Token string
	// Name is the logical name, URN the whole one.
	Name, URN string
	// ID is given, except to Create, which may set it.
	ID string
	// Timeout is the custom timeout of the operation; 0 for the provider's own.
	Timeout time.Duration
	// Inputs are the checked inputs; Old are those of the last operation. On Delete, Inputs and State are what the
	// cloud has, and Old is the state as the engine knows it, which may be older.
	Inputs, Old store.Values
	// State is the resource's outputs. On Create it starts as the inputs and defaults, on Update as the previous state
	// under the new inputs; the behavior completes it.
	State store.Values
}

// Problem is an input that is refused.
type Problem struct {
	Property string
	Reason   string
}

// Refuse returns the one problem of a property.
func Refuse(property, format string, arguments ...any) []Problem {
	return []Problem{{Property: property, Reason: fmt.Sprintf(format, arguments...)}}
}
