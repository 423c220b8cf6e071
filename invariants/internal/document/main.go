// Document writes the tables of docs/invariants.md from the rows of package invariants: go generate ./invariants
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/inferadb/infra/invariants"
	"github.com/inferadb/infra/policy/rules"
)

// document is the path of the page from package invariants, where go generate runs.
const document = "../docs/invariants.md"

func main() {
	if err := write(document); err != nil {
		fmt.Fprintln(os.Stderr, "document:", err)
		os.Exit(1)
	}
}

func write(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	fresh, err := render(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(fresh), 0o644)
}

// render returns the document with fresh tables.
func render(text string) (string, error) {
	for name, table := range map[string]string{"invariants": invariantTable(), "rules": ruleTable()} {
		begin, end := "<!-- "+name+", generated from invariants/ -->\n", "<!-- end of "+name+" -->\n"
		before, rest, begins := strings.Cut(text, begin)
		_, after, ends := strings.Cut(rest, end)
		if !begins || !ends {
			return "", fmt.Errorf("the marks %q and %q are missing; put them around the table", begin, end)
		}
		text = before + begin + table + end + after
	}
	return text, nil
}

// invariantTable returns a table with a line for each invariant.
func invariantTable() string {
	var table strings.Builder
	table.WriteString("| | always holds | rules | checks of the graph | refused | other tests " +
		"|\n|---|---|---|---|---|---|\n")
	for _, row := range invariants.All() {
		refused := ""
		if n := len(row.Refused); n > 0 {
			refused = fmt.Sprint(n)
		}
		fmt.Fprintf(&table, "| %d | %s | %s | %s | %s | %s |\n", row.ID, row.Sentence, code(row.Rules), checks(row),
			refused, code(row.Elsewhere))
	}
	return table.String()
}

// checks returns the names of a row's checks without its rules. Names of checks that are not for all clouds have their
// clouds in parentheses.
func checks(row invariants.Invariant) string {
	var names []string
	clouds := map[string][]string{}
	for _, check := range row.Checks {
		if slices.Contains(row.Rules, check.Name) {
			continue
		}
		if !slices.Contains(names, check.Name) {
			names = append(names, check.Name)
		}
		if check.Cloud != "" {
			clouds[check.Name] = append(clouds[check.Name], check.Cloud)
		}
	}
	var said []string
	for _, name := range names {
		text := "`" + name + "`"
		if some := clouds[name]; some != nil && len(some) < len(invariants.Clouds()) {
			text += " (" + strings.Join(some, ", ") + ")"
		}
		said = append(said, text)
	}
	return strings.Join(said, ", ")
}

// ruleTable returns a table with a line for each rule of the policy pack, and one for each invariant without rules.
func ruleTable() string {
	var table strings.Builder
	table.WriteString("| | rule | demands, or why there is none |\n|---|---|---|\n")
	for _, row := range invariants.All() {
		if row.Unseen != "" {
			fmt.Fprintf(&table, "| %d | | %s |\n", row.ID, row.Unseen)
		}
		for _, name := range row.Rules {
			rule, note := rules.Named(name), ""
			if rule.Advice {
				note = "Advice: "
			}
			if rule.NeedsOptions {
				note = "Only in the tests, because the pack does not see options: "
			}
			fmt.Fprintf(&table, "| %d | `%s` | %s%s |\n", row.ID, name, note, rule.Demand)
		}
	}
	return table.String()
}

// code returns a list of names as Markdown code.
func code(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "`" + strings.Join(names, "`, `") + "`"
}
