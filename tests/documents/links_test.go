package documents

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryLinkLeadsSomewhere: to a file of the repository and, with an anchor, to a heading.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	all := pages(t)
	anchors := map[string][]string{}
	for _, p := range all {
		anchors[p.path] = p.anchors
	}
	links := 0
	for _, p := range all {
		for _, link := range p.links {
			parsed, err := url.Parse(link)
			require.NoError(t, err, "%s: %s", p.path, link)
			if parsed.Scheme != "" {
				continue
			}
			links++
			to := path.Join(path.Dir(p.path), parsed.Path)
			if parsed.Path == "" {
				to = p.path
			}
			_, err = os.Stat(filepath.Join(repository, to))
			assert.NoError(t, err, "%s links to %s", p.path, link)
			if parsed.Fragment != "" {
				assert.Contains(t, anchors[to], parsed.Fragment, "%s links to %s", p.path, link)
			}
		}
	}
	assert.Greater(t, links, 20)
}

// pathLike is code that names files of the repository: it begins with one of its folders, and leaves nothing open.
var pathLike = regexp.MustCompile(`^(\./)?[\w.-]+/[\w./*-]*$`)

// TestEveryPathExists also lets a star stand for any name.
func TestEveryPathExists(t *testing.T) {
	entries, err := os.ReadDir(repository)
	require.NoError(t, err)
	ours := map[string]bool{}
	for _, entry := range entries {
		ours[entry.Name()] = entry.IsDir() && (!strings.HasPrefix(entry.Name(), ".") || entry.Name() == ".github" ||
			entry.Name() == ".ci")
	}
	paths := 0
	for _, p := range pages(t) {
		named := p.spans
		for _, b := range p.blocks {
			if b.shell() {
				named = append(named, strings.Fields(b.text)...)
			}
		}
		for _, span := range named {
			if span == "regions/"+exampleRegion+".go" {
				continue
			}
			first, _, _ := strings.Cut(strings.TrimPrefix(span, "./"), "/")
			if !pathLike.MatchString(span) || strings.Contains(span, "...") || !ours[first] {
				continue
			}
			paths++
			found, err := filepath.Glob(filepath.Join(repository, filepath.FromSlash(span)))
			require.NoError(t, err)
			beside, err := filepath.Glob(filepath.Join(repository, path.Dir(p.path), filepath.FromSlash(span)))
			require.NoError(t, err)
			assert.NotEmpty(t, append(found, beside...), "%s names %s", p.path, span)
		}
	}
	assert.Greater(t, paths, 20)
}

// errorPage is a page, or a place on one, that a message of the program, the Makefile or a script names.
var errorPage = regexp.MustCompile(`(README\.md|docs/[\w-]+\.md)(#[\w-]+)?`)

// TestMessagesNamePagesThatExist: whoever reads one should find it.
func TestMessagesNamePagesThatExist(t *testing.T) {
	anchors := map[string][]string{}
	for _, p := range pages(t) {
		anchors[p.path] = p.anchors
	}
	files, err := filepath.Glob(filepath.Join(repository, "Makefile"))
	require.NoError(t, err)
	for _, pattern := range []string{"*.go", "*/*.go", "*/*/*.go", "scripts/*.sh", "Pulumi*.yaml"} {
		more, err := filepath.Glob(filepath.Join(repository, pattern))
		require.NoError(t, err)
		files = append(files, more...)
	}
	named := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range errorPage.FindAllStringSubmatchIndex(string(text), -1) {
			if match[0] > 0 && strings.ContainsRune("/abcdefghijklmnopqrstuvwxyz", rune(text[match[0]-1])) {
				continue // of somebody else's repository, or of a folder
			}
			named++
			name := string(text[match[2]:match[3]])
			if !assert.True(t, anchors[name] != nil, "%s names %s, which is no page", file, name) {
				continue
			}
			if match[4] > 0 {
				assert.Contains(t, anchors[name], string(text[match[4]+1:match[5]]), "%s names %s", file,
					string(text[match[0]:match[1]]))
			}
		}
	}
	assert.Greater(t, named, 5)
}
