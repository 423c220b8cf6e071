package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// StackNames returns the names of the stacks that have a stack file in the folder.
func StackNames(folder string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "Pulumi.*.yaml"))
	var names []string
	for _, file := range files {
		name := strings.TrimPrefix(filepath.Base(file), "Pulumi.")
		names = append(names, strings.TrimSuffix(name, ".yaml"))
	}
	return names, err
}

// ReadStackFile reads a stack's settings from its file, in the form in which the engine hands them to the program: text
// as it is, everything else as JSON. A setting of secretSettings that is encrypted is left out, because only Pulumi can
// read it: the callers want prices and versions, which it does not change.
func ReadStackFile(folder, stack string) (map[string]string, error) {
	path := filepath.Join(folder, "Pulumi."+stack+".yaml")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	settings := map[string]string{}
	for key, value := range file.Config {
		name := strings.TrimPrefix(key, Namespace+":")
		if slices.Contains(secretSettings, name) && hasEncrypted(value) {
			continue
		}
		if settings[key], err = settingText(value); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, key, err)
		}
	}
	return settings, nil
}

// secretSettings are the settings that may be encrypted in the stack file.
var secretSettings = []string{"patches", bootstrapPath}

func settingText(value any) (string, error) {
	if text, ok := value.(string); ok {
		return text, nil
	}
	if hasEncrypted(value) {
		return "", fmt.Errorf("is encrypted, and outside of Pulumi nothing can read it; set it without --secret")
	}
	encoded, err := json.Marshal(value)
	return string(encoded), err
}

// hasEncrypted reports whether a value, or a part of it, was set with --secret: {secure: ...}.
func hasEncrypted(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		if len(v) == 1 && v["secure"] != nil {
			return true
		}
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), hasEncrypted)
	case []any:
		return slices.ContainsFunc(v, hasEncrypted)
	}
	return false
}
