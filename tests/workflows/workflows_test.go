// Package workflows tests what runs on GitHub: that nothing there can be swapped from outside, has more rights than it
// needs, or names a target, a stack or a script that does not exist.
package workflows

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

const repository = "../.."

// workflow is what the tests look at of a workflow, and of an action of ours, whose steps stand under runs.
type workflow struct {
	text        string
	On          any               `yaml:"on"`
	Permissions map[string]string `yaml:"permissions"`
	Concurrency *concurrency      `yaml:"concurrency"`
	Jobs        map[string]job    `yaml:"jobs"`
	Runs        struct {
		Steps []step `yaml:"steps"`
	} `yaml:"runs"`
}

type concurrency struct {
	Group  string `yaml:"group"`
	Cancel *bool  `yaml:"cancel-in-progress"`
}

type job struct {
	Uses        string            `yaml:"uses"`
	Environment string            `yaml:"environment"`
	Permissions map[string]string `yaml:"permissions"`
	Concurrency *concurrency      `yaml:"concurrency"`
	With        map[string]string `yaml:"with"`
	Steps       []step            `yaml:"steps"`
}

type step struct {
	If   string            `yaml:"if"`
	Uses string            `yaml:"uses"`
	Run  string            `yaml:"run"`
	With map[string]string `yaml:"with"`
	Env  map[string]string `yaml:"env"`
}

// files are the workflows and our actions by their paths below .github.
func files(t *testing.T) map[string]workflow {
	t.Helper()
	all := map[string]workflow{}
	for _, pattern := range []string{"workflows/*.yml", "actions/*/action.yml"} {
		names, err := filepath.Glob(filepath.Join(repository, ".github", pattern))
		require.NoError(t, err)
		require.NotEmpty(t, names, pattern)
		for _, name := range names {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			w := workflow{text: string(text)}
			require.NoError(t, yaml.Unmarshal(text, &w), name)
			relative, err := filepath.Rel(filepath.Join(repository, ".github"), name)
			require.NoError(t, err)
			all[filepath.ToSlash(relative)] = w
		}
	}
	return all
}

// steps are all steps of a file.
func (w workflow) steps() []step {
	all := slices.Clone(w.Runs.Steps)
	for _, name := range slices.Sorted(maps.Keys(w.Jobs)) {
		all = append(all, w.Jobs[name].Steps...)
	}
	return all
}

// scripts are all that a file runs in a shell.
func (w workflow) scripts() string {
	var all strings.Builder
	for _, s := range w.steps() {
		all.WriteString(s.Run + "\n")
	}
	return all.String()
}

// A tag can be moved to other code; a commit cannot.
func TestActionsArePinnedByCommit(t *testing.T) {
	pins := map[string]string{}
	for name, w := range files(t) {
		for _, line := range regexp.MustCompile(`(?m)^.*\buses:.*$`).FindAllString(w.text, -1) {
			if local := regexp.MustCompile(`uses: \./\.github/(.*)$`).FindStringSubmatch(line); local != nil {
				_, err := os.Stat(filepath.Join(repository, ".github", local[1]))
				assert.NoError(t, err, "%s: %s", name, line)
				continue
			}
			match := regexp.MustCompile(`uses: ([\w-]+/[\w-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$`).FindStringSubmatch(line)
			if assert.NotNil(t, match, "%s: write owner/name@<commit> # <version>: %s", name, line) {
				pin := match[2] + " " + match[3]
				assert.Contains(t, []string{"", pin}, pins[match[1]], "%s has %s at two versions", name, match[1])
				pins[match[1]] = pin
			}
		}
	}
	assert.NotEmpty(t, pins)
}

// These events run the code of a stranger's pull request with the rights of this repository.
func TestNoStrangersCodeHasOurRights(t *testing.T) {
	for name, w := range files(t) {
		assert.NotRegexp(t, `pull_request_target|workflow_run|issue_comment`, w.text, name)
	}
}

func TestEveryJobStatesWhatItMayDo(t *testing.T) {
	allowed := []string{"contents: read", "id-token: write"}
	writers := map[string]string{"workflows/preview.yml comment": "pull-requests: write", "workflows/drift.yml issue": "issues: write"}
	for name, w := range files(t) {
		if w.Jobs == nil {
			continue
		}
		assert.True(t, w.Permissions != nil && len(w.Permissions) == 0, "%s: permissions: {} at the top leaves it to each job", name)
		for title, j := range w.Jobs {
			where := name + " " + title
			assert.NotEmpty(t, j.Permissions, where)
			for what, level := range j.Permissions {
				assert.Contains(t, append(allowed, writers[where]), what+": "+level, where)
			}
			if writers[where] != "" {
				assert.Len(t, j.Permissions, 1, "%s: who writes does nothing else", where)
				for _, s := range j.Steps {
					assert.Empty(t, s.Run, "%s runs nothing of the repository", where)
					assert.NotContains(t, s.Uses, "checkout", where)
				}
			}
			if j.Permissions["id-token"] != "" && j.Uses == "" {
				assert.NotEmpty(t, j.Environment, "%s: the roles trust environments", where)
			}
		}
	}
}

func TestNothingStopsADeployment(t *testing.T) {
	found := 0
	for name, w := range files(t) {
		for title, j := range w.Jobs {
			for _, s := range j.Steps {
				if !strings.Contains(s.Run, "make up") {
					continue
				}
				found++
				assert.NotEmpty(t, j.Environment, "%s %s: an environment is where approval stands", name, title)
				if assert.NotNil(t, j.Concurrency, "%s %s", name, title) {
					assert.Contains(t, j.Concurrency.Group, "${{ inputs.stack }}")
					assert.True(t, j.Concurrency.Cancel != nil && !*j.Concurrency.Cancel, "%s %s: cancel-in-progress: false", name, title)
				}
			}
		}
		if strings.Contains(name, "deploy") {
			assert.Nil(t, w.Concurrency, "%s: what stops the workflow stops its jobs", name)
		}
	}
	assert.Equal(t, 1, found)
}

func TestNoSecretIsPrinted(t *testing.T) {
	for name, w := range files(t) {
		assert.NotRegexp(t, `--show-secrets|make (kube|talos)config|stack output|stack export|set -x`, w.text, name)
		assert.NotRegexp(t, `secrets: inherit`, w.text, name)
		for _, s := range w.steps() {
			assert.NotContains(t, s.Run, "${{", "%s: an expression in a script is code; hand it over in env", name)
			assert.NotContains(t, s.With["script"], "${{", name)
			if strings.HasPrefix(s.Uses, "actions/checkout@") {
				assert.Equal(t, "false", s.With["persist-credentials"], "%s: a checkout leaves its token behind", name)
			}
			for variable, value := range s.Env {
				if strings.Contains(value, "secrets.") {
					assert.Equal(t, "${{ secrets."+variable+" }}", value, name)
					assert.Regexp(t, `^make (preview|up|drift) `, s.Run, "%s: who is told %s", name, variable)
				}
			}
		}
		// Whether there is a token is no secret.
		text := strings.ReplaceAll(w.text, "${{ secrets.DIGITALOCEAN_TOKEN != '' }}", "")
		assert.Equal(t, strings.Count(text, "${{ secrets."), strings.Count(text, ": ${{ secrets.DIGITALOCEAN_TOKEN }}"),
			"%s: AWS and Google give roles, so there is one secret", name)
	}
}

// TestOneCloudIsEnough evaluates the condition under which the credentials are refused, for environments with one cloud
// each.
func TestOneCloudIsEnough(t *testing.T) {
	all := files(t)
	refusal := all["actions/credentials/action.yml"].Runs.Steps[0]
	require.Contains(t, refusal.Run, "::error::")
	terms := regexp.MustCompile(`inputs\.([a-z-]+) == '([a-z]*)'`).FindAllStringSubmatch(refusal.If, -1)
	require.Len(t, strings.Split(refusal.If, " && "), len(terms))
	refused := func(inputs map[string]string) bool {
		return !slices.ContainsFunc(terms, func(term []string) bool { return inputs[term[1]] != term[2] })
	}
	none := map[string]string{"aws-role": "", "gcp-provider": "", "gcp-account": "", "digitalocean": "false"}
	assert.True(t, refused(none))
	for input, value := range map[string]string{"aws-role": "arn", "gcp-provider": "projects/1", "digitalocean": "true"} {
		inputs := maps.Clone(none)
		inputs[input] = value
		assert.False(t, refused(inputs), input)
	}
	uses := 0
	for name, w := range all {
		for _, s := range w.steps() {
			if s.Uses == "./.github/actions/credentials" {
				uses++
				assert.ElementsMatch(t, slices.Collect(maps.Keys(none)), slices.Collect(maps.Keys(s.With)), name)
				assert.Equal(t, "${{ secrets.DIGITALOCEAN_TOKEN != '' }}", s.With["digitalocean"], name)
			}
		}
	}
	assert.Equal(t, 5, uses)
}

func TestWhatWorkflowsRunExists(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(repository, "Makefile"))
	require.NoError(t, err)
	var targets []string
	for _, match := range regexp.MustCompile(`(?m)^([a-z][a-z -]*):[^=].*## `).FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, strings.Fields(match[1])...)
	}
	called, commands := 0, 0
	for name, w := range files(t) {
		for _, match := range regexp.MustCompile(`make ((?:[a-z-]+ ?)+)`).FindAllStringSubmatch(w.scripts(), -1) {
			for _, target := range strings.Fields(match[1]) {
				called++
				assert.Contains(t, targets, target, name)
			}
		}
		for _, command := range regexp.MustCompile(`\.bin/infra ([a-z-]+)`).FindAllStringSubmatch(w.scripts(), -1) {
			commands++
			source, err := os.ReadFile(filepath.Join(repository, "cmd", "infra", "changed.go"))
			require.NoError(t, err)
			assert.Contains(t, string(source), `Use: "`+command[1], name)
		}
	}
	assert.Greater(t, called, 5)
	assert.Positive(t, commands)
}

// A stack that is added is deployed after somebody has thought about where in the order it comes.
func TestEveryStackIsDeployedInTurn(t *testing.T) {
	names, err := config.StackNames(repository)
	require.NoError(t, err)
	var deployed []string
	for title, j := range files(t)["workflows/deploy.yml"].Jobs {
		if j.Uses != "" {
			assert.Equal(t, title, j.With["stack"])
			deployed = append(deployed, title)
		}
	}
	assert.ElementsMatch(t, names, deployed)
}
