package latency

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func step(id string, takes int, after ...string) Step {
	return Step{ID: id, Name: id, Takes: time.Duration(takes) * time.Second, After: after}
}

// names lists a path's steps.
func names(path Path) string {
	var list []string
	for _, step := range path {
		list = append(list, step.Name)
	}
	return strings.Join(list, " ")
}

func TestCritical(t *testing.T) {
	path := Critical([]Step{
		step("machine", 15, "network", "gateway"), step("network", 12), step("gateway", 100, "network"),
		step("balancer", 150, "network", "unknown"),
	})
	assert.Equal(t, "network balancer", names(path))
	assert.Equal(t, 162*time.Second, path.Total())
	path = Critical([]Step{
		step("network", 12), step("gateway", 100, "network"), step("machine", 70, "gateway"), step("balancer", 150, "network"),
	})
	assert.Equal(t, "network gateway machine", names(path))
	assert.Zero(t, Critical(nil).Total())
}

// TestLayered shows where layers cost time: the load balancer and the machine could go at the same time, but lie in
// different layers.
func TestLayered(t *testing.T) {
	steps := []Step{step("network", 1), step("balancer", 45, "network"), step("gateway", 55, "network"), step("machine", 60, "gateway"),
		step("record", 35, "balancer"), step("group", 90, "machine")}
	path := Layered(steps)
	assert.Equal(t, "group machine gateway network", names(path))
	assert.Equal(t, 206*time.Second, path.Total())

	apart := []Step{step("network", 1), step("balancer", 45, "network"), step("route", 1, "network"), step("machine", 60, "route")}
	assert.Equal(t, 106*time.Second, Layered(apart).Total(), "one after the other")
	assert.Equal(t, 60*time.Second, BestLayers(apart).Total(), "side by side, and what is quick is left out")
	apart[1] = step("balancer", 45, "network", "route")
	assert.Equal(t, 62*time.Second, Layered(apart).Total(), "a dependency on what is quick brings them together")
}

// TestBestLayers has two chains that cannot lie in two layers of equal steps: the best are the record alone, and then
// the rest.
func TestBestLayers(t *testing.T) {
	path := BestLayers([]Step{step("balancer", 45), step("listener", 1, "balancer"), step("record", 35, "listener"), step("machine", 60)})
	assert.Equal(t, 95*time.Second, path.Total())
	assert.Equal(t, "record machine", names(path))
}

func TestUpWaitsForABootAndForWhatIsNeeded(t *testing.T) {
	const machine, apply, bootstrap, record = "aws:ec2/instance:Instance", "talos:machine/configurationApply:ConfigurationApply",
		"talos:machine/bootstrap:Bootstrap", "aws:route53/record:Record"
	plan := Up([]Resource{
		{URN: "a", Type: machine, Name: "one", Parent: "c"},
		{URN: "c1", Type: apply, Name: "one", Parent: "c", After: []string{"a"}},
		{URN: "d", Type: record, Name: "api", Parent: "c"},
		{URN: "e", Type: bootstrap, Name: "c", Parent: "c", After: []string{"c1", "d"}},
	})
	assert.Equal(t, "Instance one Instance one boots ConfigurationApply one Bootstrap c", names(plan.Path))
	assert.Equal(t, 82*time.Second, plan.Path.Total())
	assert.InDelta(t, 1, plan.Ratio(), 0.001)

	plan = Up([]Resource{
		{URN: "a", Type: record, Name: "api"}, {URN: "b", Type: machine, Name: "one", After: []string{"a"}},
	})
	assert.Equal(t, 110*time.Second, plan.Path.Total(), "a record that a machine waits for")
	assert.Equal(t, 75*time.Second, plan.Minimum.Total(), "although no machine needs one")
}

func TestLongTimesHaveASource(t *testing.T) {
	for token, times := range table {
		if max(times.Create, times.Delete) >= quick {
			assert.NotEmpty(t, times.Source, token)
		}
	}
}

func TestMeasured(t *testing.T) {
	directory, start := t.TempDir(), time.Now()
	for i, urn := range []string{"a", "b"} {
		begin := start.Add(time.Duration(i) * time.Second)
		require.NoError(t, Record(directory, Entry{Create, urn, begin, begin.Add(time.Second)}))
		require.NoError(t, Record(directory, Entry{Delete, urn, begin, begin.Add(time.Minute)}))
	}
	ends, err := Measured(directory, Create, 0.1)
	require.NoError(t, err)
	assert.Equal(t, map[string]time.Duration{"a": 10 * time.Second, "b": 20 * time.Second}, ends)
	_, err = Measured(filepath.Join(directory, "none"), Create, 0.1)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestAPlanFromAState(t *testing.T) {
	resources, err := ReadState([]byte(`{"version": 3, "deployment": {"resources": [
		{"urn": "urn:pulumi:dev::inferadb::aws:ec2/vpc:Vpc::network", "type": "aws:ec2/vpc:Vpc"},
		{"urn": "urn:pulumi:dev::inferadb::aws:lb/loadBalancer:LoadBalancer::api", "type": "aws:lb/loadBalancer:LoadBalancer",
		 "dependencies": ["urn:pulumi:dev::inferadb::aws:ec2/vpc:Vpc::network"],
		 "propertyDependencies": {"subnets": ["urn:pulumi:dev::inferadb::aws:ec2/vpc:Vpc::network"]}}]}}`))
	require.NoError(t, err)
	var text strings.Builder
	Up(resources).Write(&text, map[string]time.Duration{resources[0].URN: 13 * time.Second})
	assert.Equal(t, `  ends  measured  takes
  0:12      0:13   0:12  Vpc network
  2:42             2:30  LoadBalancer api

Total 2:42; measured 0:13. Minimum 2:42, ratio 1.00:

  0:12  0:12  Vpc network
  2:42  2:30  LoadBalancer api
`, text.String())
}
