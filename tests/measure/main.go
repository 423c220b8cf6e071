// Command measure prints the numbers by which docs/architecture.md describes the size and order of the code:
// go run ./tests/measure
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// goFile is a Go file of the module.
type goFile struct {
	path   string
	text   []byte
	syntax *ast.File
}

func (f goFile) isTest() bool { return strings.HasSuffix(f.path, "_test.go") || f.within("tests") }

func (f goFile) within(folder string) bool { return strings.HasPrefix(f.path, folder+"/") }

// measure is one row of the table.
type measure struct {
	what, goal string
	value      func([]goFile) string
}

var measures = []measure{
	{"Go files without tests, and their lines", "", countLines("", false)},
	{"Go test files, and their lines", "", countLines("", true)},
	{"simulator: Go files without tests, and their lines", "8000 lines", countLines("simulator", false)},
	{"simulator: bytes of schema data", "", schemaBytes},
	{"test files in the root folder", "0", rootTests},
	{"files that name the setting alarmEmails: program, and checks and tests", "12",
		filesWith("alarmEmails", "AlarmEmails")},
	{"files and folders named after DigitalOcean", "one in each package", filesOfCloud("digitalocean")},
	{"places that compare a pool's spot policy with nil", "1", placesWith(`\.Spot (!=|==) nil`)},
	{"shell scripts", "2", filesLike("scripts/*.sh")},
	{"lines of the Makefile", "120", makefileLines},
	{"doc comments of functions that begin with the name and a verb", "all", docComments},
	{"longest line of Go code without a long word, in columns", "120", longestLine},
	{"longest function, in lines", "59", longestFunction},
}

func main() {
	files, err := readFiles(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
	fmt.Println("| measured | now | goal |\n|---|---|---|")
	for _, m := range measures {
		fmt.Printf("| %s | %s | %s |\n", m.what, m.value(files), m.goal)
	}
}

// readFiles parses the module's Go files, without the modules of tools/.
func readFiles(root string) ([]goFile, error) {
	var files []goFile
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && (name == "tools" || name == "testdata" || strings.HasPrefix(name, ".") && name != root) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments)
		files = append(files, goFile{filepath.ToSlash(path), text, syntax})
		return err
	})
	return files, err
}

func countLines(folder string, tests bool) func([]goFile) string {
	return func(files []goFile) string {
		count, lines := 0, 0
		for _, f := range files {
			if f.isTest() == tests && (folder == "" || f.within(folder)) {
				count, lines = count+1, lines+bytes.Count(f.text, []byte("\n"))
			}
		}
		return fmt.Sprintf("%d files, %d lines", count, lines)
	}
}

func schemaBytes([]goFile) string {
	total := 0
	for _, name := range matches("simulator/*/schema.json") {
		text, _ := os.ReadFile(name)
		total += len(text)
	}
	return fmt.Sprint(total)
}

func rootTests([]goFile) string { return fmt.Sprint(len(matches("*_test.go"))) }

func filesLike(pattern string) func([]goFile) string {
	return func([]goFile) string { return fmt.Sprint(len(matches(pattern))) }
}

func matches(pattern string) []string {
	names, _ := filepath.Glob(pattern)
	return names
}

// filesWith counts the files of the program with one of the words, and those of its checks and tests.
func filesWith(words ...string) func([]goFile) string {
	return func(files []goFile) string {
		program, tests := 0, 0
		for _, f := range files {
			has := func(word string) bool { return bytes.Contains(f.text, []byte(word)) }
			switch {
			case !slices.ContainsFunc(words, has):
			case f.isTest() || f.within("invariants"):
				tests++
			default:
				program++
			}
		}
		return fmt.Sprintf("%d and %d", program, tests)
	}
}

// filesOfCloud counts the files of a cloud's folders as one.
func filesOfCloud(cloud string) func([]goFile) string {
	return func(files []goFile) string {
		var found []string
		for _, f := range files {
			before, _, named := strings.Cut(f.path, cloud)
			if named && !f.isTest() && !slices.Contains(found, before) {
				found = append(found, before)
			}
		}
		return fmt.Sprint(len(found))
	}
}

func placesWith(pattern string) func([]goFile) string {
	expression := regexp.MustCompile(pattern)
	return func(files []goFile) string {
		places := 0
		for _, f := range files {
			if !f.isTest() {
				places += len(expression.FindAll(f.text, -1))
			}
		}
		return fmt.Sprint(places)
	}
}

func makefileLines([]goFile) string {
	text, _ := os.ReadFile("Makefile")
	return fmt.Sprint(bytes.Count(text, []byte("\n")))
}

// docComments counts comments such as "Load returns ..." among the doc comments of functions.
func docComments(files []goFile) string {
	all, verbs := 0, 0
	for _, f := range files {
		for _, declaration := range f.syntax.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Doc == nil || f.isTest() {
				continue
			}
			words := strings.Fields(function.Doc.Text())
			all++
			if len(words) > 1 && words[0] == function.Name.Name && strings.HasSuffix(words[1], "s") {
				verbs++
			}
		}
	}
	return fmt.Sprintf("%d of %d", verbs, all)
}

func longestLine(files []goFile) string {
	longest, where := 0, ""
	for _, f := range files {
		for i, line := range strings.Split(string(f.text), "\n") {
			line = strings.ReplaceAll(line, "\t", "    ")
			long := slices.ContainsFunc(strings.Fields(line), func(word string) bool { return len(word) >= 60 })
			if columns := utf8.RuneCountInString(line); columns > longest && !long && !f.isTest() {
				longest, where = columns, fmt.Sprintf("%s:%d", f.path, i+1)
			}
		}
	}
	return fmt.Sprintf("%d, %s", longest, where)
}

func longestFunction(files []goFile) string {
	longest, where := 0, ""
	for _, f := range files {
		for _, declaration := range f.syntax.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok {
				start, end := int(function.Pos()-f.syntax.FileStart), int(function.End()-f.syntax.FileStart)
				if lines := 1 + bytes.Count(f.text[start:end], []byte("\n")); lines > longest {
					longest, where = lines, f.path+" "+function.Name.Name
				}
			}
		}
	}
	return fmt.Sprintf("%d, %s", longest, where)
}
