package style

import (
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// A line that is longer does not fit beside another file.
	maxColumns = 120
	// A word of this length, such as a link or a name of an SDK's, may make its line longer: it cannot be broken.
	longWord = 60
)

// TestLinesAreShort measures lines with tabs of four columns. In tests the texts of a line do not count, so that a case
// of a table may stay on one line.
func TestLinesAreShort(t *testing.T) {
	for _, f := range goFiles(t) {
		text, err := os.ReadFile(filepath.Join(repository, f.path))
		require.NoError(t, err)
		if f.test {
			text = withoutTexts(text)
		}
		for i, line := range strings.Split(string(text), "\n") {
			assert.True(t, isShort(line), "%s:%d has more than %d columns", f.path, i+1, maxColumns)
		}
	}
}

// isShort reports whether a line is within the limit, or has a word that cannot be broken.
func isShort(line string) bool {
	line = strings.ReplaceAll(line, "\t", "    ")
	return utf8.RuneCountInString(line) <= maxColumns ||
		slices.ContainsFunc(strings.Fields(line), func(word string) bool { return len(word) >= longWord })
}

// withoutTexts returns Go code with its string literals emptied.
func withoutTexts(code []byte) []byte {
	var s scanner.Scanner
	set := token.NewFileSet()
	file := set.AddFile("", set.Base(), len(code))
	s.Init(file, code, nil, 0)
	var short []byte
	end := 0
	for {
		position, kind, literal := s.Scan()
		if kind == token.EOF {
			return append(short, code[end:]...)
		}
		if kind == token.STRING {
			start := file.Offset(position)
			short = append(append(short, code[end:start]...), '"', '"')
			end = start + len(literal)
			short = append(short, strings.Repeat("\n", strings.Count(literal, "\n"))...)
		}
	}
}

func TestWithoutTexts(t *testing.T) {
	code := "package a\n\nvar x = \"a\\\"b\" + `c\nd` // \"e\"\n"
	assert.Equal(t, "package a\n\nvar x = \"\" + \"\"\n // \"e\"\n", string(withoutTexts([]byte(code))))
}
