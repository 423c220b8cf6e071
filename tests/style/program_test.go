package style

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheProgramsFolders holds the Makefile's lists of what the program and the policy pack are made of to their
// imports: a folder that was missing could change without `make up` compiling anything again.
func TestTheProgramsFolders(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, "Makefile"))
	require.NoError(t, err)
	imports := importsOfOurs(t)
	for list, folder := range map[string]string{"PROGRAM": ".", "PACK": "policy"} {
		found := regexp.MustCompile(`(?m)^` + list + ` +:= (.*)$`).FindSubmatch(text)
		require.NotNil(t, found, "the Makefile has no list %s", list)
		listed := strings.Fields(string(found[1]))
		used := map[string]bool{"main.go": true, "go.mod": true, "go.sum": true}
		assert.Subset(t, listed, []string{"go.mod", "go.sum"})
		for _, imported := range append(importedBy(imports, folder), folder) {
			if imported == "." {
				imported = "main.go"
			}
			i := slices.IndexFunc(listed, func(entry string) bool { return within(imported, entry) })
			if assert.GreaterOrEqual(t, i, 0, "%s of the Makefile lacks %s", list, imported) {
				used[listed[i]] = true
			}
		}
		for _, entry := range listed {
			assert.True(t, used[entry], "%s of the Makefile has %s, which is not imported", list, entry)
		}
	}
}

// importsOfOurs returns the folders of this repository that the program's files in each folder import.
func importsOfOurs(t *testing.T) map[string][]string {
	t.Helper()
	imports := map[string][]string{}
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		for _, spec := range f.syntax.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if folder, ours := strings.CutPrefix(name, module+"/"); ours {
				imports[f.folder] = append(imports[f.folder], path.Clean(folder))
			}
		}
	}
	return imports
}

// importedBy returns the folders that a folder imports, directly or through others.
func importedBy(imports map[string][]string, root string) []string {
	var all []string
	for next := []string{root}; len(next) > 0; next = next[1:] {
		for _, folder := range imports[next[0]] {
			if !slices.Contains(all, folder) {
				all, next = append(all, folder), append(next, folder)
			}
		}
	}
	return all
}
