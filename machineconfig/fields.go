package machineconfig

import (
	"errors"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"go.yaml.in/yaml/v4"
)

// Parse reads a machine configuration that was generated before. The error quotes nothing of it.
func Parse(text string) (config.Provider, error) {
	provider, err := configloader.NewFromBytes([]byte(text))
	if err != nil || provider.RawV1Alpha1() == nil || provider.Machine() == nil {
		return nil, errors.New("Talos cannot read this configuration")
	}
	return provider, nil
}

// ChangedFields returns the paths in which two configurations differ, sorted, without the values: those may be secret.
// A list is one field. What is not in the main document begins with the document's kind and name: "UserVolumeConfig
// data: provisioning.maxSize".
func ChangedFields(was, is config.Provider) []string {
	return differing(fieldsOf(was), fieldsOf(is))
}

// fieldsOf returns the values of a configuration by path.
func fieldsOf(c config.Provider) map[string]any {
	fields := map[string]any{}
	for _, document := range c.Documents() {
		text, err := encoder.NewEncoder(document, encoder.WithComments(encoder.CommentsDisabled)).Encode()
		var content map[string]any
		if err != nil || yaml.Unmarshal(text, &content) != nil {
			continue
		}
		prefix := ""
		if kind, ok := content["kind"].(string); ok {
			name, _ := content["name"].(string)
			prefix = strings.TrimSpace(kind+" "+name) + ": "
		}
		flatten(prefix, content, fields)
	}
	return fields
}

// flatten adds what is not a map itself.
func flatten(prefix string, content map[string]any, into map[string]any) {
	for key, value := range content {
		if inner, ok := value.(map[string]any); ok && len(inner) > 0 {
			flatten(prefix+key+".", inner, into)
		} else {
			into[prefix+key] = value
		}
	}
}
