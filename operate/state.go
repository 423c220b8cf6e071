package operate

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// State is a stack's state as `pulumi stack export` prints it. It keeps what no command reads, so that it can be
// imported again.
type State map[string]any

// ParseState reads an exported state. Its error quotes nothing of the state, which may hold secrets.
func ParseState(text []byte) (State, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	// Numbers stay as they are written.
	decoder.UseNumber()
	var s State
	if decoder.Decode(&s) != nil {
		return nil, errors.New("pulumi stack export printed no state that this program knows; is .bin/pulumi " +
			"another version? run: make tools")
	}
	return s, nil
}

// Resources returns the resources of the state, without those that wait for their deletion.
func (s State) Resources() []map[string]any {
	deployment, _ := s["deployment"].(map[string]any)
	list, _ := deployment["resources"].([]any)
	var all []map[string]any
	for _, item := range list {
		if r, ok := item.(map[string]any); ok && r["delete"] != true {
			all = append(all, r)
		}
	}
	return all
}

// secretMark and secretIs mark a secret in a state: https://www.pulumi.com/docs/iac/concepts/secrets/
const (
	secretMark = "4dabf18193072939515e22adb298388d"
	secretIs   = "1b47061264138c4ac30d75fd1eb44270"
)

// PlainValue returns a value of a state that was exported with --show-secrets, without the marks of the secrets in it.
func PlainValue(value any) any {
	switch value := value.(type) {
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = PlainValue(item)
		}
		return items
	case map[string]any:
		if value[secretMark] == secretIs {
			var secret any
			text, _ := value["plaintext"].(string)
			if json.Unmarshal([]byte(text), &secret) != nil {
				return nil
			}
			return PlainValue(secret)
		}
		properties := map[string]any{}
		for key, item := range value {
			properties[key] = PlainValue(item)
		}
		return properties
	}
	return value
}

// resourceName returns the name of a resource of the state, which is the last part of its URN.
func resourceName(resource map[string]any) string {
	urn, _ := resource["urn"].(string)
	return urn[strings.LastIndex(urn, "::")+2:]
}

// inside returns the plain value at a path of keys; nil if there is none.
func inside(value any, keys ...string) any {
	for _, key := range keys {
		properties, _ := PlainValue(value).(map[string]any)
		value = properties[key]
	}
	return PlainValue(value)
}
