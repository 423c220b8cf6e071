package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one thing that is wrong with the settings.
type Error struct {
	// Path of the setting: "pools[1].spot.base".
	Path string
	// Problem says what is wrong with which value.
	Problem string
	// Remedy says what to do about it.
	Remedy string
}

func (e Error) Error() string { return fmt.Sprintf("%s: %s; %s", e.Path, e.Problem, e.Remedy) }

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
func (e Errors) Sorted() Errors {
	slices.SortStableFunc(e, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Problem, b.Problem))
	})
	return slices.Compact(e)
}

// report collects what there is to say about the settings, so that a user hears everything at once.
type report struct {
	errors   Errors
	warnings []string
	// unreadable are the paths of values of a wrong type: whatever else is wrong there follows from it.
	unreadable []string
}

func (r *report) refuse(path, problem, remedy string) {
	for _, other := range r.unreadable {
		if path == other || strings.HasPrefix(path, other+".") || strings.HasPrefix(path, other+"[") {
			return
		}
	}
	r.errors = append(r.errors, Error{Path: path, Problem: problem, Remedy: remedy})
}

func (r *report) warn(format string, args ...any) {
	warning := fmt.Sprintf(format, args...)
	if !slices.Contains(r.warnings, warning) {
		r.warnings = append(r.warnings, warning)
	}
}

// err returns what was refused; nil if nothing was.
func (r *report) err() error {
	if len(r.errors) == 0 {
		return nil
	}
	return r.errors.Sorted()
}
