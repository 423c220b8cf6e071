package lifecycle

import (
	"flag"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/tests/pages"
)

var updatePages = flag.Bool("update", false, "write the pages that are generated from the tests' tables")

// TestTheChangesPageIsFresh compares docs/changes.md with the tables of TestChanges, TestChangesOnGoogleCloud and
// TestChangesOnDigitalOcean, which make each change on a running stack. `make graph` writes it.
func TestTheChangesPageIsFresh(t *testing.T) {
	path := filepath.Join(repository, "docs", "changes.md")
	pages.Fresh(t, *updatePages, path, "changes", changesTable(changes, changesOnGoogleCloud, changesOnDigitalOcean))
}

// changesTable has a row for each change and a column for each cloud's steps. Changes that only prepare another are
// left out.
func changesTable(byCloud ...[]change) string {
	var names []string
	cells := map[string][]string{}
	for i, table := range byCloud {
		for _, c := range table {
			if c.key == "acknowledge" {
				continue
			}
			if cells[c.name] == nil {
				cells[c.name] = slices.Repeat([]string{"–"}, len(byCloud))
				names = append(names, c.name)
			}
			cells[c.name][i] = c.text()
		}
	}
	var text strings.Builder
	text.WriteString("\n| change | AWS | Google Cloud | DigitalOcean |\n|---|---|---|---|\n")
	for _, name := range names {
		fmt.Fprintf(&text, "| %s | %s |\n", name, strings.Join(cells[name], " | "))
	}
	return text.String() + "\n"
}

// text says what a change does: "creates Instance; updates ConfigurationApply × 3".
func (c change) text() string {
	if c.only != "" {
		return c.only + "s all of the cluster's resources, and nothing of another"
	}
	if len(c.steps) == 0 {
		return "nothing"
	}
	byOp := map[string][]string{}
	for _, step := range slices.Sorted(maps.Keys(c.steps)) {
		op, token, _ := strings.Cut(step, " ")
		kind := token[strings.LastIndex(token, ":")+1:]
		if n := c.steps[step]; n > 1 {
			kind += fmt.Sprintf(" × %d", n)
		}
		byOp[op] = append(byOp[op], kind)
	}
	var parts []string
	for _, op := range []string{"create", "replace", "update", "delete"} {
		if kinds := byOp[op]; kinds != nil {
			parts = append(parts, op+"s "+strings.Join(kinds, ", "))
			delete(byOp, op)
		}
	}
	if len(byOp) > 0 {
		panic(fmt.Sprintf("%s: an operation without a word: %v", c.name, byOp))
	}
	return strings.Join(parts, "; ")
}
