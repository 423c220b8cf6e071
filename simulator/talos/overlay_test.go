package talos

import (
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPodsNeedTheOverlay drops the packets of flannel, which generated configurations bring along.
func TestPodsNeedTheOverlay(t *testing.T) {
	h := newHarness(t)
	h.bootstrap()
	require.True(t, h.report()["worker-1"].Ready)
	h.blocked["worker-1>cp-2:4789/udp"] = true
	status := h.report()["worker-1"]
	assert.True(t, status.Joined)
	assert.False(t, status.Ready)
	assert.Equal(t, "pods are unreachable: kube-system/kube-flannel: worker-1 to cp-2:4789/udp: the firewall drops it", status.Reason)
	assert.True(t, h.report()["worker-2"].Ready)
}

// TestANewMachineNeedsTheInternet: without time, names or images nothing starts. Later boots find everything on the
// disk.
func TestANewMachineNeedsTheInternet(t *testing.T) {
	h := newHarness(t)
	for service, want := range map[string]string{
		"names": "no name resolves", "time": "the time is unknown, nothing starts", "images": "no image can be pulled",
	} {
		name := "worker-" + service
		h.blocked[name+">"+service] = true
		h.start(name, h.document(machine.TypeWorker))
		assert.Equal(t, want+": there is no way out", h.report()[name].Reason)
	}
	h.bootstrap()
	assert.False(t, h.report()["worker-images"].Joined)
	clear(h.blocked)
	assert.True(t, h.report()["worker-images"].Joined)
	h.blocked["worker-images>images"] = true
	assert.True(t, h.report()["worker-images"].Joined, "the images are on the disk")
}

// TestPathMTU sends packets that are larger than the network carries.
func TestPathMTU(t *testing.T) {
	h := newHarness(t)
	h.bootstrap()
	h.start("jumbo", h.document(machine.TypeWorker, `{"machine":{"network":{"interfaces":[{"interface":"eth0","dhcp":true,"mtu":9000}]}}}`))
	h.machines[len(h.machines)-1].MTU = 1460
	assert.Contains(t, h.report()["jumbo"].Reason, "path MTU: the interface sends packets of 9000 bytes, the network carries 1460")
	h.machines[len(h.machines)-1].MTU = 9001
	assert.True(t, h.report()["jumbo"].Ready)

	o := overlay{}
	o.readCilium(map[string]string{"routing-mode": "tunnel", "tunnel-protocol": "vxlan", "enable-wireguard": "true", "mtu": "1450"})
	assert.Equal(t, tunnelOverhead+wireGuardOverhead, o.overhead)
	assert.Equal(t, 1450, o.mtu)
}
