package graph

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/invariants"
	"github.com/inferadb/infra/policy/rules"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// buildStack returns the graph of one of the stacks that the invariants look at.
func buildStack(t *testing.T, cloud string, s invariants.Stack) *invariants.Graph {
	t.Helper()
	settings := settingsOf(t, cloud, s.Environment, s.Changes)
	g := build(t, cmp.Or(s.As, s.Environment), settings)
	if s.Running {
		g = buildAgain(t, cmp.Or(s.As, s.Environment), settings, g.state)
	}
	return g.forInvariants(cloud, s)
}

// settingsOf is an environment's stack file on a cloud, with changes. A key with a namespace is not the program's.
func settingsOf(t *testing.T, cloud, environment string, changes map[string]string) map[string]string {
	t.Helper()
	settings := stackFile(t, environment, map[string]string{"provider": cloud})
	for key, text := range changes {
		if !strings.Contains(key, ":") {
			key = config.Namespace + ":" + key
		}
		settings[key] = text
	}
	return settings
}

// forInvariants returns the graph as the invariants see it.
func (g graph) forInvariants(cloud string, s invariants.Stack) *invariants.Graph {
	seen := &invariants.Graph{
		Cloud: cloud, Environment: s.Environment, Settings: s.Changes, Running: s.Running,
		Resources: map[string]*invariants.Resource{}, Outputs: map[string]invariants.Output{}, Secrets: mockedSecrets(),
	}
	for urn, n := range g.nodes {
		r := n.Resource
		seen.Resources[urn] = &r
	}
	for _, call := range g.calls {
		seen.Lookups = append(seen.Lookups, invariants.Lookup{Token: call.Token, Provider: call.Provider,
			Args: call.Args})
	}
	for name, output := range g.exports {
		seen.Outputs[name] = invariants.Output{Value: output.value, Secret: output.secret}
	}
	return seen
}

// mockedSecrets are the long texts of the mocked secrets.
func mockedSecrets() []string {
	var leaves []string
	var walk func(v resource.PropertyValue)
	walk = func(v resource.PropertyValue) {
		switch {
		case v.IsObject():
			for _, key := range slices.Sorted(maps.Keys(v.ObjectValue())) {
				walk(v.ObjectValue()[key])
			}
		case v.IsString() && len(v.StringValue()) > 12:
			leaves = append(leaves, v.StringValue())
		}
	}
	walk(resource.NewPropertyMapFromMap(mockSecrets())["machineSecrets"])
	return leaves
}

// TestInvariants looks at every stack of every cloud with every check.
func TestInvariants(t *testing.T) {
	for _, cloud := range invariants.Clouds() {
		for _, s := range invariants.Stacks(cloud) {
			t.Run(cloud+"/"+s.Name, func(t *testing.T) {
				t.Parallel()
				g := buildStack(t, cloud, s)
				for _, row := range invariants.All() {
					for _, check := range row.Checks {
						if check.Concerns(cloud) && check.Name != s.Except && (s.Only == "" || check.Name == s.Only) {
							t.Run(check.Name, func(t *testing.T) {
								assert.Empty(t, check.Of(g), "invariant %d: %s", row.ID, row.Sentence)
							})
						}
					}
				}
			})
		}
	}
}

// TestEachBreakageIsCaught breaks a stack in one place at a time. The check of the breakage must see it, and for each
// check there is a breakage that all other checks miss, so that no check is superfluous. -v shows which checks see
// what.
func TestEachBreakageIsCaught(t *testing.T) {
	rows := invariants.All()
	for _, row := range rows {
		for _, check := range row.Checks {
			t.Run(fmt.Sprintf("%d/%s/%s", row.ID, cmp.Or(check.Cloud, "all"), check.Name), func(t *testing.T) {
				t.Parallel()
				unique := 0
				for _, breakage := range check.Breaks {
					caught, others := catchers(t, rows, check, breakage)
					assert.True(t, caught, "on %s it does not see that %s", breakage.Cloud, breakage.Name)
					if len(others) == 0 {
						unique++
					}
					t.Logf("%s: %s; seen by %d others: %s", breakage.Cloud, breakage.Name, len(others), strings.Join(others, ", "))
				}
				t.Logf("%d breakages, %d of which no other check sees", len(check.Breaks), unique)
				assert.NotZero(t, unique, "without it the other checks would see all of this")
			})
		}
	}
}

// catchers reports whether a check sees a breakage, and which others do, with their rows.
func catchers(
	t *testing.T,
	rows []invariants.Invariant,
	check invariants.Check,
	breakage invariants.Breakage,
) (bool, []string) {
	t.Helper()
	stacks := invariants.Stacks(breakage.Cloud)
	i := slices.IndexFunc(stacks, func(s invariants.Stack) bool { return s.Name == breakage.Stack })
	require.GreaterOrEqual(t, i, 0, "%s: there is no stack %q on %s", check.Name, breakage.Stack, breakage.Cloud)
	weak, err := breakage.Break(buildStack(t, breakage.Cloud, stacks[i]))
	require.NoError(t, err, "%s on %s", check.Name, breakage.Cloud)
	var others []string
	for _, other := range rows {
		for _, also := range other.Checks {
			itself := also.Name == check.Name && also.Cloud == check.Cloud
			if !itself && also.Concerns(breakage.Cloud) && len(also.Of(weak)) > 0 {
				others = append(others, fmt.Sprintf("%d %s", other.ID, also.Name))
			}
		}
	}
	found := check.Of(weak)
	for _, violation := range found {
		assert.NotContains(t, violation, "hunter2", "a violation shows no secret")
	}
	return len(found) > 0, others
}

// unbreakable are the checks that nothing in the graph of this program can break on a cloud, with the reason.
var unbreakable = map[string]string{
	"aws/firewall-covers-machine":    "a machine names its firewalls itself",
	"digitalocean/disk-key":          "no disk takes a key",
	"digitalocean/everything-tagged": "it tags droplets and volumes, and the program makes no volume",
}

// TestNoCheckIsVacuous wants a breakage of each check on each cloud.
func TestNoCheckIsVacuous(t *testing.T) {
	for _, row := range invariants.All() {
		for _, check := range row.Checks {
			for _, cloud := range invariants.Clouds() {
				breakable := slices.ContainsFunc(check.Breaks, func(b invariants.Breakage) bool {
					return b.Cloud == cloud
				})
				_, excused := unbreakable[cloud+"/"+check.Name]
				assert.Equal(t, check.Concerns(cloud) && !excused, breakable, "breakages of %s on %s", check.Name, cloud)
			}
		}
	}
}

// TestEachRefusedSettingIsRefused changes production's stack file on each cloud.
func TestEachRefusedSettingIsRefused(t *testing.T) {
	for _, row := range invariants.All() {
		for _, setting := range row.Refused {
			for _, cloud := range invariants.Clouds() {
				if !setting.On(cloud) {
					continue
				}
				t.Run(fmt.Sprintf("%s/%d/%s", cloud, row.ID, setting.Name), func(t *testing.T) {
					t.Parallel()
					g, err := tryBuild("production", settingsOf(t, cloud, "production", setting.Settings(cloud)))
					var all config.Errors
					require.ErrorAs(t, err, &all)
					assert.ErrorContains(t, err, setting.Refusal)
					assert.Empty(t, g.nodes, "it is refused before anything is made")
				})
			}
		}
	}
}

// TestRowsAreComplete wants of each row what its readers need.
func TestRowsAreComplete(t *testing.T) {
	var held []string
	for i, row := range invariants.All() {
		assert.Equal(t, i+1, row.ID, "a number for each row, and a row for each number")
		assert.Regexp(t, `^[A-Z][^\n]+\.$`, row.Sentence)
		assert.Equal(t, len(row.Rules) == 0, row.Unseen != "", "row %d has rules, or says why the policy pack cannot see it", row.ID)
		assert.NotZero(t, len(row.Checks)+len(row.Elsewhere)+len(row.Refused), "nothing holds row %d", row.ID)
		held = append(held, row.Rules...)
		for _, setting := range row.Refused {
			assert.NotEmpty(t, setting.Refusal, setting.Name)
		}
	}
	var all []string
	for _, rule := range rules.All() {
		all = append(all, rule.Name)
	}
	assert.ElementsMatch(t, all, held, "each rule belongs to one row")
}
