package schema

import (
	"fmt"

	"github.com/inferadb/infra/simulator/store"
)

// Fixtures creates resources that were there before the program, which adopts them and does not own them.
type Fixtures struct {
	Provider *Provider
	Store    *store.Store
	Region   string
	Config   store.Values
	// Err is the first error. After it nothing more is created.
	Err error
}

// Create creates a resource and returns its id. The inputs are not checked as the program's are.
func (f *Fixtures) Create(token string, inputs store.Values) string {
	if f.Err != nil {
		return ""
	}
	resource := f.Provider.Resources[token]
	call := &Call{
		Store: f.Store, Region: f.Region, Type: resource, Token: token, URN: "fixture " + f.Region + token,
		Config: f.Config, Inputs: inputs, Old: store.Values{},
		State: resource.Fields.WithInitial(resource.Fields.WithDefaults(inputs)),
	}
	if resource.ID != "" {
		call.ID = resource.ID + f.Store.Hash(call.URN, 17)
	}
	if err := resource.Behavior.Create(call); err != nil {
		f.Err = fmt.Errorf("create the fixture %s: %w", token, err)
		return ""
	}
	region := f.Region
	if resource.Global {
		region = ""
	}
	f.Store.Put(&store.Resource{
		Provider: f.Provider.Name, Type: token, Region: region, ID: call.ID, Name: "fixture",
		Inputs: inputs, State: call.State, Adopted: true,
	})
	return call.ID
}
