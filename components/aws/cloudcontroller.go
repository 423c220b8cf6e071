package aws

import (
	"fmt"
	"strings"

	"github.com/inferadb/infra/iampolicy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// clusterTag marks what a cluster's controllers may change:
// https://cloud-provider-aws.sigs.k8s.io/prerequisites/
func (c *Cloud) clusterTag() string { return "kubernetes.io/cluster/" + c.cluster.Name }

// driverTag is on the volumes and snapshots of the EBS driver, and not on the machines' own disks:
// https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/v1.64.0/docs/tagging.md
const driverTag = "ebs.csi.aws.com/cluster"

// permitCloudController gives the control planes the permissions of the cloud controller manager and the EBS driver,
// limited to resources with the cluster's tag. Workers do not get them. Both controllers run on the control planes in
// the host network, because pods cannot reach the metadata service.
func (p prepared) permitCloudController() error {
	if !p.cluster.CloudController {
		return nil
	}
	for _, component := range []struct {
		name       string
		statements func(account string) []iampolicy.Statement
	}{
		{"cloud-controller", p.controllerStatements},
		{"ebs-driver", p.driverStatements},
	} {
		_, err := iam.NewRolePolicy(p.ctx, p.name(component.name), &iam.RolePolicyArgs{
			Role: p.roles[controlPlane].Name,
			Policy: p.account().ApplyT(func(account string) (string, error) {
				return iampolicy.JSON(component.statements(account)...)
			}).(pulumi.StringOutput),
		}, p.options()...)
		if err != nil {
			return err
		}
	}
	return nil
}

// arns returns the ARNs of resources of the account in the cluster's region.
func (c *Cloud) arns(service, account string, resources ...string) []string {
	var arns []string
	for _, resource := range resources {
		arns = append(arns, fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, c.cluster.Location.Region, account, resource))
	}
	return arns
}

// balancerName is how the controller names the load balancer of a service: a letter and most of the service's uid.
// https://github.com/kubernetes/cloud-provider/blob/v0.34.0/cloud.go
var balancerName = "a" + strings.Repeat("?", 31)

// controllerReads are the actions by which the controller looks around.
var controllerReads = []string{
	"ec2:DescribeAvailabilityZones",
	"ec2:DescribeInstances",
	"ec2:DescribeInstanceTopology",
	"ec2:DescribeRegions",
	"ec2:DescribeRouteTables",
	"ec2:DescribeSecurityGroups",
	"ec2:DescribeSubnets",
	"ec2:DescribeVpcs",
	"elasticloadbalancing:DescribeListeners",
	"elasticloadbalancing:DescribeLoadBalancerAttributes",
	"elasticloadbalancing:DescribeLoadBalancerPolicies",
	"elasticloadbalancing:DescribeLoadBalancers",
	"elasticloadbalancing:DescribeTargetGroupAttributes",
	"elasticloadbalancing:DescribeTargetGroups",
	"elasticloadbalancing:DescribeTargetHealth",
}

// controllerChanges are the actions by which the controller changes a load balancer of the cluster.
var controllerChanges = []string{
	"elasticloadbalancing:ApplySecurityGroupsToLoadBalancer",
	"elasticloadbalancing:AttachLoadBalancerToSubnets",
	"elasticloadbalancing:ConfigureHealthCheck",
	"elasticloadbalancing:CreateListener",
	"elasticloadbalancing:CreateLoadBalancerListeners",
	"elasticloadbalancing:CreateLoadBalancerPolicy",
	"elasticloadbalancing:DeleteLoadBalancer",
	"elasticloadbalancing:DeleteLoadBalancerListeners",
	"elasticloadbalancing:DeleteTargetGroup",
	"elasticloadbalancing:DeregisterInstancesFromLoadBalancer",
	"elasticloadbalancing:DeregisterTargets",
	"elasticloadbalancing:DetachLoadBalancerFromSubnets",
	"elasticloadbalancing:ModifyLoadBalancerAttributes",
	"elasticloadbalancing:ModifyTargetGroup",
	"elasticloadbalancing:ModifyTargetGroupAttributes",
	"elasticloadbalancing:RegisterInstancesWithLoadBalancer",
	"elasticloadbalancing:RegisterTargets",
	"elasticloadbalancing:SetLoadBalancerPoliciesForBackendServer",
	"elasticloadbalancing:SetLoadBalancerPoliciesOfListener",
}

// controllerStatements returns the permissions of the cloud controller manager, as its documentation lists them,
// limited to resources with the cluster's tag. Routes, volumes and tags of instances are left out, which it changes
// only if it is configured to.
// https://github.com/kubernetes/cloud-provider-aws/blob/v1.35.0/docs/prerequisites.md#iam-policies
func (c *Cloud) controllerStatements(account string) []iampolicy.Statement {
	balancers := c.arns(
		"elasticloadbalancing",
		account,
		"loadbalancer/"+balancerName,
		"loadbalancer/net/"+balancerName+"/*",
		"targetgroup/*",
	)
	listeners := c.arns("elasticloadbalancing", account, "listener/net/"+balancerName+"/*")
	groups := c.arns("ec2", account, "security-group/*")
	owned := func(s iampolicy.Statement) iampolicy.Statement {
		return s.WithCondition("StringEquals", "aws:ResourceTag/"+c.clusterTag(), "owned")
	}
	return []iampolicy.Statement{
		iampolicy.Allow(controllerReads...).OnResources("*"),
		iampolicy.Allow("ec2:CreateSecurityGroup").
			OnResources(groups...).
			WithCondition("StringEquals", "aws:RequestTag/"+c.clusterTag(), "owned"),
		iampolicy.Allow("ec2:CreateSecurityGroup").OnResources(c.arns("ec2", account, "vpc/*")...),
		iampolicy.Allow("ec2:CreateTags").
			OnResources(groups...).
			WithCondition("StringEquals", "ec2:CreateAction", "CreateSecurityGroup"),
		owned(
			iampolicy.Allow("ec2:AuthorizeSecurityGroupIngress", "ec2:DeleteSecurityGroup",
				"ec2:RevokeSecurityGroupIngress").
				OnResources(groups...),
		),
		iampolicy.Allow("elasticloadbalancing:AddTags", "elasticloadbalancing:CreateLoadBalancer",
			"elasticloadbalancing:CreateTargetGroup").
			OnResources(balancers...).
			WithCondition("StringEquals", "aws:RequestTag/"+c.clusterTag(), "owned"),
		owned(iampolicy.Allow(controllerChanges...).OnResources(balancers...)),
		iampolicy.Allow("elasticloadbalancing:AddTags").
			OnResources(listeners...).
			WithCondition("StringEquals", "aws:RequestTag/"+c.clusterTag(), "owned"),
		owned(
			iampolicy.Allow("elasticloadbalancing:DeleteListener", "elasticloadbalancing:ModifyListener").
				OnResources(listeners...),
		),
	}
}

// driverStatements returns the permissions of the EBS driver, as in its own strict policy: volumes and snapshots that
// carry the driver's tag and the cluster's, which the driver sets with k8sTagClusterId.
// https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/d86545da29321bfc6f0244baaab13568c05e6966/docs/example-iam-policy-strict.json
func (c *Cloud) driverStatements(account string) []iampolicy.Statement {
	volumes, snapshots := c.arns(
		"ec2",
		account,
		"volume/*",
	), []string{
		"arn:aws:ec2:" + c.cluster.Location.Region + "::snapshot/*",
	}
	tagged := func(s iampolicy.Statement, of string) iampolicy.Statement {
		return s.WithCondition("StringEquals", of+driverTag, "true").
			WithCondition("StringEquals", of+c.clusterTag(), "owned")
	}
	const requested, existing = "aws:RequestTag/", "aws:ResourceTag/"
	return []iampolicy.Statement{
		iampolicy.Allow(
			"ec2:DescribeAvailabilityZones",
			"ec2:DescribeInstances",
			"ec2:DescribeSnapshots",
			"ec2:DescribeTags",
			"ec2:DescribeVolumes",
			"ec2:DescribeVolumesModifications",
			"ec2:DescribeVolumeStatus",
		).OnResources("*"),
		tagged(iampolicy.Allow("ec2:CreateVolume").OnResources(volumes...), requested),
		tagged(iampolicy.Allow("ec2:CreateVolume").OnResources(snapshots...), existing),
		tagged(iampolicy.Allow("ec2:CreateSnapshot").OnResources(snapshots...), requested),
		iampolicy.Allow("ec2:CreateTags").OnResources(append(volumes, snapshots...)...).
			WithCondition("StringEquals", "ec2:CreateAction", "CreateVolume", "CreateSnapshot"),
		tagged(
			iampolicy.Allow("ec2:AttachVolume", "ec2:CreateSnapshot", "ec2:DeleteVolume", "ec2:DetachVolume",
				"ec2:ModifyVolume").
				OnResources(volumes...),
			existing,
		),
		iampolicy.Allow("ec2:AttachVolume", "ec2:DetachVolume").OnResources(c.arns("ec2", account, "instance/*")...).
			WithCondition("StringEquals", existing+c.clusterTag(), "owned"),
		tagged(iampolicy.Allow("ec2:DeleteSnapshot").OnResources(snapshots...), existing),
	}
}
