package gcp

import (
	"slices"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// groupSpec is the part of a pool in one instance group, which has either machines on demand or spot machines. The name
// ends in which, so that no part of one pool has the name of a part of another.
type groupSpec struct {
	name     string
	spot     bool
	min, max int
}

// autoscaled reports whether Google's autoscaler changes the number of machines.
func (p groupSpec) autoscaled() bool { return p.min != p.max }

// parts splits a pool into a group of the machines on demand and a group of spot machines. A group that never has
// machines is left out.
func parts(pool cluster.Pool) []groupSpec {
	onDemand := groupSpec{name: pool.Name + "-on-demand", min: pool.OnDemand(pool.Min), max: pool.OnDemand(pool.Max)}
	spot := groupSpec{name: pool.Name + "-spot", spot: true, min: pool.Min - onDemand.min, max: pool.Max - onDemand.max}
	return slices.DeleteFunc([]groupSpec{onDemand, spot}, func(p groupSpec) bool { return p.max == 0 })
}

// Group creates the instance groups of a pool, each with the template that it starts machines from.
func (e endpoint) Group(args cloud.GroupArgs) (cloud.Group, error) {
	var names pulumi.StringArray
	for _, p := range parts(args.Pool) {
		template, err := e.createTemplate(args, p)
		if err != nil {
			return cloud.Group{}, err
		}
		manager, err := e.createManager(args.Pool, p, template)
		if err != nil {
			return cloud.Group{}, err
		}
		names = append(names, manager.Name)
		if p.autoscaled() {
			if err := e.createAutoscaler(p, manager); err != nil {
				return cloud.Group{}, err
			}
		}
	}
	return cloud.Group{Names: names.ToStringArrayOutput(), InterruptionQueue: pulumi.String("")}, nil
}

// createTemplate describes a group's machines. A template never changes: a new one takes its place, and the group
// rolls.
func (e endpoint) createTemplate(args cloud.GroupArgs, p groupSpec) (*compute.RegionInstanceTemplate, error) {
	pool := args.Pool
	image, err := e.findImage(pool.Machine.Architecture, e.imageOfTemplate(e.name(p.name)))
	if err != nil {
		return nil, err
	}
	disk := &compute.RegionInstanceTemplateDiskArgs{
		Boot:        pulumi.Bool(true),
		AutoDelete:  pulumi.Bool(true),
		SourceImage: image,
		DiskSizeGb:  pulumi.Int(pool.DiskGiB),
		DiskType:    pulumi.String(diskType),
		Labels:      e.poolLabels(pool.Name),
	}
	if e.key != nil {
		disk.DiskEncryptionKey = &compute.RegionInstanceTemplateDiskDiskEncryptionKeyArgs{
			KmsKeySelfLink: e.key.ToStringPtrOutput().Elem(),
		}
	}
	return compute.NewRegionInstanceTemplate(e.ctx, e.name(p.name), &compute.RegionInstanceTemplateArgs{
		Region:      pulumi.String(e.cluster.Location.Region),
		MachineType: pulumi.String(pool.Machine.Name),
		Metadata:    metadata(args.UserData),
		Disks:       compute.RegionInstanceTemplateDiskArray{disk},
		NetworkInterfaces: compute.RegionInstanceTemplateNetworkInterfaceArray{
			&compute.RegionInstanceTemplateNetworkInterfaceArgs{Subnetwork: e.subnetwork},
		},
		Scheduling: scheduling(p.spot),
		ServiceAccount: &compute.RegionInstanceTemplateServiceAccountArgs{
			Email: e.accounts[worker].Email, Scopes: pulumi.ToStringArray([]string{cloudPlatform}),
		},
		ShieldedInstanceConfig: &compute.RegionInstanceTemplateShieldedInstanceConfigArgs{
			EnableSecureBoot:          pulumi.Bool(false),
			EnableVtpm:                pulumi.Bool(true),
			EnableIntegrityMonitoring: pulumi.Bool(true),
		},
		Labels: e.poolLabels(pool.Name),
	}, e.options(pulumi.DependsOn(args.After))...)
}

// scheduling returns how machines are bought. A spot machine cannot restart or migrate by itself: the group starts a
// stopped one again when there is spot capacity. https://cloud.google.com/compute/docs/instances/create-use-spot
func scheduling(spot bool) *compute.RegionInstanceTemplateSchedulingArgs {
	if !spot {
		return &compute.RegionInstanceTemplateSchedulingArgs{
			ProvisioningModel: pulumi.String("STANDARD"),
			AutomaticRestart:  pulumi.Bool(true),
			OnHostMaintenance: pulumi.String("MIGRATE"),
		}
	}
	return &compute.RegionInstanceTemplateSchedulingArgs{
		ProvisioningModel:         pulumi.String("SPOT"),
		Preemptible:               pulumi.Bool(true),
		AutomaticRestart:          pulumi.Bool(false),
		OnHostMaintenance:         pulumi.String("TERMINATE"),
		InstanceTerminationAction: pulumi.String("STOP"),
	}
}

func (e endpoint) createManager(
	pool cluster.Pool,
	p groupSpec,
	template *compute.RegionInstanceTemplate,
) (*compute.RegionInstanceGroupManager, error) {
	shape, redistribution := e.distribution(p)
	options := e.options(
		pulumi.DependsOn(slices.Concat(e.egress, e.granted)),
		// The provider sends the zones along, which cannot be changed, so that a group of another shape is a new one:
		// https://github.com/hashicorp/terraform-provider-google/issues/19891
		pulumi.ReplaceOnChanges([]string{"distributionPolicyTargetShape"}),
	)
	if p.autoscaled() {
		// The autoscaler moves it; an update that put it back would undo the autoscaler's work.
		options = append(options, pulumi.IgnoreChanges([]string{"targetSize"}))
	}
	return compute.NewRegionInstanceGroupManager(e.ctx, e.name(p.name), &compute.RegionInstanceGroupManagerArgs{
		Region:                        pulumi.String(e.cluster.Location.Region),
		BaseInstanceName:              pulumi.String(e.name(p.name)),
		DistributionPolicyZones:       pulumi.ToStringArray(pool.Zones),
		DistributionPolicyTargetShape: shape,
		TargetSize:                    pulumi.Int(p.min),
		Versions: compute.RegionInstanceGroupManagerVersionArray{
			&compute.RegionInstanceGroupManagerVersionArgs{InstanceTemplate: template.SelfLink},
		},
		// New machines start before old ones go. A regional group moves in steps of at least one machine per zone:
		// https://cloud.google.com/compute/docs/instance-groups/rolling-out-updates-to-managed-instance-groups#max_surge
		UpdatePolicy: &compute.RegionInstanceGroupManagerUpdatePolicyArgs{
			Type:                pulumi.String("PROACTIVE"),
			MinimalAction:       pulumi.String("REPLACE"),
			MaxSurgeFixed:       pulumi.Int(len(pool.Zones)),
			MaxUnavailableFixed: pulumi.Int(0),
			// A new machine needs this long to join, before an old one is deleted.
			MinReadySec:                pulumi.Int(joinSeconds),
			InstanceRedistributionType: pulumi.String(redistribution),
		},
		AutoHealingPolicies: &compute.RegionInstanceGroupManagerAutoHealingPoliciesArgs{
			HealthCheck: e.workersAlive.ID(),
			// Longer than a machine takes to boot and to get its certificate from a control plane that boots beside it.
			InitialDelaySec: pulumi.Int(900),
		},
	}, options...)
}

// joinSeconds is how long a machine takes from its start until it is a node.
const joinSeconds = 120

// distribution returns how a group spreads over its zones, and whether it moves machines to even them out. Moving
// deletes a running machine without a drain, so only a group that Google's autoscaler makes smaller does it: the
// autoscaler demands that, and an even shape. The spot machines of a fixed group start in whichever zone has some: an
// even group starts none while one zone is out of stock. A group that runs keeps what it has where Google allows no
// other.
// https://cloud.google.com/compute/docs/instance-groups/regional-mig-distribution-shape
// https://cloud.google.com/compute/docs/autoscaler#limitations
func (c *Cloud) distribution(p groupSpec) (shape pulumi.StringPtrInput, redistribution string) {
	const manager = "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager"
	runs := c.running.Text(manager, c.name(p.name), "distributionPolicyTargetShape")
	switch {
	case !p.autoscaled() && p.spot && runs != even:
		shape = pulumi.String("BALANCED")
	case runs == "BALANCED":
		shape = pulumi.String(even)
	}
	if p.autoscaled() ||
		c.running.Text(manager, c.name(p.name), "updatePolicy", "instanceRedistributionType") == proactive {
		return shape, proactive
	}
	return shape, "NONE"
}

const (
	even      = "EVEN"
	proactive = "PROACTIVE"
)

// createHealthCheck asks the Talos API whether a machine is alive, once for all groups; it returns nil if there is
// none. The kubelet is not asked: it does not answer before the Kubernetes API has, and an outage of that would have
// every new machine replaced over and over.
func (c *Cloud) createHealthCheck(address *compute.Address) (*compute.HealthCheck, error) {
	if !slices.ContainsFunc(c.cluster.Pools, cluster.Pool.InScalingGroup) {
		return nil, nil
	}
	return compute.NewHealthCheck(c.ctx, c.name("alive"), &compute.HealthCheckArgs{
		Description:      pulumi.Sprintf("Workers of %s", c.cluster.Name),
		CheckIntervalSec: pulumi.Int(30),
		TimeoutSec:       pulumi.Int(10),
		// Five minutes: a machine that reboots is not dead.
		UnhealthyThreshold: pulumi.Int(10),
		TcpHealthCheck:     &compute.HealthCheckTcpHealthCheckArgs{Port: pulumi.Int(talosPortNumber)},
		// Deleted beside the load balancer's check: see createBackend.
	}, c.options(pulumi.DependsOn([]pulumi.Resource{address}))...)
}
