package config

import (
	"slices"

	"github.com/inferadb/infra/cluster"
)

// profile has the defaults of an environment, and what it refuses.
type profile struct {
	name string
	// index of the environment's /18 in a region's /16: the environments' networks never overlap.
	index            int
	controlPlanes    int
	controlPlaneSize string
	pools            []PoolSettings
	natPerZone       bool
	protected        bool
	// managedKey makes a customer-managed key for the disks.
	managedKey bool
	// highlyAvailable refuses what would not survive the loss of one machine or of the spot market.
	highlyAvailable bool
	// hardened refuses what weakens the machines, or lets a pod read the keys of the cluster.
	hardened bool
}

var profiles = []profile{
	{
		name:             "dev",
		index:            0,
		controlPlanes:    1,
		controlPlaneSize: "small",
		pools:            []PoolSettings{workers("small", 2, cluster.Stateless, &SpotSettings{})},
	},
	{
		name:             "staging",
		index:            1,
		controlPlanes:    3,
		controlPlaneSize: "medium",
		pools:            []PoolSettings{workers("medium", 3, cluster.Stateless, &SpotSettings{})},
	},
	{
		name:             "production",
		index:            2,
		controlPlanes:    3,
		controlPlaneSize: "medium",
		pools:            []PoolSettings{workers("large", 5, cluster.Stateful, nil)},
		natPerZone:       true,
		protected:        true,
		managedKey:       true,
		highlyAvailable:  true,
		hardened:         true,
	},
}

// controlPlaneDiskGiB of a control plane: the system, a few images and etcd, which keeps to 8 GiB
// (https://etcd.io/docs/v3.6/dev-guide/limit/).
const controlPlaneDiskGiB = 50

// defaultDiskGiB of a worker: images, logs and ephemeral volumes of its pods.
const defaultDiskGiB = 100

func workers(size string, count int, workload cluster.Workload, spot *SpotSettings) PoolSettings {
	return PoolSettings{
		Name: "workers", Size: size, Count: &count, Workload: string(workload), Spot: spot, DiskGiB: defaultDiskGiB,
	}
}

// Environments returns the environments that a stack file can name.
func Environments() []string {
	var names []string
	for _, p := range profiles {
		names = append(names, p.name)
	}
	return names
}

func lookupProfile(environment string) (profile, bool) {
	i := slices.IndexFunc(profiles, func(p profile) bool { return p.name == environment })
	if i < 0 {
		return profiles[0], false
	}
	return profiles[i], true
}
