// Package invariants lists what is true of every stack that this program builds or accepts: one row for each guarantee,
// with its sentence, its checks, ways to break it that the checks must detect, and the settings that are refused
// because of it. The tests of the graph, the mutations, the policy pack, docs/invariants.md and docs/production.md use
// the rows.
//
// The rows are in files by their concern and name no cloud. Checks of one cloud's resources are in the files with the
// cloud's name, by the number of their row.
package invariants

import (
	"slices"

	"github.com/inferadb/infra/policy/rules"
)

//go:generate go run ./internal/document

// Invariant is a guarantee.
type Invariant struct {
	// ID is its number, which is never reused.
	ID int
	// Sentence is the guarantee.
	Sentence string
	// Rules are the names of its rules in policy/rules. The policy pack applies them to every resource of a stack, also
	// to those that are added outside of the program.
	Rules []string
	// Unseen is the reason why the policy pack has no rule for it; empty if it has one.
	Unseen string
	// Checks look at the graph of resources: first the rules, then checks of all clouds, then those of each cloud.
	Checks []Check
	// Refused are settings of a stack file that would break it. The program refuses them before it creates anything.
	Refused []Setting
	// Allowed are settings that look as if they broke it and do not. All checks look at these stacks as well.
	Allowed []Setting
	// Elsewhere are tests of what a graph does not show: messages, changes, machine configurations, lives of clusters.
	Elsewhere []string
}

// Check is a function that looks for violations of an invariant in the graph of a stack.
type Check struct {
	// Name is unique among the checks of a cloud.
	Name string
	// Cloud is the cloud whose resources it knows; empty for a check that knows those of all clouds.
	Cloud string
	// Look adds what it finds to the violations.
	Look func(*Graph, *Violations)
	// Breaks are changes of a graph that the check must detect.
	Breaks []Breakage
}

// Of returns the violations in a graph.
func (c Check) Of(g *Graph) Violations {
	var found Violations
	c.Look(g, &found)
	return found
}

// Concerns reports whether the check looks at the resources of the cloud.
func (c Check) Concerns(cloud string) bool { return c.Cloud == "" || c.Cloud == cloud }

// cloud is what one cloud's files add to the rows.
type cloud struct {
	// stacks are those that the checks look at.
	stacks []Stack
	// checks by the number of their row.
	checks map[int][]Check
	// breaks are breakages on this cloud of what is checked on every cloud, by the name of the check.
	breaks map[string][]Breakage
	// refused and allowed are settings for this cloud only, by the number of their row.
	refused, allowed map[int][]Setting
	// words replace the words in braces in settings that are tried on all clouds.
	words map[string]string
}

// clouds has each cloud by its name in a stack file. Each cloud's file registers itself.
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
