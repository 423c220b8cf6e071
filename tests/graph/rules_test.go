package graph

import (
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/invariants"
	"github.com/inferadb/infra/policy/rules"
	"github.com/stretchr/testify/assert"
)

// TestTwoStacksShareNoName compares the stacks of each cloud, which may be in one account.
func TestTwoStacksShareNoName(t *testing.T) {
	for _, provider := range invariants.Clouds() {
		t.Run(provider, func(t *testing.T) {
			var stacks [][]rules.Resource
			for _, stack := range []string{"dev", "staging", "production"} {
				stacks = append(stacks, buildStack(t, provider, invariants.Stack{Environment: stack}).ForRules())
			}
			for _, problem := range rules.SharedNames(stacks...) {
				assert.Fail(t, problem.String())
			}
			stranger := slices.Clone(stacks[0][1:2])
			assert.NotEmpty(t, rules.SharedNames(stacks[0], stranger), "the first stack's %s", stranger[0].URN)
		})
	}
}

// TestRulesSeeOptions takes the protection and the provider away, which are no properties.
func TestRulesSeeOptions(t *testing.T) {
	for _, cloud := range invariants.Clouds() {
		resources := buildStack(t, cloud, invariants.Stack{Environment: "production"}).ForRules()
		for i, r := range resources {
			weak := slices.Clone(resources)
			weak[i].Options = &rules.Options{Custom: r.Options.Custom,
				Provider: "urn:pulumi:production::inferadb::pulumi:providers:" + cloud + "::default::id"}
			if r.Options.Custom && !strings.HasPrefix(r.Type, "pulumi:") {
				assert.Len(t, rules.Named("provider-explicit").Check(weak...), 1, r.URN)
			}
			// A machine of a stateful pool is protected too, but nothing in the graph says that it is stateful.
			if r.Options.Protect && !strings.Contains(r.Name, "-workers-") {
				assert.Len(t, rules.Named("production-protected").Check(weak...), 1, r.URN)
			}
		}
	}
}

// TestASecretIsNotTakenForATag sets a tag as a secret, which would be in clear on every resource.
func TestASecretIsNotTakenForATag(t *testing.T) {
	settings := settingsOf(t, "aws", "production", map[string]string{"tags": `{"token":"hunter2-hunter2"}`})
	_, _, err := config.Load("production", settings, "inferadb:tags")
	assert.ErrorContains(t, err, "tags: is encrypted in the stack file")
	assert.NotContains(t, err.Error(), "hunter2")
}
