// Package preview makes the comment of a pull request, or the text of a drift report, from what `pulumi preview --json`
// and `pulumi refresh --json` print. It never shows a secret, and keeps within what GitHub accepts.
package preview

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// Result is what a preview found out.
type Result struct {
	// Steps are one for each resource, as they came; also those that stay the same.
	Steps       []apitype.StepEventMetadata
	Diagnostics []apitype.DiagnosticEvent
	// Violations are what a policy pack objects to.
	Violations []apitype.PolicyEvent
	// Failed says that the preview did not come to its end, or that a policy refused what it found.
	Failed bool
}

// replacementParts are the halves of a replacement. The engine reports the whole as a step of its own.
var replacementParts = []apitype.OpType{
	apitype.OpCreateReplacement,
	apitype.OpDeleteReplaced,
	apitype.OpImportReplacement,
}

// Read reads the engine's events, one a line. They carry what the single document without
// PULUMI_ENABLE_STREAMING_JSON_PREVIEW leaves out: what policies object to, resources that stay the same, and the
// result.
func Read(events io.Reader) (Result, error) {
	result := Result{Failed: true}
	refreshed := map[string]int{}
	lines := bufio.NewReader(events)
	for number := 1; ; number++ {
		line, end := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var event apitype.EngineEvent
			if err := json.Unmarshal(line, &event); err != nil {
				// The line itself is not shown: it may hold anything.
				return result, fmt.Errorf("line %d of the preview is not an event of Pulumi's engine (%T)", number, err)
			}
			result.add(event, refreshed)
		}
		if end == io.EOF {
			return result, nil
		}
		if end != nil {
			return result, end
		}
	}
}

// add takes an event in; refreshed remembers the step of each resource that a refresh looks at.
func (r *Result) add(event apitype.EngineEvent, refreshed map[string]int) {
	switch {
	case event.ResourcePreEvent != nil:
		step := event.ResourcePreEvent.Metadata
		if slices.Contains(replacementParts, step.Op) {
			return
		}
		if step.Op == apitype.OpRefresh {
			refreshed[step.URN] = len(r.Steps)
			step.Op = apitype.OpSame
		}
		r.Steps = append(r.Steps, step)
	case event.ResOutputsEvent != nil:
		// The result of a refresh is in the event after it.
		if at, ok := refreshed[event.ResOutputsEvent.Metadata.URN]; ok &&
			event.ResOutputsEvent.Metadata.Op != apitype.OpRefresh {
			r.Steps[at] = event.ResOutputsEvent.Metadata
			delete(refreshed, event.ResOutputsEvent.Metadata.URN)
		}
	case event.DiagnosticEvent != nil:
		if d := *event.DiagnosticEvent; !d.Ephemeral && (d.Severity == "error" || d.Severity == "warning") {
			r.Diagnostics = append(r.Diagnostics, d)
		}
	case event.PolicyEvent != nil:
		r.Violations = append(r.Violations, *event.PolicyEvent)
	case event.SummaryEvent != nil:
		r.Failed = event.SummaryEvent.Result != apitype.OperationResultSucceeded
	}
}

// Fail adds why there is no preview, or none that came to its end.
func (r *Result) Fail(reason string) {
	r.Failed = true
	if reason != "" {
		r.Diagnostics = append(r.Diagnostics, apitype.DiagnosticEvent{Severity: "error", Message: reason})
	}
}

// Changed reports whether anything would change.
func (r Result) Changed() bool {
	return slices.ContainsFunc(r.Steps, func(step apitype.StepEventMetadata) bool { return step.Op != apitype.OpSame })
}
