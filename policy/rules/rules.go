// Package rules has the rules of the policy pack, as functions over resources. They hold for every resource of a stack,
// also for those that are added outside of the program's component. Each rule belongs to a row of package invariants,
// which the tests of the program and the policy pack use.
package rules

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Resource is the part of a Pulumi resource that rules look at.
type Resource struct {
	Type, Name, URN string
	// Properties may hold secrets and values that are known only after the update. An unknown value breaks no rule in a
	// preview; it is checked in the update, where it is known.
	Properties resource.PropertyMap
	// Options are nil in the policy pack, to which the SDK does not pass them.
	Options *Options
}

// Options are the resource options that rules look at.
type Options struct {
	Protect bool
	// Provider is the reference of the resource's provider; empty for a default provider.
	Provider string
	// Custom resources have a provider, components have none.
	Custom bool
}

// Rule is a requirement on resources.
type Rule struct {
	// Name identifies the rule in the policy pack's reports and configuration.
	Name string
	// Demand is what must hold. Remedy is what to do where it does not.
	Demand, Remedy string
	// Advice rules only warn: there are good reasons to break them for a while.
	Advice bool
	// NeedsOptions marks a rule that finds nothing without a resource's options.
	NeedsOptions bool
	// one checks a single resource, all checks a stack as a whole. A rule has one of the two.
	one func(Resource) []violation
	all func([]Resource) []violation
}

// violation is one place that breaks a rule.
type violation struct {
	at     field
	reason string
	// remedy replaces the rule's remedy, unless it is empty.
	remedy string
}

// All returns the rules in the order of the invariants.
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

// Named returns the rule with the name. It panics if there is none, which is a bug of the program.
func Named(name string) Rule {
	all := All()
	i := slices.IndexFunc(all, func(r Rule) bool { return r.Name == name })
	if i < 0 {
		panic("there is no rule " + name)
	}
	return all[i]
}

// OfStack reports whether the rule checks a stack as a whole.
func (r Rule) OfStack() bool { return r.all != nil }

// Check returns a problem for each violation of the rule, in the order of the resources.
func (r Rule) Check(resources ...Resource) []Problem {
	var found []violation
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
			Value:    f.at.display(),
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

// Problem is a violation of a rule, as it is reported.
type Problem struct {
	// Rule is the rule's name, Resource the resource's, and URN its URN.
	Rule, Resource, URN string
	// Path is the path of the property. Value is its value, empty if it has none, and never a secret.
	Path, Value string
	// Reason is what is wrong with the value, and Remedy what to do.
	Reason, Remedy string
}

// String returns the problem as a line that begins with the resource's name and the path.
func (p Problem) String() string {
	if p.Path == "" {
		return p.Resource + ": " + p.sentence()
	}
	return p.Resource + "." + p.Path + ": " + p.sentence()
}

// Message returns the problem without the resource's name, for callers that print that themselves.
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
