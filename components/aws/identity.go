package aws

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ec2Assumes lets EC2 hand a role to a machine.
const ec2Assumes = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// createIdentities makes a role for control planes and one for workers. They hold no permission: Talos needs none, and
// what a workload needs is attached for that workload alone.
func (c *Cloud) createIdentities() error {
	c.profiles = map[string]*iam.InstanceProfile{}
	for _, role := range []string{controlPlane, worker} {
		identity, err := iam.NewRole(c.ctx, c.name(role), &iam.RoleArgs{
			Description:      pulumi.Sprintf("%s nodes of %s", role, c.cluster.Name),
			AssumeRolePolicy: pulumi.String(ec2Assumes),
			Tags:             c.named(role),
		}, c.options()...)
		if err != nil {
			return err
		}
		profile, err := iam.NewInstanceProfile(c.ctx, c.name(role), &iam.InstanceProfileArgs{
			Role: identity.Name, Tags: c.named(role),
		}, c.options()...)
		if err != nil {
			return err
		}
		c.profiles[role] = profile
	}
	return nil
}
