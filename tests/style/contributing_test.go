package style

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func contributing(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "CONTRIBUTING.md"))
	require.NoError(t, err)
	return string(text)
}

// TestWhereIsWhat wants in each file of the table in CONTRIBUTING.md the name that the table gives for it.
func TestWhereIsWhat(t *testing.T) {
	_, section, found := strings.Cut(contributing(t), "## Where is what\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	rows := regexp.MustCompile("(?m)^\\| [^|]+\\? \\| `([^`]+)` \\| `([^`]+)` \\|$").FindAllStringSubmatch(section, -1)
	assert.Greater(t, len(rows), 15)
	for _, row := range rows {
		text, err := os.ReadFile(filepath.Join(repository, row[1]))
		if assert.NoError(t, err) {
			assert.Contains(t, string(text), row[2], "%s has no %s: mend the table in CONTRIBUTING.md", row[1], row[2])
		}
	}
}

// mostFiles is how many files of the program a setting may need.
const mostFiles = 12

// TestASettingTouchesFewFiles counts the files of the program that name alarmEmails, which is checked, resolved, and
// used on two clouds. CONTRIBUTING.md lists them.
func TestASettingTouchesFewFiles(t *testing.T) {
	var files []string
	for _, f := range goFiles(t) {
		if f.test || within(f.path, "tests") || within(f.path, "invariants") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(repository, f.path))
		require.NoError(t, err)
		if bytes.Contains(text, []byte("larmEmails")) {
			files = append(files, f.path)
		}
	}
	assert.Greater(t, len(files), 3)
	assert.LessOrEqual(t, len(files), mostFiles, "%s", files)
	for _, file := range files {
		assert.Contains(t, contributing(t), "`"+file+"`", "CONTRIBUTING.md lists the files of alarmEmails")
	}
	table := regexp.MustCompile("(?s)needs twelve at most:\n\n(.*?)\n\n").FindStringSubmatch(contributing(t))
	require.NotNil(t, table)
	listed := regexp.MustCompile("`([^`]+\\.go)`").FindAllStringSubmatch(table[1], -1)
	assert.LessOrEqual(t, len(listed), mostFiles)
	for _, file := range listed {
		name := strings.ReplaceAll(file[1], "<cloud>", path.Base(clouds[0]))
		assert.FileExists(t, filepath.Join(repository, name), "CONTRIBUTING.md names it")
	}
}
