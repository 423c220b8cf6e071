package lifecycle

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/simulator/store"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// layouts has a folder for each recorded layout, and README.md says what its files are.
const layouts = "testdata/layouts"

// layout is what a version of the program left in a cloud: a running stack, and the simulated cloud that it runs in.
type layout struct {
	name, cloud string
}

func (l layout) String() string { return l.name + "/" + l.cloud }

// file is the path of the layout's file with that ending.
func (l layout) file(ending string) string { return filepath.Join(layouts, l.name, l.cloud+"."+ending) }

// lines reads a file with one entry on each line; a file that is missing has none.
func (l layout) lines(t *testing.T, ending string) []string {
	t.Helper()
	text, err := os.ReadFile(l.file(ending))
	if !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
}

// recorded are the layouts on disk, by name.
func recorded(t *testing.T) []layout {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(layouts, "*", "*.recording"))
	require.NoError(t, err)
	var found []layout
	for _, file := range files {
		found = append(found, layout{filepath.Base(filepath.Dir(file)), strings.TrimSuffix(filepath.Base(file), ".recording")})
	}
	require.NotEmpty(t, found)
	return found
}

// TestFormerLayouts previews what former versions of the program left running with the program of today. Nothing is
// replaced or deleted and no node restarts; what else changes stands in the layout's file of expected steps. The stack
// can be updated, then has nothing left to do, and can be destroyed.
func TestFormerLayouts(t *testing.T) {
	described, err := os.ReadFile(filepath.Join(layouts, "README.md"))
	require.NoError(t, err)
	for _, l := range recorded(t) {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			assert.True(t, strings.Contains(string(described), "| "+l.name+" |"), "the table of %s/README.md has no %s", layouts, l.name)
			s := l.start(t, unchanged)
			assert.Equal(t, l.lines(t, "resources"), s.urns())
			l.holdsNoSecret(t, secretsOf(t, s.resources("--show-secrets")))
			// Workers may depend on each other in this state, whatever the program registers.
			s.pulumi("preview", "--exclude", "**ConfigurationApply::**")
			plan := s.plan()
			require.Empty(t, losses(plan), "a running cluster would lose or restart these: CONTRIBUTING.md#move-or-rename-a-resource")
			require.Equal(t, l.lines(t, "expected"), plan.lines(), "if these steps are right, they belong into %s", l.file("expected"))
			before := s.nodes()
			s.up()
			assert.ElementsMatch(t, before, s.nodes())
			s.settled()
			assert.Equal(t, true, s.outputsOf("inferadb:index:TalosCluster")["workersIndependent"])
			s.pulumi("preview", "--exclude", "**ConfigurationApply::**")
			s.destroy()
		})
	}
}

// holdsNoSecret looks for the secrets of the stack, by value, in every file of the layout.
func (l layout) holdsNoSecret(t *testing.T, secrets map[string]string) {
	t.Helper()
	for _, ending := range []string{"yaml", "resources", "recording", "expected"} {
		text := strings.Join(l.lines(t, ending), "\n")
		for secret, what := range secrets {
			assert.False(t, strings.Contains(text, secret), "%s has %s", l.file(ending), what)
		}
	}
}

// plannedStep is one step of a preview; DiffReasons are the properties that an update changes.
type plannedStep struct {
	Op, URN     string
	DiffReasons []string
}

func (p plannedStep) String() string {
	text := p.Op + " " + typeOf(p.URN) + " " + p.URN[strings.LastIndex(p.URN, "::")+2:]
	if len(p.DiffReasons) > 0 {
		text += ": " + strings.Join(slices.Sorted(slices.Values(p.DiffReasons)), ", ")
	}
	return text
}

type plan []plannedStep

// lines are the steps as files of expected steps have them.
func (p plan) lines() []string {
	lines := []string{}
	for _, step := range p {
		lines = append(lines, step.String())
	}
	slices.Sort(lines)
	return lines
}

// plan is what a preview announces. What stays the same is left out.
func (s *stack) plan() plan {
	s.t.Helper()
	var preview struct{ Steps plan }
	require.NoError(s.t, json.Unmarshal([]byte(s.pulumi("preview", "--json")), &preview))
	require.NotEmpty(s.t, preview.Steps)
	return slices.DeleteFunc(preview.Steps, func(step plannedStep) bool { return step.Op == "same" })
}

// nodeTypes are machines and the groups that make them. An update of one restarts it, or rolls the group, unless it
// changes nothing but harmless properties. The program itself refuses a configuration that needs a reboot.
var (
	nodeTypes = []string{instance, group, gceInstance, gceManager, droplet}
	harmless  = []string{"tags", "tagsAll", "labels", "pulumiLabels", "effectiveLabels", "disableApiTermination", "deletionProtection"}
)

// losses are the steps that no new version of the program may take a running cluster through.
func losses(p plan) []string {
	var lost plan
	for _, step := range p {
		restarts := step.Op == "update" && slices.Contains(nodeTypes, typeOf(step.URN)) &&
			slices.ContainsFunc(step.DiffReasons, func(reason string) bool {
				return !slices.Contains(harmless, reason)
			})
		if restarts || strings.Contains(step.Op, "delete") || strings.Contains(step.Op, "replace") {
			lost = append(lost, step)
		}
	}
	return lost.lines()
}

func TestLosses(t *testing.T) {
	urn := func(token string) string {
		return "urn:pulumi:production::inferadb::inferadb:index:TalosCluster$" + token + "::one"
	}
	for _, test := range []struct {
		op, token, reason string
		lost              bool
	}{
		{"create", applied, "", false},
		{"update", applied, "machineConfigurationInput", false},
		{"update", instance, "tags", false},
		{"update", instance, "userDataBase64", true},
		{"update", group, "launchTemplate", true},
		{"update", gceInstance, "metadata", true},
		{"delete", applied, "", true},
		{"replace", droplet, "image", true},
		{"create-replacement", loadBalancer, "name", true},
		{"delete-replaced", loadBalancer, "", true},
	} {
		step := plannedStep{Op: test.op, URN: urn(test.token)}
		if test.reason != "" {
			step.DiffReasons = []string{test.reason}
		}
		assert.Equal(t, test.lost, len(losses(plan{step})) == 1, step)
	}
}

// TestAMoveWithoutAliasIsFound renames a resource in a recorded state, as if the program had renamed it since without
// an alias.
func TestAMoveWithoutAliasIsFound(t *testing.T) {
	t.Parallel()
	all := recorded(t)
	l := all[slices.IndexFunc(all, func(l layout) bool { return l.cloud == "digitalocean" })]
	const firewall = "digitalocean:index/firewall:Firewall"
	s := l.start(t, func(state string) string {
		return strings.ReplaceAll(state, firewall+"::inferadb-production-nyc1-worker", firewall+"::inferadb-production-nyc1-former")
	})
	assert.Equal(t, []string{"delete " + firewall + " inferadb-production-nyc1-former"}, losses(s.plan()))
	assert.Contains(t, s.plan().lines(), "create "+firewall+" inferadb-production-nyc1-worker")
}

// start brings the stack back as the former version left it; edit changes its state first, the JSON with the secrets in
// clear.
func (l layout) start(t *testing.T, edit func(state string) string) *stack {
	t.Helper()
	s := newFolder(t, "production", "", cli)
	settings, err := os.ReadFile(l.file("yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.path("Pulumi.production.yaml"), settings, 0o600))
	s.pulumi("stack", "init", "production", "--secrets-provider", "passphrase")
	r := unseal(t, l.file("recording"))
	require.NoError(t, os.WriteFile(s.path("store", store.JournalFile), []byte(r.Journal), 0o600))
	require.NoError(t, os.WriteFile(s.path("state.json"), []byte(edit(string(r.State))), 0o600))
	s.pulumi("stack", "import", "--file", s.path("state.json"))
	require.NoError(t, os.Remove(s.path("state.json")))
	return s
}

func unchanged(state string) string { return state }

// urns are those of the state without what all of them begin with.
func (s *stack) urns() []string {
	s.t.Helper()
	var urns []string
	for _, r := range s.resources() {
		urns = append(urns, strings.TrimPrefix(r["urn"].(string), "urn:pulumi:production::inferadb::"))
	}
	slices.Sort(urns)
	return urns
}
