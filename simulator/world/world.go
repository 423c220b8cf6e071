// Package world is the simulated clouds' memory: every resource that exists, kept on disk so that the processes that
// the engine starts, one per provider instance, see one world.
package world

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
	// Name is the logical name in the program, or the name of what made it (a scaling group's machine).
	Name   string `json:"name,omitempty"`
	Inputs Values `json:"inputs"`
	State  Values `json:"state"`
	// Adopted marks what was there before the program, and so is never left over.
	Adopted bool `json:"adopted,omitempty"`
}

func (r *Resource) key() string { return r.Type + "|" + r.Region + "|" + r.ID }

// World is every resource that exists. It is used under the Store's lock only.
type World struct {
	resources map[string]*Resource
	// lists are the resources of a type, in order, of those types that were asked for since they last changed.
	lists   map[string][]*Resource
	serials map[string]int
	talos   map[string]json.RawMessage
	changes record
}

func empty() *World {
	return &World{
		resources: map[string]*Resource{}, lists: map[string][]*Resource{}, serials: map[string]int{},
		talos: map[string]json.RawMessage{},
	}
}

// Get is the resource of that type and id, or nil. Change a resource only together with Put.
func (w *World) Get(kind, region, id string) *Resource {
	return w.resources[(&Resource{Type: kind, Region: region, ID: id}).key()]
}

// Put creates or changes a resource.
func (w *World) Put(r *Resource) {
	w.resources[r.key()] = r
	delete(w.lists, r.Type)
	w.changes.Put = append(w.changes.Put, r)
}

// Change edits a copy of a resource, what it was told and what it is, and puts it in the resource's place.
func (w *World) Change(r *Resource, edit func(inputs, state Values)) {
	changed := *r
	changed.Inputs, changed.State = r.Inputs.Clone(), r.State.Clone()
	edit(changed.Inputs, changed.State)
	w.Put(&changed)
}

// Remove deletes a resource.
func (w *World) Remove(r *Resource) {
	delete(w.resources, r.key())
	delete(w.lists, r.Type)
	w.changes.Remove = append(w.changes.Remove, r.key())
}

// List is every resource of a type in a region, or in all regions when region is empty, in a stable order.
func (w *World) List(kind, region string) []*Resource {
	if _, listed := w.lists[kind]; !listed {
		w.lists[kind] = w.Select(func(r *Resource) bool { return r.Type == kind })
	}
	var list []*Resource
	for _, r := range w.lists[kind] {
		if region == "" || r.Region == region {
			list = append(list, r)
		}
	}
	return list
}

// Find is the first resource of a type in a region for which is answers yes, or nil.
func (w *World) Find(kind, region string, is func(*Resource) bool) *Resource {
	for _, r := range w.List(kind, region) {
		if is(r) {
			return r
		}
	}
	return nil
}

// Select is every resource for which is answers yes, in a stable order.
func (w *World) Select(is func(*Resource) bool) []*Resource {
	var found []*Resource
	for _, r := range w.resources {
		if is(r) {
			found = append(found, r)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].key() < found[j].key() })
	return found
}

// Count counts the uses of a seed, from 1.
func (w *World) Count(seed string) int {
	w.serials[seed]++
	if w.changes.Serials == nil {
		w.changes.Serials = map[string]int{}
	}
	w.changes.Serials[seed] = w.serials[seed]
	return w.serials[seed]
}

// Hash gives length hexadecimal digits for a seed: other ones every time the seed is used, the same ones in every run.
// So ids do not depend on the order in which the engine happens to work.
func (w *World) Hash(seed string, length int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s#%d", seed, w.Count(seed)))
	return hex.EncodeToString(sum[:])[:length]
}

// Talos reads what the Talos part keeps under a key: nil if nothing.
func (w *World) Talos(key string) json.RawMessage { return w.talos[key] }

// TalosKeys lists the keys under which the Talos part keeps something.
func (w *World) TalosKeys() []string {
	keys := make([]string, 0, len(w.talos))
	for key := range w.talos {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// SetTalos keeps something for the Talos part; nil forgets it.
func (w *World) SetTalos(key string, value json.RawMessage) {
	if w.changes.Talos == nil {
		w.changes.Talos = map[string]json.RawMessage{}
	}
	w.changes.Talos[key] = value
	if value == nil {
		delete(w.talos, key)
		return
	}
	w.talos[key] = value
}
