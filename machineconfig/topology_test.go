package machineconfig

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestANodeSaysWhereItStands(t *testing.T) {
	topology := map[string]string{ZoneLabel: "us-east-1b", RegionLabel: "us-east-1", InstanceTypeLabel: "t4g.medium"}
	for _, role := range []Role{ControlPlane, Worker} {
		in := input(role, func(in *Input) { in.Labels, in.Topology = map[string]string{"tier": "gold"}, topology })
		labels := loaded(t, in).Machine().NodeLabels()
		assert.Equal(t, "us-east-1b", labels["topology.kubernetes.io/zone"])
		assert.Equal(t, "t4g.medium", labels["node.kubernetes.io/instance-type"])
		assert.Equal(t, "gold", labels["tier"])
		assert.Equal(t, map[string]string{"tier": "gold"}, in.Labels, "the pool's own stay as they are")

		in.Labels, in.Topology = map[string]string{RegionLabel: "east"}, map[string]string{ZoneLabel: "", RegionLabel: "nyc1"}
		labels = loaded(t, in).Machine().NodeLabels()
		assert.NotContains(t, labels, ZoneLabel, "a cloud without zones")
		assert.Equal(t, "east", labels[RegionLabel], "what the stack file says")
	}
}
