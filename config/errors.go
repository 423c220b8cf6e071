package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/strict"
)

// Error is one thing that is wrong with the settings.
type Error = strict.Error

// help is where people find out more.
const help = "every key: README.md#configuration; what a message means: docs/troubleshooting.md#settings"

// Errors are all the things that are wrong with the settings, sorted by path.
type Errors []Error

func (e Errors) Error() string {
	lines := make([]string, 0, len(e)+2)
	lines = append(lines, fmt.Sprintf("%d of the stack's settings cannot be used:", len(e)))
	for _, one := range e {
		lines = append(lines, "  "+one.Error())
	}
	lines = append(lines, help)
	return strings.Join(lines, "\n")
}

// Sorted returns the errors in a stable order, each once: a setting may be wrong for several regions.
func (e Errors) Sorted() Errors { return strict.Sorted(e) }

// report collects what there is to say about the settings, so that a user sees everything at once.
type report struct {
	strict.Report
	warnings []string
}

func (r *report) warn(format string, args ...any) {
	warning := fmt.Sprintf(format, args...)
	if !slices.Contains(r.warnings, warning) {
		r.warnings = append(r.warnings, warning)
	}
}

// err returns what was refused; nil if nothing was.
func (r *report) err() error {
	if len(r.Errors) == 0 {
		return nil
	}
	return Errors(r.Errors).Sorted()
}
