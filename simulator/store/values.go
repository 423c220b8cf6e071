package store

// Values are the properties of a resource as plain data: string, float64, bool, []any, map[string]any. During a preview
// a value may be Unknown.
type Values map[string]any

type unknown struct{}

// Unknown is a value that a preview cannot know yet.
var Unknown any = unknown{}

// Has reports whether the property is given, known or not.
func (v Values) Has(key string) bool { return v[key] != nil }

// Known reports whether the property is given and known.
func (v Values) Known(key string) bool { return v[key] != nil && v[key] != Unknown }

// String returns the text of a property, "" if it is absent or unknown.
func (v Values) String(key string) string {
	text, _ := v[key].(string)
	return text
}

// Bool reports whether a property is true. One that is absent or unknown is not.
func (v Values) Bool(key string) bool {
	is, _ := v[key].(bool)
	return is
}

// Int returns the whole number of a property, 0 if it is absent or unknown.
func (v Values) Int(key string) int {
	number, _ := v[key].(float64)
	return int(number)
}

// Object returns a nested object, empty if it is absent or unknown.
func (v Values) Object(key string) Values {
	object, _ := v[key].(map[string]any)
	return object
}

// Objects returns a list of nested objects; unknown items are left out.
func (v Values) Objects(key string) []Values {
	var objects []Values
	list, _ := v[key].([]any)
	for _, item := range list {
		if object, ok := item.(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects
}

// Strings returns a list of texts; unknown items are left out.
func (v Values) Strings(key string) []string {
	var texts []string
	list, _ := v[key].([]any)
	for _, item := range list {
		if text, ok := item.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// Clone returns a deep copy.
func (v Values) Clone() Values {
	if v == nil {
		return Values{}
	}
	return clone(map[string]any(v)).(map[string]any)
}

func clone(value any) any {
	switch value := value.(type) {
	case map[string]any:
		copied := make(map[string]any, len(value))
		for key, item := range value {
			copied[key] = clone(item)
		}
		return copied
	case []any:
		copied := make([]any, len(value))
		for i, item := range value {
			copied[i] = clone(item)
		}
		return copied
	default:
		return value
	}
}

// List creates a list property of texts.
func List(texts ...string) []any {
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = text
	}
	return list
}
