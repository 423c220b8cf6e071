package aws

import (
	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
)

// The types that Existing looks for.
const (
	securityGroupToken = "aws:ec2/securityGroup:SecurityGroup"
	instanceToken      = "aws:ec2/instance:Instance"
)

// Existing looks for the control planes' security group, which every cluster has, and for named machines, by their tag
// Name. Names by Pulumi have random digits, so that a second cluster of the same name would be created without an
// error.
func (c *Cloud) Existing(known cloud.Known, machines []string) ([]cloud.Found, error) {
	var found []cloud.Found
	if group := c.name(controlPlane); !known(securityGroupToken, group) {
		groups, err := ec2.GetSecurityGroups(
			c.ctx,
			&ec2.GetSecurityGroupsArgs{Tags: map[string]string{"Name": group}},
			c.lookup()...)
		if err != nil {
			return nil, err
		}
		for _, id := range groups.Ids {
			found = append(found, cloud.Found{Type: securityGroupToken, Name: group, ID: id, Marker: true})
		}
	}
	unknown := known.Unknown(instanceToken, machines)
	if len(unknown) == 0 {
		return found, nil
	}
	// One question for all of them; only where the answer is yes, one for each says which.
	if ids, err := c.instancesNamed(unknown...); err != nil || len(ids) == 0 {
		return found, err
	}
	for _, name := range unknown {
		ids, err := c.instancesNamed(name)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			found = append(found, cloud.Found{Type: instanceToken, Name: name, ID: id})
		}
	}
	return found, nil
}

func (c *Cloud) instancesNamed(names ...string) ([]string, error) {
	instances, err := ec2.GetInstances(c.ctx, &ec2.GetInstancesArgs{
		Filters: []ec2.GetInstancesFilter{{Name: "tag:Name", Values: names}},
		// A terminated machine is listed for an hour, and is none.
		InstanceStateNames: []string{"pending", "running", "stopping", "stopped"},
	}, c.lookup()...)
	if err != nil {
		return nil, err
	}
	return instances.Ids, nil
}
