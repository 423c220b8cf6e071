package rules

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// field is a place in a resource's properties, whether something stands there or not.
type field struct {
	of     Resource
	path   string
	value  resource.PropertyValue
	secret bool
}

// field is the resource as a whole.
func (r Resource) field() field {
	return field{of: r, value: resource.NewObjectProperty(r.Properties)}
}

// at is a property of the resource, by its path.
func (r Resource) at(path ...string) field { return r.field().at(path...) }

// at goes down into the field.
func (f field) at(path ...string) field {
	for _, key := range path {
		next := field{of: f.of, path: key, secret: f.secret}
		if f.path != "" {
			next.path = f.path + "." + key
		}
		switch {
		case f.value.IsObject():
			next.value = f.value.ObjectValue()[resource.PropertyKey(key)]
		case f.unknown():
			next.value = f.value
		}
		f = next.reveal()
	}
	return f
}

// items are those of a list; one that is not known has none.
func (f field) items() []field {
	if !f.value.IsArray() {
		return nil
	}
	var items []field
	for i, value := range f.value.ArrayValue() {
		items = append(
			items,
			field{of: f.of, path: fmt.Sprintf("%s[%d]", f.path, i), value: value, secret: f.secret}.reveal(),
		)
	}
	return items
}

// reveal looks past the marks of secrets and of outputs.
func (f field) reveal() field {
	for {
		switch {
		case f.value.IsSecret():
			f.secret, f.value = true, f.value.SecretValue().Element
		case f.value.IsOutput() && f.value.OutputValue().Known:
			f.secret, f.value = f.secret || f.value.OutputValue().Secret, f.value.OutputValue().Element
		case f.value.IsOutput():
			f.secret, f.value = f.secret ||
				f.value.OutputValue().Secret, resource.MakeComputed(
				resource.NewStringProperty(""),
			)
		default:
			return f
		}
	}
}

// unknown says that the update will tell.
func (f field) unknown() bool { return f.value.IsComputed() }

// absent says that nothing stands there, which an empty text and an empty list mean too.
func (f field) absent() bool {
	switch {
	case f.value.IsArray():
		return len(f.value.ArrayValue()) == 0
	case f.value.IsString():
		return f.value.StringValue() == ""
	}
	return f.value.IsNull()
}

// present says that something stands there, known or not.
func (f field) present() bool { return !f.absent() }

// text is a text, number or truth value as text; empty for everything else.
func (f field) text() string {
	switch {
	case f.value.IsString():
		return f.value.StringValue()
	case f.value.IsBool(), f.value.IsNumber():
		return fmt.Sprint(f.value.V)
	}
	return ""
}

// is reports whether one of the texts stands there, or may after the update.
func (f field) is(texts ...string) bool {
	if f.unknown() {
		return true
	}
	for _, text := range texts {
		if strings.EqualFold(f.text(), text) {
			return true
		}
	}
	return false
}

// longest is where a value is cut in a message.
const longest = 80

// shown is the value for a message. Secrets are not shown.
func (f field) shown() string {
	switch text := f.text(); {
	case f.secret && f.present():
		return "[secret]"
	case len(text) > longest:
		return text[:longest] + "..."
	default:
		return text
	}
}

// problem objects to the field.
func (f field) problem(reason, remedy string) finding {
	return finding{at: f, reason: reason, remedy: remedy}
}
