package machineconfig

import "fmt"

// Error is why a configuration, or a part of one, is refused. Its Remedy is empty for an error of Talos' library.
type Error struct {
	Problem, Remedy string
}

// Error returns the problem and, behind a semicolon, the remedy.
func (e *Error) Error() string {
	if e.Remedy == "" {
		return e.Problem
	}
	return e.Problem + "; " + e.Remedy
}

func problem(format string, arguments ...any) *Error {
	return &Error{Problem: fmt.Sprintf(format, arguments...)}
}

func (e *Error) remedy(format string, arguments ...any) *Error {
	e.Remedy = fmt.Sprintf(format, arguments...)
	return e
}
