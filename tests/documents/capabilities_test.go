package documents

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/inferadb/infra/regions"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheCapabilitiesAreTheTables compares docs/adding-a-cloud.md with what validation reads.
func TestTheCapabilitiesAreTheTables(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, "docs", "adding-a-cloud.md"))
	require.NoError(t, err)
	for _, field := range reflect.VisibleFields(reflect.TypeFor[regions.Capabilities]()) {
		if field.Type.Kind() != reflect.Bool {
			continue
		}
		row := fmt.Sprintf("| `%s` |", field.Name)
		for _, provider := range regions.Providers() {
			can, err := regions.CapabilitiesOf(provider)
			require.NoError(t, err)
			row += map[bool]string{true: " yes |", false: " no |"}[reflect.ValueOf(can).FieldByIndex(field.Index).Bool()]
		}
		assert.True(t, strings.Contains(string(text), row), "docs/adding-a-cloud.md has no row %s", row)
	}
}
