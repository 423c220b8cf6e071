package preview

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/inferadb/infra/cost"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// Limit is how long a comment or an issue may be on GitHub, in characters. Counted in bytes here, which are never
// fewer.
const Limit = 65536

// mandatory is the level of a policy that is not only advice.
const mandatory = "mandatory"

// Kind is what was looked at.
type Kind string

// The kinds of comments.
const (
	// Preview is what an up would do to a real stack.
	Preview Kind = "preview"
	// Simulated is what an up would do on the simulator.
	Simulated Kind = "simulated"
	// Drift is where the cloud differs from the state.
	Drift Kind = "drift"
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Preview, Simulated, Drift} }

// Comment is the content of a comment on a pull request.
type Comment struct {
	Stack string
	Kind  Kind
	// Revision is the commit that was previewed; empty if it is not known.
	Revision string
	// Estimates are what the stack file costs. Without any, Unpriced may say why.
	Estimates []cost.Estimate
	Unpriced  string
	Result    Result
}

// Marker returns the comment's first line: by it the comment of an earlier push is found, to be edited.
func (c Comment) Marker() string { return fmt.Sprintf("<!-- inferadb %s of %s -->", c.Kind, c.Stack) }

// Markdown returns the comment. If it is longer than the limit in bytes, only the diff is shortened.
func (c Comment) Markdown(limit int) string {
	top := strings.Join(slices.DeleteFunc([]string{
		c.Marker() + "\n" + c.title(), c.intro(), c.reasons(), strings.Join(warnings(c.Result.Steps), "\n"),
		c.summary(),
	}, empty), "\n\n")
	bottom := strings.Join(slices.DeleteFunc([]string{c.cost(), c.footer()}, empty), "\n\n")
	diff := c.diff(limit - len(top) - len(bottom) - len("\n\n\n\n\n"))
	return strings.Join(slices.DeleteFunc([]string{top, diff, bottom}, empty), "\n\n") + "\n"
}

func empty(text string) bool { return text == "" }

func (c Comment) title() string {
	what := map[Kind]string{Preview: "Preview of " + c.Stack, Simulated: "Preview of " + c.Stack + " on the simulator",
		Drift: "Drift of " + c.Stack}[c.Kind]
	if c.Result.Failed {
		what += ": failed"
	}
	return "### " + what
}

func (c Comment) intro() string {
	switch {
	case c.Kind == Simulated:
		return "No account was asked: this compares the stack with the simulator, which is empty unless " +
			"`make demo KEEP=1` left a stack."
	case c.Kind == Drift && c.Result.Changed():
		return "The cloud is no longer as the state has it. Each change below was " +
			"made outside of Pulumi."
	}
	return ""
}

// reasons returns the errors, what policies refuse, and the warnings: a failed preview says why before anything else.
func (c Comment) reasons() string {
	var errors, others []string
	for _, d := range c.Result.Diagnostics {
		switch {
		case d.Severity != "error":
			others = append(others, message(d))
		case strings.TrimSpace(d.Message) != "preview failed":
			errors = append(errors, message(d))
		}
	}
	for _, v := range c.Result.Violations {
		text := fmt.Sprintf("%s: %s: %s", v.PolicyPackName, v.PolicyName, strings.TrimSpace(v.Message))
		if v.ResourceURN != "" {
			text = subject(v.ResourceURN) + ": " + text
		}
		if v.EnforcementLevel == mandatory {
			errors = append(errors, text)
		} else {
			others = append(others, text)
		}
	}
	if c.Result.Failed && errors == nil {
		errors = []string{"Pulumi gave no reason; the log of the run may."}
	}
	return strings.Join(
		slices.DeleteFunc([]string{quoted("Why it failed", errors), quoted("Warnings", others)}, empty),
		"\n\n",
	)
}

// noise is what Pulumi puts before the errors of a program.
var noise = regexp.MustCompile(`^(an unhandled error occurred: program failed:\s*)?(\d+ errors? occurred:\s*)?(\* )?`)

func message(d apitype.DiagnosticEvent) string {
	text := strings.TrimSpace(noise.ReplaceAllString(strings.TrimSpace(d.Message), ""))
	if d.URN != "" && !strings.Contains(text, d.URN) {
		text = subject(d.URN) + ": " + text
	}
	return text
}

// subject returns the resource that a message is about.
func subject(urn string) string {
	kind, name := named(urn)
	return strings.TrimSpace(kind + " " + name)
}

// quoted returns a list of messages, word for word, each at most 2000 characters and all together at most 8000.
func quoted(title string, messages []string) string {
	if messages == nil {
		return ""
	}
	var text strings.Builder
	messages = unique(messages)
	for i, message := range messages {
		message = scrub(message)
		if len(message) > 2000 {
			message = strings.ToValidUTF8(message[:2000], "") + " …"
		}
		if text.Len()+len(message) > 8000 {
			fmt.Fprintf(&text, "and %d more\n", len(messages)-i)
			break
		}
		text.WriteString(message + "\n\n")
	}
	return fmt.Sprintf("**%s**\n\n%s", title, fenced("text", text.String()))
}

// unique leaves out what was said before: one provider for each region says the same.
func unique(messages []string) []string {
	var all []string
	for _, message := range messages {
		if !slices.Contains(all, message) {
			all = append(all, message)
		}
	}
	return all
}

// fenced returns a block whose fence is longer than any in the text, so that nothing in it can end the block.
func fenced(language, text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + language + "\n" + strings.TrimRight(text, "\n") + "\n" + fence
}

// summary counts the steps in one table.
func (c Comment) summary() string {
	counts := count(c.Result.Steps)
	changes := ops(counts)
	switch {
	case len(changes) == 0 && c.Result.Failed:
		return ""
	case len(changes) == 0 && c.Kind == Drift:
		return fmt.Sprintf("No drift: %d resources are as the state has them.", counts[apitype.OpSame])
	case len(changes) == 0:
		return fmt.Sprintf("Nothing to change: %d resources are as they should be.", counts[apitype.OpSame])
	}
	heads, rules, cells := []string{}, []string{}, []string{}
	for _, op := range append(changes, "unchanged") {
		number := counts[op]
		if op == "unchanged" {
			number = counts[apitype.OpSame]
		}
		heads, rules, cells = append(heads, string(op)), append(rules, "---:"), append(cells, fmt.Sprint(number))
	}
	table := fmt.Sprintf(
		"| %s |\n|%s|\n| %s |",
		strings.Join(heads, " | "),
		strings.Join(rules, "|"),
		strings.Join(cells, " | "),
	)
	if c.Result.Failed && !c.refused() {
		table += "\n\nThis is as far as the preview came."
	}
	return table
}

// refused reports whether the preview was complete and a policy refused it.
func (c Comment) refused() bool {
	return slices.ContainsFunc(
		c.Result.Violations,
		func(v apitype.PolicyEvent) bool { return v.EnforcementLevel == mandatory },
	)
}

func count(steps []apitype.StepEventMetadata) map[apitype.OpType]int {
	counts := map[apitype.OpType]int{}
	for _, step := range steps {
		counts[step.Op]++
	}
	return counts
}

// ops returns the operations that change something, the usual ones in their usual order.
func ops(counts map[apitype.OpType]int) []apitype.OpType {
	usual := []apitype.OpType{apitype.OpCreate, apitype.OpUpdate, apitype.OpReplace, apitype.OpDelete}
	others := slices.Sorted(maps.Keys(counts))
	return slices.DeleteFunc(append(usual, slices.DeleteFunc(others, func(op apitype.OpType) bool {
		return op == apitype.OpSame || slices.Contains(usual, op)
	})...), func(op apitype.OpType) bool { return counts[op] == 0 })
}

func (c Comment) cost() string {
	switch {
	case len(c.Estimates) > 0:
		title := fmt.Sprintf(
			"Cost of %s: %s US dollars a month at list price",
			c.Stack,
			cost.Sum(c.Estimates).Configured,
		)
		return folded(title, cost.Markdown(c.Stack, c.Estimates))
	case c.Unpriced != "" && !c.Result.Failed:
		return quoted("Its cost is unknown", []string{c.Unpriced})
	}
	return ""
}

func folded(title, text string) string {
	return fmt.Sprintf("<details><summary>%s</summary>\n\n%s\n\n</details>", title, strings.TrimSpace(text))
}

// footer names what to do next.
func (c Comment) footer() string {
	var next string
	switch {
	case c.Kind == Drift && !c.Result.Changed() && !c.Result.Failed:
		next = fmt.Sprintf("`make preview STACK=%s`.", c.Stack)
	case c.Kind == Drift && c.Result.Failed:
		next = fmt.Sprintf("repair it, and try it with `make drift STACK=%s`.", c.Stack)
	case c.Kind == Drift:
		next = fmt.Sprintf(
			"`make preview STACK=%s` shows what `up` would set back; `make refresh STACK=%s` "+
				"takes the cloud's state as it is.",
			c.Stack,
			c.Stack,
		)
	case c.Result.Failed && c.Kind == Simulated:
		next = fmt.Sprintf(
			"repair it, and try it here or with `make preview-simulated STACK=%s SUMMARY=comment.md`.",
			c.Stack,
		)
	case c.Result.Failed:
		next = fmt.Sprintf("repair it, and try it here or with `make preview STACK=%s`.", c.Stack)
	case c.Kind == Simulated:
		next = fmt.Sprintf(
			"`make demo STACK=%s` brings it up on the simulator; `make preview STACK=%s` asks the real cloud.",
			c.Stack,
			c.Stack,
		)
	default:
		next = fmt.Sprintf("`make up STACK=%s`; where a workflow deploys the stack, merging does it.", c.Stack)
	}
	footer := "Next: " + next
	if c.Revision != "" {
		footer = "Commit " + c.Revision + ". " + footer
	}
	return footer
}
