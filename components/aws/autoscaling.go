package aws

import (
	"slices"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/iampolicy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The tags by which cluster-autoscaler finds the groups that it may move.
// https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md#auto-discovery-setup
const (
	discoveryTag = "k8s.io/cluster-autoscaler/enabled"
	ownerTag     = "k8s.io/cluster-autoscaler/"
)

// discoveryTags returns the tags by which cluster-autoscaler finds the group of a pool that it scales.
func (c *Cloud) discoveryTags(pool cluster.Pool) map[string]string {
	if pool.Autoscaling != cluster.ClusterAutoscaler {
		return nil
	}
	tags := pool.NodeTemplateTags()
	tags[discoveryTag], tags[ownerTag+c.cluster.Name] = "true", "owned"
	return tags
}

// permitAutoscaling lets cluster-autoscaler look at every group and move those of this cluster that it may discover.
func (p prepared) permitAutoscaling() error {
	moved := func(pool cluster.Pool) bool { return pool.Autoscaling == cluster.ClusterAutoscaler }
	if !slices.ContainsFunc(p.cluster.Pools, moved) {
		return nil
	}
	policy, err := iampolicy.JSON(
		// None of these can be narrowed to a resource.
		iampolicy.Allow(
			"autoscaling:DescribeAutoScalingGroups",
			"autoscaling:DescribeAutoScalingInstances",
			"autoscaling:DescribeLaunchConfigurations",
			"autoscaling:DescribeScalingActivities",
			"autoscaling:DescribeTags",
			"ec2:DescribeImages",
			"ec2:DescribeInstanceTypes",
			"ec2:DescribeLaunchTemplateVersions",
			"ec2:GetInstanceTypesFromInstanceRequirements",
		).OnResources("*"),
		iampolicy.Allow("autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup").
			OnResources("*").
			WithCondition("StringEquals", "aws:ResourceTag/"+discoveryTag, "true").
			WithCondition("StringEquals", "aws:ResourceTag/"+ownerTag+p.cluster.Name, "owned"),
	)
	if err != nil {
		return err
	}
	return p.attachWorkerPolicy("cluster-autoscaler", pulumi.String(policy))
}

// createScalingPolicy has AWS itself keep the group's processors as busy as they should be.
func (c *Cloud) createScalingPolicy(pool cluster.Pool, group *autoscaling.Group) error {
	_, err := autoscaling.NewPolicy(c.ctx, c.name(pool.Name), &autoscaling.PolicyArgs{
		AutoscalingGroupName: group.Name,
		PolicyType:           pulumi.String("TargetTrackingScaling"),
		TargetTrackingConfiguration: &autoscaling.PolicyTargetTrackingConfigurationArgs{
			PredefinedMetricSpecification: &autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs{
				PredefinedMetricType: pulumi.String("ASGAverageCPUUtilization"),
			},
			TargetValue: pulumi.Float64(cluster.TargetCPU),
		},
		// What a machine does while it boots says nothing about the pool's load.
		EstimatedInstanceWarmup: pulumi.Int(warmupSeconds),
	}, c.options()...)
	return err
}
