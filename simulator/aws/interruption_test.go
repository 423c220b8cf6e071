package aws

import (
	"testing"

	"github.com/inferadb/infra/simulator/store"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// overrides are a mixed pool with those types.
func (p place) overrides(template string, overrides ...any) props {
	pool := p.pool(template, "1")
	pool["mixedInstancesPolicy"].(map[string]any)["launchTemplate"].(map[string]any)["overrides"] = overrides
	return pool
}

func described(vCPU, memoryMib float64) map[string]any {
	return map[string]any{"instanceRequirements": map[string]any{
		"vcpuCount": map[string]any{"min": vCPU,
			"max": vCPU}, "memoryMib": map[string]any{"min": memoryMib}, "cpuManufacturers": []any{"amazon-web-services"},
	}}
}

func TestGroupPicksTypesByTheirAttributes(t *testing.T) {
	p := newPlace(t)
	template := p.Create(templateType, "pool", p.template())
	p.Create(groupType, "pool", p.overrides(template, described(2, 8192)))
	for machine := range p.census("instanceType") {
		assert.Contains(t, []string{"m6g.large", "m7g.large", "m8g.large", "r6g.large", "r7g.large", "r8g.large"},
			machine)
	}
	_, _, err := p.Try(groupType, "mistake", p.overrides(template, described(3, 8192)).With(props{"name": "mistake"}))
	assert.ErrorContains(t, err, "No instance types satisfy")
}

func TestGroupRefusesOverridesThatDoNotFitTogether(t *testing.T) {
	p := newPlace(t)
	template := p.Create(templateType, "pool", p.template())
	named := func(machine string, weight any) map[string]any {
		return map[string]any{"instanceType": machine, "weightedCapacity": weight}
	}
	strategy := func(key, value string) props {
		pool := p.overrides(template, described(2, 4096))
		pool["mixedInstancesPolicy"].(map[string]any)["instancesDistribution"].(map[string]any)[key] = value
		return pool
	}
	for name, c := range map[string]struct {
		inputs props
		want   string
	}{
		"one weight of two": {p.overrides(template, named("t4g.medium", "1"), named("m6g.large", nil)),
			"for every instance type or for none"},
		"a weight of nothing":        {p.overrides(template, named("t4g.medium", "0")), "does not match"},
		"a weight that is no number": {p.overrides(template, named("t4g.medium", "heavy")), "does not match"},
		"a weight of a thousand":     {p.overrides(template, named("t4g.medium", "1000")), "does not match"},
		"names and attributes": {p.overrides(template, named("t4g.medium", nil), described(2, 4096)),
			"can't combine InstanceType with InstanceRequirements"},
		"attributes without memory": {p.overrides(template,
			map[string]any{"instanceRequirements": map[string]any{"vcpuCount": map[string]any{"min": 2}}}), "You " +
			"must specify VCpuCount and MemoryMiB"},
		"attributes in order": {strategy("spotAllocationStrategy", "capacity-optimized-prioritized"),
			"not for InstanceRequirements"},
		"attributes by priority": {strategy("onDemandAllocationStrategy", "prioritized"),
			"not for InstanceRequirements"},
	} {
		_, _, err := p.Try(groupType, "mistake", c.inputs)
		assert.ErrorContains(t, err, c.want, name)
	}
}

func TestGroupFollowsItsBounds(t *testing.T) {
	p := newPlace(t)
	template := p.Create(templateType, "pool", p.template())
	group := p.Create(groupType, "pool", p.pool(template, "1", "t4g.medium").With(props{"desiredCapacity": 4}))
	p.MustUpdate(groupType, group, p.pool(template, "1", "t4g.medium").With(props{"desiredCapacity": 4, "minSize": 6}))
	assert.Equal(t, 6, sum(p.census("subnetId")), "a desired capacity that nobody changes is raised to the minimum")
	err := p.Update(groupType, group, p.pool(template, "1",
		"t4g.medium").With(props{"desiredCapacity": 5, "minSize": 6}))
	assert.ErrorContains(t, err, "must be between the specified min size")
}

func TestInterruptTakesSpotMachinesAlone(t *testing.T) {
	p := newPlace(t)
	template := p.Create(templateType, "pool", p.template())
	p.Create(groupType, "pool", p.pool(template, "1", "t4g.medium"))
	before := p.census("instanceLifecycle")
	p.Within(func(st *store.Store) {
		for _, member := range members(st, "us-east-1", "pool") {
			err := Interrupt(st, member)
			gone := st.Get(instanceType, "us-east-1", member.ID) == nil
			assert.Equal(t, member.State.String("instanceLifecycle") == "spot", gone)
			assert.Equal(t, gone, err == nil, "%v", err)
		}
	})
	assert.Equal(t, before, p.census("instanceLifecycle"), "the group buys a spot machine for each that it lost")
}

func TestAnnouncementsNeedBothTheirEnds(t *testing.T) {
	h := newHarness(t)
	pattern := props{"eventPattern": `{"source":["aws.ec2"]}`, "name": "spot"}
	rule := h.Create(ruleType, "spot", pattern)
	queue, outputs, err := h.Try(queueType, "queue", props{"sqsManagedSseEnabled": true})
	require.NoError(t, err)
	target := h.Create(targetType, "spot", props{"rule": rule, "arn": outputs["arn"]})
	assert.ErrorContains(t, h.Delete(ruleType, rule), "since it has targets")
	for name, c := range map[string]struct {
		token  string
		inputs props
		want   string
	}{
		"a rule of nothing": {ruleType, props{}, "eventPattern: is required"},
		"a rule without a list": {ruleType, props{"eventPattern": `{"source":"aws.ec2"}`},
			"must be an object or an array"},
		"a target without a rule": {targetType, props{"rule": "none", "arn": outputs["arn"]}, "does not exist"},
		"a target without a queue": {targetType,
			props{"rule": rule, "arn": "arn:aws:sqs:us-east-1:123456789012:none"}, "Arn does not exist"},
		"a queue of two encryptions": {queueType,
			props{"sqsManagedSseEnabled": true, "kmsMasterKeyId": "alias/aws/sqs"}, "conflicts with"},
		"a policy without a queue": {queuePolicyType, props{"queueUrl": "none", "policy": `{"Statement":[]}`},
			"does not exist"},
		"a hook without a group": {hookType,
			props{"autoscalingGroupName": "none",
				"lifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"}, "does not exist"},
		"a hook that does not wait": {hookType,
			props{"autoscalingGroupName": "none", "lifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
				"heartbeatTimeout": 10}, "expected to be in the range"},
		"scaling towards nothing": {scalingType,
			props{"autoscalingGroupName": "none",
				"policyType": "TargetTrackingScaling"}, "must be set for policy type"},
	} {
		_, _, err := h.Try(c.token, "mistake", c.inputs)
		assert.ErrorContains(t, err, c.want, name)
	}
	require.NoError(t, h.Delete(targetType, target))
	require.NoError(t, h.Delete(ruleType, rule))
	require.NoError(t, h.Delete(queueType, queue))
}

func TestAnAlarmMustFireAndBeHeard(t *testing.T) {
	h := newHarness(t)
	rule := h.Create(ruleType, "spot", props{"eventPattern": `{"source":["aws.ec2"]}`})
	deaf := h.Create(keyType, "deaf", props{})
	policy := `{"Statement":[{"Principal":"arn:aws:iam::123456789012:root"},{"Principal":"cloudwatch.amazonaws.com"}]}`
	heard := h.Create(keyType, "heard", props{"policy": policy})
	silent := h.Create(topicType, "silent", props{"kmsMasterKeyId": deaf})
	topic := h.Create(topicType, "alarms", props{"kmsMasterKeyId": heard})
	alarm := props{
		"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "namespace": "AWS/Events",
		"metricName": "Invocations", "statistic": "Sum",
		"period": 900, "threshold": 1, "dimensions": map[string]any{"RuleName": rule}, "alarmActions": []any{topic},
	}
	h.Create(alarmType, "good", alarm)
	for name, c := range map[string]struct {
		change props
		want   string
	}{
		"a metric that nothing reports": {props{"metricName": "SpotInterruptions"}, "would never fire"},
		"a rule that there is not":      {props{"dimensions": map[string]any{"RuleName": "none"}}, "would never fire"},
		"no statistic":                  {props{"statistic": nil}, "statistic: must be set"},
		"an odd period":                 {props{"period": 90}, "multiple of 60"},
		"no such topic": {props{"alarmActions": []any{"arn:aws:sns:us-east-1:123456789012:none"}},
			"no such topic"},
		"a topic of another's key": {props{"alarmActions": []any{silent}}, "does not have authorization"},
	} {
		_, _, err := h.Try(alarmType, "mistake", alarm.With(c.change))
		assert.ErrorContains(t, err, c.want, name)
	}
	_, _, err := h.Try(subscriptionType, "mistake", props{"topic": topic, "protocol": "email", "endpoint": "ops"})
	assert.ErrorContains(t, err, "Email address")
}
