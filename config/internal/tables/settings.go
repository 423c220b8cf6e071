package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/inferadb/infra/config"
)

// setting is a key of a stack file with its documentation.
type setting struct {
	config.Key
	// text is the first paragraph of the field's comment, without what it says of the default.
	text string
	// unset is the comment's "Default: ...", for a setting without a default tag. A required setting has neither.
	unset    string
	required bool
}

// readSettings joins the settings with the comments in the folder of package config.
func readSettings(folder string) ([]setting, error) {
	comments, err := fieldComments(folder)
	if err != nil {
		return nil, err
	}
	var settings []setting
	for _, key := range config.Keys() {
		s, err := parseComment(key, comments[key.Struct+"."+key.Field])
		if err != nil {
			return nil, fmt.Errorf("%s: the comment of %s.%s %w", key.Path, key.Struct, key.Field, err)
		}
		settings = append(settings, s)
	}
	return settings, nil
}

// fieldComments returns the comments of all fields of structs by "Struct.Field".
func fieldComments(folder string) (map[string]string, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	comments := map[string]string{}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			spec, isType := node.(*ast.TypeSpec)
			if !isType {
				return true
			}
			if fields, isStruct := spec.Type.(*ast.StructType); isStruct {
				for _, field := range fields.Fields.List {
					for _, fieldName := range field.Names {
						comments[spec.Name.Name+"."+fieldName.Name] = field.Doc.Text()
					}
				}
			}
			return false
		})
	}
	return comments, nil
}

// ending is how a comment ends that says what an unset setting comes to.
var ending = regexp.MustCompile(`^(?:(.*) )?(?:(Required)|Default: (.*))\.$`)

// parseComment splits the first paragraph of a field's comment into text and default.
func parseComment(key config.Key, comment string) (setting, error) {
	paragraph, _, _ := strings.Cut(comment, "\n\n")
	text := constants.Replace(strings.Join(strings.Fields(paragraph), " "))
	s := setting{Key: key, text: text}
	match := ending.FindStringSubmatch(text)
	if match != nil {
		s.text, s.required, s.unset = match[1], match[2] != "", match[3]
	}
	s.text = strings.TrimSuffix(s.text, ".")
	switch {
	case s.text == "":
		return s, fmt.Errorf("is missing")
	case match == nil && key.Default == "":
		return s, fmt.Errorf("must end with \"Required.\" or \"Default: ...\", for the field has no default tag")
	case match != nil && key.Default != "":
		return s, fmt.Errorf("must not end with a default, for the field has a default tag")
	}
	return s, nil
}

// constants of package config that comments refer to.
var constants = strings.NewReplacer(
	"[DefaultTalosVersion]", config.DefaultTalosVersion, "[DefaultKubernetesVersion]", config.DefaultKubernetesVersion,
)

// byDefault returns the default as it is shown to people.
func (s setting) byDefault() string {
	switch {
	case s.required:
		return "required"
	case s.Default != "":
		return s.Default
	}
	return s.unset
}

// parent returns the path of the list that the setting belongs to, "pools" for "pools[].spot.base" and empty for a key
// of the stack file itself, and the setting's path in an item of the list.
func (s setting) parent() (list, rest string) {
	if i := strings.LastIndex(s.Path, "[]."); i >= 0 {
		return s.Path[strings.LastIndex(s.Path[:i], ".")+1 : i], s.Path[i+3:]
	}
	return "", s.Path
}

// hasTable reports whether the setting is a list of objects, whose fields README.md explains in a table.
func (s setting) hasTable() bool {
	return s.Items != "" && s.Items != "text"
}

// between returns the text of a file in which the lines between the two marks of the generated part are replaced.
func between(text, generated string) (string, error) {
	marks := regexp.MustCompile(
		`(?ms)^([^\n]*generated from config/[^\n]*\n)(.*?)(^[^\n]*end of what is generated[^\n]*$)`,
	)
	places := marks.FindStringSubmatchIndex(text)
	if places == nil {
		return "", fmt.Errorf("the lines that mark the generated part are missing")
	}
	return text[:places[3]] + generated + text[places[6]:], nil
}
