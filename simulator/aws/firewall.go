package aws

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// The types of the firewall.
const (
	securityGroupType = "aws:ec2/securityGroup:SecurityGroup"
	defaultGroupType  = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	ingressType       = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressType        = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
)

var groupNamePattern = regexp.MustCompile(`^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]+$`)

func checkGroupName(c *schema.Call) []schema.Problem {
	name := c.Inputs.String("name")
	switch {
	case len(name) >= 3 && name[:3] == "sg-":
		return schema.Refuse("name", "%q cannot begin with sg-", name)
	case name != "" && !groupNamePattern.MatchString(name):
		return schema.Refuse("name", "%q has characters that EC2 does not allow", name)
	}
	return nil
}

func createSecurityGroup(c *schema.Call) error {
	vpc := c.State.String("vpcId")
	if _, err := find(c, vpcType, vpc, "InvalidVpcID.NotFound", "vpc ID"); err != nil {
		return err
	}
	if c.State.String("name") == "default" {
		return fmt.Errorf("InvalidParameterValue: Cannot use reserved security group name: default")
	}
	for _, other := range users(c, "vpcId", vpc, securityGroupType) {
		if other.State.String("name") == c.State.String("name") {
			return fmt.Errorf("InvalidGroup.Duplicate: The security group '%s' already exists for VPC '%s'",
				c.State.String("name"), vpc)
		}
	}
	return nil
}

func deleteSecurityGroup(c *schema.Call) error {
	left := users(c, "vpcSecurityGroupIds", c.ID, instanceType)
	left = append(left, users(c, "securityGroups", c.ID, interfaceType, loadBalancerType)...)
	for _, rule := range users(c, "referencedSecurityGroupId", c.ID, ingressType, egressType) {
		if rule.State.String("securityGroupId") != c.ID {
			left = append(left, rule)
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("DependencyViolation: resource %s has a dependent object: %s", c.ID, names(left))
	}
	// The rules are deleted with the group.
	for _, rule := range users(c, "securityGroupId", c.ID, ingressType, egressType) {
		c.Store.Remove(rule)
	}
	return nil
}

func adoptDefaultGroup(c *schema.Call) error {
	vpc, err := find(c, vpcType, c.State.String("vpcId"), "InvalidVpcID.NotFound", "vpc ID")
	if err != nil {
		return err
	}
	c.ID = vpc.State.String("defaultSecurityGroupId")
	c.State["name"], c.State["description"] = "default", "default VPC security group"
	return nil
}

var rulePeers = []string{"cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"}

func checkRule(c *schema.Call) []schema.Problem {
	hasPorts := c.Inputs.Has("fromPort") || c.Inputs.Has("toPort")
	switch c.Inputs.String("ipProtocol") {
	case "-1", "all":
		if hasPorts {
			return schema.Refuse("fromPort", "must not be given with ipProtocol -1, which means all ports")
		}
	case "tcp", "udp":
		low, high := c.Inputs.Int("fromPort"), c.Inputs.Int("toPort")
		if !c.Inputs.Has("fromPort") || !c.Inputs.Has("toPort") || low > high {
			return schema.Refuse("fromPort", "invalid TCP/UDP port range (%d:%d)", low, high)
		}
	}
	return nil
}

func createRule(c *schema.Call) error {
	if err := checkPeer(c); err != nil {
		return err
	}
	siblings := users(c, "securityGroupId", c.State.String("securityGroupId"), c.Token)
	for _, other := range siblings {
		same := !slices.ContainsFunc(append(rulePeers, "ipProtocol", "fromPort", "toPort"),
			func(name string) bool { return other.State[name] != c.State[name] })
		if same {
			return fmt.Errorf("InvalidPermission.Duplicate: the specified rule already exists: %s", other.ID)
		}
	}
	// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
	if len(siblings) >= 60 {
		return fmt.Errorf("RulesPerSecurityGroupLimitExceeded: The maximum number of rules per security group has " +
			"been reached")
	}
	return nil
}

// checkPeer checks that the rule's group and the group at its other end exist in the same network.
func checkPeer(c *schema.Call) error {
	vpc, err := vpcOfGroup(c, c.State.String("securityGroupId"))
	if err != nil {
		return err
	}
	if cidr := c.State.String("cidrIpv4"); cidr != "" {
		_, err := parseCIDR(cidr)
		return err
	}
	if id := c.State.String("referencedSecurityGroupId"); id != "" {
		other, err := vpcOfGroup(c, id)
		if err != nil {
			return err
		}
		if other != vpc {
			return fmt.Errorf("InvalidGroup.NotFound: You have specified two resources that belong to different "+
				"networks: %s, %s", c.State.String("securityGroupId"), id)
		}
	}
	return nil
}

// vpcOfGroup returns the network of a security group, be it a network's default one.
func vpcOfGroup(c *schema.Call, id string) (string, error) {
	if group := c.Store.Get(securityGroupType, c.Region, id); group != nil {
		return group.State.String("vpcId"), nil
	}
	if vpc := c.Store.Find(vpcType, c.Region, func(r *store.Resource) bool {
		return r.State.String("defaultSecurityGroupId") == id
	}); vpc != nil {
		return vpc.ID, nil
	}
	return "", fmt.Errorf("InvalidGroup.NotFound: The security group '%s' does not exist", id)
}

// checkGroups checks that security groups exist in the network.
func checkGroups(c *schema.Call, groups []string, vpc string) error {
	for _, id := range groups {
		other, err := vpcOfGroup(c, id)
		if err != nil {
			return err
		}
		if other != vpc {
			return fmt.Errorf("InvalidParameter: Security group %s and network %s belong to different networks", id,
				vpc)
		}
	}
	return nil
}
