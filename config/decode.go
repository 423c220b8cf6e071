package config

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

// Namespace is that of the program's own keys in a stack file: the name of the Pulumi project.
const Namespace = "inferadb"

// projectKey is the one key of a cloud's namespace that the program reads.
const projectKey = "gcp:project"

// decode reads the settings as the engine hands them over: plain text for a scalar, JSON for a list or an object.
func decode(settings map[string]string, r *report) Stack {
	var stack Stack
	d := decoder{r}
	object := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		namespace, name, _ := strings.Cut(key, ":")
		name = cmp.Or(name, key)
		switch {
		case namespace == Namespace:
			if value := parse(name, settings[key]); !notSet(value) {
				object[name] = value
			}
		case namespace == "pulumi" || key == projectKey:
		case slices.Contains([]string{"aws", "gcp", "digitalocean", "talos"}, namespace):
			r.refuse(key, "the program makes a provider of its own for each region, which does not read this key",
				"remove it: the region tables say where, the environment as whom")
		default:
			r.refuse(key, "nothing reads keys of the namespace "+strconv.Quote(namespace), "begin the key with "+Namespace+":")
		}
	}
	d.object("", object, reflect.ValueOf(&stack).Elem())
	return stack
}

// notSet: Pulumi requires every key of Pulumi.yaml that has no default there, so optional ones have an empty default.
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

// parse reads the value of a key of the stack file. Text stays text where the key wants text: a version is not a number.
func parse(name, raw string) any {
	if f, ok := field(reflect.TypeFor[Stack](), name); ok && f.Type.Kind() == reflect.String {
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

// decoder puts JSON values into settings. Unlike encoding/json it goes on after an error and knows the path of each.
type decoder struct{ *report }

// setting is a type that the stack file can write in more than one form.
type setting interface {
	decode(d decoder, path string, value any)
	// form says how the setting is written.
	form() string
}

func (d decoder) value(path string, value any, into reflect.Value) {
	if s, ok := into.Addr().Interface().(setting); ok {
		s.decode(d, path, value)
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
		d.wrongType(path, value, form(into.Type()))
	}
}

func wholeNumber(number json.Number, into reflect.Kind) (int, bool) {
	n, err := strconv.Atoi(number.String())
	return n, err == nil && into == reflect.Int
}

func (d decoder) list(path string, values []any, into reflect.Value) {
	into.Set(reflect.MakeSlice(into.Type(), len(values), len(values)))
	for i, value := range values {
		d.value(fmt.Sprintf("%s[%d]", path, i), value, into.Index(i))
	}
}

// texts reads a map whose keys are the user's to choose.
func (d decoder) texts(path string, values map[string]any, into reflect.Value) {
	into.Set(reflect.MakeMap(into.Type()))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		text, ok := values[key].(string)
		if !ok {
			d.wrongType(join(path, key), values[key], "text, in quotes")
			continue
		}
		into.SetMapIndex(reflect.ValueOf(key), reflect.ValueOf(text))
	}
}

func (d decoder) object(path string, values map[string]any, into reflect.Value) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if f, ok := field(into.Type(), key); ok {
			d.value(join(path, key), values[key], into.FieldByIndex(f.Index))
			continue
		}
		d.refuse(join(path, key), "there is no such key", didYouMean(key, keysOf(into.Type())))
	}
	for _, f := range reflect.VisibleFields(into.Type()) {
		if _, said := values[f.Tag.Get("json")]; !said && f.Tag.Get("default") != "" {
			d.value(join(path, f.Tag.Get("json")), parseDefault(f), into.FieldByIndex(f.Index))
		}
	}
}

// parseDefault is the value in a field's default tag.
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

func (d decoder) wrongType(path string, value any, want string) {
	if value == nil {
		d.refuse(path, "has no value", "give it "+want+", or remove the key")
	} else {
		switch {
		case want == "text" && isPatch(path):
			want = "it as text: put | behind the dash, and the patch below it, indented"
		case want == "text" && strings.HasPrefix(path, bootstrapPath+"["):
			want = "it as text: put | behind the dash, and the objects below it, indented"
		}
		d.refuse(path, "is "+describe(path, value), "write "+want)
	}
	d.unreadable = append(d.unreadable, path)
}

// isPatch reports whether the path is that of a Talos patch: "patches.all[0]", "pools[1].patches[0]".
func isPatch(path string) bool {
	return strings.Contains(path, "patches") && strings.HasSuffix(path, "]")
}

// describe says what was written. Text in a patch or a manifest may hold a secret, so it is not repeated.
func describe(path string, value any) string {
	switch v := value.(type) {
	case string:
		if strings.Contains(path, "patches") || strings.HasPrefix(path, bootstrapPath) || len(v) > 40 {
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

// form says how a setting of the type is written in a stack file.
func form(t reflect.Type) string {
	if s, ok := reflect.New(t).Interface().(setting); ok {
		return s.form()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return form(t.Elem())
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

func (s *RegionSettings) decode(d decoder, path string, value any) {
	if name, ok := value.(string); ok {
		s.Name = name
		return
	}
	object, ok := value.(map[string]any)
	if !ok {
		d.wrongType(path, value, s.form())
		return
	}
	d.object(path, object, reflect.ValueOf(s).Elem())
}

func (s *RegionSettings) form() string { return "a region's name or an object" }

func (s *SpotSettings) decode(d decoder, path string, value any) {
	switch v := value.(type) {
	case bool:
		s.Off = !v
	case map[string]any:
		d.object(path, v, reflect.ValueOf(s).Elem())
	default:
		d.wrongType(path, value, s.form())
	}
}

func (s *SpotSettings) form() string { return "true, false or an object" }

func (s *KeySettings) decode(d decoder, path string, value any) {
	switch v := value.(type) {
	case string:
		s.ID = v
	case map[string]any:
		d.object(path, v, reflect.ValueOf(s).Elem())
	default:
		d.wrongType(path, value, s.form())
	}
}

func (s *KeySettings) form() string { return "a key's id, or an object with managed" }

func (s *Decimal) decode(d decoder, path string, value any) {
	switch v := value.(type) {
	case string:
		*s = Decimal(v)
	case json.Number:
		*s = Decimal(v.String())
	default:
		d.wrongType(path, value, s.form())
	}
}

func (s *Decimal) form() string { return "a decimal number" }

func (s *PortRange) decode(d decoder, path string, value any) {
	switch v := value.(type) {
	case string:
		*s = PortRange(v)
	case json.Number:
		*s = PortRange(v.String())
	default:
		d.wrongType(path, value, s.form())
	}
}

func (s *PortRange) form() string { return "a port or a range of ports" }

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

// didYouMean is the remedy for a word that is not among the known ones.
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

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
