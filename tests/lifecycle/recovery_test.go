package lifecycle

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const recoverSection = "Recover a failed up"

// recovery is how the test runs a row of the table in that section: the commands of its second cell, in their order.
type recovery struct {
	// symptom begins the row.
	symptom string
	// fault makes it happen. It returns the node that <name> and the like stand for, if any does.
	fault func(*operator) *machine
}

// recoveries are the rows that the stack of TestOperations goes through. After each it is whole and has nothing left to
// do.
var recoveries = []recovery{
	{symptom: "bootstrap or configuration times out", fault: func(o *operator) *machine { return &controlPlanes(o)[0] }},
	{symptom: "`the stack is currently locked`", fault: (*operator).leaveLock},
	{symptom: "a machine was deleted by hand", fault: (*operator).loseWorker},
	{symptom: "quota or capacity", fault: (*operator).runShort},
}

// recoveredElsewhere are the rows that another test goes through, and its name.
var recoveredElsewhere = map[string]string{
	"`… creations of … are pending`":   "TestKilledUp",
	"`failed to load checkpoint`":      "TestLostState",
	"`AlreadyExists` at the bootstrap": "TestBootstrapThatTheStateDoesNotKnow",
	"`… which the state of this stack does not know`, `InvalidPermission.Duplicate`, `InvalidNetworkInterface.InUse`, `alreadyExists`, " +
		"`is already in use`": "TestAnUnknownRuleIsImported",
	"`… has lost …`: the only control plane, or a majority": "TestOnlyControlPlaneIsLost",
}

// row is a line of the table: a symptom, and the commands in what to do.
type row struct {
	symptom  string
	commands []string
}

var (
	tableRow = regexp.MustCompile(`^\| (.*?) \| (.*) \|$`)
	codeSpan = regexp.MustCompile("`([^`]+)`")
	// complete is a command with all that it needs, not the mention of one.
	complete = regexp.MustCompile(`^(make .*STACK=|(aws|doctl|gcloud|kubectl|talosctl) )`)
)

// readRows reads the table of the section.
func readRows(t *testing.T) []row {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, operationsPage))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n## "+recoverSection+"\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	var rows []row
	for line := range strings.Lines(section) {
		match := tableRow.FindStringSubmatch(strings.TrimSpace(line))
		if match == nil || match[1] == "symptom" {
			continue
		}
		r := row{symptom: match[1]}
		for _, span := range codeSpan.FindAllStringSubmatch(match[2], -1) {
			if complete.MatchString(span[1]) {
				r.commands = append(r.commands, span[1])
			}
		}
		rows = append(rows, r)
	}
	require.NotEmpty(t, rows)
	return rows
}

// TestEveryRecoveryIsRun fails for a row of the table that no test goes through.
func TestEveryRecoveryIsRun(t *testing.T) {
	known := map[string]bool{}
	for _, r := range recoveries {
		known[r.symptom] = false
	}
	for symptom, test := range recoveredElsewhere {
		known[symptom] = false
		assert.True(t, isTest(t, test), "%s: there is no test %s", symptom, test)
	}
	for _, r := range readRows(t) {
		_, is := known[r.symptom]
		assert.True(t, is, "%s: no test runs the row %q", operationsPage, r.symptom)
		known[r.symptom] = true
	}
	for symptom, is := range known {
		assert.True(t, is, "%s: there is no row %q", operationsPage, symptom)
	}
}

// isTest reports whether a test of this name is in this folder.
func isTest(t *testing.T, name string) bool {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	return slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		return strings.Contains(string(text), "\nfunc "+name+"(t *testing.T) {")
	})
}

// recoverAll makes each fault happen and runs the row's commands.
func (o *operator) recoverAll() {
	o.t.Helper()
	rows := readRows(o.t)
	for _, r := range recoveries {
		node := r.fault(o)
		i := slices.IndexFunc(rows, func(row row) bool { return row.symptom == r.symptom })
		require.GreaterOrEqual(o.t, i, 0, r.symptom)
		for _, command := range rows[i].commands {
			tool, _, _ := strings.Cut(command, " ")
			if of, only := toolOf[tool]; only && of != o.cloud {
				continue
			}
			command = strings.ReplaceAll(command, "STACK=…", "STACK="+o.name)
			o.do(block{at: operationsPage + ": " + r.symptom, language: "sh", text: command}, o.places(node))
		}
		o.nodes()
	}
	o.settled()
}

// toolOf says which tool is of one cloud.
var toolOf = map[string]string{"aws": "aws", "gcloud": "gcp", "doctl": "digitalocean"}

// leaveLock leaves what a killed up leaves: the file of a lock. TestKilledUp kills one.
func (o *operator) leaveLock() *machine {
	o.t.Helper()
	folder := o.path("state", ".pulumi", "locks", "organization", "inferadb", o.name)
	require.NoError(o.t, os.MkdirAll(folder, 0o700))
	lock := `{"pid":1,"username":"somebody","hostname":"elsewhere","timestamp":"2026-11-01T00:00:00Z"}`
	require.NoError(o.t, os.WriteFile(filepath.Join(folder, "0b0d3a9e-1b1e-4f6e-9e0c-0d6a3b1f7c55.json"), []byte(lock), 0o600))
	out, err := o.shell("make up STACK=" + o.name)
	require.Error(o.t, err)
	assert.Contains(o.t, out, "the stack is currently locked")
	return nil
}

// loseWorker deletes a worker behind the program's back.
func (o *operator) loseWorker() *machine {
	o.t.Helper()
	lost := workers(o)[0]
	_, err := o.try(nil, "simulator", "terminate", lost.name)
	require.NoError(o.t, err)
	return &lost
}

// runShort has the cloud refuse the machine that was lost, as it does without quota or capacity.
func (o *operator) runShort() *machine {
	o.t.Helper()
	o.loseWorker()
	o.run("a refresh", "make refresh STACK="+o.name)
	token := map[string]string{"aws": instance, "gcp": gceInstance, "digitalocean": "digitalocean:index/droplet:Droplet"}[o.cloud]
	out, err := o.shell("export SIMULATOR_FAULT='" + token + "#1'\nmake up STACK=" + o.name)
	require.Error(o.t, err)
	assert.Contains(o.t, out, "simulated fault")
	return nil
}
