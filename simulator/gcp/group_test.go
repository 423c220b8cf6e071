package gcp

import (
	"testing"

	"github.com/inferadb/infra/simulator/world"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// balanced takes a group's machines from wherever there are some.
var balanced = props{
	"distributionPolicyTargetShape": "BALANCED", "targetSize": 6,
	"updatePolicy": map[string]any{"type": "PROACTIVE", "minimalAction": "REPLACE", "maxSurgeFixed": 3, "maxUnavailableFixed": 0, "instanceRedistributionType": "NONE"},
}

// TestAZoneOutOfStock: an even group stands still while one of its zones has no machines, a balanced one starts elsewhere.
func TestAZoneOutOfStock(t *testing.T) {
	t.Setenv("SIMULATOR_OUT_OF_STOCK", "us-east4-b")
	p := newPlace(t)
	template := p.create(templateType, "pool", p.template())
	for name, test := range map[string]struct {
		settings props
		machines map[string]int
	}{
		"even":     {props{"targetSize": 6}, map[string]int{"us-east4-a": 1, "us-east4-c": 1}},
		"balanced": {balanced, map[string]int{"us-east4-a": 3, "us-east4-c": 3}},
	} {
		manager := p.create(managerType, name, p.manager(template).with(test.settings).with(props{"baseInstanceName": name}))
		zones := map[string]int{}
		p.within(func(w *world.World) {
			for _, machine := range members(w, "us-east4", manager) {
				zones[machine.State.String("zone")]++
			}
		})
		assert.Equal(t, test.machines, zones, name)
	}
}

// TestDistribution: which shapes, redistribution and autoscaling go together, and what cannot be changed.
func TestDistribution(t *testing.T) {
	p := newPlace(t)
	template := p.create(templateType, "pool", p.template())
	_, err := p.try(managerType, "moved", p.manager(template).with(props{"distributionPolicyTargetShape": "BALANCED"}))
	assert.ErrorContains(t, err, "not supported for target shape BALANCED")

	spread := p.create(managerType, "balanced", p.manager(template).with(balanced))
	assert.ErrorContains(t, p.update(managerType, spread, p.manager(template).with(balanced).with(props{"distributionPolicyTargetShape": "EVEN"})),
		"zones cannot be changed")
	bounds := props{"target": spread, "autoscalingPolicy": map[string]any{"minReplicas": 1, "maxReplicas": 6}}
	_, err = p.try(autoscalerType, "balanced", bounds)
	assert.ErrorContains(t, err, "the group has BALANCED and NONE")

	moving := p.create(managerType, "even", p.manager(template).with(props{"baseInstanceName": "even"}))
	p.create(autoscalerType, "even", bounds.with(props{"target": moving}))
	still := balanced.with(props{"distributionPolicyTargetShape": nil, "baseInstanceName": "even"})
	assert.ErrorContains(t, p.update(managerType, moving, p.manager(template).with(still)), "cannot be disabled while the group is autoscaled")
}

// TestARollTakesAShare: new machines start before old ones go, no more than the surge at a time.
func TestARollTakesAShare(t *testing.T) {
	p := newPlace(t)
	old, renewed := p.create(templateType, "old", p.template()), p.create(templateType, "new", p.template())
	manager := p.create(managerType, "pool", p.manager(old).with(balanced))
	require.NoError(t, p.update(managerType, manager, p.manager(renewed).with(balanced)))
	p.within(func(w *world.World) {
		assert.Len(t, members(w, "us-east4", manager), 6)
		assert.Equal(t, 9, w.Get(managerType, "us-east4", manager).State.Int(peakKey))
	})
}

// TestAGrantTakesTime: a machine of the program's own is refused while the key's grant has no effect, a group waits by itself.
func TestAGrantTakesTime(t *testing.T) {
	t.Setenv("SIMULATOR_GRANT_DELAY", "1h")
	p := newPlace(t)
	ring := p.create(keyRingType, "disks", props{"name": "disks", "location": "us-east4"})
	key := p.create(keyType, "disks", props{"name": "disks", "keyRing": ring})
	p.create(keyMemberType, "disks", props{"cryptoKeyId": key, "role": useKey, "member": serviceAgent})
	machine := p.machine("node", "us-east4-a")
	disk := map[string]any{"kmsKeySelfLink": key}
	for name, value := range machine["bootDisk"].(map[string]any) {
		disk[name] = value
	}
	_, err := p.try(instanceType, "node", machine.with(props{"bootDisk": disk}))
	assert.ErrorContains(t, err, "Cloud KMS error when using key")
	t.Setenv("SIMULATOR_GRANT_DELAY", "")
	p.create(instanceType, "node", machine.with(props{"bootDisk": disk}))
}
