// Package rules are the demands on resources that hold whoever makes them, as functions over resources. Each belongs to
// a row of package invariants, which the tests of the program and the policy pack use.
package rules

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Resource is what a rule sees of a resource.
type Resource struct {
	Type, Name, URN string
	// Properties may hold secrets, and values that are not known before the update. A rule judges neither by guess:
	// what is not known breaks no rule, and is judged in the update, where it is known.
	Properties resource.PropertyMap
	// Options are nil where they cannot be seen: the SDK's policy packs are not told them.
	Options *Options
}

// Options are the ones of a resource that rules ask for.
type Options struct {
	Protect bool
	// Provider is the reference of the resource's provider; empty is a default one.
	Provider string
	// Custom resources have a provider, components have none.
	Custom bool
}

// Rule is a demand on resources.
type Rule struct {
	// Name is how the policy pack reports the rule, and how its configuration speaks of it.
	Name string
	// Demand is what must hold; Remedy what to do where it does not.
	Demand, Remedy string
	// Advice may be ignored: there are good reasons to break the rule for a while.
	Advice bool
	// NeedsOptions says that the rule sees nothing without a resource's options.
	NeedsOptions bool
	// one judges a resource by itself, all a stack as a whole; a rule has one of them.
	one func(Resource) []finding
	all func([]Resource) []finding
}

// finding is what a rule objects to.
type finding struct {
	at     field
	reason string
	// remedy is more exact than the rule's; empty if that says it all.
	remedy string
}

// All are the rules, in the order of the invariants.
func All() []Rule {
	return slices.Concat(
		firewallRules,
		machineRules,
		loadBalancerRules,
		encryptionRules,
		metadataRules,
		tagRules,
		secretRules,
		protectionRules,
		providerRules,
	)
}

// Named returns the rule of a name. Another name is a mistake of the program.
func Named(name string) Rule {
	all := All()
	i := slices.IndexFunc(all, func(r Rule) bool { return r.Name == name })
	if i < 0 {
		panic("there is no rule " + name)
	}
	return all[i]
}

// OfStack reports whether the rule needs the whole stack.
func (r Rule) OfStack() bool { return r.all != nil }

// Check finds what breaks the rule, in the order of the resources.
func (r Rule) Check(resources ...Resource) []Problem {
	var found []finding
	if r.all != nil {
		found = r.all(resources)
	} else {
		for _, one := range resources {
			found = append(found, r.one(one)...)
		}
	}
	var problems []Problem
	for _, f := range found {
		problem := Problem{
			Rule:     r.Name,
			Resource: f.at.of.Name,
			URN:      f.at.of.URN,
			Path:     f.at.path,
			Value:    f.at.shown(),
			Reason:   f.reason,
			Remedy:   f.remedy,
		}
		if problem.Remedy == "" {
			problem.Remedy = r.Remedy
		}
		if !slices.Contains(problems, problem) {
			problems = append(problems, problem)
		}
	}
	return problems
}

// Problem is one thing that breaks a rule.
type Problem struct {
	// Rule is the rule's name, Resource the resource's, and URN its URN.
	Rule, Resource, URN string
	// Path leads to what is wrong; Value is what stands there, empty if nothing does, and never a secret.
	Path, Value string
	// Reason and Remedy are for people.
	Reason, Remedy string
}

// String names the resource as well.
func (p Problem) String() string {
	if p.Path == "" {
		return p.Resource + ": " + p.sentence()
	}
	return p.Resource + "." + p.Path + ": " + p.sentence()
}

// Message is for places that name the resource themselves.
func (p Problem) Message() string {
	if p.Path == "" {
		return p.sentence()
	}
	return p.Path + ": " + p.sentence()
}

func (p Problem) sentence() string {
	text := p.Reason + "; " + p.Remedy
	if p.Value != "" {
		text = p.Value + " " + text
	}
	return text
}
