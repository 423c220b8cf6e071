// Package invariants holds what is true of every stack that this program builds or accepts: one row for each guarantee,
// with its sentence, its checks, ways to break it that the checks must see, and the settings that are refused because
// of it. The tests of the graph, the mutations, the policy pack and docs/invariants.md come from the rows.
//
// The rows stand in files by their concern and name no cloud. What is true of one cloud's resources alone stands in the
// files with the cloud's name, under the number of its row.
package invariants

import (
	"slices"

	"github.com/inferadb/infra/policy/rules"
)

//go:generate go run ./internal/document

// Invariant is a guarantee.
type Invariant struct {
	// ID is its number. Numbers are never given out twice.
	ID int
	// Sentence says what always holds.
	Sentence string
	// Rules are the names of the rules of policy/rules that hold every resource to it, also those that somebody adds
	// outside of the program: the policy pack is made of them.
	Rules []string
	// Unseen says why the policy pack cannot see it, for an invariant without rules.
	Unseen string
	// Checks look at the graph of resources: first the rules, then those of every cloud, then those of each.
	Checks []Check
	// Refused are settings of a stack file that would break it. The program refuses them before it makes anything.
	Refused []Setting
	// Allowed are settings that look as if they broke it and do not: all checks look at these stacks, too.
	Allowed []Setting
	// Elsewhere are the tests of what no check of a graph can see: messages, changes, machine configurations, lives of
	// clusters.
	Elsewhere []string
}

// Check looks at the graph of a stack and reports what breaks its invariant.
type Check struct {
	// Name of the check. No two checks of a cloud share one.
	Name string
	// Cloud whose resources it knows; empty for a check that knows those of every cloud.
	Cloud string
	// Look reports what it objects to.
	Look func(*Graph, *Violations)
	// Breaks are changes of a graph that the check must see.
	Breaks []Breakage
}

// Of returns what the check objects to in a graph.
func (c Check) Of(g *Graph) Violations {
	var found Violations
	c.Look(g, &found)
	return found
}

// Concerns reports whether the check looks at the resources of the cloud.
func (c Check) Concerns(cloud string) bool { return c.Cloud == "" || c.Cloud == cloud }

// cloud is what the files of one cloud add to the rows.
type cloud struct {
	// stacks are those that the checks look at.
	stacks []Stack
	// checks by the number of their row.
	checks map[int][]Check
	// breaks are breakages on this cloud of what is checked on every cloud, by the name of the check.
	breaks map[string][]Breakage
	// refused and allowed are settings of this cloud alone, by the number of their row.
	refused, allowed map[int][]Setting
	// words stand for what differs between the clouds in settings of all of them, by the word in braces.
	words map[string]string
}

// clouds by their names in a stack file. The clouds' own files fill it.
var clouds = map[string]cloud{}

func register(name string, c cloud) bool {
	clouds[name] = c
	return true
}

// All returns the invariants, in the order of their numbers.
func All() []Invariant {
	rows := slices.Concat(machineRows, networkRows, loadBalancerRows, secretRows, nameRows, spotRows, settingRows,
		changeRows,
		orderRows, hardeningRows)
	slices.SortFunc(rows, func(a, b Invariant) int { return a.ID - b.ID })
	for i, row := range rows {
		var all []Check
		for _, name := range row.Rules {
			all = append(all, checkOf(name))
		}
		all = append(all, row.Checks...)
		for j, check := range all {
			all[j].Breaks = nil
			for _, cloud := range Clouds() {
				all[j].Breaks = append(all[j].Breaks, on(cloud, check.Breaks)...)
				all[j].Breaks = append(all[j].Breaks, on(cloud, clouds[cloud].breaks[check.Name])...)
			}
		}
		rows[i].Refused, rows[i].Allowed = slices.Clone(row.Refused), slices.Clone(row.Allowed)
		for _, name := range Clouds() {
			c := clouds[name]
			for _, check := range c.checks[row.ID] {
				check.Cloud, check.Breaks = name, on(name, check.Breaks)
				all = append(all, check)
			}
			rows[i].Refused = append(rows[i].Refused, ofCloud(name, c.refused[row.ID])...)
			rows[i].Allowed = append(rows[i].Allowed, ofCloud(name, c.allowed[row.ID])...)
		}
		rows[i].Checks = all
	}
	return rows
}

// Clouds returns the names of the clouds.
func Clouds() []string {
	var names []string
	for name := range clouds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// checkOf returns a rule of policy/rules as a check of the graph.
func checkOf(name string) Check {
	rule := rules.Named(name)
	return Check{Name: name, Look: func(g *Graph, v *Violations) {
		for _, problem := range rule.Check(g.ForRules()...) {
			*v = append(*v, problem.String())
		}
	}}
}

// on returns the breakages as those of a cloud.
func on(cloud string, breaks []Breakage) []Breakage {
	breaks = slices.Clone(breaks)
	for i := range breaks {
		breaks[i].Cloud = cloud
	}
	return breaks
}
