package config

import (
	"net/netip"
	"slices"

	"github.com/inferadb/infra/components/machineconfig"
	"github.com/inferadb/infra/regions"
)

// What the clouds tell only later is stood in for by something valid, so that the rest can be checked before.
const unknownEndpoint = "api.internal"

var unknownNetwork = netip.MustParsePrefix("10.0.0.0/16")

// ControlPlaneConfiguration is what the control planes' machine configuration is made of, as far as the stack file says it.
// The cluster fills in Endpoint, CertSANs and, for an adopted network, Network.
func (c Cluster) ControlPlaneConfiguration() machineconfig.Input {
	in := c.configuration(machineconfig.ControlPlane)
	in.TalosClients = c.OperatorCIDRs
	in.Patches = slices.Concat(c.Patches.All, c.Patches.ControlPlanes)
	return in
}

// AppliedConfiguration is what control planes are given once they have booted: with the manifests, for which user data has no
// room.
func (c Cluster) AppliedConfiguration() machineconfig.Input {
	in := c.ControlPlaneConfiguration()
	in.Manifests = c.Manifests
	in.UserDataLimit = 0
	return in
}

// WorkerConfiguration is the same for a pool's machines. Operators reach a worker through a control plane; what asks
// whether a group's machine is alive reaches it directly.
func (c Cluster) WorkerConfiguration(pool Pool) machineconfig.Input {
	in := c.configuration(machineconfig.Worker)
	if pool.Elastic() {
		in.TalosClients = c.capabilities().HealthChecks
	}
	in.Labels = pool.Labels
	for _, taint := range pool.Taints {
		in.Taints = append(in.Taints, machineconfig.Taint(taint))
	}
	in.Patches = slices.Concat(c.Patches.All, c.Patches.Workers, pool.Patches)
	return in
}

func (c Cluster) configuration(role machineconfig.Role) machineconfig.Input {
	endpoint := c.Endpoint
	if endpoint == "" {
		endpoint = unknownEndpoint
	}
	network := c.Network.CIDR
	if !network.IsValid() {
		network = unknownNetwork
	}
	capabilities := c.capabilities()
	return machineconfig.Input{
		Role:              role,
		ClusterName:       c.Name,
		Endpoint:          endpoint,
		Contract:          machineconfig.Contract(c.TalosVersion),
		TalosVersion:      c.TalosVersion,
		Schematic:         c.Schematic,
		Platform:          capabilities.Platform,
		KubernetesVersion: c.KubernetesVersion,
		Network:           network,
		Pods:              c.Network.Pods,
		Services:          c.Network.Services,
		NoCNI:             c.CNI != Flannel,
		LUKS:              c.LUKS,
		KMS:               c.KMS,
		Hardened:          c.Hardened,
		UserDataLimit:     capabilities.UserDataLimit,
		PlainUserData:     capabilities.PlainUserData,
	}
}

func (c Cluster) capabilities() regions.Capabilities {
	capabilities, err := regions.CapabilitiesOf(c.Provider)
	if err != nil {
		panic(err) // a resolved cluster's provider is in the table
	}
	return capabilities
}
