// Package documents keeps the documents true: their commands run, their links lead somewhere, what they name exists.
package documents

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

const repository = "../.."

// page is a Markdown file, taken apart.
type page struct {
	path    string // from the repository's root, with slashes
	blocks  []block
	spans   []string // code within a line
	links   []string
	anchors []string
}

// block is a block of code, under a heading.
type block struct {
	at, under, language, text string
	// needs says what its commands want that no test has; empty if they run anywhere.
	needs string
}

// need is the comment, not seen by readers, that says what commands want: `<!-- needs: aws -->`. Right below a heading
// it is said of the whole section, elsewhere of the next block.
var need = regexp.MustCompile(`^<!-- needs: (.+) -->\s*$`)

// wants are what can stand there.
var wants = []string{"aws", "gcp", "digitalocean", "a cloud", "a cluster", "a machine on Tailscale", "the old Terraform"}

func pages(t *testing.T) []page {
	t.Helper()
	var found []page
	require.NoError(t, filepath.WalkDir(repository, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(entry.Name(), ".") && path != repository
		if entry.IsDir() && (hidden || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".md") {
			relative, err := filepath.Rel(repository, path)
			require.NoError(t, err)
			found = append(found, read(t, filepath.ToSlash(relative)))
		}
		return nil
	}))
	require.Greater(t, len(found), 8)
	return found
}

func read(t *testing.T, path string) page {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(repository, path))
	require.NoError(t, err)
	p := page{path: path}
	reader := reader{page: &p, source: source}
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	require.NoError(t, ast.Walk(root, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			reader.visit(t, node)
		}
		return ast.WalkContinue, nil
	}))
	return p
}

// reader goes through a page from the top.
type reader struct {
	page   *page
	source []byte
	// section is said of every block until a heading of this level or above, next of one block.
	section, next string
	level         int
	heading       string
}

func (r *reader) visit(t *testing.T, node ast.Node) {
	t.Helper()
	switch n := node.(type) {
	case *ast.Heading:
		if n.Level <= r.level || r.section == "" {
			r.section, r.level = "", n.Level
		}
		r.heading = string(n.Lines().Value(r.source))
		r.page.anchors = append(r.page.anchors, r.slug(r.heading))
	case *ast.HTMLBlock:
		if match := need.FindSubmatch(n.Lines().Value(r.source)); match != nil {
			said := string(match[1])
			require.Contains(t, wants, said, "%s: needs", r.page.path)
			if heading, ok := n.PreviousSibling().(*ast.Heading); ok {
				r.section, r.level = said, heading.Level
			} else {
				r.next = said
			}
		}
	case *ast.FencedCodeBlock:
		r.block(n, string(n.Language(r.source)))
	case *ast.CodeBlock:
		r.block(n, "")
	case *ast.CodeSpan:
		r.page.spans = append(r.page.spans, r.textOf(n))
	case *ast.Link:
		r.page.links = append(r.page.links, string(n.Destination))
	case *ast.Image:
		r.page.links = append(r.page.links, string(n.Destination))
	}
}

// textOf is what stands in a code span, whose children are pieces of text.
func (r *reader) textOf(span *ast.CodeSpan) string {
	var text strings.Builder
	for child := span.FirstChild(); child != nil; child = child.NextSibling() {
		if piece, ok := child.(*ast.Text); ok {
			text.Write(piece.Value(r.source))
		}
	}
	return text.String()
}

func (r *reader) block(node ast.Node, language string) {
	lines := node.Lines()
	if lines.Len() == 0 {
		return
	}
	b := block{under: r.heading, language: language, text: string(lines.Value(r.source)), needs: r.section}
	if r.next != "" {
		b.needs, r.next = r.next, ""
	}
	b.at = fmt.Sprintf("%s:%d", r.page.path, 1+strings.Count(string(r.source[:lines.At(0).Start]), "\n"))
	r.page.blocks = append(r.page.blocks, b)
}

// slug is the anchor that GitHub gives a heading; one that is there already gets a number.
func (r *reader) slug(heading string) string {
	var slug strings.Builder
	for _, letter := range strings.ToLower(heading) {
		switch {
		case letter == ' ':
			slug.WriteRune('-')
		case letter == '-', letter == '_', unicode.IsLetter(letter), unicode.IsDigit(letter):
			slug.WriteRune(letter)
		}
	}
	name := slug.String()
	for n := 1; slices.Contains(r.page.anchors, name); n++ {
		name = fmt.Sprintf("%s-%d", slug.String(), n)
	}
	return name
}

// shell reports whether the block is for a shell. What names no language is, so nothing is left out by accident.
func (b block) shell() bool {
	return slices.Contains([]string{"", "sh", "bash", "shell", "console"}, b.language)
}

var remark = regexp.MustCompile(`(^|\s+)# .*$`)

// commands are the block's, one a line, without remarks.
func (b block) commands() []string {
	var commands []string
	for line := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", " ")) {
		if command := strings.Join(strings.Fields(remark.ReplaceAllString(strings.TrimSpace(line), "")),
			" "); command != "" {
			commands = append(commands, command)
		}
	}
	return commands
}
