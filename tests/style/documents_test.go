package style

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheTestsInDocumentsExist keeps documents from naming a test that was renamed or removed.
func TestTheTestsInDocumentsExist(t *testing.T) {
	tests := map[string]bool{}
	for _, f := range goFiles(t) {
		for _, declaration := range f.syntax.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && f.test {
				tests[function.Name.Name] = true
			}
		}
	}
	documents, err := filepath.Glob(filepath.Join(repository, "docs", "*.md"))
	require.NoError(t, err)
	named := 0
	for _, document := range documents {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(string(text), -1) {
			named++
			assert.True(t, tests[match[1]], "%s names %s", document, match[1])
		}
	}
	assert.Greater(t, named, 40)
}
