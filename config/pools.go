package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/regions"
	"k8s.io/apimachinery/pkg/util/validation"
)

const (
	// maxPoolName leaves room for the cluster's name and a number within the 63 characters of a host name.
	maxPoolName = 20
	// nodePodsBits is the size of the range that Kubernetes gives each node out of the pods' /16: --node-cidr-mask-size
	// of https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/
	nodePodsBits = 24
	// minDiskGiB is the smallest root disk. Talos needs 10 GiB
	// (https://docs.siderolabs.com/talos/v1.13/getting-started/system-requirements), and images and logs fill a smaller
	// disk than this within a day.
	minDiskGiB = 20
	// maxDiskGiB is the largest root disk, 16 TiB, which every cloud that has disks of a chosen size accepts:
	// https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html and
	// https://cloud.google.com/compute/docs/disks/persistent-disks
	maxDiskGiB = 16384
)

// spotStrategies are the allocation strategies of the mixed instances policy on AWS:
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstancesDistribution.html
var spotStrategies = []string{defaultSpotStrategy, prioritized, "price-capacity-optimized", "lowest-price"}

const (
	// defaultSpotStrategy chooses the types with the most capacity.
	defaultSpotStrategy = "capacity-optimized"
	// prioritized prefers the types in their order.
	prioritized = "capacity-optimized-prioritized"
)

var positiveDecimal = regexp.MustCompile(`^(0*[1-9][0-9]*(\.[0-9]+)?|0+\.[0-9]*[1-9][0-9]*)$`)

// poolSettings returns the pools of the stack file, or those of the profile.
func (l *loader) poolSettings() []PoolSettings {
	if len(l.stack.Pools) == 0 {
		return l.profile.pools
	}
	return l.stack.Pools
}

// checkPools checks what does not depend on the cloud.
func (l *loader) checkPools() {
	names := map[string]bool{}
	for i, pool := range l.stack.Pools {
		path := fmt.Sprintf("pools[%d]", i)
		l.checkPoolName(join(path, "name"), pool.Name)
		if names[pool.Name] && pool.Name != "" {
			l.Reject(
				join(path, "name"),
				fmt.Sprintf("there is a pool %q already", pool.Name),
				"give each pool a name of its own",
			)
		}
		names[pool.Name] = true
		if pool.Size == "" {
			l.Reject(join(path, "size"), "is missing", "choose one of "+strings.Join(sizeNames(), ", "))
		} else if _, err := regions.LookupSize(pool.Size); err != nil {
			l.reportUnknown(join(path, "size"), err)
		}
		l.oneOf(join(path, "workload"), pool.Workload, string(cluster.Stateless), string(cluster.Stateful))
		if pool.DiskGiB < minDiskGiB || pool.DiskGiB > maxDiskGiB {
			l.Reject(
				join(path, "diskGiB"),
				fmt.Sprintf("%d is out of range", pool.DiskGiB),
				fmt.Sprintf("choose %d to %d", minDiskGiB, maxDiskGiB),
			)
		}
		l.checkPoolCount(path, pool)
		l.checkAutoscaling(join(path, "autoscaling"), pool)
		l.checkSpot(path, pool)
		l.checkLabels(join(path, "labels"), pool.Labels)
		l.checkTaints(join(path, "taints"), pool.Taints)
	}
	// A pool with at most 0 machines does not count.
	steady := func(pool PoolSettings) bool {
		_, most, known := bounds(pool)
		return !pool.Spot.isOn() && (!known || most > 0)
	}
	if l.profile.highlyAvailable && len(l.stack.Pools) > 0 && !slices.ContainsFunc(l.stack.Pools, steady) {
		l.Reject(
			"pools",
			"every machine of "+l.profile.name+"'s pools is on the spot market, which can reclaim them all at once",
			"make one pool spot: false for what must not stop",
		)
	}
}

func (l *loader) checkPoolName(path, name string) {
	switch {
	case name == "":
		l.Reject(path, "is missing", "name the pool, such as workers")
	case name == cluster.ControlPlanePool:
		l.Reject(path, name+" is the name of the control planes", "choose another name")
	case slices.ContainsFunc(regionNames(),
		func(region string) bool { return strings.HasPrefix(name+"-", region+"-") }):
		// Pool nyc1-web of stack a, and pool web of stack a-nyc1.
		l.Reject(
			path,
			name+" begins with a region's name, so another stack's machines could get the same names",
			"choose another name",
		)
	case len(validation.IsDNS1123Label(name)) > 0:
		l.Reject(
			path,
			fmt.Sprintf("%q is not a DNS label", name),
			"use lower-case letters, digits and dashes, such as workers",
		)
	case len(name) > maxPoolName:
		l.Reject(path, fmt.Sprintf("%q has %d characters", name, len(name)), fmt.Sprintf("use at most %d", maxPoolName))
	}
}

// checkPoolCount checks count, min and max. Count 0 is valid: the pool keeps its settings and has no machines.
func (l *loader) checkPoolCount(path string, pool PoolSettings) {
	for key, number := range map[string]*int{"count": pool.Count, "min": pool.Min, "max": pool.Max} {
		if number != nil && *number < 0 {
			l.Reject(join(path, key), fmt.Sprintf("%d is below zero", *number), "choose 0 or more")
		}
	}
	ranged := pool.Min != nil || pool.Max != nil
	switch {
	case pool.Count != nil && ranged:
		l.Reject(
			path,
			"has both count and min or max",
			"keep count for a fixed number of machines, or min and max for a range",
		)
	case pool.Count == nil && (pool.Min == nil || pool.Max == nil):
		l.Reject(path, "has no number of machines", "set count, or both min and max")
	case pool.Count == nil && *pool.Min > *pool.Max:
		l.Reject(join(path, "min"), fmt.Sprintf("%d is more than max, %d", *pool.Min, *pool.Max), "swap them")
	case pool.Count == nil && *pool.Min < *pool.Max && pool.Workload == string(cluster.Stateful):
		l.Reject(
			path,
			"is stateful, and a stateful pool has a fixed size: scaling in would delete its data",
			"set count instead of min and max",
		)
	}
}

func (l *loader) checkSpot(path string, pool PoolSettings) {
	spot := pool.Spot
	if !spot.isOn() {
		return
	}
	path = join(path, "spot")
	if pool.Workload == string(cluster.Stateful) {
		l.Reject(
			path,
			"the pool is stateful, and a spot machine can be reclaimed at two minutes' notice",
			"set spot: false or workload: stateless",
		)
	}
	if _, most, known := bounds(pool); known && spot.Base != nil && (*spot.Base < 0 || *spot.Base > most) {
		l.Reject(
			join(path, "base"),
			fmt.Sprintf("%d on-demand machines in a pool of at most %d", *spot.Base, most),
			fmt.Sprintf("choose 0 to %d", most),
		)
	}
	if spot.MaxPrice != "" && !positiveDecimal.MatchString(string(spot.MaxPrice)) {
		l.Reject(
			join(path, "maxPrice"),
			fmt.Sprintf("%q is not a price", spot.MaxPrice),
			"write US dollars per hour, such as 0.05",
		)
	}
	if spot.Strategy != "" {
		l.oneOf(join(path, "strategy"), spot.Strategy, spotStrategies...)
	}
	if percent := spot.OnDemandPercent; percent != nil && (*percent < 0 || *percent > 100) {
		l.Reject(join(path, "onDemandPercent"), fmt.Sprintf("%d is not a percentage", *percent), "choose 0 to 100")
	}
	l.checkRequirements(join(path, "requirements"), *spot)
}

// checkRequirements refuses requirements together with a list of types, or with a strategy that needs their order:
// types that AWS picks by their attributes have none.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/create-mixed-instances-group-attribute-based-instance-type-selection.html
func (l *loader) checkRequirements(path string, spot SpotSettings) {
	switch {
	case spot.Requirements && spot.Types != nil:
		l.Reject(path, "allows every type that is like the pool's own, and types allows only some",
			"remove one of them")
	case spot.Requirements && spot.Strategy == prioritized:
		l.Reject(
			path,
			"gives the types no order, which the strategy "+prioritized+" requires",
			"choose another strategy, or remove requirements",
		)
	}
}

func (l *loader) checkAutoscaling(path string, pool PoolSettings) {
	if pool.Autoscaling == "" {
		return
	}
	l.oneOf(path, pool.Autoscaling, string(cluster.ClusterAutoscaler), string(cluster.CPU))
	if least, most, known := bounds(pool); known && least == most {
		l.Reject(path, "the pool has a fixed size", "remove it, or set min and max")
	}
}

// bounds returns the fewest and the most machines of a pool; known is false if the stack file does not have both.
func bounds(pool PoolSettings) (least, most int, known bool) {
	if pool.Count != nil {
		return *pool.Count, *pool.Count, true
	}
	if pool.Min == nil || pool.Max == nil {
		return 0, 0, false
	}
	return *pool.Min, *pool.Max, true
}

// pools resolves the pools for one cluster and checks what depends on its cloud.
func (l *loader) pools(p *target) {
	for i, settings := range l.poolSettings() {
		path := fmt.Sprintf("pools[%d]", i)
		size, err := regions.LookupSize(settings.Size)
		if err != nil {
			continue // checkPools has said so
		}
		pool := cluster.Pool{
			Name:     settings.Name,
			Size:     settings.Size,
			Machine:  size.Types[p.cluster.Provider],
			Workload: cluster.Workload(settings.Workload),
			Labels:   settings.Labels,
			Taints:   taintsOf(settings.Taints),
			DiskGiB:  settings.DiskGiB,
			Patches:  settings.Patches,
		}
		pool.Min, pool.Max, _ = bounds(settings)
		if pool.Autoscaled() && !p.capabilities.ScalingGroups {
			l.Reject(
				path,
				fmt.Sprintf("%s has no scaling group that runs Talos", p.cluster.Provider),
				"set count instead of min and max",
			)
		}
		if settings.DiskGiB != defaultDiskGiB && !p.capabilities.DiskSizes {
			l.Reject(
				join(path, "diskGiB"),
				fmt.Sprintf("%s has one disk size for each machine size", p.capabilities.DisplayName),
				"remove it, or choose a larger size",
			)
		}
		pool.Zones = l.poolZones(path, settings, pool, p)
		pool.Spot = l.spot(join(path, "spot"), settings, pool, p)
		pool.Autoscaling = l.autoscaling(path, settings, pool, p)
		p.cluster.Pools = append(p.cluster.Pools, pool)
	}
	addPoolLabels(p.cluster.Pools)
	l.checkNodeTemplates(p)
	l.checkPodCapacity(p)
}

func taintsOf(settings []TaintSettings) []cluster.Taint {
	var taints []cluster.Taint
	for _, taint := range settings {
		taints = append(taints, cluster.Taint(taint))
	}
	return taints
}

// addPoolLabels labels each pool and, if an on-demand pool may have machines, taints spot pools.
func addPoolLabels(pools []cluster.Pool) {
	elsewhere := slices.ContainsFunc(pools, func(p cluster.Pool) bool { return !p.OnSpot() && p.Max > 0 })
	for i := range pools {
		pool := &pools[i]
		labels := map[string]string{cluster.LabelPool: pool.Name, cluster.LabelWorkload: string(pool.Workload)}
		if pool.OnSpot() {
			labels[cluster.LabelSpot] = "true"
			if elsewhere {
				pool.Taints = append(
					slices.Clone(pool.Taints),
					cluster.Taint{Key: cluster.LabelSpot, Value: "true", Effect: "NoSchedule"},
				)
			}
		}
		maps.Copy(labels, pool.Labels)
		pool.Labels = labels
	}
}

// checkPodCapacity refuses more nodes than the pods' range has room for. A node without a part of it never becomes
// Ready.
func (l *loader) checkPodCapacity(p *target) {
	room := 1 << (nodePodsBits - p.cluster.Network.Pods.Bits())
	machines := p.cluster.ControlPlanes.Count
	for _, pool := range p.cluster.Pools {
		machines += min(pool.Max, room)
	}
	if machines > room {
		l.Reject(
			"pools",
			fmt.Sprintf(
				"the pods' range %s has room for %d nodes, control planes included",
				p.cluster.Network.Pods,
				room,
			),
			"lower count or max",
		)
	}
}

// poolZones returns those of the pool's zones that are zones of this cluster. The stack file names zones of all its
// regions.
func (l *loader) poolZones(path string, settings PoolSettings, pool cluster.Pool, p *target) []string {
	path = join(path, "zones")
	cluster := p.cluster.Location.Zones
	if settings.Zones == nil {
		return cluster
	}
	if !p.capabilities.MultiZone {
		l.Reject(path, fmt.Sprintf("%s has no zones to choose from", p.capabilities.DisplayName), "remove zones")
		return nil
	}
	var zones []string
	for _, zone := range settings.Zones {
		if slices.Contains(cluster, zone) {
			zones = append(zones, zone)
		}
	}
	switch {
	case len(zones) == 0:
		l.Reject(
			path,
			fmt.Sprintf("none of them is a zone of %s", p.cluster.Name),
			"add one of "+strings.Join(cluster, ", "),
		)
	case len(zones) == 1 && pool.Max > 1:
		l.warn("%s: pool %s is in %s only; the loss of that zone is the loss of the whole pool", p.region.Name,
			pool.Name, zones[0])
	}
	return zones
}

// checkPoolZones refuses a zone of a pool that is not a zone of any cluster.
func (l *loader) checkPoolZones() {
	zoned := slices.ContainsFunc(l.targets, func(p target) bool { return p.capabilities.MultiZone })
	if !zoned || len(l.targets) < len(l.stack.Regions) {
		return
	}
	for i, pool := range l.stack.Pools {
		for j, zone := range pool.Zones {
			path := fmt.Sprintf("pools[%d].zones[%d]", i, j)
			known := slices.ContainsFunc(
				l.targets,
				func(p target) bool { return slices.Contains(p.cluster.Location.Zones, zone) },
			)
			switch {
			case !known:
				l.Reject(
					path,
					fmt.Sprintf("%q is not a zone of any cluster of the stack", zone),
					"name zones that the regions use",
				)
			case slices.Index(pool.Zones, zone) < j:
				l.Reject(path, zone+" is named twice", "name each zone once")
			}
		}
	}
}

// spot resolves the spot policy. On a cloud without spot machines a pool of the profile becomes on demand, and a pool
// of the stack file is refused.
func (l *loader) spot(path string, settings PoolSettings, pool cluster.Pool, p *target) *cluster.Spot {
	spot := settings.Spot
	if !spot.isOn() {
		return nil
	}
	if !p.capabilities.Spot {
		if len(l.stack.Pools) == 0 {
			l.warn("%s: %s has no spot market, so pool %s is on demand", p.region.Name, p.cluster.Provider, pool.Name)
		} else {
			l.Reject(path, fmt.Sprintf("%s has no spot market", p.cluster.Provider),
				"set spot: false or choose "+spotProviders())
		}
		return nil
	}
	policy := &cluster.Spot{Base: min(1, pool.Max), MaxPrice: string(spot.MaxPrice),
		Types: []regions.MachineType{pool.Machine}}
	if spot.Base != nil {
		policy.Base = *spot.Base
	}
	if !p.capabilities.SpotPolicy {
		for key, isSet := range map[string]bool{
			"maxPrice": spot.MaxPrice != "", "strategy": spot.Strategy != "", "types": spot.Types != nil,
			"onDemandPercent": spot.OnDemandPercent != nil, "requirements": spot.Requirements,
			"rebalance": spot.Rebalance,
		} {
			if isSet {
				l.Reject(
					join(path, key),
					fmt.Sprintf("%s does not support this setting", p.capabilities.DisplayName),
					"remove it",
				)
			}
		}
		return policy
	}
	policy.Strategy = defaultSpotStrategy
	if spot.Strategy != "" {
		policy.Strategy = spot.Strategy
	}
	if spot.OnDemandPercent != nil {
		policy.OnDemandPercent = *spot.OnDemandPercent
	}
	policy.Requirements, policy.Rebalance = spot.Requirements, spot.Rebalance
	if spot.Types == nil {
		policy.Types = append(policy.Types, pool.Machine.Spot...)
	} else {
		policy.Types = append(policy.Types,
			l.spotTypes(join(path, "types"), spot.Types, pool.Machine, p.cluster.Provider)...)
	}
	return policy
}

// spotTypes returns the types of the stack file that the pool may use besides its own. At least one is required, so
// that the pool does not depend on the spot capacity of one type.
func (l *loader) spotTypes(
	path string,
	names []string,
	own regions.MachineType,
	provider regions.Provider,
) []regions.MachineType {
	var chosen []regions.MachineType
	standIns := "choose from " + strings.Join(typeNames(own.Spot), ", ")
	for i, name := range names {
		at := fmt.Sprintf("%s[%d]", path, i)
		found, err := regions.LookupType(provider, name)
		switch {
		case slices.Index(names, name) < i:
			l.Reject(at, name+" is named twice", "name each type once")
		case name == own.Name:
		case err != nil:
			l.Reject(
				at,
				fmt.Sprintf(
					"%q is not known to be like %s (%s, %d vCPU, %d GiB)",
					name,
					own.Name,
					own.Architecture,
					own.VCPU,
					own.MemoryGiB,
				),
				standIns,
			)
		default:
			if problem := incompatibility(own, found); problem != "" {
				l.Reject(at, problem, standIns)
				continue
			}
			chosen = append(chosen, found)
		}
	}
	if len(names) == 0 || len(names) == 1 && names[0] == own.Name {
		l.Reject(path, "names no type besides the pool's own "+own.Name, standIns+", or remove types to have them all")
	}
	return chosen
}

// incompatibility returns why a pool cannot use a type besides its own; empty if it can. All types boot from one
// image, and pods that fit one must fit the others.
func incompatibility(own, other regions.MachineType) string {
	switch {
	case other.Architecture != own.Architecture:
		return fmt.Sprintf("%s is %s, %s is %s", other.Name, other.Architecture, own.Name, own.Architecture)
	case other.VCPU != own.VCPU:
		return fmt.Sprintf("%s has %d vCPU, %s has %d", other.Name, other.VCPU, own.Name, own.VCPU)
	case other.MemoryGiB < own.MemoryGiB:
		return fmt.Sprintf(
			"%s has %d GiB of memory, less than the %d of %s",
			other.Name,
			other.MemoryGiB,
			own.MemoryGiB,
			own.Name,
		)
	}
	return ""
}

func typeNames(types []regions.MachineType) []string {
	var names []string
	for _, t := range types {
		names = append(names, t.Name)
	}
	return names
}

func sizeNames() []string {
	var names []string
	for _, size := range regions.Sizes() {
		names = append(names, size.Name)
	}
	return names
}

func spotProviders() string {
	var names []string
	for _, provider := range regions.Providers() {
		if can, _ := regions.CapabilitiesOf(provider); can.Spot {
			names = append(names, string(provider))
		}
	}
	return strings.Join(names, " or ")
}

// oneOf refuses a word that is not among the known ones.
func (l *loader) oneOf(path, word string, known ...string) {
	if !slices.Contains(known, word) {
		l.requireOneOf(path, word, known)
	}
}
