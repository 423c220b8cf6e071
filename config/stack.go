package config

import "reflect"

//go:generate go run ./internal/tables

// Stack is what a stack file may say, as written: one field for each key of the namespace "inferadb". A field that the
// stack file leaves out has the value of its default tag; without one, the environment's profile decides.
//
// The first paragraph of a field's comment is the setting's text in README.md and Pulumi.yaml, which go generate
// writes. A field without a default tag ends it with "Required." or "Default: ...".
type Stack struct {
	// The profile of the stack: `dev`, `staging` or `production`, which refuses more (docs/production.md). Required.
	Environment string `json:"environment"`
	// The cloud of every region that does not name its own: `aws`, `gcp` or `digitalocean`. Required.
	Provider string `json:"provider"`
	// Where to build, one cluster each: names, or objects. Required.
	Regions []RegionSettings `json:"regions"`
	// Number of control planes in each cluster: 1, 3 or 5. Default: the profile's.
	ControlPlanes *int `json:"controlPlanes"`
	// Machine size of the control planes: `small`, `medium` or `large`. Default: the profile's.
	ControlPlaneSize string `json:"controlPlaneSize"`
	// The workers of each cluster. Default: the profile's.
	Pools []PoolSettings `json:"pools"`
	// Talos version of new machines (docs/versions.md). Default: [DefaultTalosVersion], with a warning.
	TalosVersion string `json:"talosVersion"`
	// Kubernetes version, one that the Talos version and Cilium run (docs/versions.md). Default:
	// [DefaultKubernetesVersion], with a warning.
	KubernetesVersion string `json:"kubernetesVersion"`
	// Id of an Image Factory schematic: Talos with system extensions (docs/operations.md#system-extensions) or kernel
	// arguments. Default: the one without any.
	Schematic string `json:"schematic"`
	// `private`, or `public`: control planes have public addresses, and `operatorCidrs` is required.
	Access string `json:"access" default:"private"`
	// Networks that may reach the Talos API and the Kubernetes API. Default: the cluster's own network.
	OperatorCIDRs []string `json:"operatorCidrs"`
	// Ports that all nodes open to other nodes or private networks, never to the internet. Default: none.
	OpenPorts []OpenPortSettings `json:"openPorts"`
	// `cilium` (installed with the cluster, in place of kube-proxy), `none` (neither CNI nor kube-proxy: something else
	// installs Cilium, docs/next-steps.md#cilium) or `flannel` (in production on AWS only).
	CNI string `json:"cni" default:"cilium"`
	// Encryption of pod traffic between machines, with `cni: cilium`: `wireguard`, or `none` outside production.
	// Default: wireguard.
	PodEncryption string `json:"podEncryption"`
	// Kubernetes objects that the cluster starts with (docs/next-steps.md#start-with-flux-or-anything-else), such as
	// Flux: YAML text, or files of this folder; may be set with `--secret`. Default: none.
	BootstrapManifests []string `json:"bootstrapManifests"`
	// KMS key of every disk: its id, or an object with `managed`. Default: the profile's.
	EncryptionKey KeySettings `json:"encryptionKey"`
	// `cloud`, or `luks` for Talos' disk encryption in addition. Default: cloud; luks where the cloud encrypts no
	// disks.
	DiskEncryption string `json:"diskEncryption"`
	// What opens the disks that Talos encrypts: `nodeID` (the machine's own id), or the https URL of a KMS server,
	// which must answer whenever a machine boots. Cannot be changed after a machine's first boot.
	//
	// The server seals a key for each disk (https://github.com/siderolabs/kms-client). A machine asks it before it can
	// read its configuration: over the network and with the name servers that the cloud gives it, trusting only public
	// authorities. Without the server the machine does not boot.
	LUKSKey string `json:"luksKey" default:"nodeID"`
	// Your own host name for the Kubernetes API, pointing at the load balancer; for a stack of one region. Default: a
	// private name.
	Endpoint string `json:"endpoint"`
	// Talos patches as YAML text; may be set with `--secret`. Default: none.
	Patches PatchSettings `json:"patches"`
	// Further tags on every resource. Default: none.
	Tags map[string]string `json:"tags"`
	// Addresses notified when many spot machines are reclaimed at once (docs/interruption.md#alarms). Default: none.
	AlarmEmails []string `json:"alarmEmails"`
	// `true`: log the traffic of the created networks; on AWS and Google Cloud.
	FlowLogs bool `json:"flowLogs" default:"false"`
	// `true`: AWS encrypts every new disk of the account in the stack's regions. It stays on after the stack is
	// destroyed.
	EBSEncryptionByDefault bool `json:"ebsEncryptionByDefault" default:"false"`
	// `true`: ready a new cluster for AWS' cloud controller manager and EBS driver, which you install
	// (docs/next-steps.md#cloud-controller-managers-and-storage); AWS.
	CloudController bool `json:"cloudController" default:"false"`
	// Deletion and termination protection: `true` or `false`. Default: the profile's.
	Protection *bool `json:"protection"`
	// Steps that were done outside the program, as the refusal of an edit of a running cluster names them. Default:
	// none.
	//
	// Without its step the edit is refused: "etcd-left:<node>". A command that does the step writes it by itself.
	Acknowledge []string `json:"acknowledge"`
	// The versions of an upgrade that is under way: `make upgrade` writes and removes them, and no update runs
	// meanwhile. Default: none.
	Upgrade UpgradeSettings `json:"upgrade"`
}

// UpgradeSettings are the versions that the nodes are being upgraded to; the zero value for no upgrade.
type UpgradeSettings struct {
	// Talos version that the nodes are being upgraded to. Default: none.
	Talos string `json:"talos"`
	// Kubernetes version that the nodes are being upgraded to. Default: none.
	Kubernetes string `json:"kubernetes"`
}

// RegionSettings is a region's name, or an object that also overrides settings for this region.
type RegionSettings struct {
	// A region of the tables (docs/adding-a-region.md): `nyc1`, `sfo1`. Required.
	Name string `json:"name"`
	// Cloud of this region. Default: the stack's.
	Provider string `json:"provider"`
	// `true`: the cluster of this region is the kubeconfig's current context. Default: the table's, nyc1.
	Primary *bool `json:"primary"`
	// Zones to spread over, by the cloud's names. Default: the table's.
	Zones []string `json:"zones"`
	// The network to create or to adopt. Default: a created one.
	Network NetworkSettings `json:"network"`
	// Machine image: id of an AMI, self-link of an image or id of a custom image. Default: the published one of Talos.
	Image string `json:"image"`
	// Your own host name for the Kubernetes API of this region. Default: the stack's.
	Endpoint string `json:"endpoint"`
	// KMS key of the disks in this region. Default: the stack's.
	EncryptionKey KeySettings `json:"encryptionKey"`
}

// NetworkSettings either choose the range of the network to create, or name a network to adopt.
type NetworkSettings struct {
	// Address range of the network to create. Default: the part of the region's range that belongs to the environment.
	CIDR string `json:"cidr"`
	// Id of an existing network to adopt (docs/operations.md#adopt-a-network). Default: none.
	ID string `json:"id"`
	// Subnets of the adopted network for the machines: one for each zone, in the order of the zones, where the subnets
	// of the cloud are zonal. Default: none.
	SubnetIDs []string `json:"subnetIds"`
	// Subnets of the adopted network for the control planes under `access: public`, likewise. Default: none.
	PublicSubnetIDs []string `json:"publicSubnetIds"`
}

// PoolSettings are a worker pool. It has Count machines, or between Min and Max.
type PoolSettings struct {
	// Unique in the stack. Required.
	Name string `json:"name"`
	// Machine size: `small`, `medium` or `large`. Required.
	Size string `json:"size"`
	// Number of machines; an autoscaled pool has `min` and `max` instead. Required.
	Count *int `json:"count"`
	// Fewest machines of an autoscaled pool. Default: none.
	Min *int `json:"min"`
	// Most machines of an autoscaled pool. Default: none.
	Max *int `json:"max"`
	// What scales a pool between `min` and `max`: `cluster-autoscaler`, or `cpu`, the cloud at 60 % CPU utilization.
	// Default: cluster-autoscaler; cpu on Google Cloud.
	Autoscaling string `json:"autoscaling"`
	// `stateless`, or `stateful`: never on spot, never scaled.
	Workload string `json:"workload" default:"stateless"`
	// `true`, or an object. Default: false.
	Spot *SpotSettings `json:"spot"`
	// Labels of the Kubernetes nodes. Default: none.
	Labels map[string]string `json:"labels"`
	// Taints of the Kubernetes nodes. Default: none.
	Taints []TaintSettings `json:"taints"`
	// Size of the root disk.
	DiskGiB int `json:"diskGiB" default:"100"`
	// Zones of this pool; a stack of several regions names zones of each. Default: the cluster's.
	Zones []string `json:"zones"`
	// Talos patches of this pool, as YAML text. Default: none.
	Patches []string `json:"patches"`
}

// TaintSettings are a Kubernetes taint.
type TaintSettings struct {
	// Key of the taint. Required.
	Key string `json:"key"`
	// Value of the taint. Default: none.
	Value string `json:"value"`
	// `NoSchedule`, `PreferNoSchedule` or `NoExecute`. Required.
	Effect string `json:"effect"`
}

// SpotSettings are true, false, or an object.
type SpotSettings struct {
	// Off is what the stack file says by false.
	Off bool `json:"-"`
	// Number of machines that are always on demand. Default: 1.
	Base *int `json:"base"`
	// Percentage of the machines above the base that are on demand; on AWS. Default: 0.
	OnDemandPercent *int `json:"onDemandPercent"`
	// US dollars per machine and hour; on AWS. Default: the on-demand price.
	MaxPrice Decimal `json:"maxPrice"`
	// How AWS picks instance types: `capacity-optimized`, `capacity-optimized-prioritized`, `price-capacity-optimized`
	// or `lowest-price`. Default: capacity-optimized.
	Strategy string `json:"strategy"`
	// Instance types that the pool may use beside its own; on AWS. Default: the table's.
	Types []string `json:"types"`
	// `true`: let AWS pick any instance type with the same architecture and vCPU count and at least as much memory,
	// instead of `types`.
	Requirements bool `json:"requirements" default:"false"`
	// `true`: replace machines at risk before AWS reclaims them, which needs drained nodes
	// (docs/interruption.md#the-drain-path-on-aws).
	Rebalance bool `json:"rebalance" default:"false"`
}

// isOn reports whether the stack file asks for the spot market.
func (s *SpotSettings) isOn() bool { return s != nil && !s.Off }

// KeySettings are the key's id, or an object that asks for a managed key, or for none.
type KeySettings struct {
	// ID is set where the stack file has text.
	ID string `json:"-"`
	// `true`: create a KMS key of the cluster's own; `false`: use the cloud's. Default: the profile's.
	Managed *bool `json:"managed"`
}

// PatchSettings are Talos patches (YAML text) by the machines that they reach.
type PatchSettings struct {
	// List of patches for all machines. Default: none.
	All []string `json:"all"`
	// List of patches for the control planes. Default: none.
	ControlPlanes []string `json:"controlPlanes"`
	// List of patches for the workers of all pools. Default: none.
	Workers []string `json:"workers"`
}

// OpenPortSettings open a port, or a range of ports, between the nodes or to other private networks.
type OpenPortSettings struct {
	// A port or a range: `9100`, `30000-32767`; none that the program guards. Required.
	Ports PortRange `json:"ports"`
	// `tcp` or `udp`.
	Protocol string `json:"protocol" default:"tcp"`
	// Sources: `nodes`, and ranges of private addresses (docs/next-steps.md#open-a-port). Default: nodes.
	From []string `json:"from"`
}

// PortRange is a port or a range of ports as the stack file spells it, quoted or not.
type PortRange string

// Decimal is a number as the stack file spells it, quoted or not.
type Decimal string

// isSet reports whether the stack file says anything about the setting.
func isSet[T any](setting T) bool { return !reflect.ValueOf(&setting).Elem().IsZero() }

// ApplyVariable is set in the environment of the program by `infra apply`: reboots and taints, for which an update is
// refused otherwise, are what the command does.
const ApplyVariable = "INFRA_APPLY"
