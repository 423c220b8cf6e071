package catalogue

import "regexp"

// Type is the shape of a property.
type Type int

// The shapes that properties have.
const (
	TypeString Type = iota
	TypeNumber
	TypeBool
	TypeList
	TypeMap
	TypeObject
)

// Fields are the properties of a resource, of a function or of a nested object, by their Pulumi names.
type Fields map[string]Field

// Field is one property.
type Field struct {
	Type Type
	// Element is what a list or map holds; Object are the properties of an object.
	Element *Field
	Object  Fields
	// Output properties cannot be given; Computed ones are filled in when they are not given.
	Output, Computed bool
	// Volatile outputs may change with every update, so that its preview does not know them.
	Volatile bool
	Required bool
	// WriteOnly properties are told to the cloud and never by it: an import comes without them.
	WriteOnly bool
	// Replaces says that the resource has to be replaced when the property changes.
	Replaces bool
	Secret   bool
	// Unordered lists are sets; JSON texts are compared by meaning.
	Unordered, JSON bool
	// Default is what the provider takes when the property is not given.
	Default   any
	Enum      []string
	Pattern   *regexp.Regexp
	MaxLength int
	// Range limits numbers, if its bounds differ.
	Range [2]float64
	// Conflicts are properties that cannot be given together with this one.
	Conflicts []string
}

// Option refines a field.
type Option func(*Field)

// The options of fields.
var (
	Required  Option = func(f *Field) { f.Required = true }
	Replaces  Option = func(f *Field) { f.Replaces = true }
	Computed  Option = func(f *Field) { f.Computed = true }
	Output    Option = func(f *Field) { f.Output = true }
	Volatile  Option = func(f *Field) { f.Output, f.Volatile = true, true }
	WriteOnly Option = func(f *Field) { f.WriteOnly = true }
	Secret    Option = func(f *Field) { f.Secret = true }
	Unordered Option = func(f *Field) { f.Unordered = true }
	JSON      Option = func(f *Field) { f.JSON = true }
)

// Default is what the provider takes when the property is not given. Numbers are float64.
func Default(value any) Option { return func(f *Field) { f.Default = value } }

// OneOf lists the texts that are allowed.
func OneOf(texts ...string) Option { return func(f *Field) { f.Enum = texts } }

// Matching is the pattern that a text must match.
func Matching(pattern string) Option {
	compiled := regexp.MustCompile(pattern)
	return func(f *Field) { f.Pattern = compiled }
}

// MaxLength limits the length of a text or of a list.
func MaxLength(length int) Option { return func(f *Field) { f.MaxLength = length } }

// Between limits a number.
func Between(low, high float64) Option { return func(f *Field) { f.Range = [2]float64{low, high} } }

// Conflicts names properties that cannot be given together with this one.
func Conflicts(properties ...string) Option { return func(f *Field) { f.Conflicts = properties } }

func field(kind Type, options []Option) Field {
	f := Field{Type: kind}
	for _, option := range options {
		option(&f)
	}
	return f
}

// String is a text.
func String(options ...Option) Field { return field(TypeString, options) }

// Number is a number.
func Number(options ...Option) Field { return field(TypeNumber, options) }

// Bool is true or false.
func Bool(options ...Option) Field { return field(TypeBool, options) }

// Strings is a list of texts.
func Strings(options ...Option) Field { return List(String(), options...) }

// StringMap maps texts to texts.
func StringMap(options ...Option) Field {
	f, text := field(TypeMap, options), String()
	f.Element = &text
	return f
}

// List is a list of some element.
func List(element Field, options ...Option) Field {
	f := field(TypeList, options)
	f.Element = &element
	return f
}

// Object is a nested object.
func Object(fields Fields, options ...Option) Field {
	f := field(TypeObject, options)
	f.Object = fields
	return f
}

// Objects is a list of nested objects.
func Objects(fields Fields, options ...Option) Field { return List(Object(fields), options...) }

// Outputs are computed texts.
func Outputs(names ...string) Fields {
	fields := Fields{}
	for _, name := range names {
		fields[name] = String(Output)
	}
	return fields
}

// With joins tables of fields.
func (f Fields) With(others ...Fields) Fields {
	joined := Fields{}
	for _, fields := range append([]Fields{f}, others...) {
		for name, field := range fields {
			joined[name] = field
		}
	}
	return joined
}

func (t Type) String() string {
	return [...]string{"a text", "a number", "true or false", "a list", "a map", "an object"}[t]
}
