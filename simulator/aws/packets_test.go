package aws

import (
	"testing"

	"github.com/inferadb/infra/simulator/network"
	"github.com/inferadb/infra/simulator/store"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cluster is a control plane behind a load balancer with a private name, and a worker.
type cluster struct {
	place
	loadBalancer, targets, listener, name string
	controlPlane, worker                  string
}

func newCluster(t *testing.T, group, loadBalancer props) cluster {
	t.Helper()
	c := cluster{place: newPlace(t), name: "api.test.internal"}
	front := c.Create(securityGroupType, "balancer", props{"vpcId": c.vpc})
	c.Create(egressType, "balancer", props{"securityGroupId": front, "ipProtocol": "tcp", "fromPort": 6443,
		"toPort": 6443, "referencedSecurityGroupId": c.controlPlanes})
	c.Create(ingressType, "balancer", props{"securityGroupId": front, "ipProtocol": "tcp", "fromPort": 6443,
		"toPort": 6443, "cidrIpv4": "10.0.0.0/16"})
	c.Create(ingressType, "api", props{"securityGroupId": c.controlPlanes, "ipProtocol": "tcp", "fromPort": 6443,
		"toPort": 6443, "referencedSecurityGroupId": front})
	c.controlPlane = c.Create(instanceType, "control-plane", c.machine())
	c.worker = c.Create(instanceType, "worker",
		c.machine().With(props{"subnetId": c.other, "vpcSecurityGroupIds": []any{c.workers}}))
	c.loadBalancer = c.Create(loadBalancerType, "api",
		props{"internal": true, "loadBalancerType": "network", "subnets": []any{c.private, c.other},
			"securityGroups": []any{front}}.With(loadBalancer))
	c.targets = c.Create(targetGroupType, "api",
		props{"port": 6443, "protocol": "TCP", "vpcId": c.vpc, "preserveClientIp": "false"}.With(group))
	c.listener = c.Create(listenerType, "api",
		props{"loadBalancerArn": c.loadBalancer, "port": 6443, "protocol": "TCP",
			"defaultActions": []any{map[string]any{"type": "forward", "targetGroupArn": c.targets}}})
	c.Create(attachmentType, "api", props{"targetGroupArn": c.targets, "targetId": c.controlPlane})
	zone := c.Create(zoneType, "private", props{"name": "test.internal", "vpcs": []any{map[string]any{"vpcId": c.vpc}}})
	c.Within(func(st *store.Store) {
		state := st.Get(loadBalancerType, "us-east-1", c.loadBalancer).State
		c.loadBalancer = state.String("dnsName")
	})
	c.Create(recordType, "api", props{"zoneId": zone, "name": "api", "type": "A",
		"aliases": []any{map[string]any{"name": c.loadBalancer, "zoneId": loadBalancerZone("us-east-1"),
			"evaluateTargetHealth": false}}})
	return c
}

func TestPacketsThroughTheLoadBalancer(t *testing.T) {
	c := newCluster(t, nil, nil)
	for _, from := range []string{c.worker, c.controlPlane} {
		machines, err := c.Dial(from, c.name, 6443)
		require.NoError(t, err)
		require.Len(t, machines, 1)
		assert.Equal(t, c.controlPlane, machines[0].ID)
		assert.Equal(t, "hello", string(machines[0].UserData))
	}
	_, err := c.Dial("", c.loadBalancer, 6443)
	assert.NoError(t, err, "the operator stands in the network")
	_, err = c.Dial("", c.name, 6443)
	assert.ErrorIs(t, err, network.ErrNotHere, "a private zone does not answer the operator")
	_, err = c.Dial(c.worker, c.name, 443)
	assert.ErrorContains(t, err, "firewall: no rule of")
	_, err = c.Dial(c.worker, "nowhere.test.internal", 6443)
	assert.ErrorIs(t, err, network.ErrNotHere)
	_, err = c.Dial(c.worker, "10.0.16.4", 50001)
	assert.ErrorContains(t, err, "lets 50001 from 10.0.32.4")

	require.NoError(t, c.Delete(listenerType, c.listener))
	_, err = c.Dial(c.worker, c.name, 6443)
	assert.ErrorContains(t, err, "has no listener on port 6443")
}

func TestOperatorOutside(t *testing.T) {
	t.Setenv("SIMULATOR_OPERATOR_IP", "203.0.113.7")
	c := newCluster(t, nil, nil)
	_, err := c.Dial("", c.loadBalancer, 6443)
	assert.ErrorContains(t, err, "lets 6443 from 203.0.113.7")
}

// TestLoopback shows why client-IP preservation is off: a machine that is sent to itself drops the packet.
func TestLoopback(t *testing.T) {
	c := newCluster(t, props{"preserveClientIp": "true"}, nil)
	_, err := c.Dial(c.controlPlane, c.name, 6443)
	assert.ErrorContains(t, err, "sends "+c.controlPlane+" to itself")
}

// TestPrivateZoneNeedsDNS turns off what a private zone needs of its network.
func TestPrivateZoneNeedsDNS(t *testing.T) {
	c := newCluster(t, nil, nil)
	c.MustUpdate(vpcType, c.vpc, props{"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": false})
	_, err := c.Dial(c.worker, c.name, 6443)
	assert.ErrorContains(t, err, "needs enableDnsSupport and enableDnsHostnames")
}

// TestInterfaces puts a machine behind a network interface of its own, with a public address.
func TestInterfaces(t *testing.T) {
	c := newCluster(t, nil, nil)
	nic := c.Create(interfaceType, "nic", props{"subnetId": c.public, "securityGroups": []any{c.controlPlanes}})
	inputs := c.machine().With(props{"subnetId": nil, "vpcSecurityGroupIds": nil,
		"networkInterfaces": []any{map[string]any{"deviceIndex": 0, "networkInterfaceId": nic}}})
	machine := c.Create(instanceType, "machine", inputs)
	c.Create(addressType, "machine", props{"domain": "vpc", "networkInterface": nic})
	c.Create(ingressType, "world", props{"securityGroupId": c.controlPlanes, "ipProtocol": "tcp", "fromPort": 50000,
		"toPort": 50000, "cidrIpv4": "0.0.0.0/0"})
	c.Within(func(st *store.Store) {
		for _, found := range newNetwork(st).Machines() {
			if found.ID == machine {
				assert.Equal(t, "198.18.0.3", found.PublicIP)
			}
		}
	})
	for _, from := range []string{"", c.worker} {
		_, err := c.Dial(from, "198.18.0.3", 50000)
		assert.NoError(t, err)
	}
	_, _, err := c.Try(instanceType, "second", inputs)
	assert.ErrorContains(t, err, "InvalidNetworkInterface.InUse")
	assert.ErrorContains(t, c.Delete(interfaceType, nic), "currently in use")
}
