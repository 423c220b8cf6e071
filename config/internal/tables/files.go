package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// readmeTables returns the tables of README.md: one for the keys of a stack file and one for each list of objects.
func readmeTables(settings []setting) string {
	rows, lists := map[string][]string{}, []string{""}
	paths := shortestPaths(settings)
	for _, s := range settings {
		if paths[s.Struct+"."+s.Field] != s.Path {
			continue
		}
		list, path := s.parent()
		text := s.text
		if s.hasTable() {
			lists = append(lists, path)
			text += " (fields below)"
		}
		rows[list] = append(rows[list], fmt.Sprintf("| `%s` | %s | %s |\n", path, linked(text), linked(s.byDefault())))
	}
	var tables strings.Builder
	for _, list := range lists {
		title := "key"
		if list != "" {
			title = "field of `" + list + "`"
		}
		fmt.Fprintf(&tables, "\n| %s | meaning | default |\n|---|---|---|\n%s", title, strings.Join(rows[list], ""))
	}
	return tables.String() + "\n"
}

// shortestPaths returns one path for each field, so that the fields of a struct that several settings share are
// explained once.
func shortestPaths(settings []setting) map[string]string {
	paths := map[string]string{}
	for _, s := range settings {
		field := s.Struct + "." + s.Field
		if path, known := paths[field]; !known || len(s.Path) < len(path) {
			paths[field] = s.Path
		}
	}
	return paths
}

// documentPath is a document as comments name it: "docs/next-steps.md#cilium".
var documentPath = regexp.MustCompile(`docs/([\w-]+)\.md(#[\w-]+)?`)

// linked makes links of the documents that a comment names.
func linked(text string) string {
	return documentPath.ReplaceAllStringFunc(text, func(path string) string {
		return "[" + strings.ReplaceAll(documentPath.FindStringSubmatch(path)[1], "-", " ") + "](" + path + ")"
	})
}

// projectConfig declares the keys of a stack file for the Pulumi CLI. One without a default would be required, so an
// optional key has the empty value of its type.
func projectConfig(settings []setting) string {
	var text strings.Builder
	for _, s := range settings {
		if strings.ContainsAny(s.Path, ".[") {
			continue
		}
		fmt.Fprintf(&text, "  %s:\n", s.Path)
		kind, empty := kindOf(s)
		if kind != "" {
			fmt.Fprintf(&text, "    type: %s\n", kind)
		}
		if items := map[string]string{"text": "string", "an object": "object"}[s.Items]; kind == "array" {
			fmt.Fprintf(&text, "    items:\n      type: %s\n", items)
		}
		fmt.Fprintf(&text, "    description: %s\n", strconv.Quote(description(s, settings)))
		if !s.required {
			value := s.Default
			if value == "" {
				value = empty
			}
			fmt.Fprintf(&text, "    default: %s\n", value)
		}
	}
	return text.String()
}

// kindOf returns the CLI's word for the type of a key, empty where it has none, and the value that means "not set".
func kindOf(s setting) (kind, empty string) {
	switch {
	case s.Form == "text":
		return "string", `""`
	case s.Form == "true or false" && s.Default != "":
		return "boolean", ""
	case s.Form == "an object":
		return "object", "{}"
	case s.Items == "text" || s.Items == "an object":
		return "array", "[]"
	}
	return "", `""`
}

// description returns a key's text without Markdown, with its fields and its default.
func description(s setting, settings []setting) string {
	text := s.text
	var fields []string
	for _, other := range settings {
		rest, below := strings.CutPrefix(other.Path, s.Path)
		if rest = strings.TrimPrefix(strings.TrimPrefix(rest, "[]"), "."); below && rest != "" &&
			!strings.ContainsAny(rest, ".[") {
			if other.Struct != s.Struct {
				fields = append(fields, rest)
			}
		}
	}
	if fields != nil {
		text += ". Fields: " + strings.Join(fields, ", ")
	}
	if s.unset != "" {
		text += ". Default: " + s.unset
	}
	return strings.ReplaceAll(text, "`", "")
}
