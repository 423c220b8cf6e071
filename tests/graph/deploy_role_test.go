package graph

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/backend/roles"
	"github.com/inferadb/infra/invariants"
	"github.com/stretchr/testify/assert"
)

// TestTheDeployRoleKnowsWhatTheProgramUses compares the types of resources and look-ups of every variant with the table
// from which the roles of CI follow: a type that is missing could not be deployed, one too many would be leave for
// nothing.
func TestTheDeployRoleKnowsWhatTheProgramUses(t *testing.T) {
	on := map[string][]*invariants.Graph{}
	for _, cloud := range invariants.Clouds() {
		for _, s := range invariants.Stacks(cloud) {
			on[cloud] = append(on[cloud], buildStack(t, cloud, s))
		}
	}
	compareUses(t, "aws:", on["aws"], roles.Resources, roles.Functions)
	compareUses(t, "gcp:", on["gcp"], roles.GoogleCloud, roles.GoogleCloudFunctions)
	compareUses(t, "digitalocean:", on["digitalocean"], roles.DigitalOcean, roles.DigitalOceanFunctions)
}

// compareUses compares what graphs use of a provider with its tables.
func compareUses[T any](
	t *testing.T,
	provider string,
	graphs []*invariants.Graph,
	resources map[string]T,
	lookups map[string][]string,
) {
	t.Helper()
	types, functions := map[string]bool{}, map[string]bool{}
	for _, g := range graphs {
		for _, r := range g.Resources {
			if strings.HasPrefix(r.Type, provider) {
				types[r.Type] = true
			}
		}
		for _, lookup := range g.Lookups {
			functions[lookup.Token] = true
		}
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(types)), slices.Collect(maps.Keys(resources)), "types in backend/roles")
	assert.ElementsMatch(t, slices.Collect(maps.Keys(functions)), slices.Collect(maps.Keys(lookups)), "look-ups in backend/roles")
}

// TestTheDeployRoleReachesWhatTheProgramNames holds the program to what the role's policies take for granted: names
// that begin with the cluster's, the stack's tag on everything that can be tagged, and records below the cluster's
// private name.
func TestTheDeployRoleReachesWhatTheProgramNames(t *testing.T) {
	for _, s := range invariants.Stacks("aws") {
		g := build(t, cmp.Or(s.As, s.Environment), settingsOf(t, "aws", s.Environment, s.Changes))
		stack := g.ofType("pulumi:providers:aws")[0].Text("defaultTags", "tags", "stack")
		prefix := "inferadb-" + stack + "-"
		for _, n := range g.ofType("pulumi:providers:aws") {
			assert.Equal(t, stack, n.Text("defaultTags", "tags", "stack"), n.Name)
		}
		for _, n := range g.nodes {
			if len(roles.Resources[n.Type].Named) > 0 {
				assert.True(t, strings.HasPrefix(strings.TrimPrefix(cmp.Or(n.Text("name"), n.Name), "alias/"), prefix), n.Name)
			}
			if n.Type == "aws:route53/record:Record" {
				assert.Regexp(t, `^.+\.`+prefix+`.+\.internal$`, n.Text("name"))
			}
		}
	}
}
