package invariants

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/iampolicy"
)

const (
	awsQueue         = "aws:sqs/queue:Queue"
	awsQueuePolicy   = "aws:sqs/queuePolicy:QueuePolicy"
	awsHook          = "aws:autoscaling/lifecycleHook:LifecycleHook"
	awsRule          = "aws:cloudwatch/eventRule:EventRule"
	awsRuleTarget    = "aws:cloudwatch/eventTarget:EventTarget"
	awsAlarm         = "aws:cloudwatch/metricAlarm:MetricAlarm"
	awsTopic         = "aws:sns/topic:Topic"
	awsSubscription  = "aws:sns/topicSubscription:TopicSubscription"
	awsScalingPolicy = "aws:autoscaling/policy:Policy"
)

var awsMixedPolicyBreaks = []Breakage{
	set(awsScalingGroup, "-any", "diversified", "mixedInstancesPolicy", "instancesDistribution",
		"spotAllocationStrategy").in(awsGroups),
	set(awsScalingGroup, "-any", 2, "mixedInstancesPolicy", "instancesDistribution", "spotInstancePools").in(awsGroups),
	set(awsScalingGroup, "-any", "2", "mixedInstancesPolicy", "launchTemplate", "overrides", 0, "weightedCapacity").in(
		awsGroups),
	set(awsScalingGroup, "-any", 50, "mixedInstancesPolicy", "instancesDistribution",
		"onDemandPercentageAboveBaseCapacity").in(awsGroups),
	set(awsScalingGroup, "-any", "prioritized", "mixedInstancesPolicy", "instancesDistribution",
		"onDemandAllocationStrategy").in(awsGroups),
	set(awsScalingGroup, "-any", []any{}, "mixedInstancesPolicy", "launchTemplate", "overrides").in(awsGroups),
	set(awsScalingGroup, "-any", map[string]any{"id": "lt"}, "launchTemplate").in(awsGroups),
	set(awsScalingGroup, "-burst", 1, "mixedInstancesPolicy", "instancesDistribution",
		"onDemandPercentageAboveBaseCapacity").in("pools"),
	set(awsScalingGroup, "-burst", []any{map[string]any{"instanceType": "t4g.large"}},
		"mixedInstancesPolicy", "launchTemplate", "overrides").in("pools"),
	set(awsScalingGroup, "-burst", 1, "mixedInstancesPolicy", "instancesDistribution", "onDemandBaseCapacity").in(
		"pools"),
	set(awsScalingGroup, "-burst", "0.3", "mixedInstancesPolicy", "instancesDistribution", "spotMaxPrice").in("pools"),
	set(awsTemplate, "", map[string]any{"marketType": "spot"}, "instanceMarketOptions").in(awsGroups),
	set(awsTemplate, "", true, "networkInterfaces", 0, "associatePublicIpAddress").in(awsGroups),
}

// awsMixedPolicy compares groups with the pools that the stack file asks for.
func awsMixedPolicy(g *Graph, v *Violations) {
	for _, r := range g.ofType(awsScalingGroup) {
		if !r.has("mixedInstancesPolicy") {
			continue
		}
		distribution := func(key string) string { return r.Text("mixedInstancesPolicy", "instancesDistribution", key) }
		v.equal("capacity-optimized", distribution("spotAllocationStrategy"), r, "its strategy")
		v.equal("", distribution("spotInstancePools"), r, "the number of pools, which is another strategy's")
		overrides := []any{"mixedInstancesPolicy", "launchTemplate", "overrides"}
		for i := range r.items(overrides...) {
			v.unless(!r.has(append(overrides, i, "weightedCapacity")...), r, "counts something else than machines")
		}
		if strings.HasSuffix(r.Name, "-any") {
			v.equal("25", distribution("onDemandPercentageAboveBaseCapacity"), r, "the share on demand")
			v.equal("lowest-price", distribution("onDemandAllocationStrategy"), r, "the strategy on demand")
			v.equal(1, r.items(overrides...), r, "number of its requirements")
		} else {
			v.equal("0", distribution("onDemandPercentageAboveBaseCapacity"), r, "the share on demand")
			v.unless(r.items(overrides...) >= 5, r, "has not the size's own type and four others")
		}
		if strings.HasSuffix(r.Name, "-burst") {
			v.equal("2 0.2", distribution("onDemandBaseCapacity")+" "+distribution("spotMaxPrice"), r,
				"its base and price")
		}
		v.unless(!r.has("launchTemplate"), r, "has a template beside its mixed policy")
	}
	for _, r := range g.ofType(awsTemplate) {
		v.unless(!r.has("instanceMarketOptions"), r, "asks for spot itself")
		v.equal("false", r.Text("networkInterfaces", 0, "associatePublicIpAddress"), r,
			"whether its machines have public addresses")
	}
}

var awsInterruptionChecks = []Check{
	{Name: "groups-handle-interruption", Look: awsInterruption, Breaks: []Breakage{
		remove(awsQueue, "").in(awsGroups), set(awsQueue, "", false, "sqsManagedSseEnabled").in(awsGroups),
		set(awsQueue, "", 60, "messageRetentionSeconds").in(awsGroups),
		set(awsRuleTarget, "", "elsewhere", "arn").in(awsGroups),
		remove(awsRuleTarget, "").in(awsGroups), remove(awsRule, "").in(awsGroups), remove(awsHook, "").in(awsGroups),
		set(awsHook, "", "other", "autoscalingGroupName").in(awsGroups),
		set(awsHook, "", "autoscaling:EC2_INSTANCE_LAUNCHING", "lifecycleTransition").in(awsGroups),
		set(awsHook, "", "ABANDON", "defaultResult").in(awsGroups),
		add(awsQueue, "inferadb-production-nyc1-added", nil),
	}},
	{Name: "queue-accepts-only-the-rules-events", Look: awsQueuePolicies, Breaks: []Breakage{
		replaceText(awsQueuePolicy, "", "sqs:SendMessage", "sqs:*", "policy").in(awsGroups),
		replaceText(awsQueuePolicy, "", "events.amazonaws.com", "ec2.amazonaws.com", "policy").in(awsGroups),
		replaceText(awsQueuePolicy, "", "aws:SourceArn", "aws:PrincipalArn", "policy").in(awsGroups),
		replaceText(awsRule, "-termination", `"prefix"`, `"suffix"`, "eventPattern").in(awsGroups),
		set(awsRule, "-rebalance", "DISABLED", "state").in(awsGroups),
		set(awsRule, "-termination", "{", "eventPattern").in(awsGroups),
		set(awsRule, "-rebalance", "ENABLED", "state").in("pools"),
	}},
	{Name: "the-alarm-uses-the-counted-metric", Look: awsAlarms, Breaks: []Breakage{
		alterAll(awsAlarm, "", "count something else", func(r *Resource) { r.put("Invocation", "metricName") }).in(
			awsGroups),
		set(awsAlarm, "", "other", "dimensions", "RuleName").in(awsGroups),
		set(awsAlarm, "", "breaching", "treatMissingData").in(awsGroups),
		set(awsAlarm, "", []any{"other"}, "alarmActions").in(awsGroups),
		set(awsTopic, "", nil, "kmsMasterKeyId").in(awsGroups),
		replaceText(awsKey, "-alarms", "cloudwatch.amazonaws.com", "sns.amazonaws.com", "policy").in(awsGroups),
		set(awsSubscription, "", "other@example.com", "endpoint").in(awsGroups),
		set(awsAlarm, "", 8, "threshold").in(awsGroups),
		add(awsAlarm, "inferadb-production-nyc1-interruptions", map[string]any{"namespace": "AWS/Events"}),
	}},
}

// awsInterruption checks that a cluster with groups receives interruption events, and that each group waits until its
// machines are drained. Named nodes are only terminated by operators.
func awsInterruption(g *Graph, v *Violations) {
	for _, cluster := range g.clusters() {
		groups, queues := ofCluster(g.ofType(awsScalingGroup), cluster.Name),
			ofCluster(g.ofType(awsQueue), cluster.Name)
		if len(groups) == 0 || len(queues) != 1 {
			v.equal(min(1, len(groups)), len(queues), cluster, "number of queues")
			continue
		}
		v.equal("true", queues[0].Text("sqsManagedSseEnabled"), queues[0], "an encryption that EventBridge can use")
		v.equal("300", queues[0].Text("messageRetentionSeconds"), queues[0], "how long it keeps a message")
		var heard, said []string
		for _, r := range ofCluster(g.ofType(awsRuleTarget), cluster.Name) {
			v.equal("arn:aws:sqs:::"+queues[0].Name, r.Text("arn"), r, "the queue")
			heard = append(heard, r.Text("rule"))
		}
		for _, r := range ofCluster(g.ofType(awsRule), cluster.Name) {
			said = append(said, r.Name+"-0000000")
		}
		v.sameItems(said, heard, cluster, "the rules whose events it hears")
		v.equal(4, len(said), cluster, "number of rules")
		for _, group := range groups {
			hook := g.named(awsHook, group.Name)
			if hook == nil {
				v.add(group, "ends machines at once")
				continue
			}
			v.equal(group.Name+"-0000000", hook.Text("autoscalingGroupName"), hook, "its group")
			v.equal("autoscaling:EC2_INSTANCE_TERMINATING", hook.Text("lifecycleTransition"), hook, "its transition")
			v.equal("300 CONTINUE", hook.Text("heartbeatTimeout")+" "+hook.Text("defaultResult"), hook,
				"how long it waits, and what then")
		}
	}
}

func awsQueuePolicies(g *Graph, v *Violations) {
	for _, r := range g.ofType(awsQueuePolicy) {
		for _, statement := range statements(v, r, "policy") {
			if statement.Effect == "Deny" {
				continue
			}
			v.equal([]string{"sqs:SendMessage"}, statement.Action, r, "what it allows")
			v.equal(&iampolicy.Principal{Service: []string{"events.amazonaws.com"}}, statement.Principal, r,
				"whom it allows it")
			v.equal(4, len(statement.Condition["ArnEquals"]["aws:SourceArn"]), r, "number of rules that it hears")
		}
	}
	for _, r := range g.ofType(awsRule) {
		v.unless(json.Valid([]byte(r.Text("eventPattern"))), r, "has a pattern that is not JSON")
		if strings.HasSuffix(r.Name, "-termination") {
			prefix := `"prefix":"` + strings.TrimSuffix(r.Name, "termination") + `"`
			v.unless(strings.Contains(r.Text("eventPattern"), prefix), r, "hears of other groups of the account")
		}
		if strings.HasSuffix(r.Name, "-rebalance") {
			replaced := slices.ContainsFunc(g.ofType(awsScalingGroup),
				func(group *Resource) bool { return group.Text("capacityRebalance") == "true" })
			v.equal(replaced, r.Text("state") == "ENABLED", r,
				"whether it is enabled: a drained machine that is not replaced stands idle")
		}
	}
}

func awsAlarms(g *Graph, v *Violations) {
	spot := only(g.ofType(awsScalingGroup), func(r *Resource) bool { return r.has("mixedInstancesPolicy") })
	v.equal(len(spot) > 0, len(g.ofType(awsAlarm)) > 0, nil, "whether it has alarms")
	for _, r := range g.ofType(awsAlarm) {
		metric := strings.Join([]string{r.Text("namespace"), r.Text("metricName"), r.Text("statistic")}, " ")
		v.equal("AWS/Events Invocations Sum", metric, r, "its metric")
		cluster := strings.TrimSuffix(r.Name, "-interruptions")
		v.equal(cluster+"-spot-interruption-0000000", r.Text("dimensions", "RuleName"), r, "its rule")
		v.equal("notBreaching", r.Text("treatMissingData"), r, "what silence means")
		v.equal("arn:aws:::"+cluster+"-alarms", r.Text("alarmActions", 0), r, "its topic")
		if pool := g.pool("any"); pool != nil {
			v.equal("3", r.Text("threshold"), r, "half of the six machines on the spot market")
		}
	}
	for _, r := range g.ofType(awsTopic) {
		v.equal("arn:aws:::"+r.Name, r.Text("kmsMasterKeyId"), r, "a key of its own")
		if key := g.named(awsKey, r.Name); key != nil {
			v.unless(strings.Contains(key.Text("policy"), "cloudwatch.amazonaws.com"), key,
				"cannot be used by CloudWatch")
		}
	}
	var told []string
	for _, r := range g.ofType(awsSubscription) {
		told = append(told, fmt.Sprintf("[%q]", r.Text("endpoint")))
		v.equal("email", r.Text("protocol"), r, "its protocol")
	}
	for _, emails := range told {
		v.equal(g.says("alarmEmails"), emails, nil, "whom alarms tell")
	}
	v.equal(g.says("alarmEmails") != "" && len(spot) > 0, len(told) > 0, nil, "whether alarms tell somebody")
}

// awsSizeIgnored checks that updates ignore the size of autoscaled groups, which they would otherwise reset.
func awsSizeIgnored(g *Graph, v *Violations) {
	for _, r := range g.ofType(awsScalingGroup) {
		autoscaled := r.Text("minSize") != r.Text("maxSize")
		v.equal(autoscaled, slices.Contains(r.IgnoreChanges, "desiredCapacity"), r,
			"whether changes of the size are ignored")
	}
}

const awsAutoscaler = "k8s.io/cluster-autoscaler/"

func awsRetag(group, key, value string) Breakage {
	return alter(awsScalingGroup, group, "says "+value+" of "+key, func(_ *Graph, r *Resource) {
		for i := range r.items("tags") {
			if r.Text("tags", i, "key") == key {
				r.put(value, "tags", i, "value")
			}
		}
	}).in(awsGroups)
}

var awsAutoscalerTagsBreaks = []Breakage{
	set(awsScalingGroup, "-any", 3, "minSize").in(awsGroups), remove(awsScalingPolicy, "").in(awsGroups),
	set(awsScalingPolicy, "", "StepScaling", "policyType").in(awsGroups),
	set(awsScalingPolicy, "", 90, "targetTrackingConfiguration", "targetValue").in(awsGroups),
	awsRetag("-waiting", awsAutoscaler+"enabled", "false"),
	awsRetag("nyc1-waiting", awsAutoscaler+"inferadb-production-nyc1", "shared"),
	awsRetag("-waiting", awsAutoscaler+"node-template/label/tier", "other"),
	awsRetag("-waiting", awsAutoscaler+"node-template/taint/web", "other"),
	set(awsScalingGroup, "-any", awsAutoscaler+"node-template/label/tier", "tags", 0, "key").in(awsGroups),
	set(awsScalingGroup, "-any", []any{}, "tags").in(awsGroups),
}

// awsAutoscalerTags checks that each group has at most one autoscaler, and that only groups of the cluster autoscaler
// have its tags.
func awsAutoscalerTags(g *Graph, v *Violations) {
	for _, r := range g.ofType(awsScalingGroup) {
		tags, followed := r.tags("tags"), g.named(awsScalingPolicy, r.Name) != nil
		_, discovered := tags[awsAutoscaler+"enabled"]
		v.equal(r.Text("minSize") != r.Text("maxSize"), discovered != followed, r, "whether one autoscaler moves it")
		v.unless(tags["aws-node-termination-handler/managed"] != "", r, "has no tag of the termination handler")
		for key := range tags {
			v.unless(discovered || !strings.HasPrefix(key, "k8s.io/"), r,
				"has a tag of an autoscaler that does not move it: %s", key)
		}
		if strings.HasSuffix(r.Name, "-waiting") {
			v.equal("true", tags[awsAutoscaler+"enabled"], r, "the tag by which it is discovered")
			v.equal("owned", tags[awsAutoscaler+g.clusterOf(r)], r, "the tag of its owner")
			v.equal("web", tags[awsAutoscaler+"node-template/label/tier"], r, "the tag of its label")
			v.equal("only:NoExecute", tags[awsAutoscaler+"node-template/taint/web"], r, "the tag of its taint")
		}
	}
	for _, r := range g.ofType(awsScalingPolicy) {
		v.equal("TargetTrackingScaling", r.Text("policyType"), r, "its type")
		v.equal("60", r.Text("targetTrackingConfiguration", "targetValue"), r, "its target")
	}
}
