package aws

import (
	"fmt"
	"testing"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// template are the inputs of a launch template.
func (p place) template() props {
	return props{
		"name": "pool", "imageId": p.image, "instanceType": "t4g.medium", "userData": "aGVsbG8=",
		"networkInterfaces": []any{map[string]any{"deviceIndex": 0, "associatePublicIpAddress": "false",
			"securityGroups": []any{p.workers}}},
	}
}

// pool are the inputs of a group with a mixed policy.
func (p place) pool(template, version string, types ...any) props {
	var overrides []any
	for _, machine := range types {
		overrides = append(overrides, map[string]any{"instanceType": machine})
	}
	return props{
		"name": "pool", "minSize": 4, "maxSize": 8, "vpcZoneIdentifiers": []any{p.private, p.other},
		"instanceRefresh": map[string]any{"strategy": "Rolling"},
		"mixedInstancesPolicy": map[string]any{
			"instancesDistribution": map[string]any{"onDemandBaseCapacity": 1,
				"onDemandPercentageAboveBaseCapacity": 0, "spotAllocationStrategy": "capacity-optimized"},
			"launchTemplate": map[string]any{
				"launchTemplateSpecification": map[string]any{"launchTemplateId": template,
					"version": version}, "overrides": overrides,
			},
		},
	}
}

// census counts a group's machines by some property.
func (p place) census(property string) map[string]int {
	counts := map[string]int{}
	p.Within(func(st *store.Store) {
		for _, member := range members(st, "us-east-1", "pool") {
			counts[member.State.String(property)]++
		}
	})
	return counts
}

func TestGroupStartsMachines(t *testing.T) {
	p := newPlace(t)
	template := p.Create(templateType, "pool", p.template())
	group := p.Create(groupType, "pool", p.pool(template, "1", "t4g.medium", "m6g.large"))
	assert.Equal(t, "pool", group)
	assert.Equal(t, map[string]int{"": 1, "spot": 3}, p.census("instanceLifecycle"))
	assert.Equal(t, map[string]int{p.private: 2, p.other: 2}, p.census("subnetId"))
	assert.Equal(t, map[string]int{"t4g.medium": 3, "m6g.large": 1}, p.census("instanceType"))

	p.MustUpdate(groupType, group, p.pool(template, "1", "t4g.medium").With(props{"minSize": 6}))
	assert.Equal(t, 6, sum(p.census("subnetId")), "a higher minimum raises the group")

	require.NoError(t, p.Delete(groupType, group))
	assert.Empty(t, p.census("subnetId"), "a deleted group ends its machines")
}

func sum(counts map[string]int) int {
	total := 0
	for _, count := range counts {
		total += count
	}
	return total
}

func TestGroupRefresh(t *testing.T) {
	p := newPlace(t)
	template := p.Create(templateType, "pool", p.template())
	group := p.Create(groupType, "pool", p.pool(template, "1", "t4g.medium"))
	before := p.census("arn")

	updated := p.MustUpdate(templateType, template, p.template().With(props{"userData": "d29ybGQ="}))
	assert.EqualValues(t, 2, updated["latestVersion"])
	assert.Equal(t, before, p.census("arn"), "a new version alone changes no machine")

	p.MustUpdate(groupType, group, p.pool(template, "2", "t4g.medium"))
	assert.Equal(t, map[string]int{"d29ybGQ=": 4}, p.census(userDataKey), "a refresh replaces every machine")

	updated = p.MustUpdate(templateType, template,
		p.template().With(props{"userData": "d29ybGQ=", "tags": map[string]any{"a": "b"}}))
	assert.EqualValues(t, 2, updated["latestVersion"], "tags of the template make no version")
}

// TestRefreshReplacesAShare shows how many machines a group of four has while a change rolls through it.
func TestRefreshReplacesAShare(t *testing.T) {
	for _, test := range []struct{ low, high, peak int }{{100, 200, 8}, {100, 150, 6}, {100, 110, 5}, {75, 100, 4}} {
		p := newPlace(t)
		template := p.Create(templateType, "pool", p.template())
		refresh := map[string]any{"strategy": "Rolling", "preferences": map[string]any{
			"minHealthyPercentage": test.low, "maxHealthyPercentage": test.high,
		}}
		group := p.Create(groupType, "pool", p.pool(template, "1",
			"t4g.medium").With(props{"instanceRefresh": refresh}))
		p.MustUpdate(templateType, template, p.template().With(props{"userData": "d29ybGQ="}))
		p.MustUpdate(groupType, group, p.pool(template, "2", "t4g.medium").With(props{"instanceRefresh": refresh}))
		assert.Equal(t, map[string]int{"d29ybGQ=": 4}, p.census(userDataKey))
		p.Within(func(st *store.Store) {
			assert.Equal(t, test.peak, st.Get(groupType, "us-east-1", group).State.Int(peakKey), "%d to %d percent",
				test.low, test.high)
		})
	}
}

// TestConditionsOfAnAccount shows what an account does not see.
func TestConditionsOfAnAccount(t *testing.T) {
	t.Setenv("SIMULATOR_ZONES", "us-west-1b,us-west-1c")
	assert.Equal(t, []string{"us-west-1b", "us-west-1c"}, zones("us-west-1"))
	assert.Len(t, zones("us-east-1"), 6)

	t.Setenv("SIMULATOR_DEPRECATED_IMAGES", "talos-v1.12.0")
	lookUp := func(name string, deprecated bool) error {
		_, err := lookUpImage(&schema.Call{Region: "us-east-1", Inputs: store.Values{
			"includeDeprecated": deprecated, "filters": []any{map[string]any{"name": "name",
				"values": store.List(name)}},
		}})
		return err
	}
	assert.ErrorContains(t, lookUp("talos-v1.12.0-us-east-1-arm64", false), "Your query returned no results")
	assert.NoError(t, lookUp("talos-v1.12.0-us-east-1-arm64", true))
	assert.NoError(t, lookUp("talos-v1.12.1-us-east-1-arm64", false))
	t.Setenv("SIMULATOR_MISSING_IMAGES", "talos-v1.12.0")
	assert.ErrorContains(t, lookUp("talos-v1.12.0-us-east-1-arm64", true), "Your query returned no results")
}

func TestGroupReplacesLostMachines(t *testing.T) {
	p := newPlace(t)
	template := p.Create(templateType, "pool", p.template())
	p.Create(groupType, "pool", p.pool(template, "1", "t4g.medium"))
	p.Within(func(st *store.Store) {
		lost := members(st, "us-east-1", "pool")[0]
		require.NoError(t, Terminate(st, lost))
		assert.Nil(t, st.Get(instanceType, "us-east-1", lost.ID))
	})
	assert.Equal(t, 4, sum(p.census("subnetId")))
}

func TestGroupRefusals(t *testing.T) {
	p := newPlace(t)
	template := p.Create(templateType, "pool", p.template())
	spot := p.Create(templateType, "spot", p.template().With(props{"name": "spot",
		"instanceMarketOptions": map[string]any{"marketType": "spot"}}))
	good := p.pool(template, "1", "t4g.medium")
	policy := func(changes map[string]any) props {
		pool := p.pool(template, "1", "t4g.medium")
		for key, value := range changes {
			pool["mixedInstancesPolicy"].(map[string]any)["instancesDistribution"].(map[string]any)[key] = value
		}
		return pool
	}
	for name, c := range map[string]struct {
		inputs props
		want   string
	}{
		"template asks for spot": {p.pool(spot, "1", "t4g.medium"),
			"Incompatible launch template: You cannot use a launch template that is set to request Spot Instances"},
		"other architecture": {p.pool(template, "1", "t4g.medium", "m5.large"), "does not match the architecture"},
		"no such version":    {p.pool(template, "7", "t4g.medium"), "version 7 does not exist"},
		"pools of a strategy": {policy(map[string]any{"spotInstancePools": 2}),
			"only for the strategy lowest-price"},
		"no such strategy": {policy(map[string]any{"spotAllocationStrategy": "cheapest"}), "expected one of"},
		"percentage": {policy(map[string]any{"onDemandPercentageAboveBaseCapacity": 101}),
			"expected to be in the range"},
		"price":                 {policy(map[string]any{"spotMaxPrice": "cheap"}), "is no price"},
		"minimum above maximum": {good.With(props{"minSize": 9}), "must be less than or equal to max bound"},
		"desired above maximum": {good.With(props{"desiredCapacity": 9}), "must be between the specified min size"},
		"template and policy": {good.With(props{"launchTemplate": map[string]any{"id": template}}),
			"conflicts with"},
		"no template": {good.With(props{"mixedInstancesPolicy": nil}),
			"one of launchTemplate, mixedInstancesPolicy"},
		"no such subnet": {good.With(props{"vpcZoneIdentifiers": []any{"subnet-0"}}), "does not exist"},
		"lifetime":       {good.With(props{"maxInstanceLifetime": 60}), "86400"},
	} {
		_, _, err := p.Try(groupType, "mistake", c.inputs)
		assert.ErrorContains(t, err, c.want, name)
	}
	err := p.Update(templateType, template, p.template().With(props{"vpcSecurityGroupIds": []any{p.workers}}))
	assert.ErrorContains(t, err, "Network interfaces and an instance-level security groups")
	for n := range 3 {
		p.Create(groupType, fmt.Sprint("group-", n), good.With(props{"name": nil}))
	}
}
