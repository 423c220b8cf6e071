// Command policy is the policy pack: it lets the Pulumi engine check every resource of a stack against the rules of the
// invariants, also resources that are added outside of the program's component.
package main

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/blang/semver"
	"github.com/inferadb/infra/invariants"
	"github.com/inferadb/infra/policy/rules"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
)

func main() {
	err := policyx.Main(func(*pulumi.Context) (policyx.PolicyPack, error) { return newPack() })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// newPack returns a pack with a policy for each rule, so that each can be configured by its name.
func newPack() (policyx.PolicyPack, error) {
	seen := &inputs{of: map[string]rules.Resource{}}
	var policies []policyx.Policy
	for _, row := range invariants.All() {
		for _, name := range row.Rules {
			switch rule := rules.Named(name); {
			case rule.NeedsOptions:
				// policyx does not pass options to policies:
				// https://github.com/pulumi/pulumi/blob/v3.258.0/sdk/go/pulumi/policyx/server.go
			case rule.OfStack():
				policies = append(policies, stackPolicy(row, rule, seen))
			default:
				policies = append(policies, resourcePolicy(row, rule, seen))
			}
		}
	}
	return policyx.NewPolicyPack("inferadb", semver.Version{Major: 1}, policyx.EnforcementLevelMandatory, policies)
}

func resourcePolicy(row invariants.Invariant, rule rules.Rule, seen *inputs) policyx.Policy {
	return policyx.NewResourceValidationPolicy(rule.Name, policyx.ResourceValidationPolicyArgs{
		Description:      description(row, rule),
		EnforcementLevel: level(rule),
		ValidateResource: func(_ context.Context, args policyx.ResourceValidationArgs) error {
			r := convert(args.Resource)
			seen.keep(r)
			report(args.Manager, rule.Check(r))
			return nil
		},
	})
}

func stackPolicy(row invariants.Invariant, rule rules.Rule, seen *inputs) policyx.Policy {
	return policyx.NewStackValidationPolicy(rule.Name, policyx.StackValidationPolicyArgs{
		Description:      description(row, rule),
		EnforcementLevel: level(rule),
		ValidateStack: func(_ context.Context, args policyx.StackValidationArgs) error {
			var stack []rules.Resource
			for _, r := range args.Resources {
				stack = append(stack, seen.preferInputs(convert(r)))
			}
			report(args.Manager, rule.Check(stack...))
			return nil
		},
	})
}

func description(row invariants.Invariant, rule rules.Rule) string {
	return fmt.Sprintf("Invariant %d: %s", row.ID, rule.Demand)
}

func level(rule rules.Rule) policyx.EnforcementLevel {
	if rule.Advice {
		return policyx.EnforcementLevelAdvisory
	}
	return policyx.EnforcementLevelMandatory
}

func convert(r policyx.AnalyzerResource) rules.Resource {
	return rules.Resource{
		Type:       r.Type,
		Name:       r.Name,
		URN:        r.URN,
		Properties: resource.ToResourcePropertyMap(r.Properties),
	}
}

func report(to policyx.PolicyManager, problems []rules.Problem) {
	for _, problem := range problems {
		to.ReportViolation(problem.Message(), problem.URN)
	}
}

// inputs remembers the inputs of the resources that this run registers. The engine passes a whole stack by its outputs,
// in which a cloud has filled in defaults, such as the key that AWS uses when none is named.
type inputs struct {
	mutex sync.Mutex
	of    map[string]rules.Resource
}

func (i *inputs) keep(r rules.Resource) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.of[r.URN] = r
}

// preferInputs returns the resource with its inputs if this run registered it, and with its outputs if not.
func (i *inputs) preferInputs(r rules.Resource) rules.Resource {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if kept, ok := i.of[r.URN]; ok {
		return kept
	}
	return r
}
