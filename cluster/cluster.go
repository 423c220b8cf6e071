// Package cluster is the resolved model of a cluster: what package config makes of a stack file, and what everything
// after it works with. It has every value that the program decides on, and knows no cloud's SDK.
package cluster

import (
	"net/netip"
	"slices"

	"github.com/inferadb/infra/machineconfig"
	"github.com/inferadb/infra/regions"
)

// Cluster is one cluster, completely resolved: every default is filled in and every value is checked.
type Cluster struct {
	// Name is unique over stacks and regions: "inferadb-production-nyc1".
	Name string
	// Stack is the Pulumi stack's name, Environment the profile that it selects.
	Stack, Environment string
	// Region is the region's name in the tables: "nyc1".
	Region string
	// Primary marks the cluster that is current in the merged kubeconfig. Exactly one cluster of a stack is.
	Primary  bool
	Provider regions.Provider
	// Project is the Google Cloud project: gcp:project of the stack file, else the environment's.
	Project string
	// HasToken reports whether the environment has the token that the cloud's provider calls the API with.
	HasToken bool
	// Location is the region on the provider; its Zones are the ones that this cluster uses.
	Location regions.Location
	Network  Network
	// Endpoint is the host name of the Kubernetes API in the stack file; empty for the one that the program creates.
	Endpoint string
	Access   Access
	// OperatorCIDRs may reach the Talos API and the Kubernetes API. Never empty: under private access it defaults to
	// the cluster's own network.
	OperatorCIDRs []netip.Prefix

	// OpenPorts are let in by the firewalls of all nodes, from inside.
	OpenPorts []OpenPort

	ControlPlanes ControlPlanes
	Pools         []Pool

	// TalosVersion ("v1.12.1") drives the image, KubernetesVersion ("1.35.0") the control plane and the kubelets.
	TalosVersion, KubernetesVersion string
	// UnsetVersions names the settings of the two that the stack file leaves to the program: "talosVersion".
	UnsetVersions []string
	// Schematic is the Image Factory's id of Talos' image.
	Schematic string
	// Image is the image in the stack file (AMI id, image self-link or id); empty for the published one of Talos.
	Image string
	CNI   CNI
	// Manifests are installed by the control planes: Cilium, unless the CNI is another one, and those of the stack
	// file.
	Manifests []machineconfig.Manifest
	// EncryptionKey is the customer-managed key of every disk.
	EncryptionKey EncryptionKey
	// LUKS asks Talos to encrypt STATE and EPHEMERAL as well.
	LUKS bool
	// KMS is the URL of the server that seals Talos' disk keys; empty for keys from the machines' own ids.
	KMS string
	// Patches are the user's Talos patches, each one YAML document (or several, separated by ---).
	Patches Patches

	// NATPerZone asks for one NAT gateway in each zone instead of one for all.
	NATPerZone bool
	// Protected switches deletion and termination protection on.
	Protected bool
	// Hardened refuses patches that weaken the machines.
	Hardened bool
	// FlowLogs logs the traffic of the created network.
	FlowLogs bool
	// EBSEncryptionByDefault makes AWS encrypt every new disk of the account in this region.
	EBSEncryptionByDefault bool
	// CloudController makes nodes wait for a cloud controller, and gives the control planes the permissions of it and
	// of the disk driver.
	CloudController bool
	// Tags are set on every resource: those of the program and those of the stack file.
	Tags map[string]string
	// AlarmEmails are notified when many spot machines are reclaimed at once.
	AlarmEmails []string
	// Acknowledged are the steps that were done according to the stack file, the same for all clusters of a stack.
	Acknowledged []string
	// Upgrade has the versions of an upgrade that is under way, the same for all clusters of a stack.
	Upgrade Upgrade
}

// HasSpot reports whether a pool of the cluster buys on the spot market.
func (c Cluster) HasSpot() bool {
	return slices.ContainsFunc(c.Pools, Pool.OnSpot)
}

// SpotMachines returns the most machines that the cluster can have on the spot market.
func (c Cluster) SpotMachines() int {
	machines := 0
	for _, pool := range c.Pools {
		machines += pool.Max - pool.OnDemand(pool.Max)
	}
	return machines
}

// Network is created with CIDR, or adopted when ID is set.
type Network struct {
	// CIDR of the created network; for an adopted one it is read from the cloud and this is the zero Prefix.
	CIDR netip.Prefix
	// Pods and Services are the ranges inside the cluster.
	Pods, Services netip.Prefix
	// ID and SubnetIDs name the network to adopt and the subnets of its nodes. Under public access the control planes
	// are in PublicSubnetIDs.
	ID              string
	SubnetIDs       []string
	PublicSubnetIDs []string
}

// Adopted reports whether the network exists already.
func (n Network) Adopted() bool { return n.ID != "" }

// ControlPlanes are the machines that run etcd and the Kubernetes API: always on demand, never scaled by a group.
type ControlPlanes struct {
	// Count is 1, 3 or 5.
	Count int
	// Size as in the stack file, Machine its type on the provider.
	Size    string
	Machine regions.MachineType
	// DiskGiB is the root disk in GiB.
	DiskGiB int
}

// Patches are the user's Talos patches by the machines that they reach.
type Patches struct {
	All, ControlPlanes, Workers []string
}

// EncryptionKey says which key encrypts the disks: one by ID, one that the cluster creates, or (zero) the default key
// of the cloud.
type EncryptionKey struct {
	ID      string
	Managed bool
	// Kept asks for the managed key beside whatever else encrypts new disks, because running machines have their disks
	// under it. Only the state knows it: package running sets it.
	Kept bool
}

// Upgrade is the pair of versions that the nodes are being upgraded to; the zero value for no upgrade.
type Upgrade struct {
	Talos, Kubernetes string
}

// Access is who can reach the nodes.
type Access string

// Under private access no node has a public address; under public the control planes have one.
const (
	Private Access = "private"
	Public  Access = "public"
)

// CNI is the cluster's network plugin.
type CNI string

// Cilium is installed with the cluster and replaces kube-proxy. None leaves both out, for a CNI that something else
// installs. Flannel is the CNI that Talos installs.
const (
	Cilium  CNI = "cilium"
	None    CNI = "none"
	Flannel CNI = "flannel"
)
