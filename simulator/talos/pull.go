package talos

import (
	"fmt"

	"github.com/inferadb/infra/simulator/network"
)

// pull lets a machine fetch what its first boot needs. It waits for the time before it starts anything, and the images
// of the kubelet, of etcd and of Kubernetes come from registries all over the internet. Later boots find them on the
// disk.
// https://docs.siderolabs.com/talos/v1.13/learn-more/talos-network-connectivity
// https://docs.siderolabs.com/talos/v1.13/reference/configuration/v1alpha1/config#time
func (c *clusters) pull(n *node) error {
	if !n.booted() || n.disk.Pulled {
		return nil
	}
	for _, need := range []struct {
		service network.Service
		without string
	}{
		{network.Names, "no name resolves"}, {network.Time, "the time is unknown, nothing starts"}, {network.Images,
			"no image can be pulled"},
	} {
		if err := c.network.ReachService(n.Machine, need.service); err != nil {
			n.stuck = fmt.Errorf("%s: %w", need.without, err)
			return nil
		}
	}
	n.disk.Pulled = true
	return c.saveDisk(n)
}
