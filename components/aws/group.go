package aws

import (
	"strconv"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/regions"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// warmupSeconds is how long a machine takes from its start until its load counts.
const warmupSeconds = 120

// Group creates a launch template and the Auto Scaling group that starts machines from it.
func (e endpoint) Group(args cloud.GroupArgs) (cloud.Group, error) {
	template, err := e.createLaunchTemplate(args)
	if err != nil {
		return cloud.Group{}, err
	}
	pool := args.Pool
	places, err := e.places(pool)
	if err != nil {
		return cloud.Group{}, err
	}
	egress := []pulumi.Resource{e.egress[worker]}
	for _, place := range places {
		egress = append(egress, place.egress...)
	}
	settings := &autoscaling.GroupArgs{
		MinSize:            pulumi.Int(pool.Min),
		MaxSize:            pulumi.Int(pool.Max),
		DesiredCapacity:    pulumi.Int(pool.Min),
		VpcZoneIdentifiers: subnetIDs(places),
		HealthCheckType:    pulumi.String("EC2"),
		InstanceRefresh:    instanceRefresh(),
		Tags:               e.groupTags(pool),
	}
	if pool.OnSpot() {
		settings.MixedInstancesPolicy = mixedPolicy(template, *pool.Spot, pool.Machine)
		settings.CapacityRebalance = pulumi.Bool(pool.Spot.Rebalance)
	} else {
		settings.LaunchTemplate = &autoscaling.GroupLaunchTemplateArgs{
			Id: template.ID(), Version: templateVersion(template),
		}
	}
	options := e.options(pulumi.DependsOn(egress))
	if pool.Autoscaled() {
		// The autoscaler moves it; an update that put it back would undo the autoscaler's work.
		options = append(options, pulumi.IgnoreChanges([]string{"desiredCapacity"}))
	}
	group, err := autoscaling.NewGroup(e.ctx, e.name(pool.Name), settings, options...)
	if err != nil {
		return cloud.Group{}, err
	}
	if err := e.createTerminationHook(pool, group); err != nil {
		return cloud.Group{}, err
	}
	if pool.Autoscaling == cluster.CPU {
		if err := e.createScalingPolicy(pool, group); err != nil {
			return cloud.Group{}, err
		}
	}
	return cloud.Group{
		Names:             pulumi.StringArray{group.Name}.ToStringArrayOutput(),
		InterruptionQueue: e.interruptions.Url,
	}, nil
}

// instanceRefresh makes a changed template roll through the group, a tenth of its machines at a time and at least one.
// New machines start before old ones go, so that a pool of one is never empty. The range is how many are replaced at
// once:
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html
func instanceRefresh() *autoscaling.GroupInstanceRefreshArgs {
	return &autoscaling.GroupInstanceRefreshArgs{
		Strategy: pulumi.String("Rolling"),
		Preferences: &autoscaling.GroupInstanceRefreshPreferencesArgs{
			MinHealthyPercentage: pulumi.Int(100),
			MaxHealthyPercentage: pulumi.Int(100 + cluster.RollPercent),
			InstanceWarmup:       pulumi.String(strconv.Itoa(warmupSeconds)),
		},
	}
}

// createLaunchTemplate describes the pool's machines. It asks for no spot itself: a template that does cannot serve a
// mixed policy. https://docs.aws.amazon.com/autoscaling/ec2/userguide/launch-template-spot-instances.html
func (e endpoint) createLaunchTemplate(args cloud.GroupArgs) (*ec2.LaunchTemplate, error) {
	pool := args.Pool
	image, err := e.findImage(pool.Machine.Architecture, e.imageOfTemplate(e.name(pool.Name)))
	if err != nil {
		return nil, err
	}
	disk := &ec2.LaunchTemplateBlockDeviceMappingEbsArgs{
		VolumeType:          pulumi.String("gp3"),
		VolumeSize:          pulumi.Int(pool.DiskGiB),
		Encrypted:           pulumi.String("true"),
		KmsKeyId:            e.diskKey,
		DeleteOnTermination: pulumi.String("true"),
	}
	var tags ec2.LaunchTemplateTagSpecificationArray
	for _, resource := range []string{"instance", "volume", "network-interface"} {
		tags = append(tags, &ec2.LaunchTemplateTagSpecificationArgs{
			ResourceType: pulumi.String(resource),
			Tags:         pulumi.ToStringMap(e.machineTags(pool.Name, e.name(pool.Name))),
		})
	}
	return ec2.NewLaunchTemplate(e.ctx, e.name(pool.Name), &ec2.LaunchTemplateArgs{
		ImageId:            image.id,
		InstanceType:       pulumi.String(pool.Machine.Name),
		UserData:           e.packUserData(args.UserData),
		IamInstanceProfile: &ec2.LaunchTemplateIamInstanceProfileArgs{Arn: e.profiles[worker].Arn},
		// The group chooses the subnet. The security group is set on the interface, which also excludes a public
		// address.
		NetworkInterfaces: ec2.LaunchTemplateNetworkInterfaceArray{&ec2.LaunchTemplateNetworkInterfaceArgs{
			DeviceIndex:              pulumi.Int(0),
			AssociatePublicIpAddress: pulumi.String("false"),
			DeleteOnTermination:      pulumi.String("true"),
			SecurityGroups:           pulumi.StringArray{e.groups[worker].ID()},
		}},
		BlockDeviceMappings: ec2.LaunchTemplateBlockDeviceMappingArray{&ec2.LaunchTemplateBlockDeviceMappingArgs{
			// The AMI's root device: under another name the disk would be a second one, and the root not encrypted.
			DeviceName: image.rootDevice, Ebs: disk,
		}},
		MetadataOptions: &ec2.LaunchTemplateMetadataOptionsArgs{
			HttpEndpoint:            pulumi.String("enabled"),
			HttpTokens:              pulumi.String("required"),
			HttpPutResponseHopLimit: pulumi.Int(1),
		},
		TagSpecifications: tags,
		Tags:              e.nameTags(pool.Name, map[string]string{"pool": pool.Name}),
	}, e.options(pulumi.DependsOn(args.After))...)
}

// mixedPolicy keeps the base on demand, and its share of what comes above, and buys the rest on the spot market, from
// the types that the cloud has most of. Types count alike, without weights: the group's size is a number of machines.
func mixedPolicy(
	template *ec2.LaunchTemplate,
	spot cluster.Spot,
	machine regions.MachineType,
) *autoscaling.GroupMixedInstancesPolicyArgs {
	distribution := &autoscaling.GroupMixedInstancesPolicyInstancesDistributionArgs{
		OnDemandBaseCapacity:                pulumi.Int(spot.Base),
		OnDemandPercentageAboveBaseCapacity: pulumi.Int(spot.OnDemandPercent),
		SpotAllocationStrategy:              pulumi.String(spot.Strategy),
	}
	if spot.MaxPrice != "" {
		distribution.SpotMaxPrice = pulumi.String(spot.MaxPrice)
	}
	var overrides autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArray
	if spot.Requirements {
		// Types that are chosen by attributes have no order, so machines on demand cannot be allocated by priority.
		distribution.OnDemandAllocationStrategy = pulumi.String("lowest-price")
		overrides = append(overrides, requirements(machine))
	} else {
		for _, machine := range spot.Types {
			overrides = append(overrides, &autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs{
				InstanceType: pulumi.String(machine.Name),
			})
		}
	}
	return &autoscaling.GroupMixedInstancesPolicyArgs{
		InstancesDistribution: distribution,
		LaunchTemplate: &autoscaling.GroupMixedInstancesPolicyLaunchTemplateArgs{
			LaunchTemplateSpecification: &autoscaling.GroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecificationArgs{
				LaunchTemplateId: template.ID(),
				Version:          templateVersion(template),
			},
			Overrides: overrides,
		},
	}
}

// requirements returns the attributes by which AWS picks instance types: of the current generations, with the vCPU of
// the size and no less memory, without accelerators. The image decides on the architecture, and the manufacturer
// follows it.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/create-mixed-instances-group-attribute-based-instance-type-selection.html
func requirements(machine regions.MachineType) *autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs {
	manufacturers := []string{"intel", "amd"}
	if machine.Architecture == regions.ARM64 {
		manufacturers = []string{"amazon-web-services"}
	}
	return &autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs{
		InstanceRequirements: &autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideInstanceRequirementsArgs{
			VcpuCount: &autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideInstanceRequirementsVcpuCountArgs{
				Min: pulumi.Int(machine.VCPU), Max: pulumi.Int(machine.VCPU),
			},
			MemoryMib: &autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideInstanceRequirementsMemoryMibArgs{
				Min: pulumi.Int(machine.MemoryGiB << 10),
			},
			AcceleratorCount: &autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideInstanceRequirementsAcceleratorCountArgs{
				Max: pulumi.Int(0),
			},
			CpuManufacturers:     pulumi.ToStringArray(manufacturers),
			InstanceGenerations:  pulumi.ToStringArray([]string{"current"}),
			BurstablePerformance: pulumi.String("included"),
		},
	}
}

// templateVersion returns the template's version by number: under "$Latest" the group would see no change, and refresh
// nothing.
func templateVersion(template *ec2.LaunchTemplate) pulumi.StringOutput {
	return template.LatestVersion.ApplyT(strconv.Itoa).(pulumi.StringOutput)
}

// places returns the private subnets of the pool's zones.
func (n network) places(pool cluster.Pool) ([]subnet, error) {
	var places []subnet
	for _, zone := range pool.Zones {
		place, err := inZone(n.private, zone)
		if err != nil {
			return nil, err
		}
		places = append(places, place)
	}
	return places, nil
}
