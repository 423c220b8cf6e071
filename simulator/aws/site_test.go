package aws

import (
	"testing"

	"github.com/inferadb/infra/simulator/site"
	"github.com/inferadb/infra/simulator/world"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cluster is a control plane behind a load balancer with a private name, and a worker.
type cluster struct {
	place
	balancer, targets, listener, name string
	controlPlane, worker              string
}

func newCluster(t *testing.T, group, loadBalancer props) cluster {
	t.Helper()
	c := cluster{place: newPlace(t), name: "api.test.internal"}
	front := c.create(securityGroupType, "balancer", props{"vpcId": c.vpc})
	c.create(egressType, "balancer", props{"securityGroupId": front, "ipProtocol": "tcp", "fromPort": 6443, "toPort": 6443, "referencedSecurityGroupId": c.controlPlanes})
	c.create(ingressType, "balancer", props{"securityGroupId": front, "ipProtocol": "tcp", "fromPort": 6443, "toPort": 6443, "cidrIpv4": "10.0.0.0/16"})
	c.create(ingressType, "api", props{"securityGroupId": c.controlPlanes, "ipProtocol": "tcp", "fromPort": 6443, "toPort": 6443, "referencedSecurityGroupId": front})
	c.controlPlane = c.create(instanceType, "control-plane", c.machine())
	c.worker = c.create(instanceType, "worker", c.machine().with(props{"subnetId": c.other, "vpcSecurityGroupIds": []any{c.workers}}))
	c.balancer = c.create(loadBalancerType, "api", props{"internal": true, "loadBalancerType": "network", "subnets": []any{c.private, c.other}, "securityGroups": []any{front}}.with(loadBalancer))
	c.targets = c.create(targetGroupType, "api", props{"port": 6443, "protocol": "TCP", "vpcId": c.vpc, "preserveClientIp": "false"}.with(group))
	c.listener = c.create(listenerType, "api", props{"loadBalancerArn": c.balancer, "port": 6443, "protocol": "TCP", "defaultActions": []any{map[string]any{"type": "forward", "targetGroupArn": c.targets}}})
	c.create(attachmentType, "api", props{"targetGroupArn": c.targets, "targetId": c.controlPlane})
	zone := c.create(zoneType, "private", props{"name": "test.internal", "vpcs": []any{map[string]any{"vpcId": c.vpc}}})
	c.within(func(w *world.World) {
		state := w.Get(loadBalancerType, "us-east-1", c.balancer).State
		c.balancer = state.String("dnsName")
	})
	c.create(recordType, "api", props{"zoneId": zone, "name": "api", "type": "A", "aliases": []any{map[string]any{"name": c.balancer, "zoneId": balancerZone("us-east-1"), "evaluateTargetHealth": false}}})
	return c
}

// dial follows a packet from a machine, or from the operator when from is empty.
func (c cluster) dial(from, host string, port int) ([]site.Machine, error) {
	var machines []site.Machine
	var err error
	c.within(func(w *world.World) {
		s := newSite(w)
		var sender *site.Machine
		for _, machine := range s.Machines() {
			if machine.ID == from {
				sender = &machine
			}
		}
		machines, err = s.Dial(sender, host, port)
	})
	return machines, err
}

func TestPacketsThroughTheBalancer(t *testing.T) {
	c := newCluster(t, nil, nil)
	for _, from := range []string{c.worker, c.controlPlane} {
		machines, err := c.dial(from, c.name, 6443)
		require.NoError(t, err)
		require.Len(t, machines, 1)
		assert.Equal(t, c.controlPlane, machines[0].ID)
		assert.Equal(t, "hello", string(machines[0].UserData))
	}
	_, err := c.dial("", c.balancer, 6443)
	assert.NoError(t, err, "the operator stands in the network")
	_, err = c.dial("", c.name, 6443)
	assert.ErrorIs(t, err, site.ErrNotHere, "a private zone does not answer the operator")
	_, err = c.dial(c.worker, c.name, 443)
	assert.ErrorContains(t, err, "firewall: no rule of")
	_, err = c.dial(c.worker, "nowhere.test.internal", 6443)
	assert.ErrorIs(t, err, site.ErrNotHere)
	_, err = c.dial(c.worker, "10.0.16.4", 50001)
	assert.ErrorContains(t, err, "lets 50001 from 10.0.32.4")

	require.NoError(t, c.delete(listenerType, c.listener))
	_, err = c.dial(c.worker, c.name, 6443)
	assert.ErrorContains(t, err, "has no listener on port 6443")
}

func TestOperatorOutside(t *testing.T) {
	t.Setenv("SIMULATOR_OPERATOR_IP", "203.0.113.7")
	c := newCluster(t, nil, nil)
	_, err := c.dial("", c.balancer, 6443)
	assert.ErrorContains(t, err, "lets 6443 from 203.0.113.7")
}

// TestLoopback shows why client-IP preservation is off: a machine that is sent to itself drops the packet.
func TestLoopback(t *testing.T) {
	c := newCluster(t, props{"preserveClientIp": "true"}, nil)
	_, err := c.dial(c.controlPlane, c.name, 6443)
	assert.ErrorContains(t, err, "sends "+c.controlPlane+" to itself")
}

// TestPrivateZoneNeedsDNS turns off what a private zone needs of its network.
func TestPrivateZoneNeedsDNS(t *testing.T) {
	c := newCluster(t, nil, nil)
	_, err := c.update(vpcType, c.vpc, props{"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": false})
	require.NoError(t, err)
	_, err = c.dial(c.worker, c.name, 6443)
	assert.ErrorContains(t, err, "needs enableDnsSupport and enableDnsHostnames")
}

// TestInterfaces puts a machine behind a network interface of its own, with a public address.
func TestInterfaces(t *testing.T) {
	c := newCluster(t, nil, nil)
	nic := c.create(interfaceType, "nic", props{"subnetId": c.public, "securityGroups": []any{c.controlPlanes}})
	inputs := c.machine().with(props{"subnetId": nil, "vpcSecurityGroupIds": nil, "networkInterfaces": []any{map[string]any{"deviceIndex": 0, "networkInterfaceId": nic}}})
	machine := c.create(instanceType, "machine", inputs)
	c.create(addressType, "machine", props{"domain": "vpc", "networkInterface": nic})
	c.create(ingressType, "world", props{"securityGroupId": c.controlPlanes, "ipProtocol": "tcp", "fromPort": 50000, "toPort": 50000, "cidrIpv4": "0.0.0.0/0"})
	c.within(func(w *world.World) {
		for _, found := range newSite(w).Machines() {
			if found.ID == machine {
				assert.Equal(t, "198.18.0.3", found.PublicIP)
			}
		}
	})
	for _, from := range []string{"", c.worker} {
		_, err := c.dial(from, "198.18.0.3", 50000)
		assert.NoError(t, err)
	}
	_, _, err := c.try(instanceType, "second", inputs)
	assert.ErrorContains(t, err, "InvalidNetworkInterface.InUse")
	assert.ErrorContains(t, c.delete(interfaceType, nic), "currently in use")
}
