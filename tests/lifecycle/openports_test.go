package lifecycle

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestOpenPorts opens ports of a running stack: to nodes, and to the network where load balancers stand. Nobody gets in
// before that, nobody else afterwards, and a line that is gone closes its port.
func TestOpenPorts(t *testing.T) {
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "dev", cloud)
			s.set("pools", `[{"name":"web","size":"small","count":2}]`)
			s.up()
			const first, second, controlPlane = "inferadb-dev-nyc1-web-0", "inferadb-dev-nyc1-web-1", "inferadb-dev-nyc1-control-plane-0"
			for _, port := range []string{"9100", "30080"} {
				assert.Error(t, s.dials(nil, first, second, port), port)
				assert.Error(t, s.dials(nil, "operator", first, port), port)
			}
			s.set("openPorts", `[{"ports":"9100"},{"ports":"30000-32767","from":["10.101.0.0/18"]}]`)
			s.up()
			assert.NoError(t, s.dials(nil, first, second, "9100"))
			assert.NoError(t, s.dials(nil, controlPlane, first, "9100"))
			assert.NoError(t, s.dials(nil, first, controlPlane, "9100"))
			assert.NoError(t, s.dials(nil, "operator", first, "30080"), "the operator stands where a load balancer would")
			assert.Error(t, s.dials(nil, "operator", first, "9100"), "only nodes")
			outside := []string{"SIMULATOR_OPERATOR_IP=203.0.113.7"}
			for _, port := range []string{"9100", "30080"} {
				assert.Error(t, s.dials(outside, "operator", first, port), "the internet, at %s", port)
			}
			s.nodes()
			s.settled()
			s.set("openPorts", "[]")
			s.up()
			assert.Error(t, s.dials(nil, first, second, "9100"))
			assert.Error(t, s.dials(nil, "operator", first, "30080"))
			s.destroy()
		})
	}
}

// dials says why TCP does not get from one machine, or from the operator, to another machine.
func (s *stack) dials(environment []string, from, to, port string) error {
	_, err := s.try(environment, "simulator", "dial", from, to, port)
	return err
}
