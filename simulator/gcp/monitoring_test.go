package gcp

import (
	"testing"

	"github.com/inferadb/infra/simulator/store"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAlerts(t *testing.T) {
	h := newHarness(t)
	channel := h.Create(channelType, "ops", props{"type": "email",
		"labels": map[string]any{"email_address": "ops@example.com"}})
	matched := map[string]any{"displayName": "gone", "conditionMatchedLog": map[string]any{"filter": "x"}}
	threshold := map[string]any{"displayName": "many", "conditionThreshold": map[string]any{
		"comparison": "COMPARISON_GT", "duration": "0s", "filter": `metric.type="logging.googleapis.com/user/preemptions"`,
	}}
	limit := map[string]any{"notificationRateLimit": map[string]any{"period": "3600s"}}
	alert := func(strategy map[string]any, conditions ...any) props {
		inputs := props{"displayName": "gone", "combiner": "OR", "conditions": conditions,
			"notificationChannels": []any{channel}}
		if strategy != nil {
			inputs["alertStrategy"] = strategy
		}
		return inputs
	}
	policy := h.Create(alertType, "good", alert(limit, matched))
	for name, c := range map[string]struct {
		token  string
		inputs props
		want   string
	}{
		"a log without a limit": {alertType, alert(nil, matched), "must have a notification rate limit"},
		"a limit without a log": {alertType, alert(limit, threshold), "Only a policy with a log-match condition"},
		"a log among others":    {alertType, alert(limit, matched, threshold), "can only have one condition"},
		"a metric that is new":  {alertType, alert(nil, threshold), "up to 10 minutes"},
		"no such channel": {alertType,
			alert(limit, matched).With(props{"notificationChannels": []any{"none"}}), "Failed to find notification " +
				"channel"},
		"an address that is none":   {channelType, props{"type": "email"}, "needs an address"},
		"a metric without a filter": {metricType, props{}, "filter"},
		"a metric of an unknown kind": {metricType,
			props{"filter": "x", "metricDescriptor": map[string]any{"metricKind": "SUM",
				"valueType": "INT64"}}, "expected one of"},
	} {
		_, _, err := h.Try(c.token, "mistake", c.inputs)
		assert.ErrorContains(t, err, c.want, name)
	}
	assert.ErrorContains(t, h.Delete(channelType, channel), "already being used")
	require.NoError(t, h.Delete(alertType, policy))
	require.NoError(t, h.Delete(channelType, channel))
}

func TestTheAutoscalerMovesAGroupIntoItsBounds(t *testing.T) {
	p := newPlace(t)
	manager := p.Create(managerType, "pool", p.manager(p.Create(templateType, "pool", p.template())))
	size := func() (count int) {
		p.Within(func(st *store.Store) { count = len(members(st, "us-east4", manager)) })
		return count
	}
	policy := func(low, high int) props {
		return props{"target": manager, "autoscalingPolicy": map[string]any{"minReplicas": low, "maxReplicas": high,
			"cpuUtilization": map[string]any{"target": 0.6}}}
	}
	autoscaler := p.Create(autoscalerType, "pool", policy(1, 5))
	assert.Equal(t, 3, size(), "a group within its bounds stays as it is")
	require.NoError(t, p.Update(autoscalerType, autoscaler, policy(4, 5)))
	assert.Equal(t, 4, size())
	require.NoError(t, p.Update(autoscalerType, autoscaler, policy(1, 2)))
	assert.Equal(t, 2, size())
	assert.ErrorContains(t, p.Update(autoscalerType, autoscaler, policy(3, 2)), "must not be greater")
}

func TestInterruptTakesSpotMachinesAlone(t *testing.T) {
	p := newPlace(t)
	spot := p.template().With(props{"scheduling": map[string]any{
		"provisioningModel": "SPOT", "preemptible": true, "automaticRestart": false, "onHostMaintenance": "TERMINATE",
		"instanceTerminationAction": "STOP",
	}})
	market := p.Create(managerType, "market", p.manager(p.Create(templateType, "market", spot)))
	fixed := p.Create(managerType, "fixed", p.manager(p.Create(templateType, "fixed", p.template())))
	p.Within(func(st *store.Store) {
		taken := members(st, "us-east4", market)[0]
		require.NoError(t, Interrupt(st, taken))
		assert.Nil(t, st.Get(instanceType, taken.Region, taken.ID))
		assert.Len(t, members(st, "us-east4", market), 3, "the group replaces it")
		assert.ErrorContains(t, Interrupt(st, members(st, "us-east4", fixed)[0]), "is not a spot machine")
	})
}
