// Package style keeps the rules of the house that no linter knows.
package style

import (
	"bytes"
	"cmp"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	module     = "github.com/inferadb/infra"
	repository = "../.."
	// A function that is longer does more than one thing.
	maxLines = 60
)

// file is a Go file of the repository.
type file struct {
	path   string // from the repository's root, with slashes
	folder string
	test   bool
	set    *token.FileSet
	syntax *ast.File
}

// line says where a node stands, for messages.
func (f file) line(node ast.Node) int { return f.set.Position(node.Pos()).Line }

// goFiles parses every Go file of the module; tools are modules of their own, and folders with a dot are not ours.
func goFiles(t *testing.T) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(repository, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "tools" || entry.Name() == "testdata" || hidden(entry.Name())) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		relative, err := filepath.Rel(repository, name)
		if err != nil {
			return err
		}
		f := file{path: filepath.ToSlash(relative), test: strings.HasSuffix(name, "_test.go"), set: token.NewFileSet()}
		f.folder = path.Dir(f.path)
		f.syntax, err = parser.ParseFile(f.set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		files = append(files, f)
		return err
	})
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// TestFilesAreFormatted formats every Go file as gofmt does, those of the tools as well.
func TestFilesAreFormatted(t *testing.T) {
	require.NoError(t, filepath.WalkDir(repository, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && hidden(entry.Name()) {
			return cmp.Or(err, fs.SkipDir)
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		formatted, err := format.Source(text)
		assert.True(t, err == nil && bytes.Equal(text, formatted), "%s is not formatted; run: make fmt", name)
		return nil
	}))
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") && strings.Trim(name, ".") != "" }

func TestFunctionsAreShort(t *testing.T) {
	for _, f := range goFiles(t) {
		for _, declaration := range f.syntax.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := f.set.Position(function.End()).Line - f.line(function) + 1
			assert.Less(t, lines, maxLines, "%s:%d: %s", f.path, f.line(function), function.Name.Name)
		}
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		for _, declaration := range f.syntax.Decls {
			for _, name := range undocumented(declaration) {
				assert.Fail(t, "no doc comment", "%s:%d: %s", f.path, f.line(declaration), name)
			}
		}
	}
}

// wellKnown are the methods of the standard library's interfaces, which need no words.
var wellKnown = []string{"Error", "String", "Unwrap", "MarshalJSON", "UnmarshalJSON", "Len", "Less", "Swap"}

// undocumented returns the exported names that a declaration introduces without saying what they are.
func undocumented(declaration ast.Decl) []string {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) && !slices.Contains(wellKnown, d.Name.Name) {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		if d.Doc != nil {
			return nil
		}
		var names []string
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Doc == nil && s.Name.IsExported() {
					names = append(names, s.Name.Name)
				}
			case *ast.ValueSpec:
				if s.Doc == nil && s.Comment == nil && s.Names[0].IsExported() {
					names = append(names, s.Names[0].Name)
				}
			}
		}
		return names
	}
	return nil
}

// exportedReceiver reports whether a function can be called from outside: methods of private types cannot.
func exportedReceiver(function *ast.FuncDecl) bool {
	if function.Recv == nil {
		return true
	}
	exported := false
	ast.Inspect(function.Recv.List[0].Type, func(node ast.Node) bool {
		name, ok := node.(*ast.Ident)
		exported = exported || ok && name.IsExported()
		return true
	})
	return exported
}

// clouds are the folders that implement the cloud interface, each with a file for each concern. A cloud that has
// nothing of a concern has no file for it.
var (
	clouds     = []string{"components/aws", "components/gcp", "components/digitalocean"}
	cloudFiles = []string{
		"cloud.go", "network.go", "firewall.go", "loadbalancer.go", "image.go", "nodes.go", "group.go",
		"encryption.go", "identity.go", "tags.go", "alarms.go", "interruption.go", "autoscaling.go", "cloudcontroller.go", "adopt.go", "existing.go",
	}
	withoutFile = map[string][]string{
		// Google Cloud tells only the machine itself that it is about to be reclaimed, and its roles reach the whole
		// project.
		"components/gcp": {"interruption.go", "cloudcontroller.go"},
		// DigitalOcean has neither spot machines nor scaling groups that run Talos, and its machines have no identity.
		"components/digitalocean": {"alarms.go", "interruption.go", "autoscaling.go", "cloudcontroller.go"},
	}
)

func TestCloudsHaveTheSameFiles(t *testing.T) {
	found := map[string][]string{}
	for _, f := range goFiles(t) {
		if !f.test && slices.Contains(clouds, f.folder) {
			found[f.folder] = append(found[f.folder], path.Base(f.path))
		}
	}
	for _, folder := range clouds {
		assert.ElementsMatch(t, cloudFiles, slices.Concat(found[folder], withoutFile[folder]), folder)
	}
}
