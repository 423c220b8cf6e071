package preview

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
)

const (
	secret  = "[secret]"
	unknown = "(known after up)"
	// longest is how many characters of a text are shown.
	longest = 60
	// unknownValue is the value of what a preview cannot know:
	// https://github.com/pulumi/pulumi/blob/sdk/v3.258.0/sdk/go/common/resource/plugin/rpc.go
	unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
)

// Pulumi marks secrets, and hides them. These names and forms are the second lock, for a provider that forgot to mark
// one.
var (
	secretNames = regexp.MustCompile(
		`(?i)user[-_]?data|(kube|talos)[-_]?config|pass(word|phrase)|private[-_]?key|secret|token|credential` +
			`|(client|machine)[-_]?(configuration|key|secret)|access[-_]?key`,
	)
	// AWS' metadata service asks for a token; the setting that says so holds none.
	harmlessNames = regexp.MustCompile(`^httpTokens$`)
	secretForms   = regexp.MustCompile(`-----BEGIN [^-]*-----[\s\S]*?(-----END [^-]*-----|$)` + // PEM
		`|[A-Za-z0-9+/_-]{80,}={0,2}`) // base64, and what was packed before
)

// scrub takes out of a text what looks like a key, a certificate or packed user data.
func scrub(text string) string { return secretForms.ReplaceAllLiteralString(text, secret) }

// leaf is one plain value below a property, as it is shown.
type leaf struct{ path, text string }

// leaves returns the plain values of a property, in the order of their paths.
func leaves(path string, value any) []leaf {
	switch v := value.(type) {
	case map[string]any:
		if len(v) == 0 {
			break
		}
		if mark, ok := v[sig.Key]; ok {
			return []leaf{{path, marked(mark)}}
		}
		var all []leaf
		for _, key := range slices.Sorted(maps.Keys(v)) {
			switch {
			case strings.HasPrefix(key, "__"): // the SDK's and the bridge's own
			case secretName(key):
				all = append(all, leaf{join(path, key), secret})
			default:
				all = append(all, leaves(join(path, key), v[key])...)
			}
		}
		return all
	case []any:
		if len(v) == 0 {
			break
		}
		var all []leaf
		for i, item := range v {
			all = append(all, leaves(fmt.Sprintf("%s[%d]", path, i), item)...)
		}
		return all
	}
	return []leaf{{path, plain(value)}}
}

// marked returns how an object with Pulumi's signature is shown: a secret, or a file.
func marked(mark any) string {
	switch mark {
	case sig.AssetSig, sig.ArchiveSig:
		return "(file)"
	case sig.ResourceReference:
		return "(resource)"
	}
	return secret
}

func plain(value any) string {
	text, ok := value.(string)
	switch {
	case !ok:
		encoded, err := json.Marshal(value)
		if err != nil {
			return "(unreadable)"
		}
		return string(encoded)
	case text == unknownValue:
		return unknown
	case text == secret:
		return secret
	}
	return strconv.Quote(shorten(scrub(text)))
}

func shorten(text string) string {
	if utf8.RuneCountInString(text) <= longest {
		return text
	}
	return string([]rune(text)[:longest]) + "…"
}

func secretName(key string) bool {
	return secretNames.MatchString(key) && !harmlessNames.MatchString(key)
}

// secretPath reports whether a property, or one above it, has a name that secrets have.
func secretPath(path resource.PropertyPath) bool {
	return slices.ContainsFunc(path, func(part any) bool {
		key, ok := part.(string)
		return ok && secretName(key)
	})
}

// at returns the value at a path; nil if there is none.
func at(properties map[string]any, path resource.PropertyPath) any {
	var value any = properties
	for _, part := range path {
		switch v := value.(type) {
		case map[string]any:
			if _, ok := v[sig.Key]; ok {
				return v // inside a secret everything is
			}
			key, _ := part.(string)
			value = v[key]
		case []any:
			index, ok := part.(int)
			if !ok || index < 0 || index >= len(v) {
				return nil
			}
			value = v[index]
		default:
			// A secret and what is not known yet have no parts.
			if value == secret || value == unknownValue {
				return value
			}
			return nil
		}
	}
	return value
}

// simpleName needs no quotes in a path.
var simpleName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

func join(path, key string) string {
	switch {
	case !simpleName.MatchString(key):
		return fmt.Sprintf("%s[%q]", path, key)
	case path == "":
		return key
	}
	return path + "." + key
}
