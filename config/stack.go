package config

import "reflect"

// Stack is what a stack file may say, as written: one field for each key of the namespace "inferadb". A field that the
// stack file leaves out has the value of its default tag; without one, the environment's profile decides.
type Stack struct {
	// Environment picks the profile: dev, staging or production.
	Environment string `json:"environment"`
	// Provider is the cloud of every region that does not name its own.
	Provider string `json:"provider"`
	// Regions are the places to build a cluster in, one cluster each.
	Regions []RegionSettings `json:"regions"`
	// ControlPlanes is their number in each cluster: 1, 3 or 5.
	ControlPlanes *int `json:"controlPlanes"`
	// ControlPlaneSize is a machine size.
	ControlPlaneSize string `json:"controlPlaneSize"`
	// Pools are the workers of each cluster.
	Pools []PoolSettings `json:"pools"`
	// TalosVersion and KubernetesVersion must fit each other.
	TalosVersion      string `json:"talosVersion"`
	KubernetesVersion string `json:"kubernetesVersion"`
	// Schematic is the Image Factory's id of Talos with system extensions or kernel arguments of the user's choice.
	Schematic string `json:"schematic"`
	// Access says whether control planes have public addresses: private or public.
	Access string `json:"access" default:"private"`
	// OperatorCIDRs may reach the Talos and Kubernetes APIs.
	OperatorCIDRs []string `json:"operatorCidrs"`
	// OpenPorts are let in by the firewalls of all nodes, from inside.
	OpenPorts []OpenPortSettings `json:"openPorts"`
	// CNI is cilium, none or flannel.
	CNI string `json:"cni" default:"cilium"`
	// PodEncryption of Cilium is wireguard, its default, or none.
	PodEncryption string `json:"podEncryption"`
	// EncryptionKey is the customer-managed key of every disk.
	EncryptionKey KeySettings `json:"encryptionKey"`
	// DiskEncryption is cloud or, in addition, luks.
	DiskEncryption string `json:"diskEncryption"`
	// LUKSKey opens the disks that Talos encrypts: nodeID, a key from the machine's own id, or the URL of a KMS server that
	// seals a key for each disk (https://github.com/siderolabs/kms-client). A machine asks that server at every boot, before
	// it can read its configuration: by the network and the name servers that the cloud gives it, trusting the public
	// authorities alone. Without the server it does not boot. A machine's kind of key is settled at its first boot.
	LUKSKey string `json:"luksKey" default:"nodeID"`
	// Endpoint is a host name of the user's own for the Kubernetes API; for a stack of one region.
	Endpoint string `json:"endpoint"`
	// Patches change the Talos machine configuration.
	Patches PatchSettings `json:"patches"`
	// Tags stand on every resource.
	Tags map[string]string `json:"tags"`
	// AlarmEmails are told when the cloud takes spot machines back.
	AlarmEmails []string `json:"alarmEmails"`
	// FlowLogs logs what goes over the created networks.
	FlowLogs bool `json:"flowLogs" default:"false"`
	// EBSEncryptionByDefault has AWS encrypt every new disk of the account, in the regions of the stack.
	EBSEncryptionByDefault bool `json:"ebsEncryptionByDefault" default:"false"`
	// Protection switches deletion and termination protection on or off.
	Protection *bool `json:"protection"`
	// Acknowledge names steps that were done outside the program, without which an edit of a running cluster is refused:
	// "etcd-left:<node>". The refusal says which step to write, and a command that does the step writes it by itself.
	Acknowledge []string `json:"acknowledge"`
	// Upgrade are the versions of an upgrade that is under way: `make upgrade` writes them here before it changes the first node,
	// and takes them away after the last. Until then every update is refused.
	Upgrade UpgradeSettings `json:"upgrade"`
}

// UpgradeSettings are the versions that the nodes are being upgraded to; the zero value for no upgrade.
type UpgradeSettings struct {
	Talos      string `json:"talos"`
	Kubernetes string `json:"kubernetes"`
}

// RegionSettings is a region's name, or an object that also overrides settings for this region.
type RegionSettings struct {
	Name     string `json:"name"`
	Provider string `json:"provider"`
	// Primary makes this region's cluster the current one of the merged kubeconfig.
	Primary *bool `json:"primary"`
	// Zones to spread over, by the cloud's names.
	Zones   []string        `json:"zones"`
	Network NetworkSettings `json:"network"`
	// Image is an AMI id, an image's self-link or a custom image's id.
	Image         string      `json:"image"`
	Endpoint      string      `json:"endpoint"`
	EncryptionKey KeySettings `json:"encryptionKey"`
}

// NetworkSettings either choose the range of the network to create, or name a network to adopt.
type NetworkSettings struct {
	CIDR string `json:"cidr"`
	ID   string `json:"id"`
	// SubnetIDs take the machines, and PublicSubnetIDs the control planes under public access: one for each zone, in the
	// order of the zones, where the cloud's subnets are zonal.
	SubnetIDs       []string `json:"subnetIds"`
	PublicSubnetIDs []string `json:"publicSubnetIds"`
}

// PoolSettings are a worker pool. It has Count machines, or between Min and Max.
type PoolSettings struct {
	Name  string `json:"name"`
	Size  string `json:"size"`
	Count *int   `json:"count"`
	Min   *int   `json:"min"`
	Max   *int   `json:"max"`
	// Autoscaling says who moves a pool between Min and Max: cluster-autoscaler or cpu.
	Autoscaling string `json:"autoscaling"`
	// Workload is stateless or stateful.
	Workload string        `json:"workload" default:"stateless"`
	Spot     *SpotSettings `json:"spot"`
	// Labels and Taints are put on the Kubernetes nodes.
	Labels map[string]string `json:"labels"`
	Taints []Taint           `json:"taints"`
	// DiskGiB is the root disk.
	DiskGiB int `json:"diskGiB" default:"100"`
	// Zones of the pool, if not all of the cluster's; a stack of several regions names zones of each.
	Zones   []string `json:"zones"`
	Patches []string `json:"patches"`
}

// SpotSettings are true, false, or an object.
type SpotSettings struct {
	// Off is what the stack file says by false.
	Off bool `json:"-"`
	// Base is how many machines are always on demand.
	Base *int `json:"base"`
	// OnDemandPercent of the machines above the base are on demand as well.
	OnDemandPercent *int `json:"onDemandPercent"`
	// MaxPrice in US dollars per machine and hour.
	MaxPrice Decimal `json:"maxPrice"`
	Strategy string  `json:"strategy"`
	// Types may serve the pool beside its own.
	Types []string `json:"types"`
	// Requirements takes every type that is like the pool's own instead of a list.
	Requirements bool `json:"requirements"`
	// Rebalance replaces machines at risk before the cloud takes them.
	Rebalance bool `json:"rebalance"`
}

// KeySettings are the key's id, or an object that asks for a managed key, or for none.
type KeySettings struct {
	ID      string `json:"-"`
	Managed *bool  `json:"managed"`
}

// PatchSettings are Talos patches (YAML text) by the machines that they reach.
type PatchSettings struct {
	All           []string `json:"all"`
	ControlPlanes []string `json:"controlPlanes"`
	Workers       []string `json:"workers"`
}

// OpenPortSettings open a port, or a range of ports, between the nodes or to other private networks.
type OpenPortSettings struct {
	// Ports is one port or a range: "9100", "30000-32767".
	Ports PortRange `json:"ports"`
	// Protocol is tcp or udp.
	Protocol string `json:"protocol" default:"tcp"`
	// From are the sources: nodes, which is the default, and ranges of private addresses.
	From []string `json:"from"`
}

// PortRange is a port or a range of ports as the stack file spells it, quoted or not.
type PortRange string

// Decimal is a number as the stack file spells it, quoted or not.
type Decimal string

// given says whether the stack file says anything about the setting.
func given[T any](setting T) bool { return !reflect.ValueOf(&setting).Elem().IsZero() }
