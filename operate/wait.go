package operate

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"
)

// waiting is how a command looks at a cluster until what is in its way is gone.
type waiting struct {
	// Gate is how long to wait, Poll how long between two looks.
	Gate, Poll time.Duration
	// Out is where the progress goes.
	Out io.Writer
}

func (w waiting) logf(format string, arguments ...any) {
	progress(w.Out, format, arguments...)
}

// progress writes a line with the time.
func progress(out io.Writer, format string, arguments ...any) {
	fmt.Fprintf(out, time.Now().Format(time.TimeOnly)+"  "+format+"\n", arguments...)
}

// until looks until nothing is found, and returns the last look. The error names what was found at the end of the
// limit.
func (w waiting) until(ctx context.Context, op *Operator, find func(*Observation) []Finding) (*Observation, error) {
	end, said := time.Now().Add(w.Gate), ""
	for {
		o := op.Observe(ctx)
		found := find(o)
		if len(found) == 0 {
			return o, nil
		}
		text := found[0].String()
		if time.Now().After(end) {
			return o, fmt.Errorf("gate %s did not pass in %s: %s", found[0].Gate, w.Gate, text)
		}
		if text != said {
			w.logf("waiting for %s: %s", found[0].Gate, text)
			said = text
		}
		if err := pause(ctx, w.Poll); err != nil {
			return o, err
		}
	}
}

// controlPlaneFindings returns the findings of the gates about the control planes. Two members are no fault on the way
// from three to one.
func (o *Observation) controlPlaneFindings() []Finding {
	var all []Finding
	for _, gate := range []Gate{
		{Name: "api", check: (*Observation).checkAPI},
		{Name: "reach", check: (*Observation).checkReach},
		{Name: "etcd", check: (*Observation).etcdFindings},
		{Name: "nodes", check: (*Observation).checkNodes},
	} {
		for _, f := range gate.check(o) {
			concerned := f.Node == "" || slices.ContainsFunc(o.ControlPlanes(), func(n *Node) bool {
				return n.Name == f.Node || n.Kubernetes != nil && n.Kubernetes.Name == f.Node
			})
			if f.Gate = gate.Name; f.Level > Notice && concerned {
				all = append(all, f)
			}
		}
	}
	return all
}
