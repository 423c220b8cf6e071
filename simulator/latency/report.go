package latency

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// ReadState reads the resources out of what `pulumi stack export` writes.
func ReadState(data []byte) ([]Resource, error) {
	var export struct {
		Deployment struct {
			Resources []struct {
				URN, Type, Parent    string
				Dependencies         []string
				PropertyDependencies map[string][]string
			}
		}
	}
	if err := json.Unmarshal(data, &export); err != nil {
		return nil, err
	}
	var list []Resource
	for _, r := range export.Deployment.Resources {
		read := Resource{URN: r.URN, Type: r.Type, Name: r.URN[strings.LastIndex(r.URN, ":")+1:], Parent: r.Parent,
			After: r.Dependencies}
		for _, property := range r.PropertyDependencies {
			read.Data = append(read.Data, property...)
		}
		slices.Sort(read.Data)
		list = append(list, read)
	}
	return list, nil
}

// Write shows a plan: when each step of its critical path ends, and when it ended in fact, all in the clouds' own time.
func (p Plan) Write(w io.Writer, measured map[string]time.Duration) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "ends\tmeasured\ttakes\t\n")
	for _, step := range p.Path {
		seen := ""
		if end, exists := measured[step.ID]; exists {
			seen = Clock(end)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t  %s\n", Clock(step.End), seen, Clock(step.Takes), step.Name)
	}
	table.Flush()
	var last time.Duration
	for _, end := range measured {
		last = max(last, end)
	}
	fmt.Fprintf(w, "\nTotal %s; measured %s. Minimum %s, ratio %.2f:\n\n%s",
		Clock(p.Path.Total()), Clock(last), Clock(p.Minimum.Total()), p.Ratio(), p.Minimum)
}

// String returns the path as a table: when each step ends, how long it takes, and what it is.
func (p Path) String() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, step := range p {
		fmt.Fprintf(table, "%s\t%s\t  %s\n", Clock(step.End), Clock(step.Takes), step.Name)
	}
	table.Flush()
	return text.String()
}

// Clock writes minutes and seconds.
func Clock(d time.Duration) string {
	d = d.Round(time.Second)
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}
