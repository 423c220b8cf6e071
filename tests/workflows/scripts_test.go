package workflows

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inferadb/infra/components/machineconfig"
	"github.com/inferadb/infra/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// gitHub runs the script of a workflow's job with Node, as actions/github-script does, against a GitHub that answers with what
// is there and notes what is asked of it.
const gitHub = `
const [script, there] = [process.argv[2], JSON.parse(process.argv[3])]
const asked = []
const note = what => async arguments_ => { asked.push({ what, ...arguments_ }) }
const github = {
  paginate: async () => there,
  rest: { issues: {
    listComments: 1, listForRepo: 1, createComment: note('createComment'), updateComment: note('updateComment'),
    create: note('create'), update: note('update'),
  } },
}
const context = { repo: { owner: 'o', repo: 'r' }, issue: { number: 7 } }
const Async = Object.getPrototypeOf(async () => {}).constructor
new Async('github', 'context', 'require', script)(github, context, require).then(() => console.log(JSON.stringify(asked)))
`

func run(t *testing.T, workflow, job string, reports map[string]string, there any) []map[string]any {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not here; GitHub's machines have it")
	}
	var script, folder string
	for _, s := range files(t)[workflow].Jobs[job].Steps {
		script += s.With["script"]
		folder += s.With["path"]
	}
	require.NotEmpty(t, script)
	work := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(work, folder), 0o755))
	for name, text := range reports {
		require.NoError(t, os.WriteFile(filepath.Join(work, folder, name), []byte(text), 0o644))
	}
	main := filepath.Join(work, "main.js")
	require.NoError(t, os.WriteFile(main, []byte(gitHub), 0o644))
	existing, err := json.Marshal(there)
	require.NoError(t, err)
	command := exec.Command(node, main, script, string(existing))
	command.Dir = work
	got, err := command.CombinedOutput()
	require.NoError(t, err, string(got))
	var asked []map[string]any
	require.NoError(t, json.Unmarshal(got, &asked), string(got))
	return asked
}

func by(kind, body string, id int) map[string]any {
	return map[string]any{"id": id, "number": id, "body": body, "user": map[string]string{"type": kind}}
}

func TestACommentIsEditedAndNotRepeated(t *testing.T) {
	there := []any{by("User", "<!-- of dev -->\nquoted by somebody", 1), by("Bot", "<!-- of dev -->\nold", 2), by("Bot", "another", 3)}
	asked := run(t, "workflows/preview.yml", "comment", map[string]string{
		"comment-dev.md": "<!-- of dev -->\nnew", "comment-staging.md": "<!-- of staging -->\nfirst",
	}, there)
	assert.Equal(t, []map[string]any{
		{"what": "updateComment", "owner": "o", "repo": "r", "comment_id": 2.0, "body": "<!-- of dev -->\nnew"},
		{"what": "createComment", "owner": "o", "repo": "r", "issue_number": 7.0, "body": "<!-- of staging -->\nfirst"},
	}, asked)
}

func TestDriftHasOneIssueForEachStack(t *testing.T) {
	there := []any{by("Bot", "<!-- drift of dev -->\nold", 1), by("Bot", "<!-- drift of staging -->\nold", 2), by("User", "", 3)}
	asked := run(t, "workflows/drift.yml", "issue", map[string]string{
		"drift-dev.md": "<!-- drift of dev -->\nstill", "clean-staging.md": "<!-- drift of staging -->\ngone",
		"drift-production.md": "<!-- drift of production -->\nnew", "clean-test.md": "<!-- drift of test -->\nnever was",
	}, there)
	assert.ElementsMatch(t, []map[string]any{
		{"what": "update", "owner": "o", "repo": "r", "issue_number": 1.0, "body": "<!-- drift of dev -->\nstill"},
		{"what": "update", "owner": "o", "repo": "r", "issue_number": 2.0, "body": "<!-- drift of staging -->\ngone", "state": "closed"},
		{"what": "create", "owner": "o", "repo": "r", "title": "Drift of production", "body": "<!-- drift of production -->\nnew"},
	}, asked)
}

// TestTheImageForGoogleCloudHasTheDefaultVersion runs the script with a gcloud that knows every image.
func TestTheImageForGoogleCloudHasTheDefaultVersion(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "gcloud"), []byte("#!/bin/sh\n"), 0o755))
	command := exec.Command("../../scripts/gcp-image.sh", "acme")
	command.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"))
	got, err := command.CombinedOutput()
	require.NoError(t, err, string(got))
	image := "talos-" + strings.ReplaceAll(config.DefaultTalosVersion, ".", "-") + "-amd64-" + machineconfig.Schematic[:12]
	assert.Equal(t, image+" is in acme already.\n", string(got))
}
