package schema

import (
	"regexp"
	"strings"

	"github.com/inferadb/infra/simulator/store"
)

// Fields are the properties of a resource, of a function or of a nested object, by their Pulumi names.
type Fields map[string]Field

// Field is one property, as schema.json writes it.
type Field struct {
	Type Type `json:"type"`
	// Required properties must be given, Computed ones are filled in when they are not, Output ones cannot be given.
	Required bool `json:"required,omitempty"`
	Computed bool `json:"computed,omitempty"`
	Output   bool `json:"output,omitempty"`
	// Volatile outputs may change with every update, so that its preview does not know them.
	Volatile bool `json:"volatile,omitempty"`
	// WriteOnly properties are sent to the cloud, which never returns them: an import comes without them.
	WriteOnly bool `json:"writeOnly,omitempty"`
	// Replaces means that a change of the property replaces the resource.
	Replaces bool `json:"replaces,omitempty"`
	Secret   bool `json:"secret,omitempty"`
	// JSON texts are compared by meaning.
	JSON bool `json:"json,omitempty"`
	// Default is the value of the provider when the property is not set.
	Default any `json:"default,omitempty"`
	// Initial is the value of the cloud when the property is not set. Unlike a default it does not return.
	Initial any `json:"initial,omitempty"`
	// Enum, Pattern and MaxLength limit a text, Range a number. In a list, they limit each element.
	Enum      []string       `json:"enum,omitempty"`
	Pattern   *regexp.Regexp `json:"pattern,omitempty"`
	MaxLength int            `json:"maxLength,omitempty"`
	Range     *Range         `json:"range,omitempty"`
	// MaxItems limits the length of a list.
	MaxItems int `json:"maxItems,omitempty"`
	// Conflicts are properties that cannot be given together with this one.
	Conflicts []string `json:"conflicts,omitempty"`
	// Properties are those of an object, or of each object in a list.
	Properties Fields `json:"properties,omitempty"`
}

// WithDefaults returns inputs with the defaults of what is not given.
func (f Fields) WithDefaults(inputs store.Values) store.Values {
	return f.complete(inputs, func(field Field) any { return field.Default })
}

// WithInitial returns the state of a new resource with the initial values of what it does not have.
func (f Fields) WithInitial(state store.Values) store.Values {
	return f.complete(state, func(field Field) any { return field.Initial })
}

func (f Fields) complete(values store.Values, value func(Field) any) store.Values {
	completed := values.Clone()
	for name, field := range f {
		if chosen := value(field); chosen != nil && !completed.Has(name) {
			completed[name] = chosen
		}
	}
	return completed
}

// Range has the lowest and the highest value of a property.
type Range [2]float64

// Type is the shape of a property: "string", "number", "boolean", "object", or a "list", "set" or "map" of one of
// these, such as "list(string)". The order of a set means nothing.
type Type string

// The types that hold no others.
const (
	String  Type = "string"
	Number  Type = "number"
	Boolean Type = "boolean"
	Object  Type = "object"
)

// IsList reports whether the type is a list or a set.
func (t Type) IsList() bool { return strings.HasPrefix(string(t), "list(") || t.IsSet() }

// IsSet reports whether the type is a list whose order means nothing.
func (t Type) IsSet() bool { return strings.HasPrefix(string(t), "set(") }

// IsMap reports whether the type is a map.
func (t Type) IsMap() bool { return strings.HasPrefix(string(t), "map(") }

// Element returns what a list, a set or a map holds.
func (f Field) Element() Field {
	_, element, _ := strings.Cut(strings.TrimSuffix(string(f.Type), ")"), "(")
	return Field{
		Type: Type(element), Enum: f.Enum, Pattern: f.Pattern, MaxLength: f.MaxLength, Range: f.Range,
		Properties: f.Properties,
	}
}
