package operate

import (
	"encoding/json"
	"errors"
	"strings"
)

// stateResource is a resource of a state that was exported in clear.
type stateResource struct {
	URN, Type string
	// Delete marks a resource that waits for its deletion.
	Delete          bool
	Inputs, Outputs map[string]any
}

// name is the last part of the URN.
func (r stateResource) name() string { return r.URN[strings.LastIndex(r.URN, "::")+2:] }

// stateResources reads what `pulumi stack export --show-secrets` printed. The error quotes nothing of it.
func stateResources(text []byte) ([]stateResource, error) {
	var exported struct {
		Deployment struct{ Resources []stateResource }
	}
	if json.Unmarshal(text, &exported) != nil {
		return nil, errors.New("pulumi stack export printed no state that this program knows; is .bin/pulumi " +
			"another version? run: make tools")
	}
	var all []stateResource
	for _, r := range exported.Deployment.Resources {
		if !r.Delete {
			all = append(all, r)
		}
	}
	return all, nil
}

// plainValue takes the marks off a secret in clear: https://www.pulumi.com/docs/iac/concepts/secrets/
func plainValue(value any) any {
	marked, ok := value.(map[string]any)
	if !ok {
		return value
	}
	text, ok := marked["plaintext"].(string)
	if !ok {
		return value
	}
	var plain any
	if json.Unmarshal([]byte(text), &plain) != nil {
		return nil
	}
	return plainValue(plain)
}

// inside returns what stands under keys, nil for nothing. Secrets are opened on the way.
func inside(value any, keys ...string) any {
	for _, key := range keys {
		properties, _ := plainValue(value).(map[string]any)
		value = properties[key]
	}
	return plainValue(value)
}
