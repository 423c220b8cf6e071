package lifecycle

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	alarm        = "aws:cloudwatch/metricAlarm:MetricAlarm"
	hook         = "aws:autoscaling/lifecycleHook:LifecycleHook"
	permission   = "aws:iam/rolePolicy:RolePolicy"
	rule         = "aws:cloudwatch/eventRule:EventRule"
	scaling      = "aws:autoscaling/policy:Policy"
	subscription = "aws:sns/topicSubscription:TopicSubscription"
)

var (
	// scalingGroup is what each scaling group on AWS consists of.
	scalingGroup = steps{template: 1, group: 1, hook: 1}
	// drainPath is what all scaling groups of a cluster on AWS share.
	drainPath = steps{
		"aws:sqs/queue:Queue": 1, "aws:sqs/queuePolicy:QueuePolicy": 1, rule: 4, "aws:cloudwatch/eventTarget:EventTarget": 4, permission: 1,
		alarm: 1, "aws:sns/topic:Topic": 1, "aws:sns/topicPolicy:TopicPolicy": 1, "aws:kms/key:Key": 1,
	}
	alertOnGoogleCloud = steps{"gcp:logging/metric:Metric": 1, "gcp:monitoring/alertPolicy:AlertPolicy": 1}
)

// each is the same operation on several types.
func each(operation string, types steps) steps {
	all := steps{}
	for token, count := range types {
		all[operation+" "+token] = count
	}
	return all
}

// pools are a stateful pool, a spot pool and one that is autoscaled.
func pools(spot, scaled string) string {
	return `[{"name":"data","size":"small","count":2,"workload":"stateful"},
		{"name":"web","size":"small",` + spot + `},{"name":"batch","size":"small",` + scaled + `}]`
}

const (
	threeSpot = `"count":3,"spot":true`
	upToFour  = `"min":1,"max":4`
)

// groupChanges are what people do to scaling groups. None of it touches a control plane, a secret, the load balancer,
// the network, or the stateful pool.
var groupChanges = []change{
	{name: "scale up", value: pools(`"count":9,"spot":true`, upToFour), steps: steps{"update " + group: 1, "update " + alarm: 1}},
	{name: "scale down", value: pools(`"count":5,"spot":true`, upToFour), steps: steps{"update " + group: 1, "update " + alarm: 1}},
	{name: "another base", value: pools(`"count":5,"spot":{"base":2}`, upToFour), steps: steps{"update " + group: 1}},
	{name: "half of the rest on demand", value: pools(`"count":5,"spot":{"base":2,"onDemandPercent":50}`, upToFour), steps: steps{"update " + group: 1}},
	{name: "other types", value: pools(`"count":5,"spot":{"base":2,"types":["m6g.large","r6g.large"]}`, upToFour), steps: steps{"update " + group: 1}},
	{name: "any type", value: pools(`"count":5,"spot":{"base":2,"requirements":true}`, upToFour), steps: steps{"update " + group: 1}},
	{name: "rebalancing", value: pools(`"count":5,"spot":{"base":2,"rebalance":true}`, upToFour), steps: steps{"update " + group: 1, "update " + rule: 1}},
	{name: "as it was", value: pools(threeSpot, upToFour), steps: steps{"update " + group: 1, "update " + rule: 1}},
	{name: "a higher minimum", value: pools(threeSpot, `"min":3,"max":4`), steps: steps{"update " + group: 1}},
	{name: "the load decides", value: pools(threeSpot, `"min":3,"max":4,"autoscaling":"cpu"`),
		steps: steps{"update " + group: 1, "create " + scaling: 1, "delete " + permission: 1}},
	{name: "a pool less", value: strings.Replace(pools(threeSpot, ""), `,{"name":"batch","size":"small",}`, "", 1),
		steps: steps{"delete " + scaling: 1}.and(each("delete", scalingGroup))},
	{name: "a pool more", value: pools(threeSpot, upToFour), steps: steps{"create " + permission: 1}.and(each("create", scalingGroup))},
	{name: "somebody to tell", key: "alarmEmails", value: `["ops@example.com"]`, steps: steps{"create " + subscription: 1}},
}

func TestScalingGroups(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "aws")
	s.set("pools", pools(threeSpot, upToFour))
	s.up()
	for i := range groupChanges {
		if groupChanges[i].key == "" {
			groupChanges[i].key = "pools"
		}
	}
	s.walk(groupChanges)
	s.settled()
	s.destroy()
}

// TestInterruption takes spot machines back behind the program's back: their group replaces them, on the market again,
// and there is nothing for the program to do.
func TestInterruption(t *testing.T) {
	for _, cloud := range []string{"aws", "gcp"} {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "dev", cloud)
			s.set("pools", pools(threeSpot, upToFour))
			s.up()
			before := s.machines()
			for machine, spot := range before {
				_, err := s.try(nil, "simulator", "interrupt", machine)
				if spot {
					assert.NoError(t, err)
				} else {
					assert.ErrorContains(t, err, "is not a spot machine")
				}
			}
			after := s.machines()
			assert.Len(t, after, len(before))
			market := 0
			for machine, spot := range after {
				if _, stayed := before[machine]; stayed {
					assert.False(t, spot, "%s was taken back", machine)
				} else {
					assert.True(t, spot, "%s takes a spot machine's place", machine)
					market++
				}
			}
			assert.Equal(t, 2, market, "one machine of the pool is on demand")
			s.nodes()
			s.settled()
			s.destroy()
		})
	}
}

// thing is a resource in the clouds.
type thing struct {
	Type, ID, Name, Region string
	// Inputs are what an engine created it with; a machine of a scaling group has none.
	Inputs map[string]any
	State  struct {
		Name, InstanceLifecycle string
		Scheduling              struct{ ProvisioningModel string }
	}
}

// existing is everything that the clouds have.
func (s *stack) existing() []thing {
	s.t.Helper()
	out, err := s.try(nil, "simulator", "resources", "--json")
	require.NoError(s.t, err)
	var things []thing
	require.NoError(s.t, json.Unmarshal([]byte(out), &things))
	return things
}

// machines are all machines in the clouds, by name or id, and whether they are on the spot market.
func (s *stack) machines() map[string]bool {
	s.t.Helper()
	machines := map[string]bool{}
	for _, r := range s.existing() {
		switch r.Type {
		case instance:
			machines[r.ID] = r.State.InstanceLifecycle == "spot"
		case gceInstance:
			machines[r.State.Name] = r.State.Scheduling.ProvisioningModel == "SPOT"
		}
	}
	require.NotEmpty(s.t, machines)
	require.Contains(s.t, slices.Collect(maps.Values(machines)), true)
	return machines
}
