package documents

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ownSections are the sections of docs/troubleshooting.md whose messages the program, the Makefile and the scripts
// write.
var ownSections = []string{"Settings", "Machine configuration", "Edits of a running cluster", "Make"}

// libraryMessages are quoted in these sections and come from Talos or the Go command.
var libraryMessages = []string{
	"go: … requires go >= 1.26",
	"inline manifest name … is duplicate",
	"this config change can't be applied in immediate mode",
}

// composed are messages that the program puts together from several texts, with those.
var composed = map[string][]string{
	"is an object; write it as text: put | behind the dash":  {"an object", "it as text: put | behind the dash"},
	"is the text …; write a whole number":                    {"the text %q", "a whole number"},
	"talosVersion: is not set":                               {"talosVersion", "%s: is not set, so it is %s"},
	"kubernetesVersion: is not set":                          {"kubernetesVersion", "%s: is not set, so it is %s"},
	"there is no region …":                                   {"there is no %s %q", "region"},
	"there is no machine size …":                             {"there is no %s %q", "machine size"},
	"has …, as bootstrapManifests[…] does":                   {"%shas %s, as %s does"},
	"… register by its full name instead of its host name":   {"register by %s instead of %s", "its full name", "its host name"},
	"… is arm64, … is amd64":                                 {"%s is %s, %s is %s"},
	"… is acknowledged, but controlPlanes: … keeps the node": {"%q is acknowledged, but %s: %d keeps the node"},
}

// TestTheQuotedMessagesExist compares each message that docs/troubleshooting.md quotes with the texts in the program.
func TestTheQuotedMessagesExist(t *testing.T) {
	texts := programTexts(t)
	quoted := quotedMessages(t)
	require.Greater(t, len(quoted), 150)
	for _, message := range quoted {
		if slices.Contains(libraryMessages, message) {
			continue
		}
		parts := pieces(message)
		if texts, ok := composed[message]; ok {
			parts = texts
		}
		assert.NotEmpty(t, parts, "%q is too short to find", message)
		for _, piece := range parts {
			assert.True(t, slices.ContainsFunc(texts, func(text programText) bool { return text.says(piece) }),
				"docs/troubleshooting.md quotes %q, and the program does not say %q", message, piece)
		}
	}
}

// quotedMessages are the code spans in the first column of the tables in the program's sections.
func quotedMessages(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(repository, "docs", "troubleshooting.md"))
	require.NoError(t, err)
	var messages []string
	for _, section := range strings.Split(string(page), "\n## ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		if !slices.Contains(ownSections, title) {
			continue
		}
		for _, row := range regexp.MustCompile(`(?m)^\| (.*?[^\\]) \| `).FindAllStringSubmatch(body, -1) {
			for _, span := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
				messages = append(messages, strings.ReplaceAll(span[1], `\|`, "|"))
			}
		}
	}
	return messages
}

// pieces are the parts of a message that a single text of the program has: between what differs, and problem or remedy.
func pieces(message string) []string {
	var found []string
	for _, part := range regexp.MustCompile(`…|; `).Split(message, -1) {
		if part = strings.Trim(part, " ,:\"?[]()"); len(part) >= 6 {
			found = append(found, part)
		}
	}
	return found
}

// programText is a text constant of the program.
type programText struct {
	text string
	// pattern matches what the text comes to once it is formatted; nil for a text that fixes too little.
	pattern *regexp.Regexp
}

func (p programText) says(piece string) bool {
	return strings.Contains(p.text, piece) || p.pattern != nil && p.pattern.MatchString(piece)
}

var verb = regexp.MustCompile(`%[a-z]`)

// programTexts reads the text constants of all Go files that are no tests, and the Makefile and the scripts whole.
func programTexts(t *testing.T) []programText {
	t.Helper()
	var texts []programText
	add := func(text string) {
		p := programText{text: text}
		if fixed := verb.ReplaceAllString(text, ""); verb.MatchString(text) && len(fixed) >= 20 {
			var quoted []string
			for _, part := range verb.Split(text, -1) {
				quoted = append(quoted, regexp.QuoteMeta(part))
			}
			p.pattern = regexp.MustCompile("^" + strings.Join(quoted, ".+") + "$")
		}
		texts = append(texts, p)
	}
	scripts, err := filepath.Glob(filepath.Join(repository, "scripts", "*.sh"))
	require.NoError(t, err)
	for _, name := range append(scripts, filepath.Join(repository, "Makefile")) {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		add(string(text))
	}
	folders := []string{"backend", "cmd", "cluster", "components", "config", "cost", "machineconfig", "regions", "running", "simulator/sandbox", "strict"}
	for _, folder := range folders {
		root := filepath.Join(repository, folder)
		require.NoError(t, filepath.WalkDir(root, func(name string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err == nil {
				ast.Inspect(file, func(node ast.Node) bool {
					text, whole := textConstant(node)
					if whole {
						add(text)
					}
					return !whole
				})
			}
			return err
		}))
	}
	return texts
}

// textConstant returns a string literal, or the sum of several.
func textConstant(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(n.Value)
		return text, n.Kind == token.STRING && err == nil
	case *ast.BinaryExpr:
		left, isText := textConstant(n.X)
		right, isTextToo := textConstant(n.Y)
		return left + right, n.Op == token.ADD && isText && isTextToo
	}
	return "", false
}
