package talos

import (
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPodsNeedTheOverlay drops the packets of flannel, which generated configurations bring along.
func TestPodsNeedTheOverlay(t *testing.T) {
	l := newLab(t)
	l.bootstrap()
	require.True(t, l.report()["worker-1"].Ready)
	l.blocked["worker-1>cp-2:4789/udp"] = true
	status := l.report()["worker-1"]
	assert.True(t, status.Joined)
	assert.False(t, status.Ready)
	assert.Equal(t, "pods are unreachable: kube-system/kube-flannel: worker-1 to cp-2:4789/udp: the firewall drops it", status.Reason)
	assert.True(t, l.report()["worker-2"].Ready)
}

// TestANewMachineNeedsTheInternet: without time, names or images nothing starts. Later boots find everything on the disk.
func TestANewMachineNeedsTheInternet(t *testing.T) {
	l := newLab(t)
	for service, want := range map[string]string{
		"names": "no name resolves", "time": "the time is unknown, nothing starts", "images": "no image can be pulled",
	} {
		name := "worker-" + service
		l.blocked[name+">"+service] = true
		l.start(name, l.document(machine.TypeWorker))
		assert.Equal(t, want+": there is no way out", l.report()[name].Reason)
	}
	l.bootstrap()
	assert.False(t, l.report()["worker-images"].Joined)
	clear(l.blocked)
	assert.True(t, l.report()["worker-images"].Joined)
	l.blocked["worker-images>images"] = true
	assert.True(t, l.report()["worker-images"].Joined, "the images are on the disk")
}

// TestPathMTU sends packets that are larger than the network carries.
func TestPathMTU(t *testing.T) {
	l := newLab(t)
	l.bootstrap()
	l.start("jumbo", l.document(machine.TypeWorker, `{"machine":{"network":{"interfaces":[{"interface":"eth0","dhcp":true,"mtu":9000}]}}}`))
	l.machines[len(l.machines)-1].MTU = 1460
	assert.Contains(t, l.report()["jumbo"].Reason, "path MTU: the interface sends packets of 9000 bytes, the network carries 1460")
	l.machines[len(l.machines)-1].MTU = 9001
	assert.True(t, l.report()["jumbo"].Ready)

	o := overlay{}
	o.readCilium(map[string]string{"routing-mode": "tunnel", "tunnel-protocol": "vxlan", "enable-wireguard": "true", "mtu": "1450"})
	assert.Equal(t, tunnelOverhead+wireGuardOverhead, o.overhead)
	assert.Equal(t, 1450, o.mtu)
}
