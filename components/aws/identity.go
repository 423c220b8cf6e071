package aws

import (
	"fmt"

	"github.com/inferadb/infra/iampolicy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// identities are the role of each kind of node, and the profile that hands it out.
type identities struct {
	roles    map[string]*iam.Role
	profiles map[string]*iam.InstanceProfile
}

// createIdentities makes a role for control planes and one for workers. Talos needs no permission, and each workload
// gets its permissions in a policy of its own. Workers of scaling groups have the permissions for draining and scaling.
func (c *Cloud) createIdentities() (identities, error) {
	// Only EC2 can assume these roles, for machines with their profile.
	assumed, err := iampolicy.JSON(
		iampolicy.Allow("sts:AssumeRole").WithPrincipal(iampolicy.Principal{Service: []string{"ec2.amazonaws.com"}}),
	)
	if err != nil {
		return identities{}, err
	}
	made := identities{roles: map[string]*iam.Role{}, profiles: map[string]*iam.InstanceProfile{}}
	for _, role := range []string{controlPlane, worker} {
		identity, err := iam.NewRole(c.ctx, c.name(role), &iam.RoleArgs{
			Description:      pulumi.Sprintf("%s nodes of %s", role, c.cluster.Name),
			AssumeRolePolicy: pulumi.String(assumed),
			Tags:             c.nameTags(role),
		}, c.options()...)
		if err != nil {
			return identities{}, err
		}
		profile, err := iam.NewInstanceProfile(c.ctx, c.name(role), &iam.InstanceProfileArgs{
			Role: identity.Name, Tags: c.nameTags(role),
		}, c.options()...)
		if err != nil {
			return identities{}, err
		}
		made.roles[role], made.profiles[role] = identity, profile
	}
	return made, nil
}

// lookUpAccount asks AWS for the number of the account.
func (c *Cloud) lookUpAccount() pulumi.StringOutput {
	return aws.GetCallerIdentityOutput(c.ctx, aws.GetCallerIdentityOutputArgs{}, c.lookup()...).AccountId()
}

// permitFlowLogs makes the role by which the network's flow logs, and those of no other account, write into their
// group. It may not make a group: a record that comes late would bring back one that is deleted.
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
func (c *Cloud) permitFlowLogs(group *cloudwatch.LogGroup) (*iam.Role, *iam.RolePolicy, error) {
	account := c.account()
	role, err := iam.NewRole(c.ctx, c.name("flow-logs"), &iam.RoleArgs{
		Description: pulumi.Sprintf("Flow logs of %s", c.cluster.Name),
		AssumeRolePolicy: account.ApplyT(func(account string) (string, error) {
			return iampolicy.JSON(iampolicy.Allow("sts:AssumeRole").WithPrincipal(iampolicy.Principal{Service: []string{"vpc-flow-logs.amazonaws.com"}}).
				WithCondition("StringEquals", "aws:SourceAccount", account).
				WithCondition("ArnLike", "aws:SourceArn",
					fmt.Sprintf("arn:aws:ec2:%s:%s:vpc-flow-log/*", c.cluster.Location.Region, account)))
		}).(pulumi.StringOutput),
		Tags: c.nameTags("flow-logs"),
	}, c.options()...)
	if err != nil {
		return nil, nil, err
	}
	policy, err := iam.NewRolePolicy(c.ctx, c.name("flow-logs"), &iam.RolePolicyArgs{
		Role: role.Name,
		Policy: group.Arn.ApplyT(func(group string) (string, error) {
			return iampolicy.JSON(iampolicy.Allow(
				"logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
			).OnResources(group, group+":*"))
		}).(pulumi.StringOutput),
	}, c.options()...)
	return role, policy, err
}

// attachWorkerPolicy lets workers do what a component in the cluster needs. A pod acts as its node only if it shares
// the node's network: the metadata service answers over one hop.
func (p prepared) attachWorkerPolicy(component string, policy pulumi.StringInput) error {
	_, err := iam.NewRolePolicy(p.ctx, p.name(component), &iam.RolePolicyArgs{
		Role: p.roles[worker].Name, Policy: policy,
	}, p.options()...)
	return err
}
