package store

import (
	"encoding/json"
	"maps"
	"slices"
)

// Copy returns another store with the same content, in memory only.
func (s *Store) Copy() *Store {
	copied := empty()
	for key, r := range s.resources {
		resource := *r
		resource.Inputs, resource.State = r.Inputs.Clone(), r.State.Clone()
		copied.resources[key] = &resource
	}
	maps.Copy(copied.serials, s.serials)
	for key, value := range s.talos {
		copied.talos[key] = json.RawMessage(slices.Clone(value))
	}
	return copied
}
