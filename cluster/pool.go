package cluster

import "github.com/inferadb/infra/regions"

// Pool is a set of like workers.
type Pool struct {
	Name    string
	Size    string
	Machine regions.MachineType
	// Min and Max machines; the same number for a pool with a count.
	Min, Max int
	// Autoscaling is what scales the pool between Min and Max; empty for a pool with a count.
	Autoscaling Autoscaling
	Workload    Workload
	// Spot is the spot policy, nil for a pool that is all on demand.
	Spot   *Spot
	Labels map[string]string
	Taints []Taint
	// DiskGiB is the root disk in GiB.
	DiskGiB int
	// Zones that the pool spreads over.
	Zones []string
	// Patches of this pool's machines are applied after those of the cluster.
	Patches []string
}

// OnSpot reports whether the pool buys machines on the spot market.
func (p Pool) OnSpot() bool { return p.Spot != nil }

// OnDemand returns how many of that many machines of the pool are on demand: the base, and a share of the others. In a
// pool without spot it is all of them.
func (p Pool) OnDemand(machines int) int {
	if !p.OnSpot() {
		return machines
	}
	base := min(p.Spot.Base, machines)
	return base + share(machines-base, p.Spot.OnDemandPercent)
}

// InScalingGroup reports whether the pool is in a scaling group of the cloud (spot, or a range of machines). Any other
// pool is a list of named nodes.
func (p Pool) InScalingGroup() bool { return p.OnSpot() || p.Autoscaled() }

// Autoscaled reports whether something outside this program changes the number of machines.
func (p Pool) Autoscaled() bool { return p.Min != p.Max }

// ConfiguredAtOnce returns how many of the pool's named nodes get a new configuration at the same time. It is at least
// two, so that one node that does not answer does not block the others.
func (p Pool) ConfiguredAtOnce() int { return max(2, share(p.Min, RollPercent)) }

// share returns a percentage of a number of machines, rounded up to whole machines.
func share(machines, percent int) int { return (machines*percent + 99) / 100 }

// Spot is a pool's spot policy.
type Spot struct {
	// Base is how many machines are always on demand.
	Base int
	// OnDemandPercent of the machines above Base are on demand as well.
	OnDemandPercent int
	// MaxPrice in US dollars per hour and machine; empty for the on-demand price.
	MaxPrice string
	// Strategy is how the cloud picks among Types: "capacity-optimized" unless the stack file says otherwise.
	Strategy string
	// Types are the machine types that the pool may use, its own first.
	Types []regions.MachineType
	// Requirements lets AWS choose any type with the vCPU and at least the memory of the pool's own, instead of Types.
	Requirements bool
	// Rebalance replaces machines at risk before the cloud reclaims them.
	Rebalance bool
}

// Taint is a Kubernetes taint.
type Taint struct {
	// Effect is NoSchedule, PreferNoSchedule or NoExecute.
	Key, Value, Effect string
}

// Workload is the kind of pods that a pool is for.
type Workload string

// The workloads. A stateful pool is always on demand and of fixed size.
const (
	Stateless Workload = "stateless"
	Stateful  Workload = "stateful"
)

// Autoscaling is what scales a pool.
type Autoscaling string

// cluster-autoscaler adds machines for pods that cannot be scheduled. The cloud's autoscaler follows the CPU
// utilization of the machines, so it needs at least one.
const (
	ClusterAutoscaler Autoscaling = "cluster-autoscaler"
	CPU               Autoscaling = "cpu"
)

// TargetCPU is the percentage of processor time at which the cloud's autoscaler keeps a pool.
const TargetCPU = 60

// RollPercent is the share of a pool that a change reaches at the same time, rounded up to whole machines: the machines
// that a scaling group on AWS replaces at once, and the named nodes that are configured in parallel (ConfiguredAtOnce).
const RollPercent = 10

// ControlPlanePool is the pool name of control planes. No pool of workers can have it.
const ControlPlanePool = "control-plane"

// Labels of every node that the cluster makes, under the project's own domain: Kubernetes reserves its own.
const (
	// LabelPool names the pool of a node.
	LabelPool = "inferadb.com/pool"
	// LabelWorkload is stateless or stateful, as the pool is.
	LabelWorkload = "inferadb.com/workload"
	// LabelSpot is true on the nodes of a pool that is on the spot market, and is the key of their taint.
	LabelSpot = "inferadb.com/spot"
)

// NodeTemplate begins the tags from which cluster-autoscaler learns the labels and taints of a pool without nodes.
// https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md#auto-discovery-setup
const NodeTemplate = "k8s.io/cluster-autoscaler/node-template/"

// NodeTemplateTags returns the tags from which cluster-autoscaler learns the labels and taints of the pool's nodes
// while it has none.
func (p Pool) NodeTemplateTags() map[string]string {
	tags := map[string]string{}
	for label, value := range p.Labels {
		tags[NodeTemplate+"label/"+label] = value
	}
	for _, taint := range p.Taints {
		tags[NodeTemplate+"taint/"+taint.Key] = taint.Value + ":" + taint.Effect
	}
	return tags
}
