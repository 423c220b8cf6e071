package preview

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inferadb/infra/cost"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

// The events were recorded on the simulator with `pulumi preview --json`, and some resources of many were kept.
func TestComments(t *testing.T) {
	for name, comment := range map[string]Comment{
		"change":    {Stack: "dev", Kind: Preview, Revision: "0123abc"},
		"first":     {Stack: "production", Kind: Simulated},
		"protected": {Stack: "production", Kind: Preview},
		"refused":   {Stack: "dev", Kind: Preview},
		"drift":     {Stack: "dev", Kind: Drift},
		"policy":    {Stack: "dev", Kind: Preview},
	} {
		t.Run(name, func(t *testing.T) {
			comment.Result = read(t, name)
			compare(t, name, comment.Markdown(Limit))
		})
	}
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	golden := filepath.Join("testdata", name+".md")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "if the change is meant: go test ./preview -update")
}

func read(t *testing.T, name string) Result {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name+".jsonl"))
	require.NoError(t, err)
	defer file.Close()
	result, err := Read(file)
	require.NoError(t, err)
	return result
}

// The table is cost's own; its prices change when somebody looks them up.
func TestTheCostIsFolded(t *testing.T) {
	estimates, err := cost.OfStack("..", "production", "")
	require.NoError(t, err)
	text := Comment{Stack: "production", Kind: Preview, Estimates: estimates}.Markdown(Limit)
	assert.Contains(t, text, fmt.Sprintf("<details><summary>Cost of production: %s US dollars a month at list price</summary>\n\n%s\n</details>",
		cost.Sum(estimates).Configured, cost.Markdown("production", estimates)))
	assert.NotContains(t, text, "Its cost is unknown")
	text = Comment{Stack: "production", Kind: Preview, Unpriced: "there is no price of x"}.Markdown(Limit)
	assert.Contains(t, text, "**Its cost is unknown**\n\n```text\nthere is no price of x\n```")
}

func TestTheMarkerIsTheFirstLineAndTheStacksOwn(t *testing.T) {
	markers := map[string]bool{}
	for _, stack := range []string{"dev", "staging"} {
		for _, kind := range Kinds() {
			comment := Comment{Stack: stack, Kind: kind}
			first, _, _ := strings.Cut(comment.Markdown(Limit), "\n")
			assert.Equal(t, comment.Marker(), first)
			markers[first] = true
		}
	}
	assert.Len(t, markers, 6)
}

// nodes is a preview of so many new machines, all different, in three clusters.
func nodes(count int) Result {
	result := Result{}
	for i := range count {
		cluster := fmt.Sprintf("inferadb-huge-%c", 'a'+i%3)
		urn := fmt.Sprintf("urn:pulumi:huge::inferadb::%s$aws:ec2/instance:Instance::%s-workers-%d", clusterType, cluster, i)
		parent := fmt.Sprintf("urn:pulumi:huge::inferadb::%s::%s", clusterType, cluster)
		inputs := map[string]any{"privateIp": fmt.Sprint(i), "tags": map[string]any{"Name": strings.Repeat("x", 50)}}
		result.Steps = append(result.Steps, apitype.StepEventMetadata{
			Op: apitype.OpCreate, URN: urn, Type: "aws:ec2/instance:Instance",
			New: &apitype.StepEventStateMetadata{URN: urn, Parent: parent, Inputs: inputs},
		})
	}
	return result
}

func TestOnlyTheDiffIsCut(t *testing.T) {
	for count, want := range map[int]string{
		300:  "privateIp: \"7\"",
		600:  "What new resources are made of is left out",
		5000: "lines of the diff are cut, to stay within what GitHub takes. All of them: `make preview STACK=huge`",
	} {
		t.Run(fmt.Sprint(count), func(t *testing.T) {
			comment := Comment{Stack: "huge", Kind: Preview, Result: nodes(count)}
			comment.Result.Steps = append(comment.Result.Steps, deleted("aws:kms/key:Key", true))
			text := comment.Markdown(Limit)
			assert.LessOrEqual(t, len(text), Limit)
			assert.Contains(t, text, want)
			assert.Contains(t, text, fmt.Sprintf("| create | delete | unchanged |\n|---:|---:|---:|\n| %d | 1 | 0 |", count))
			assert.Contains(t, text, "would be deleted although it is protected")
			assert.Contains(t, text, "Next: `make up STACK=huge`")
			for _, cluster := range []string{"a", "b", "c"} {
				assert.Contains(t, text, "<summary>inferadb-huge-"+cluster, "every cluster has its share")
			}
			assert.Equal(t, strings.Count(text, "<details>"), strings.Count(text, "</details>"))
			assert.Zero(t, strings.Count(text, "\n```")%2, "every block that is opened is closed")
		})
	}
}

func TestTheCutLinesAreCounted(t *testing.T) {
	comment := Comment{Stack: "huge", Kind: Preview, Result: nodes(5000)}
	text := comment.Markdown(Limit)
	shown := strings.Count(text, "\n+  aws:ec2/instance:Instance")
	assert.Greater(t, shown, 500)
	assert.Contains(t, text, fmt.Sprintf("\n%d lines of the diff are cut", 5000-shown))
}

// Errors and warnings are many and long when a provider goes wrong; the comment stays within its limit.
func TestReasonsAndWarningsHaveAnEnd(t *testing.T) {
	comment := Comment{Stack: "huge", Kind: Preview, Result: nodes(5000)}
	for range 500 {
		comment.Result.Steps = append(comment.Result.Steps, deleted("aws:ec2/instance:Instance", true))
		comment.Result.Diagnostics = append(comment.Result.Diagnostics,
			apitype.DiagnosticEvent{Severity: "error", Message: strings.Repeat("an error. ", 500)},
			apitype.DiagnosticEvent{Severity: "warning", Message: strings.Repeat("a warning. ", 500)})
	}
	text := comment.Markdown(Limit)
	assert.LessOrEqual(t, len(text), Limit)
	assert.Contains(t, text, "and 350 more of this kind")
	assert.Contains(t, text, "| 5000 | 500 | 0 |")
}

func deleted(kind string, protect bool) apitype.StepEventMetadata {
	urn := fmt.Sprintf("urn:pulumi:dev::inferadb::%s$%s::old", clusterType, kind)
	return apitype.StepEventMetadata{Op: apitype.OpDelete, URN: urn, Type: kind,
		Old: &apitype.StepEventStateMetadata{URN: urn, Protect: protect}}
}

func TestWarnings(t *testing.T) {
	replaced := deleted("talos:machine/secrets:Secrets", false)
	replaced.Op, replaced.New = apitype.OpReplace, replaced.Old
	replaced.DetailedDiff = map[string]apitype.PropertyDiff{
		"talosVersion": {Kind: apitype.DiffUpdateReplace}, "tags": {Kind: apitype.DiffUpdate},
	}
	unprotected := deleted("aws:lb/loadBalancer:LoadBalancer", true)
	unprotected.Op, unprotected.New = apitype.OpSame, &apitype.StepEventStateMetadata{}
	kept := deleted("aws:kms/key:Key", false)
	kept.Old.RetainOnDelete = true
	for name, row := range map[string]struct {
		step apitype.StepEventMetadata
		want []string
	}{
		"protected":           {deleted("aws:ec2/vpc:Vpc", true), []string{"- :no_entry: **would be deleted although it is protected**: `aws:ec2/vpc:Vpc` `old`"}},
		"holds data":          {deleted("gcp:compute/instance:Instance", false), []string{"- :warning: **would be deleted with what it holds**: `gcp:compute/instance:Instance` `old`: its disk goes with it"}},
		"replaced":            {replaced, []string{"- :warning: **would be replaced with what it holds**: `talos:machine/secrets:Secrets` `old`: every certificate and token of the cluster is made from it, because of `talosVersion`"}},
		"no longer protected": {unprotected, []string{"- :warning: **would no longer be protected**: `aws:lb/loadBalancer:LoadBalancer` `old`"}},
		"stays in the cloud":  {kept, nil},
		"holds nothing":       {deleted("aws:ec2/route:Route", false), nil},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, row.want, warnings([]apitype.StepEventMetadata{row.step}))
		})
	}
}

// What is read is not always a preview: the error says where it stopped, and nothing of what stood there.
func TestWhatIsNoPreview(t *testing.T) {
	result, err := Read(strings.NewReader("{\"sequence\":0}\nkubeconfig: c2VjcmV0\n"))
	assert.ErrorContains(t, err, "line 2 of the preview is not an event of Pulumi's engine")
	assert.NotContains(t, err.Error(), "c2VjcmV0")
	assert.True(t, result.Failed)
	result, err = Read(strings.NewReader(""))
	require.NoError(t, err)
	assert.True(t, result.Failed, "no summary, no success")
	assert.Contains(t, Comment{Stack: "dev", Kind: Preview, Result: result}.Markdown(Limit), "Pulumi gave no reason")
}

// A refresh first names what it looks at, and then what it found.
func TestARefreshIsReadOnce(t *testing.T) {
	urn := "urn:pulumi:dev::inferadb::aws:ec2/vpc:Vpc::network"
	events := ""
	step := func(op apitype.OpType) apitype.StepEventMetadata { return apitype.StepEventMetadata{Op: op, URN: urn} }
	for _, event := range []apitype.EngineEvent{
		{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: step(apitype.OpRefresh)}},
		{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: step(apitype.OpDelete)}},
		{SummaryEvent: &apitype.SummaryEvent{Result: apitype.OperationResultSucceeded}},
	} {
		line, err := json.Marshal(event)
		require.NoError(t, err)
		events += string(line) + "\n"
	}
	result, err := Read(strings.NewReader(events))
	require.NoError(t, err)
	require.Len(t, result.Steps, 1)
	assert.Equal(t, apitype.OpDelete, result.Steps[0].Op)
	assert.False(t, result.Failed)
	assert.True(t, result.Changed())
}
