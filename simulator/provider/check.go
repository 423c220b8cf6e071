package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// checkFields compares what is given with what the fields allow. Unknown values are taken on trust.
func checkFields(path string, fields schema.Fields, values store.Values) []schema.Problem {
	var problems []schema.Problem
	report := func(name, format string, arguments ...any) {
		problems = append(problems, schema.Refuse(join(path, name), format, arguments...)...)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		field, ok := fields[name]
		switch {
		case !ok:
			report(name, "no such property; the nearest is %q", nearest(name, fields))
		case field.Output:
			report(name, "is computed: it cannot be given")
		default:
			problems = append(problems, checkValue(join(path, name), field, values[name])...)
			for _, other := range field.Conflicts {
				if values.Has(other) && name < other {
					report(name, "conflicts with %s: give one of them", join(path, other))
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if fields[name].Required && !values.Has(name) {
			report(name, "is required and missing")
		}
	}
	return problems
}

// checkChoices looks for groups of properties of which not exactly one is given.
func checkChoices(groups [][]string, values store.Values) []schema.Problem {
	var problems []schema.Problem
	for _, group := range groups {
		given := slices.DeleteFunc(slices.Clone(group), func(name string) bool { return !values.Has(name) })
		if len(given) != 1 {
			problems = append(problems, schema.Problem{
				Property: group[0], Reason: fmt.Sprintf("exactly one of %s must be given, got %d",
					strings.Join(group, ", "), len(given)),
			})
		}
	}
	return problems
}

func checkValue(path string, field schema.Field, value any) []schema.Problem {
	if value == store.Unknown || value == nil {
		return nil
	}
	refuse := func(format string, arguments ...any) []schema.Problem {
		return schema.Refuse(path, format, arguments...)
	}
	switch value := value.(type) {
	case string:
		if field.Type != schema.String {
			return refuse("is a string, expected %s", field.Type)
		}
		return checkText(path, field, value)
	case float64:
		if field.Type != schema.Number {
			return refuse("is a number, expected %s", field.Type)
		}
		if field.Range != nil && (value < field.Range[0] || value > field.Range[1]) {
			return refuse("is %v, expected to be in the range (%v - %v)", value, field.Range[0], field.Range[1])
		}
	case bool:
		if field.Type != schema.Boolean {
			return refuse("is a boolean, expected %s", field.Type)
		}
	case []any:
		if !field.Type.IsList() {
			return refuse("is a list, expected %s", field.Type)
		}
		return checkList(path, field, value)
	case map[string]any:
		return checkObject(path, field, value)
	default:
		return refuse("has a kind of value that no provider accepts: %T", value)
	}
	return nil
}

func checkText(path string, field schema.Field, text string) []schema.Problem {
	refuse := func(format string, arguments ...any) []schema.Problem {
		return schema.Refuse(path, format, arguments...)
	}
	if len(field.Enum) > 0 && !slices.Contains(field.Enum, text) {
		return refuse("expected one of %q, got %s", field.Enum, text)
	}
	if field.MaxLength > 0 && len(text) > field.MaxLength {
		return refuse("cannot be longer than %d characters, %q has %d", field.MaxLength, text, len(text))
	}
	if field.Pattern != nil && !field.Pattern.MatchString(text) {
		return refuse("%q does not match %s", text, field.Pattern)
	}
	return nil
}

func checkList(path string, field schema.Field, list []any) []schema.Problem {
	var problems []schema.Problem
	if field.MaxItems > 0 && len(list) > field.MaxItems {
		problems = append(problems, schema.Refuse(path, "can have at most %d items, got %d", field.MaxItems,
			len(list))...)
	}
	for i, item := range list {
		problems = append(problems, checkValue(fmt.Sprintf("%s[%d]", path, i), field.Element(), item)...)
	}
	return problems
}

func checkObject(path string, field schema.Field, object map[string]any) []schema.Problem {
	switch {
	case field.Type == schema.Object:
		return checkFields(path, field.Properties, object)
	case field.Type.IsMap():
		var problems []schema.Problem
		for _, key := range slices.Sorted(maps.Keys(object)) {
			problems = append(problems, checkValue(join(path, key), field.Element(), object[key])...)
		}
		return problems
	default:
		return schema.Refuse(path, "is an object, expected %s", field.Type)
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// nearest returns the field whose name shares the longest beginning with the given one.
func nearest(name string, fields schema.Fields) string {
	best, longest := "", -1
	for _, candidate := range slices.Sorted(maps.Keys(fields)) {
		if fields[candidate].Output {
			continue
		}
		common := 0
		for common < len(name) && common < len(candidate) &&
			strings.EqualFold(name[common:common+1], candidate[common:common+1]) {
			common++
		}
		if common > longest {
			best, longest = candidate, common
		}
	}
	return best
}
