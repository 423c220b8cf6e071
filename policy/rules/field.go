package rules

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// field is a path in a resource's properties with its value, which may be missing.
type field struct {
	of     Resource
	path   string
	value  resource.PropertyValue
	secret bool
}

// field returns the resource as a whole.
func (r Resource) field() field {
	return field{of: r, value: resource.NewObjectProperty(r.Properties)}
}

// at returns the property at a path.
func (r Resource) at(path ...string) field { return r.field().at(path...) }

// at returns the field at a path below this one.
func (f field) at(path ...string) field {
	for _, key := range path {
		next := field{of: f.of, path: key, secret: f.secret}
		if f.path != "" {
			next.path = f.path + "." + key
		}
		switch {
		case f.value.IsObject():
			next.value = f.value.ObjectValue()[resource.PropertyKey(key)]
		case f.isUnknown():
			next.value = f.value
		}
		f = next.reveal()
	}
	return f
}

// items returns the items of a list; none for a list that is known only after the update.
func (f field) items() []field {
	if !f.value.IsArray() {
		return nil
	}
	var items []field
	for i, value := range f.value.ArrayValue() {
		item := field{of: f.of, path: fmt.Sprintf("%s[%d]", f.path, i), value: value, secret: f.secret}
		items = append(items, item.reveal())
	}
	return items
}

// reveal unwraps secrets and outputs, and remembers that the value is a secret.
func (f field) reveal() field {
	for {
		switch {
		case f.value.IsSecret():
			f.secret, f.value = true, f.value.SecretValue().Element
		case f.value.IsOutput() && f.value.OutputValue().Known:
			f.secret, f.value = f.secret || f.value.OutputValue().Secret, f.value.OutputValue().Element
		case f.value.IsOutput():
			f.secret = f.secret || f.value.OutputValue().Secret
			f.value = resource.MakeComputed(resource.NewStringProperty(""))
		default:
			return f
		}
	}
}

// isUnknown reports whether the value is known only after the update.
func (f field) isUnknown() bool { return f.value.IsComputed() }

// isEmpty reports whether there is no value, an empty text or an empty list.
func (f field) isEmpty() bool {
	switch {
	case f.value.IsArray():
		return len(f.value.ArrayValue()) == 0
	case f.value.IsString():
		return f.value.StringValue() == ""
	}
	return f.value.IsNull()
}

// isSet reports whether there is a value, which may be known only after the update.
func (f field) isSet() bool { return !f.isEmpty() }

// text returns a string, number or boolean as text; empty for everything else.
func (f field) text() string {
	switch {
	case f.value.IsString():
		return f.value.StringValue()
	case f.value.IsBool(), f.value.IsNumber():
		return fmt.Sprint(f.value.V)
	}
	return ""
}

// is reports whether the value is one of the texts, without regard to case, or may be after the update.
func (f field) is(texts ...string) bool {
	if f.isUnknown() {
		return true
	}
	for _, text := range texts {
		if strings.EqualFold(f.text(), text) {
			return true
		}
	}
	return false
}

// maxDisplay is how much of a value a message shows, in bytes.
const maxDisplay = 80

// display returns the value for a message, shortened, and without secrets.
func (f field) display() string {
	switch text := f.text(); {
	case f.secret && f.isSet():
		return "[secret]"
	case len(text) > maxDisplay:
		return text[:maxDisplay] + "..."
	default:
		return text
	}
}

// violation returns a violation at the field.
func (f field) violation(reason, remedy string) violation {
	return violation{at: f, reason: reason, remedy: remedy}
}
