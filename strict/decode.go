// Package strict reads the settings of a Pulumi project into a struct: nothing is ignored, and every mistake is
// reported with its path. A field's json tag is its key, its default tag the value where the stack file has none.
package strict

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
)

// Setting is a type that the stack file can write in more than one form.
type Setting interface {
	// Decode reads the value, or refuses it.
	Decode(d Decoder, path string, value any)
	// Form describes how the setting is written.
	Form() string
}

// Decoder puts JSON values into settings. Unlike encoding/json it goes on after an error and knows the path of each.
type Decoder struct {
	*Report
	// Namespace is that of the project's own keys.
	Namespace string
	// Foreign returns what is wrong with a key of another namespace, or that it is ok. A key of which it says neither
	// is refused, as all are without it, because nothing reads them. Pulumi's own are never asked about.
	Foreign func(namespace, key string) (problem, remedy string, ok bool)
	// Secret reports whether text at the path may hold a secret, which no error repeats.
	Secret func(path string) bool
	// TextForm describes how the text at the path is written; empty for "text".
	TextForm func(path string) string
}

// Decode reads the settings as the engine hands them over: plain text for a scalar, JSON for a list or an object. The
// target is a pointer to a struct.
func (d Decoder) Decode(settings map[string]string, target any) {
	into := reflect.ValueOf(target).Elem()
	object := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		namespace, name, _ := strings.Cut(key, ":")
		name = cmp.Or(name, key)
		switch {
		case namespace == d.Namespace:
			if value := parse(into.Type(), name, settings[key]); !notSet(value) {
				object[name] = value
			}
		case namespace == "pulumi":
		default:
			d.foreign(namespace, key)
		}
	}
	d.object("", object, into)
}

func (d Decoder) foreign(namespace, key string) {
	if d.Foreign != nil {
		problem, remedy, ok := d.Foreign(namespace, key)
		if ok {
			return
		}
		if problem != "" {
			d.Reject(key, problem, remedy)
			return
		}
	}
	d.Reject(
		key,
		"nothing reads keys of the namespace "+strconv.Quote(namespace),
		"begin the key with "+d.Namespace+":",
	)
}

// notSet reports whether a value counts as not set. Pulumi requires every key of Pulumi.yaml without a default, so
// optional keys have an empty default.
func notSet(value any) bool {
	switch v := value.(type) {
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// parse reads the value of a key of the stack file. Text stays text where the key wants text: a version is not a
// number.
func parse(into reflect.Type, name, raw string) any {
	if f, ok := field(into, name); ok && f.Type.Kind() == reflect.String {
		return raw
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(raw)))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return raw
	}
	if _, err := decoder.Token(); err != io.EOF {
		return raw
	}
	return value
}

func (d Decoder) value(path string, value any, into reflect.Value) {
	if s, ok := into.Addr().Interface().(Setting); ok {
		s.Decode(d, path, value)
		return
	}
	if into.Kind() == reflect.Pointer {
		into.Set(reflect.New(into.Type().Elem()))
		d.value(path, value, into.Elem())
		return
	}
	ok := false
	switch v := value.(type) {
	case string:
		if ok = into.Kind() == reflect.String; ok {
			into.SetString(v)
		}
	case bool:
		if ok = into.Kind() == reflect.Bool; ok {
			into.SetBool(v)
		}
	case json.Number:
		var n int
		if n, ok = wholeNumber(v, into.Kind()); ok {
			into.SetInt(int64(n))
		}
	case []any:
		if ok = into.Kind() == reflect.Slice; ok {
			d.list(path, v, into)
		}
	case map[string]any:
		switch ok = true; into.Kind() {
		case reflect.Struct:
			d.object(path, v, into)
		case reflect.Map:
			d.texts(path, v, into)
		default:
			ok = false
		}
	}
	if !ok {
		d.WrongType(path, value, Form(into.Type()))
	}
}

func wholeNumber(number json.Number, into reflect.Kind) (int, bool) {
	n, err := strconv.Atoi(number.String())
	return n, err == nil && into == reflect.Int
}

func (d Decoder) list(path string, values []any, into reflect.Value) {
	into.Set(reflect.MakeSlice(into.Type(), len(values), len(values)))
	for i, value := range values {
		d.value(fmt.Sprintf("%s[%d]", path, i), value, into.Index(i))
	}
}

// texts reads a map whose keys are the user's to choose.
func (d Decoder) texts(path string, values map[string]any, into reflect.Value) {
	into.Set(reflect.MakeMap(into.Type()))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		text, ok := values[key].(string)
		if !ok {
			d.WrongType(Join(path, key), values[key], "text, in quotes")
			continue
		}
		into.SetMapIndex(reflect.ValueOf(key), reflect.ValueOf(text))
	}
}

// Object reads the fields of a struct, which target points to.
func (d Decoder) Object(path string, values map[string]any, target any) {
	d.object(path, values, reflect.ValueOf(target).Elem())
}

func (d Decoder) object(path string, values map[string]any, into reflect.Value) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if f, ok := field(into.Type(), key); ok {
			d.value(Join(path, key), values[key], into.FieldByIndex(f.Index))
			continue
		}
		d.Reject(Join(path, key), "there is no such key", didYouMean(key, keysOf(into.Type())))
	}
	for _, f := range reflect.VisibleFields(into.Type()) {
		if _, said := values[f.Tag.Get("json")]; !said && f.Tag.Get("default") != "" {
			d.value(Join(path, f.Tag.Get("json")), parseDefault(f), into.FieldByIndex(f.Index))
		}
	}
}

// parseDefault returns the value in a field's default tag.
func parseDefault(f reflect.StructField) any {
	text := f.Tag.Get("default")
	switch f.Type.Kind() {
	case reflect.Int:
		return json.Number(text)
	case reflect.Bool:
		return text == "true"
	}
	return text
}

// WrongType refuses a value that should have been written in another form.
func (d Decoder) WrongType(path string, value any, want string) {
	if value == nil {
		d.Reject(path, "has no value", "give it "+want+", or remove the key")
	} else {
		if want == "text" && d.TextForm != nil {
			want = cmp.Or(d.TextForm(path), want)
		}
		d.Reject(path, "is "+d.describe(path, value), "write "+want)
	}
	d.unreadable = append(d.unreadable, path)
}

// describe returns the value as it was written, for a message.
func (d Decoder) describe(path string, value any) string {
	switch v := value.(type) {
	case string:
		if d.Secret != nil && d.Secret(path) || len(v) > 40 {
			return "text"
		}
		return fmt.Sprintf("the text %q", v)
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return "the number " + v.String()
	case []any:
		return "a list"
	default:
		return "an object"
	}
}

// Form describes how a setting of the type is written in a stack file.
func Form(t reflect.Type) string {
	if s, ok := reflect.New(t).Interface().(Setting); ok {
		return s.Form()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return Form(t.Elem())
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	default:
		return "an object"
	}
}

// field finds the field that a key of the stack file fills.
func field(t reflect.Type, key string) (reflect.StructField, bool) {
	for _, f := range reflect.VisibleFields(t) {
		if tag := f.Tag.Get("json"); tag == key && tag != "-" {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for _, f := range reflect.VisibleFields(t) {
		if tag := f.Tag.Get("json"); tag != "-" {
			keys = append(keys, tag)
		}
	}
	return keys
}

// didYouMean returns the remedy for a word that is not among the known ones.
func didYouMean(word string, known []string) string {
	nearest := slices.MinFunc(known, func(a, b string) int { return distance(word, a) - distance(word, b) })
	if distance(word, nearest) <= max(2, len(word)/3) {
		return fmt.Sprintf("did you mean %s?", nearest)
	}
	return "known are " + strings.Join(known, ", ")
}

func distance(a, b string) int {
	return levenshtein.Distance(strings.ToLower(a), strings.ToLower(b), nil)
}

// Join appends a key to a path.
func Join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
