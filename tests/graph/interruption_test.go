package graph

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/iampolicy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// How a cluster hears that machines are about to go, and who may move its groups.

const (
	queueType  = "aws:sqs/queue:Queue"
	hookType   = "aws:autoscaling/lifecycleHook:LifecycleHook"
	ruleType   = "aws:cloudwatch/eventRule:EventRule"
	targetType = "aws:cloudwatch/eventTarget:EventTarget"
	alarmType  = "aws:cloudwatch/metricAlarm:MetricAlarm"
	policyType = "aws:iam/rolePolicy:RolePolicy"
)

// ofCluster keeps the resources of one cluster.
func ofCluster(nodes []*node, cluster string) []*node {
	return slices.DeleteFunc(nodes, func(n *node) bool { return !strings.HasPrefix(n.Name, cluster+"-") })
}

func TestInvariant22EveryGroupHasADrainPath(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		for _, cluster := range g.ofType("inferadb:index:TalosCluster") {
			groups := ofCluster(g.ofType(groupType), cluster.Name)
			if len(groups) == 0 {
				assert.Empty(t, ofCluster(g.ofType(queueType), cluster.Name), "nobody ends machines with names")
				continue
			}
			queues := ofCluster(g.ofType(queueType), cluster.Name)
			require.Len(t, queues, 1)
			assert.Equal(t, "true", queues[0].text("sqsManagedSseEnabled"), "EventBridge cannot use AWS' own key for KMS")
			assert.Equal(t, "300", queues[0].text("messageRetentionSeconds"))
			var heard []string
			for _, target := range ofCluster(g.ofType(targetType), cluster.Name) {
				assert.Equal(t, "arn:aws:sqs:::"+queues[0].Name, target.text("arn"))
				heard = append(heard, target.text("rule"))
			}
			var said []string
			for _, rule := range ofCluster(g.ofType(ruleType), cluster.Name) {
				said = append(said, rule.Name+"-0000000")
			}
			assert.ElementsMatch(t, said, heard)
			assert.Len(t, said, 4)
			for _, group := range groups {
				i := slices.IndexFunc(g.ofType(hookType), func(n *node) bool { return n.Name == group.Name })
				require.GreaterOrEqual(t, i, 0, "%s ends machines at once", group.Name)
				hook := g.ofType(hookType)[i]
				assert.Equal(t, group.Name+"-0000000", hook.text("autoscalingGroupName"))
				assert.Equal(t, "autoscaling:EC2_INSTANCE_TERMINATING", hook.text("lifecycleTransition"))
				assert.Equal(t, "300 CONTINUE", hook.text("heartbeatTimeout")+" "+hook.text("defaultResult"))
			}
		}
	})
}

func TestInvariant22TheQueueTakesTheRulesEventsAlone(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType("aws:sqs/queuePolicy:QueuePolicy") {
			for _, statement := range statements(t, n.text("policy")) {
				if statement.Effect == "Deny" {
					continue
				}
				assert.Equal(t, []string{"sqs:SendMessage"}, statement.Action)
				assert.Equal(t, &iampolicy.Principal{Service: []string{"events.amazonaws.com"}}, statement.Principal)
				assert.Len(t, statement.Condition["ArnEquals"]["aws:SourceArn"], 4)
			}
		}
		for _, n := range g.ofType(ruleType) {
			var pattern map[string]any
			require.NoError(t, json.Unmarshal([]byte(n.text("eventPattern")), &pattern))
			if strings.HasSuffix(n.Name, "-termination") {
				assert.Contains(t, n.text("eventPattern"), `"prefix":"`+strings.TrimSuffix(n.Name, "termination")+`"`, "other groups of the account are not ours")
			}
			if strings.HasSuffix(n.Name, "-rebalance") {
				replaced := slices.ContainsFunc(g.ofType(groupType), func(n *node) bool { return n.text("capacityRebalance") == "true" })
				assert.Equal(t, replaced, n.text("state") == "ENABLED", "a drained machine that is not replaced stands idle")
			}
		}
	})
}

func TestInvariant22TheAlarmCountsWhatIsCounted(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		spot := 0
		for _, n := range g.ofType(groupType) {
			if !n.get("mixedInstancesPolicy").IsNull() {
				spot++
			}
		}
		assert.Equal(t, spot > 0, len(g.ofType(alarmType)) > 0)
		for _, n := range g.ofType(alarmType) {
			assert.Equal(t, "AWS/Events Invocations Sum", strings.Join([]string{n.text("namespace"), n.text("metricName"), n.text("statistic")}, " "))
			cluster := strings.TrimSuffix(n.Name, "-interruptions")
			assert.Equal(t, cluster+"-spot-interruption-0000000", n.text("dimensions", "RuleName"))
			assert.Equal(t, "notBreaching", n.text("treatMissingData"))
			assert.Equal(t, "arn:aws:::"+cluster+"-alarms", n.text("alarmActions", 0))
		}
		for _, n := range g.ofType("aws:sns/topic:Topic") {
			assert.Equal(t, "arn:aws:::"+n.Name, n.text("kmsMasterKeyId"), "the topic is encrypted with a key of its own")
			for _, key := range g.ofType("aws:kms/key:Key") {
				if key.Name == n.Name {
					assert.Contains(t, key.text("policy"), "cloudwatch.amazonaws.com", "CloudWatch cannot use the key")
				}
			}
		}
	})
	g := build(t, "production", stackFile(t, "production", variants[8].changes))
	subscriptions := g.ofType("aws:sns/topicSubscription:TopicSubscription")
	require.NotEmpty(t, subscriptions)
	assert.Equal(t, "email ops@example.com", subscriptions[0].text("protocol")+" "+subscriptions[0].text("endpoint"))
	assert.Equal(t, "4", g.ofType(alarmType)[0].text("threshold"), "half of the eight machines above the base")
}

func TestInvariant23AutoscalerTagsStandOnAutoscaledGroupsAlone(t *testing.T) {
	tagsOf := func(n *node) map[string]string {
		tags := map[string]string{}
		for i := range n.get("tags").ArrayValue() {
			tags[n.text("tags", i, "key")] = n.text("tags", i, "value")
		}
		return tags
	}
	forEach(t, func(t *testing.T, g graph) {
		for _, n := range g.ofType(groupType) {
			followed := slices.ContainsFunc(g.ofType("aws:autoscaling/policy:Policy"), func(p *node) bool { return p.Name == n.Name })
			_, discovered := tagsOf(n)["k8s.io/cluster-autoscaler/enabled"]
			autoscaled := n.text("minSize") != n.text("maxSize")
			assert.Equal(t, autoscaled, discovered != followed, "%s is moved by one autoscaler, or by none", n.Name)
			assert.Contains(t, tagsOf(n), "aws-node-termination-handler/managed", n.Name)
		}
	})
	g := build(t, "production", stackFile(t, "production", variants[8].changes))
	for _, n := range g.ofType(groupType) {
		cluster, pool, _ := strings.Cut(n.Name, "1-")
		switch tags := tagsOf(n); pool {
		case "waiting":
			assert.Equal(t, "true", tags["k8s.io/cluster-autoscaler/enabled"])
			assert.Equal(t, "owned", tags["k8s.io/cluster-autoscaler/"+cluster+"1"])
			assert.Equal(t, "web", tags["k8s.io/cluster-autoscaler/node-template/label/tier"])
			assert.Equal(t, "only:NoExecute", tags["k8s.io/cluster-autoscaler/node-template/taint/web"])
		default:
			for key := range tags {
				assert.False(t, strings.HasPrefix(key, "k8s.io/"), "%s: %s", n.Name, key)
			}
		}
	}
	for _, n := range g.ofType("aws:autoscaling/policy:Policy") {
		assert.Equal(t, "TargetTrackingScaling", n.text("policyType"))
		assert.Equal(t, "60", n.text("targetTrackingConfiguration", "targetValue"))
	}
}

func TestWorkersMayDoWhatDrainingAndScalingNeedAndNoMore(t *testing.T) {
	forEach(t, func(t *testing.T, g graph) {
		workers := slices.DeleteFunc(g.ofType(policyType), func(n *node) bool { return !strings.HasSuffix(n.text("role"), "-worker-0000000") })
		drained := slices.DeleteFunc(slices.Clone(workers), func(n *node) bool { return !strings.HasSuffix(n.Name, "-termination-handler") })
		assert.Len(t, drained, len(g.ofType(queueType)))
		for _, n := range workers {
			cluster := strings.TrimSuffix(strings.TrimSuffix(n.Name, "-termination-handler"), "-cluster-autoscaler")
			for _, statement := range statements(t, n.text("policy")) {
				for _, action := range statement.Action {
					bound := !slices.Contains(statement.Resource, "*") || strings.Contains(fmt.Sprint(statement.Condition), cluster+":[owned]")
					assert.True(t, bound || iampolicy.Reads(action), "%s: %s on everything", n.Name, action)
					assert.NotContains(t, action, "*")
				}
			}
		}
	})
}

func TestGoogleCloudInvariant22PreemptionsAreReported(t *testing.T) {
	forEachOnGoogleCloud(t, func(t *testing.T, g graph) {
		alerts, metrics := g.ofType("gcp:monitoring/alertPolicy:AlertPolicy"), g.ofType("gcp:logging/metric:Metric")
		for _, n := range g.ofType(gceManagerType) {
			if strings.HasSuffix(n.Name, "-spot") {
				assert.NotEmpty(t, alerts, n.Name)
			}
		}
		assert.Len(t, metrics, len(alerts))
		for i, n := range alerts {
			filter := n.text("conditions", 0, "conditionMatchedLog", "filter")
			assert.Equal(t, metrics[i].text("filter"), filter)
			assert.Contains(t, filter, `protoPayload.methodName="compute.instances.preempted"`)
			assert.Contains(t, filter, `"/instances/`+strings.TrimSuffix(n.Name, "preemptions")+`"`, "machines of others are not counted")
			assert.NotEmpty(t, n.text("alertStrategy", "notificationRateLimit", "period"))
		}
	})
	g := buildOnGoogleCloud(t, "production", googleCloudVariants[8].changes)
	assert.Equal(t, "inferadb-production-nyc1-alarms-ops@example.com-id", g.ofType("gcp:monitoring/alertPolicy:AlertPolicy")[0].text("notificationChannels", 0))
	assert.Equal(t, "ops@example.com", g.ofType("gcp:monitoring/notificationChannel:NotificationChannel")[0].text("labels", "email_address"))
	require.NotEmpty(t, g.ofType(gceBoundsType))
	for _, n := range g.ofType(gceBoundsType) {
		assert.Equal(t, "0.6", n.text("autoscalingPolicy", "cpuUtilization", "target"), n.Name)
		assert.NotEqual(t, "0", n.text("autoscalingPolicy", "minReplicas"), "%s: no machine has no load", n.Name)
	}
}
