package gcp

import (
	"github.com/inferadb/infra/cluster"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// createAutoscaler keeps the group's processors as busy as they should be, between the pool's bounds.
func (c *Cloud) createAutoscaler(p groupSpec, manager *compute.RegionInstanceGroupManager) error {
	_, err := compute.NewRegionAutoscaler(c.ctx, c.name(p.name), &compute.RegionAutoscalerArgs{
		Region: pulumi.String(c.cluster.Location.Region),
		Target: manager.ID(),
		AutoscalingPolicy: &compute.RegionAutoscalerAutoscalingPolicyArgs{
			MinReplicas: pulumi.Int(p.min),
			MaxReplicas: pulumi.Int(p.max),
			CpuUtilization: &compute.RegionAutoscalerAutoscalingPolicyCpuUtilizationArgs{
				Target: pulumi.Float64(cluster.TargetCPU / 100.0),
			},
			// What a machine does while it boots says nothing about the pool's load.
			CooldownPeriod: pulumi.Int(120),
		},
	}, c.options()...)
	return err
}
