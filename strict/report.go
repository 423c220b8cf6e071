package strict

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

// Sorted returns the errors in a stable order, each once.
func Sorted(errors []Error) []Error {
	slices.SortStableFunc(errors, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Problem, b.Problem))
	})
	return slices.Compact(errors)
}

// Report collects what is wrong with the settings, so that a user reads everything at once.
type Report struct {
	Errors []Error
	// unreadable are the paths of values of a wrong type: whatever else is wrong there follows from it.
	unreadable []string
}

// Reject adds an error, unless it follows from the wrong type of a value.
func (r *Report) Reject(path, problem, remedy string) {
	for _, other := range r.unreadable {
		if path == other || strings.HasPrefix(path, other+".") || strings.HasPrefix(path, other+"[") {
			return
		}
	}
	r.Errors = append(r.Errors, Error{Path: path, Problem: problem, Remedy: remedy})
}
