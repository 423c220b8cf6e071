package cluster

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/inferadb/infra/machineconfig"
	"github.com/inferadb/infra/regions"
)

// PrivateName returns the host name of the Kubernetes API where the cloud has private names and the stack file names
// none. It is longer than the address that other clouds give, so that a configuration with it is as large as any.
func (c Cluster) PrivateName() string { return "api." + c.Name + ".internal" }

// networks returns the ranges that hold the nodes' addresses. Those of an adopted network are only known during an
// update: until then each subnet has a placeholder range, as long as any real one and in no table of regions.
func (c Cluster) networks() []netip.Prefix {
	if c.Network.CIDR.IsValid() {
		return []netip.Prefix{c.Network.CIDR}
	}
	var networks []netip.Prefix
	for i := range max(1, len(c.Network.SubnetIDs)+len(c.Network.PublicSubnetIDs)) {
		networks = append(networks, netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168, byte(100 + i), 128}), 25))
	}
	return networks
}

// ControlPlaneConfiguration returns what the stack file decides of the control planes' machine configuration. Package
// components fills in Endpoint, CertSANs and, for an adopted network, its ranges.
func (c Cluster) ControlPlaneConfiguration() machineconfig.Input {
	in := c.configuration(machineconfig.ControlPlane)
	in.TalosClients = c.OperatorCIDRs
	in.Patches = slices.Concat(c.Patches.All, c.Patches.ControlPlanes)
	return in
}

// AppliedConfiguration adds the manifests, which do not fit in user data. Control planes get it after they have booted.
func (c Cluster) AppliedConfiguration() machineconfig.Input {
	in := c.ControlPlaneConfiguration()
	in.Manifests = c.Manifests
	in.UserDataLimit = 0
	return in
}

// ManifestsAt returns what the control planes install when the cluster runs another version of Kubernetes, on which the
// version of Cilium depends.
func (c Cluster) ManifestsAt(kubernetes string) ([]machineconfig.Manifest, error) {
	if c.CNI != Cilium {
		return c.Manifests, nil
	}
	version, err := machineconfig.CiliumVersion(kubernetes)
	if err != nil {
		return nil, err
	}
	return machineconfig.WithCilium(c.Manifests, version)
}

// WorkerConfiguration returns the same for a pool's machines. Operators reach a worker through a control plane, so it
// allows no Talos client but the health checks of a scaling group.
func (c Cluster) WorkerConfiguration(pool Pool) machineconfig.Input {
	in := c.configuration(machineconfig.Worker)
	if pool.InScalingGroup() {
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
	networks := c.networks()
	capabilities := c.capabilities()
	return machineconfig.Input{
		Role:             role,
		ClusterName:      c.Name,
		Endpoint:         cmp.Or(c.Endpoint, c.PrivateName()),
		Contract:         machineconfig.VersionContract(c.TalosVersion),
		TalosVersion:     c.TalosVersion,
		Schematic:        c.Schematic,
		Platform:         capabilities.Platform,
		RegisterWithFQDN: capabilities.RegisterWithFQDN,
		ShutdownGrace:    capabilities.ShutdownGrace, ShutdownGraceCritical: capabilities.ShutdownGraceCritical,
		KubernetesVersion: c.KubernetesVersion,
		Network:           networks[0],
		OtherNetworks:     networks[1:],
		Pods:              c.Network.Pods,
		Services:          c.Network.Services,
		NoCNI:             c.CNI != Flannel,
		CloudController:   c.CloudController,
		LUKS:              c.LUKS,
		KMS:               c.KMS,
		Hardened:          c.Hardened,
		UserDataLimit:     capabilities.UserDataLimit,
		TextUserDataOnly:  capabilities.TextUserDataOnly,
	}
}

func (c Cluster) capabilities() regions.Capabilities {
	capabilities, err := regions.CapabilitiesOf(c.Provider)
	if err != nil {
		panic(err) // a resolved cluster's provider is in the table
	}
	return capabilities
}

// ControlPlanePatches returns the paths in the stack file of the patches in ControlPlaneConfiguration.
func (c Cluster) ControlPlanePatches() []string {
	return slices.Concat(paths("patches.all", c.Patches.All), paths("patches.controlPlanes", c.Patches.ControlPlanes))
}

// PoolPatches returns the paths in the stack file of the patches in the WorkerConfiguration of the cluster's i-th
// pool.
func (c Cluster) PoolPatches(i int) []string {
	return slices.Concat(paths("patches.all", c.Patches.All), paths("patches.workers", c.Patches.Workers),
		paths(fmt.Sprintf("pools[%d].patches", i), c.Pools[i].Patches))
}

func paths(list string, items []string) []string {
	var paths []string
	for i := range items {
		paths = append(paths, fmt.Sprintf("%s[%d]", list, i))
	}
	return paths
}
