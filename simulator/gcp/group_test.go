package gcp

import (
	"testing"

	"github.com/inferadb/infra/simulator/store"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// balanced takes a group's machines from wherever there are some.
var balanced = props{
	"distributionPolicyTargetShape": "BALANCED", "targetSize": 6,
	"updatePolicy": map[string]any{"type": "PROACTIVE", "minimalAction": "REPLACE", "maxSurgeFixed": 3,
		"maxUnavailableFixed": 0, "instanceRedistributionType": "NONE"},
}

// TestAZoneOutOfStock: an even group stands still while one of its zones has no machines, a balanced one starts
// elsewhere.
func TestAZoneOutOfStock(t *testing.T) {
	t.Setenv("SIMULATOR_OUT_OF_STOCK", "us-east4-b")
	p := newPlace(t)
	template := p.Create(templateType, "pool", p.template())
	for name, test := range map[string]struct {
		settings props
		machines map[string]int
	}{
		"even":     {props{"targetSize": 6}, map[string]int{"us-east4-a": 1, "us-east4-c": 1}},
		"balanced": {balanced, map[string]int{"us-east4-a": 3, "us-east4-c": 3}},
	} {
		manager := p.Create(managerType, name,
			p.manager(template).With(test.settings).With(props{"baseInstanceName": name}))
		zones := map[string]int{}
		p.Within(func(st *store.Store) {
			for _, machine := range members(st, "us-east4", manager) {
				zones[machine.State.String("zone")]++
			}
		})
		assert.Equal(t, test.machines, zones, name)
	}
}

// TestDistribution: which shapes, redistribution and autoscaling go together, and what cannot be changed.
func TestDistribution(t *testing.T) {
	p := newPlace(t)
	template := p.Create(templateType, "pool", p.template())
	_, _, err := p.Try(managerType, "moved", p.manager(template).With(props{"distributionPolicyTargetShape": "BALANCED"}))
	assert.ErrorContains(t, err, "not supported for target shape BALANCED")

	spread := p.Create(managerType, "balanced", p.manager(template).With(balanced))
	assert.ErrorContains(t, p.Update(managerType, spread,
		p.manager(template).With(balanced).With(props{"distributionPolicyTargetShape": "EVEN"})),
		"zones cannot be changed")
	bounds := props{"target": spread, "autoscalingPolicy": map[string]any{"minReplicas": 1, "maxReplicas": 6}}
	_, _, err = p.Try(autoscalerType, "balanced", bounds)
	assert.ErrorContains(t, err, "the group has BALANCED and NONE")

	moving := p.Create(managerType, "even", p.manager(template).With(props{"baseInstanceName": "even"}))
	p.Create(autoscalerType, "even", bounds.With(props{"target": moving}))
	still := balanced.With(props{"distributionPolicyTargetShape": nil, "baseInstanceName": "even"})
	assert.ErrorContains(t, p.Update(managerType, moving, p.manager(template).With(still)),
		"cannot be disabled while the group is autoscaled")
}

// TestARollTakesAShare: new machines start before old ones go, no more than the surge at a time.
func TestARollTakesAShare(t *testing.T) {
	p := newPlace(t)
	old, renewed := p.Create(templateType, "old", p.template()), p.Create(templateType, "new", p.template())
	manager := p.Create(managerType, "pool", p.manager(old).With(balanced))
	require.NoError(t, p.Update(managerType, manager, p.manager(renewed).With(balanced)))
	p.Within(func(st *store.Store) {
		assert.Len(t, members(st, "us-east4", manager), 6)
		assert.Equal(t, 9, st.Get(managerType, "us-east4", manager).State.Int(peakKey))
	})
}

// TestAGrantTakesTime: a machine of the program's own is refused while the key's grant has no effect, a group waits by
// itself.
func TestAGrantTakesTime(t *testing.T) {
	t.Setenv("SIMULATOR_GRANT_DELAY", "1h")
	p := newPlace(t)
	ring := p.Create(keyRingType, "disks", props{"name": "disks", "location": "us-east4"})
	key := p.Create(keyType, "disks", props{"name": "disks", "keyRing": ring})
	p.Create(keyMemberType, "disks", props{"cryptoKeyId": key, "role": useKey, "member": serviceAgent})
	machine := p.machine("node", "us-east4-a")
	disk := map[string]any{"kmsKeySelfLink": key}
	for name, value := range machine["bootDisk"].(map[string]any) {
		disk[name] = value
	}
	_, _, err := p.Try(instanceType, "node", machine.With(props{"bootDisk": disk}))
	assert.ErrorContains(t, err, "Cloud KMS error when using key")
	t.Setenv("SIMULATOR_GRANT_DELAY", "")
	p.Create(instanceType, "node", machine.With(props{"bootDisk": disk}))
}
