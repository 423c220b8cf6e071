package config

import (
	"encoding/json"
	"strings"

	"github.com/inferadb/infra/regions"
	"github.com/inferadb/infra/strict"
)

// Namespace is that of the program's own keys in a stack file: the name of the Pulumi project.
const Namespace = "inferadb"

// decode reads the settings as the engine hands them over.
func decode(settings map[string]string, r *report) Stack {
	var stack Stack
	strict.Decoder{
		Report: &r.Report, Namespace: Namespace, Foreign: foreignKey, TextForm: textForm, Secret: mayBeSecret,
	}.Decode(settings, &stack)
	return stack
}

// foreignKey returns what is wrong with a key of a namespace for which the program has more to say than that nothing
// reads it.
func foreignKey(namespace, key string) (problem, remedy string, ok bool) {
	if key == projectKey {
		return "", "", true
	}
	if _, err := regions.LookupProvider(namespace); err == nil || namespace == "talos" {
		return "the program creates its own provider for each region, which does not read this key",
			"remove it; the region comes from regions/, the credentials from the environment", false
	}
	return "", "", false
}

// textForm describes how a Talos patch (patches.all[0], pools[1].patches[0]) or a manifest is written.
func textForm(path string) string {
	switch {
	case strings.Contains(path, "patches") && strings.HasSuffix(path, "]"):
		return "it as text: put | behind the dash, and the patch below it, indented"
	case strings.HasPrefix(path, bootstrapPath+"["):
		return "it as text: put | behind the dash, and the objects below it, indented"
	}
	return ""
}

// mayBeSecret reports whether the text of a setting, a patch or a manifest, may hold a secret.
func mayBeSecret(path string) bool {
	return strings.Contains(path, "patches") || strings.HasPrefix(path, bootstrapPath)
}

// Decode reads a region's name or an object.
func (s *RegionSettings) Decode(d strict.Decoder, path string, value any) {
	switch v := value.(type) {
	case string:
		s.Name = v
	case map[string]any:
		d.Object(path, v, s)
	default:
		d.WrongType(path, value, s.Form())
	}
}

// Form describes how a region is written.
func (s *RegionSettings) Form() string { return "a region's name or an object" }

// Decode reads true, false or an object.
func (s *SpotSettings) Decode(d strict.Decoder, path string, value any) {
	switch v := value.(type) {
	case bool:
		s.Off = !v
	case map[string]any:
		d.Object(path, v, s)
	default:
		d.WrongType(path, value, s.Form())
	}
}

// Form describes how a spot policy is written.
func (s *SpotSettings) Form() string { return "true, false or an object" }

// Decode reads a key's id or an object.
func (s *KeySettings) Decode(d strict.Decoder, path string, value any) {
	switch v := value.(type) {
	case string:
		s.ID = v
	case map[string]any:
		d.Object(path, v, s)
	default:
		d.WrongType(path, value, s.Form())
	}
}

// Form describes how a key is written.
func (s *KeySettings) Form() string { return "a key's id, or an object with managed" }

// Decode reads a number, quoted or not.
func (s *Decimal) Decode(d strict.Decoder, path string, value any) {
	switch v := value.(type) {
	case string:
		*s = Decimal(v)
	case json.Number:
		*s = Decimal(v.String())
	default:
		d.WrongType(path, value, s.Form())
	}
}

// Form describes how a decimal number is written.
func (s *Decimal) Form() string { return "a decimal number" }

// Decode reads a port or a range of ports, quoted or not.
func (s *PortRange) Decode(d strict.Decoder, path string, value any) {
	switch v := value.(type) {
	case string:
		*s = PortRange(v)
	case json.Number:
		*s = PortRange(v.String())
	default:
		d.WrongType(path, value, s.Form())
	}
}

// Form describes how a range of ports is written.
func (s *PortRange) Form() string { return "a port or a range of ports" }

func join(path, key string) string { return strict.Join(path, key) }
