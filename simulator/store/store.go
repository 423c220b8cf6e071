// Package store is the state store of the simulated clouds: every resource that exists. It is kept on disk, because the
// engine starts a process for each provider instance, and all of them share the resources.
package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sort"
)

// Resource is something that exists in a cloud.
type Resource struct {
	Provider string `json:"provider"`
	Type     string `json:"type"`
	// Region is where it exists; empty for what an account has once.
	Region string `json:"region,omitempty"`
	ID     string `json:"id"`
	// Name is the logical name in the program, or the name of what created it (a scaling group's machine).
	Name   string `json:"name,omitempty"`
	Inputs Values `json:"inputs"`
	State  Values `json:"state"`
	// Adopted marks what was there before the program. It is not counted by --expect-empty.
	Adopted bool `json:"adopted,omitempty"`
}

func (r *Resource) key() string { return r.Type + "|" + r.Region + "|" + r.ID }

// Store holds every resource that exists. It is only used under the Journal's lock.
type Store struct {
	resources map[string]*Resource
	// lists are the resources of a type, in order, of those types that were asked for since they last changed.
	lists   map[string][]*Resource
	serials map[string]int
	talos   map[string]json.RawMessage
	changes record
}

func empty() *Store {
	return &Store{
		resources: map[string]*Resource{}, lists: map[string][]*Resource{}, serials: map[string]int{},
		talos: map[string]json.RawMessage{},
	}
}

// Get returns the resource of that type and id, or nil. Change a resource only together with Put.
func (s *Store) Get(kind, region, id string) *Resource {
	return s.resources[(&Resource{Type: kind, Region: region, ID: id}).key()]
}

// Put creates or changes a resource.
func (s *Store) Put(r *Resource) {
	s.resources[r.key()] = r
	delete(s.lists, r.Type)
	s.changes.Put = append(s.changes.Put, r)
}

// Change edits the inputs and the state of a copy of a resource, and replaces the resource by it.
func (s *Store) Change(r *Resource, edit func(inputs, state Values)) {
	changed := *r
	changed.Inputs, changed.State = r.Inputs.Clone(), r.State.Clone()
	edit(changed.Inputs, changed.State)
	s.Put(&changed)
}

// Remove deletes a resource.
func (s *Store) Remove(r *Resource) {
	delete(s.resources, r.key())
	delete(s.lists, r.Type)
	s.changes.Remove = append(s.changes.Remove, r.key())
}

// List returns every resource of a type in a region, or in all regions when region is empty, in a stable order.
func (s *Store) List(kind, region string) []*Resource {
	if _, listed := s.lists[kind]; !listed {
		s.lists[kind] = s.Select(func(r *Resource) bool { return r.Type == kind })
	}
	var list []*Resource
	for _, r := range s.lists[kind] {
		if region == "" || r.Region == region {
			list = append(list, r)
		}
	}
	return list
}

// Find returns the first resource of a type in a region for which the function is true, or nil.
func (s *Store) Find(kind, region string, is func(*Resource) bool) *Resource {
	for _, r := range s.List(kind, region) {
		if is(r) {
			return r
		}
	}
	return nil
}

// Select returns every resource for which the function is true, in a stable order.
func (s *Store) Select(is func(*Resource) bool) []*Resource {
	var found []*Resource
	for _, r := range s.resources {
		if is(r) {
			found = append(found, r)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].key() < found[j].key() })
	return found
}

// Count counts the uses of a seed, from 1.
func (s *Store) Count(seed string) int {
	s.serials[seed]++
	if s.changes.Serials == nil {
		s.changes.Serials = map[string]int{}
	}
	s.changes.Serials[seed] = s.serials[seed]
	return s.serials[seed]
}

// Hash gives length hexadecimal digits for a seed: other ones every time the seed is used, the same ones in every run.
// So ids do not depend on the order in which the engine happens to work.
func (s *Store) Hash(seed string, length int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s#%d", seed, s.Count(seed)))
	return hex.EncodeToString(sum[:])[:length]
}

// Talos reads what the Talos part keeps under a key: nil if nothing.
func (s *Store) Talos(key string) json.RawMessage { return s.talos[key] }

// TalosKeys lists the keys under which the Talos part keeps something.
func (s *Store) TalosKeys() []string {
	keys := make([]string, 0, len(s.talos))
	for key := range s.talos {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// SetTalos keeps something for the Talos part; nil forgets it.
func (s *Store) SetTalos(key string, value json.RawMessage) {
	if s.changes.Talos == nil {
		s.changes.Talos = map[string]json.RawMessage{}
	}
	s.changes.Talos[key] = value
	if value == nil {
		delete(s.talos, key)
		return
	}
	s.talos[key] = value
}
