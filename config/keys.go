package config

import (
	"reflect"

	"github.com/inferadb/infra/strict"
)

// Key is a setting that a stack file can have.
type Key struct {
	// Path from the top: "pools[].spot.base".
	Path string
	// Struct and Field name the setting's field in Go, whose comment is its documentation: "SpotSettings", "Base".
	Struct, Field string
	// Form says how it is written: "a whole number"; Items is the form of a list's items, else empty.
	Form, Items string
	// Default is its value where the stack file does not say; empty if there is none or the profile decides.
	Default string
}

// Keys lists every setting, in the order of Stack.
func Keys() []Key { return keysUnder("", reflect.TypeFor[Stack]()) }

func keysUnder(path string, t reflect.Type) []Key {
	var keys []Key
	for _, f := range reflect.VisibleFields(t) {
		if f.Tag.Get("json") == "-" {
			continue
		}
		key := Key{
			Path: join(path, f.Tag.Get("json")), Struct: t.Name(), Field: f.Name,
			Form: strict.Form(f.Type), Default: f.Tag.Get("default"),
		}
		below, inner := key.Path, f.Type
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
			if inner.Kind() == reflect.Slice {
				below += "[]"
				key.Items = strict.Form(inner.Elem())
			}
			inner = inner.Elem()
		}
		keys = append(keys, key)
		if inner.Kind() == reflect.Struct {
			keys = append(keys, keysUnder(below, inner)...)
		}
	}
	return keys
}
