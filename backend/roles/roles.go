// Package roles says what a workflow may do in an AWS account: a table of the actions that each type of resource needs,
// and the policies that follow from it. Pure.
package roles

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/inferadb/infra/iampolicy"
	"github.com/inferadb/infra/regions"
)

// Access is what a type of resource asks of AWS, by how far each action can be narrowed.
type Access struct {
	// Read looks at it. It changes nothing, and most of it can be narrowed to nothing.
	Read []string
	// Create makes it, in the regions of the table: what does not exist has neither tag nor id.
	Create []string
	// Tag tags it, unless it belongs to another stack.
	Tag []string
	// Change changes or deletes what carries the stack's tag.
	Change []string
	// Named makes, changes or deletes what is named after the stack's clusters.
	Named []string
	// Rest is what none of these can say.
	Rest func(Scope) []iampolicy.Statement
}

// Scope is what the roles of an environment are about.
type Scope struct {
	Account, Stack string
}

// stackTag is on every resource of a stack that can be tagged: config/tags.go.
const stackTag = "stack"

// prefix begins the names of everything that belongs to the stack's clusters: config/load.go.
func (s Scope) prefix() string { return "inferadb-" + s.Stack + "-" }

// arn fills the account and the clusters' prefix in.
func (s Scope) arn(pattern string) string {
	return "arn:aws:" + strings.NewReplacer("ACCOUNT", s.Account, "PREFIX", s.prefix()).Replace(pattern)
}

// Policy is a managed policy. AWS limits its size, so that a role has several.
type Policy struct {
	Name       string
	Statements []iampolicy.Statement
}

// Read returns what previews and refreshes need: reading every resource of a stack.
func Read() Policy {
	var actions []string
	for _, access := range Resources {
		actions = append(actions, access.Read...)
	}
	for _, function := range Functions {
		actions = append(actions, function...)
	}
	return Policy{Name: "read", Statements: []iampolicy.Statement{iampolicy.Allow(sorted(actions)...).OnResources("*")}}
}

// parts are the policies of Change, and the services in each.
var parts = []struct {
	name     string
	services []string
}{
	{"compute", []string{"autoscaling", "ec2", "elasticloadbalancing"}},
	{"identities", []string{"iam", "kms"}},
	{"services", []string{"cloudwatch", "events", "logs", "route53", "sns", "sqs"}},
}

// Change returns the policies that an update needs besides: to create, change and delete the resources of a stack.
func Change(s Scope) []Policy {
	var policies []Policy
	for _, part := range parts {
		ours := func(action string) bool {
			service, _, _ := strings.Cut(action, ":")
			return slices.Contains(part.services, service)
		}
		policy := Policy{Name: part.name, Statements: s.statements(ours)}
		for _, token := range slices.Sorted(maps.Keys(Resources)) {
			for _, statement := range rest(token, s) {
				if ours(statement.Action[0]) {
					policy.Statements = appendOnce(policy.Statements, statement)
				}
			}
		}
		policies = append(policies, policy)
	}
	return policies
}

func rest(token string, s Scope) []iampolicy.Statement {
	if Resources[token].Rest == nil {
		return nil
	}
	return Resources[token].Rest(s)
}

// statements returns the statements for the actions of some services, limited to the scope.
func (s Scope) statements(ours func(string) bool) []iampolicy.Statement {
	var all Access
	for _, access := range Resources {
		all.Create, all.Tag = append(all.Create, access.Create...), append(all.Tag, access.Tag...)
		all.Change, all.Named = append(all.Change, access.Change...), append(all.Named, access.Named...)
	}
	var statements []iampolicy.Statement
	add := func(sid string, actions []string, narrow func(iampolicy.Statement) iampolicy.Statement) {
		actions = slices.DeleteFunc(sorted(actions), func(action string) bool { return !ours(action) })
		if len(actions) > 0 {
			statements = append(statements, narrow(iampolicy.Allow(actions...).WithSid(sid)))
		}
	}
	inRegions := func(st iampolicy.Statement) iampolicy.Statement {
		return st.OnResources("*").WithCondition("StringEquals", "aws:RequestedRegion", awsRegions()...)
	}
	add("Create", all.Create, inRegions)
	add("Tag", all.Tag, func(st iampolicy.Statement) iampolicy.Statement {
		return inRegions(st).WithCondition("StringEqualsIfExists", "aws:ResourceTag/"+stackTag, s.Stack).
			WithCondition("StringEqualsIfExists", "aws:RequestTag/"+stackTag, s.Stack)
	})
	add("Change", all.Change, func(st iampolicy.Statement) iampolicy.Statement {
		return inRegions(st).WithCondition("StringEquals", "aws:ResourceTag/"+stackTag, s.Stack)
	})
	for _, service := range slices.Sorted(maps.Keys(named)) {
		var arns []string
		for _, pattern := range named[service] {
			arns = append(arns, s.arn(pattern))
		}
		actions := slices.DeleteFunc(
			slices.Clone(all.Named),
			func(action string) bool { return !strings.HasPrefix(action, service+":") },
		)
		add(
			"Named"+strings.ToUpper(service[:1])+service[1:],
			actions,
			func(st iampolicy.Statement) iampolicy.Statement { return st.OnResources(arns...) },
		)
	}
	return statements
}

// named are the resources of each service that bear a cluster's name.
var named = map[string][]string{
	"autoscaling": {"autoscaling:*:ACCOUNT:autoScalingGroup:*:autoScalingGroupName/PREFIX*"},
	"cloudwatch":  {"cloudwatch:*:ACCOUNT:alarm:PREFIX*"},
	"events":      {"events:*:ACCOUNT:rule/PREFIX*"},
	"iam":         {"iam::ACCOUNT:role/PREFIX*", "iam::ACCOUNT:instance-profile/PREFIX*"},
	"kms":         {"kms:*:ACCOUNT:alias/PREFIX*"},
	"logs":        {"logs:*:ACCOUNT:log-group:PREFIX*"},
	"sns":         {"sns:*:ACCOUNT:PREFIX*"},
	"sqs":         {"sqs:*:ACCOUNT:PREFIX*"},
}

// awsRegions returns the AWS regions of the region table.
func awsRegions() []string {
	var names []string
	for _, region := range regions.All() {
		if location, ok := region.Locations[regions.AWS]; ok {
			names = append(names, location.Region)
		}
	}
	return sorted(names)
}

// sorted returns the list in order, each item once.
func sorted[T cmp.Ordered](list []T) []T {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

func appendOnce(list []iampolicy.Statement, one iampolicy.Statement) []iampolicy.Statement {
	// What makes two statements the same is how they read.
	text, _ := iampolicy.JSON(one)
	if slices.ContainsFunc(list, func(other iampolicy.Statement) bool {
		known, _ := iampolicy.JSON(other)
		return known == text
	}) {
		return list
	}
	return append(list, one)
}
