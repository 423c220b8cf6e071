package simulator

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the schemas in their canonical form")

// TestSchemas holds every schema to one form: sorted names, attributes in one order, one property on a line.
func TestSchemas(t *testing.T) {
	for name, provider := range providers {
		t.Run(name, func(t *testing.T) {
			canonical := format(t, provider())
			file := filepath.Join(name, "schema.json")
			if *update {
				require.NoError(t, os.WriteFile(file, canonical, 0o644))
			}
			written, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(canonical), string(written), "run go test ./simulator -run TestSchemas -update")
			assert.NotEmpty(t, provider().Source)
			checkSchema(t, "config", provider().Config)
			for token, resource := range provider().Resources {
				checkSchema(t, token, resource.Fields)
			}
			for token, function := range provider().Functions {
				checkSchema(t, token, function.Fields)
			}
		})
	}
}

var typePattern = regexp.MustCompile(`^((list|set|map)\((string|number|object)\)|string|number|boolean|object)$`)

// checkSchema looks for attributes that contradict each other or name what does not exist.
func checkSchema(t *testing.T, path string, fields schema.Fields) {
	t.Helper()
	for name, field := range fields {
		at := path + "." + name
		text := field.Type == schema.String || field.Element().Type == schema.String
		assert.Regexp(t, typePattern, string(field.Type), at)
		assert.False(t, field.Output && (field.Required || field.Computed || field.Replaces),
			"%s: an output is not an input", at)
		assert.False(t, field.Volatile && !field.Output, "%s: only outputs are volatile", at)
		assert.False(t, field.Required && (field.Computed || field.Default != nil), "%s: required, and optional", at)
		assert.False(t, !text && (field.Enum != nil || field.Pattern != nil || field.MaxLength > 0), "%s: not a text", at)
		assert.False(t, field.Properties != nil && !strings.Contains(string(field.Type), "object"), "%s: not an object", at)
		for _, other := range field.Conflicts {
			assert.Contains(t, fields, other, "%s: conflicts", at)
		}
		checkSchema(t, at, field.Properties)
	}
}

// lineLength is how long a line of a schema may be.
const lineLength = 120

// format writes a schema anew. What has properties of its own, or does not fit on a line, takes several lines.
func format(t *testing.T, provider *schema.Provider) []byte {
	t.Helper()
	var raw bytes.Buffer
	encoder := json.NewEncoder(&raw)
	encoder.SetEscapeHTML(false)
	require.NoError(t, encoder.Encode(provider))
	return append(layOut(t, "", "", bytes.TrimSpace(raw.Bytes())), '\n')
}

// layOut returns a value behind its key.
func layOut(t *testing.T, indent, key string, value json.RawMessage) []byte {
	t.Helper()
	keys, values := members(t, value)
	line := indent + key + onLine(t, value)
	if len(values) == 0 || len(line) < lineLength && !strings.Contains(line, `"properties"`) {
		return []byte(line)
	}
	var items []string
	for i := range values {
		items = append(items, string(layOut(t, indent+"  ", keys[i], values[i])))
	}
	brackets := string(value[0]) + "\n" + strings.Join(items, ",\n") + "\n" + indent + string(value[len(value)-1])
	return []byte(indent + key + brackets)
}

func onLine(t *testing.T, value json.RawMessage) string {
	t.Helper()
	keys, values := members(t, value)
	if len(values) == 0 {
		return string(value)
	}
	var items []string
	for i := range values {
		items = append(items, keys[i]+onLine(t, values[i]))
	}
	return string(value[0]) + strings.Join(items, ", ") + string(value[len(value)-1])
}

// members returns what an object or a list holds, and for an object the keys with their colons.
func members(t *testing.T, value json.RawMessage) (keys []string, values []json.RawMessage) {
	t.Helper()
	value = bytes.TrimSpace(value)
	if value[0] != '{' && value[0] != '[' {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(value))
	_, err := decoder.Token()
	require.NoError(t, err)
	for decoder.More() {
		key := ""
		if value[0] == '{' {
			name, err := decoder.Token()
			require.NoError(t, err)
			key = fmt.Sprintf("%q: ", name)
		}
		var member json.RawMessage
		require.NoError(t, decoder.Decode(&member))
		keys, values = append(keys, key), append(values, member)
	}
	return keys, values
}
