package preview

import (
	"fmt"
	"html"
	"strings"
)

// diff returns the folded diff, within so many bytes: first in full, then without the properties of new resources,
// then cut.
func (c Comment) diff(room int) string {
	for _, details := range []bool{true, false} {
		all := sections(c.Result.Steps, details)
		text := folds(all)
		if !details && all != nil {
			text += "\n\nWhat new resources are made of is left out: with it, this would be longer than GitHub takes."
		}
		if len(text) <= room {
			return text
		}
	}
	return c.truncate(sections(c.Result.Steps, false), room)
}

func folds(all []section) string {
	var parts []string
	for _, s := range all {
		parts = append(parts, details(s))
	}
	return strings.Join(parts, "\n\n")
}

func details(s section) string {
	return folded(html.EscapeString(s.title), fenced("diff", strings.Join(s.lines, "\n")))
}

// truncate keeps the first lines of every section, each as many as its share of the room allows, and counts the others.
func (c Comment) truncate(all []section, room int) string {
	note := func(lines int) string {
		return fmt.Sprintf(
			"%d lines of the diff are cut, to stay within what GitHub takes. All of them: %s",
			lines,
			c.command(),
		)
	}
	lines := 0
	for _, s := range all {
		lines += len(s.lines)
	}
	left := room - len(note(lines)) - 2
	var kept []section
	cut := 0
	for i, s := range all {
		share := left / (len(all) - i)
		short := section{title: s.title}
		size := len(details(short)) + len("\n\n")
		for _, line := range s.lines {
			if size += len(line) + 1; size > share {
				break
			}
			short.lines = append(short.lines, line)
		}
		cut += len(s.lines) - len(short.lines)
		if len(short.lines) > 0 {
			kept = append(kept, short)
			left -= len(details(short)) + len("\n\n")
		}
	}
	return strings.TrimSpace(folds(kept) + "\n\n" + note(cut))
}

// command shows the whole of it.
func (c Comment) command() string {
	switch c.Kind {
	case Simulated:
		return fmt.Sprintf("`eval \"$(make -s simulator-env STACK=%s)\" && pulumi preview --diff`", c.Stack)
	case Drift:
		return fmt.Sprintf("`make pulumi STACK=%s ARGS='refresh --preview-only --diff'`", c.Stack)
	}
	return fmt.Sprintf("`make preview STACK=%s`", c.Stack)
}
