package provider

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// changes are the properties that differ, by path.
type changes map[string]pulumirpc.PropertyDiff_Kind

// diffFields compares old inputs with new ones. A property that is not given any more keeps what was computed for it,
// or falls back to its default.
func diffFields(path string, fields schema.Fields, old, new store.Values, replaces bool, found changes) {
	names := map[string]bool{}
	for name := range old {
		names[name] = true
	}
	for name := range new {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		field := fields[name]
		before, after := orDefault(old[name], field), orDefault(new[name], field)
		if after == nil && field.Computed {
			continue
		}
		diffValue(join(path, name), field, before, after, replaces, found)
	}
}

func orDefault(value any, field schema.Field) any {
	if value == nil {
		return field.Default
	}
	return value
}

func diffValue(path string, field schema.Field, old, new any, replaces bool, found changes) {
	if same(field, old, new) {
		return
	}
	replaces = replaces || field.Replaces
	before, isObject := old.(map[string]any)
	after, stillObject := new.(map[string]any)
	if field.Type == schema.Object && isObject && stillObject {
		diffFields(path, field.Properties, before, after, replaces, found)
		return
	}
	if field.Type.IsMap() && isObject && stillObject {
		for _, key := range slices.Sorted(maps.Keys(union(before, after))) {
			diffValue(join(path, key), field.Element(), before[key], after[key], replaces, found)
		}
		return
	}
	oldList, isList := old.([]any)
	newList, stillList := new.([]any)
	if isList && stillList {
		diffList(path, field, oldList, newList, replaces, found)
		return
	}
	found[path] = kind(old, new, replaces)
}

func union(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// diffList names the items that differ. An item of a set is named by its place, as the real providers do: "tags[7]".
func diffList(path string, field schema.Field, old, new []any, replaces bool, found changes) {
	item := func(list []any, i int, other []any) any {
		if i >= len(list) || field.Type.IsSet() &&
			slices.ContainsFunc(other, func(o any) bool { return same(field.Element(), list[i], o) }) {
			return nil
		}
		return list[i]
	}
	for i := range max(len(old), len(new)) {
		at := fmt.Sprintf("%s[%d]", path, i)
		before, after := item(old, i, new), item(new, i, old)
		switch {
		case before == nil && after == nil:
		case before == nil || after == nil:
			found[at] = kind(before, after, replaces)
		default:
			diffValue(at, field.Element(), before, after, replaces, found)
		}
	}
}

func kind(old, new any, replaces bool) pulumirpc.PropertyDiff_Kind {
	result := pulumirpc.PropertyDiff_UPDATE
	switch {
	case empty(old):
		result = pulumirpc.PropertyDiff_ADD
	case empty(new):
		result = pulumirpc.PropertyDiff_DELETE
	}
	if replaces {
		result++ // every kind is followed by its replacing one
	}
	return result
}

// same reports whether two values mean the same: sets have no order, JSON no layout, and a missing value equals an
// empty list or map.
func same(field schema.Field, old, new any) bool {
	if old == store.Unknown || new == store.Unknown {
		return false
	}
	if empty(old) && empty(new) {
		return true
	}
	return reflect.DeepEqual(normal(field, old), normal(field, new))
}

func empty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case []any:
		return len(value) == 0
	case map[string]any:
		return len(value) == 0
	default:
		return false
	}
}

func normal(field schema.Field, value any) any {
	switch value := value.(type) {
	case string:
		var parsed any
		if field.JSON && json.Unmarshal([]byte(value), &parsed) == nil {
			return parsed
		}
		return value
	case []any:
		list := make([]any, len(value))
		for i, item := range value {
			list[i] = normal(field.Element(), item)
		}
		if field.Type.IsSet() {
			slices.SortFunc(list, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for key, item := range value {
			element := field.Properties[key]
			if field.Type.IsMap() {
				element = field.Element()
			}
			if item != nil {
				object[key] = normal(element, item)
			}
		}
		for key, element := range field.Properties {
			if _, given := object[key]; !given && element.Default != nil {
				object[key] = element.Default
			}
		}
		return object
	default:
		return value
	}
}

// property returns the name of the top-level property that a path leads into.
func property(path string) string {
	if end := strings.IndexAny(path, ".["); end >= 0 {
		return path[:end]
	}
	return path
}

// response returns the difference in the form of the provider protocol.
func (c changes) response(replace []string) *pulumirpc.DiffResponse {
	response := &pulumirpc.DiffResponse{
		Changes:         pulumirpc.DiffResponse_DIFF_NONE,
		DetailedDiff:    map[string]*pulumirpc.PropertyDiff{},
		HasDetailedDiff: true,
	}
	for _, path := range slices.Sorted(maps.Keys(c)) {
		name, change := property(path), c[path]
		if slices.Contains(replace, name) && change%2 == 0 {
			change++
		}
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		response.DetailedDiff[path] = &pulumirpc.PropertyDiff{Kind: change, InputDiff: true}
		response.Diffs = appendOnce(response.Diffs, name)
		if change%2 == 1 {
			response.Replaces = appendOnce(response.Replaces, name)
		}
	}
	return response
}

func appendOnce(list []string, item string) []string {
	if slices.Contains(list, item) {
		return list
	}
	return append(list, item)
}
