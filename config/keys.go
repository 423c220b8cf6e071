package config

import "reflect"

// Key is a setting that a stack file can have.
type Key struct {
	// Path from the top: "pools[].spot.base".
	Path string
	// Form says how it is written: "a whole number".
	Form string
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
		key := Key{Path: join(path, f.Tag.Get("json")), Form: form(f.Type), Default: f.Tag.Get("default")}
		keys = append(keys, key)
		below, inner := key.Path, f.Type
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
			if inner.Kind() == reflect.Slice {
				below += "[]"
			}
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			keys = append(keys, keysUnder(below, inner)...)
		}
	}
	return keys
}
