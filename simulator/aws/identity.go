package aws

import (
	"fmt"
	"strings"

	. "github.com/inferadb/infra/simulator/catalogue" //lint:ignore ST1001 the tables read as tables
	"github.com/inferadb/infra/simulator/world"
)

// The types of identities.
const (
	roleType             = "aws:iam/role:Role"
	rolePolicyType       = "aws:iam/rolePolicy:RolePolicy"
	policyAttachmentType = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	profileType          = "aws:iam/instanceProfile:InstanceProfile"
	policyType           = "aws:iam/policy:Policy"
	oidcProviderType     = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
)

// Names of IAM: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const identityName = `^[\w+=,.@-]+$`

var identityResources = []Resource{
	{
		Token: roleType, Global: true,
		Name: &Autoname{Property: "name", MaxLength: 64},
		Fields: Fields{
			"name": String(Computed, Replaces, MaxLength(64), Matching(identityName), Conflicts("namePrefix")), "namePrefix": String(Computed, Replaces, MaxLength(38), Conflicts("name")),
			"assumeRolePolicy": String(Required, JSON), "description": String(MaxLength(1000), Matching(`^[\x{0009}\x{000A}\x{000D}\x{0020}-\x{007E}\x{00A1}-\x{00FF}]*$`)),
			"maxSessionDuration": Number(Default(3600.0), Between(3600, 43200)), "path": String(Default("/"), Replaces), "permissionsBoundary": String(), "forceDetachPolicies": Bool(Default(false)),
		}.With(tags, Outputs("arn", "uniqueId", "createDate")),
		Create: createRole, Update: checkTrust, Delete: deleteRole,
	},
	{
		Token: rolePolicyType, Global: true,
		Name: &Autoname{Property: "name", MaxLength: 128},
		Fields: Fields{
			"name": String(Computed, Replaces, MaxLength(128), Matching(identityName), Conflicts("namePrefix")), "namePrefix": String(Computed, Replaces, Conflicts("name")),
			"role": String(Required, Replaces), "policy": String(Required, JSON),
		},
		Create: createRolePolicy, Update: checkRolePolicy,
	},
	{
		Token: policyAttachmentType, Global: true,
		Fields: Fields{"role": String(Required, Replaces), "policyArn": String(Required, Replaces, Matching(`^arn:aws:iam::(aws|\d{12}):policy/.+`))},
		Create: createPolicyAttachment, Import: importPolicyAttachment,
	},
	{
		Token: policyType, Global: true,
		Name: &Autoname{Property: "name", MaxLength: 128},
		Fields: Fields{
			"name": String(Computed, Replaces, MaxLength(128), Matching(identityName), Conflicts("namePrefix")), "namePrefix": String(Computed, Replaces, Conflicts("name")),
			"description": String(Replaces, MaxLength(1000)), "path": String(Default("/"), Replaces), "policy": String(Required, JSON),
		}.With(tags, Outputs("arn", "policyId"), Fields{"attachmentCount": Number(Output)}),
		Create: createPolicy, Update: checkManagedPolicy, Delete: deletePolicy,
	},
	{
		Token: oidcProviderType, Global: true,
		Fields: Fields{
			"url": String(Required, Replaces, Matching(`^https://`), MaxLength(255)), "clientIdLists": List(String(MaxLength(255)), Required, Unordered, MaxLength(100)),
			"thumbprintLists": List(String(Matching(`^[0-9a-fA-F]{40}$`)), Computed, MaxLength(5)),
		}.With(tags, Outputs("arn")),
		Create: createOIDCProvider,
	},
	{
		Token: profileType, Global: true,
		Name: &Autoname{Property: "name", MaxLength: 128},
		Fields: Fields{
			"name": String(Computed, Replaces, MaxLength(128), Matching(identityName), Conflicts("namePrefix")), "namePrefix": String(Computed, Replaces, Conflicts("name")),
			"role": String(), "path": String(Default("/"), Replaces),
		}.With(tags, Outputs("arn", "uniqueId", "createDate")),
		Create: createProfile, Update: checkProfileRole,
	},
}

// birthday stands for every date of creation: the world has no clock, so that runs repeat.
const birthday = "2025-01-01T00:00:00Z"

func createRole(c *Call) error {
	c.ID = c.State.String("name")
	if c.World.Get(roleType, "", c.ID) != nil {
		return fmt.Errorf("EntityAlreadyExists: Role with name %s already exists", c.ID)
	}
	c.State["arn"] = arn("iam", "", "role"+c.State.String("path")+c.ID)
	c.State["uniqueId"], c.State["createDate"] = "AROA"+strings.ToUpper(c.World.Hash(c.URN, 17)), birthday
	return checkTrust(c)
}

func checkTrust(c *Call) error {
	_, err := readPolicy(c, c.State.String("assumeRolePolicy"), 2048, "MalformedPolicyDocument: Invalid principal in policy")
	return err
}

func deleteRole(c *Call) error {
	policies := c.World.Select(func(r *world.Resource) bool {
		return (r.Type == policyAttachmentType || r.Type == rolePolicyType) && r.State.String("role") == c.ID
	})
	if len(policies) > 0 && !c.State.Bool("forceDetachPolicies") {
		return fmt.Errorf("DeleteConflict: Cannot delete entity, must detach all policies first: %s", names(policies))
	}
	for _, policy := range policies {
		c.World.Remove(policy)
	}
	profiles := c.World.Select(func(r *world.Resource) bool { return r.Type == profileType && r.State.String("role") == c.ID })
	if len(profiles) > 0 {
		return fmt.Errorf("DeleteConflict: Cannot delete entity, must remove roles from instance profile first: %s", names(profiles))
	}
	return nil
}

func createRolePolicy(c *Call) error {
	c.ID = c.State.String("role") + ":" + c.State.String("name")
	return checkRolePolicy(c)
}

func checkRolePolicy(c *Call) error {
	if _, err := find(c, roleType, c.State.String("role"), "NoSuchEntity", "role with name"); err != nil {
		return err
	}
	return checkPolicy(c.State.String("policy"), 10240)
}

func createPolicyAttachment(c *Call) error {
	role, policy := c.State.String("role"), c.State.String("policyArn")
	c.ID = role + "-" + c.World.Hash(c.URN, 20)
	if strings.HasPrefix(policy, arn("iam", "", "policy/")) {
		if _, err := find(c, policyType, policy, "NoSuchEntity", "policy"); err != nil {
			return err
		}
	}
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities
	attached := c.World.Select(func(r *world.Resource) bool { return r.Type == policyAttachmentType && r.State.String("role") == role })
	if len(attached) >= 10 {
		return fmt.Errorf("LimitExceeded: Cannot exceed quota for PoliciesPerRole: 10")
	}
	_, err := find(c, roleType, role, "NoSuchEntity", "role with name")
	return err
}

// importPolicyAttachment finds an attachment by "role/policy": its own id is the provider's invention.
func importPolicyAttachment(w *world.World, id string) *world.Resource {
	return w.Find(policyAttachmentType, "", func(r *world.Resource) bool { return r.State.String("role")+"/"+r.State.String("policyArn") == id })
}

func createPolicy(c *Call) error {
	c.ID = arn("iam", "", "policy"+c.State.String("path")+c.State.String("name"))
	if c.World.Get(policyType, "", c.ID) != nil {
		return fmt.Errorf("EntityAlreadyExists: A policy called %s already exists", c.State.String("name"))
	}
	c.State["arn"], c.State["policyId"], c.State["attachmentCount"] = c.ID, "ANPA"+strings.ToUpper(c.World.Hash(c.URN, 17)), 0.0
	return checkManagedPolicy(c)
}

func checkManagedPolicy(c *Call) error { return checkPolicy(c.State.String("policy"), 6144) }

func deletePolicy(c *Call) error {
	attached := c.World.Select(func(r *world.Resource) bool {
		return r.Type == policyAttachmentType && r.State.String("policyArn") == c.ID
	})
	if len(attached) > 0 {
		return fmt.Errorf("DeleteConflict: Cannot delete a policy attached to entities: %s", names(attached))
	}
	return nil
}

// createOIDCProvider: an account has one provider for each URL.
func createOIDCProvider(c *Call) error {
	c.ID = arn("iam", "", "oidc-provider/"+strings.TrimPrefix(c.State.String("url"), "https://"))
	if c.World.Get(oidcProviderType, "", c.ID) != nil {
		return fmt.Errorf("EntityAlreadyExists: Provider with url %s already exists", c.State.String("url"))
	}
	c.State["arn"] = c.ID
	if !c.State.Has("thumbprintLists") {
		c.State["thumbprintLists"] = world.List()
	}
	return nil
}

func createProfile(c *Call) error {
	c.ID = c.State.String("name")
	if c.World.Get(profileType, "", c.ID) != nil {
		return fmt.Errorf("EntityAlreadyExists: Instance Profile %s already exists", c.ID)
	}
	c.State["arn"] = arn("iam", "", "instance-profile"+c.State.String("path")+c.ID)
	c.State["uniqueId"], c.State["createDate"] = "AIPA"+strings.ToUpper(c.World.Hash(c.URN, 17)), birthday
	return checkProfileRole(c)
}

func checkProfileRole(c *Call) error {
	if !c.State.Has("role") {
		return nil
	}
	_, err := find(c, roleType, c.State.String("role"), "NoSuchEntity", "role with name")
	return err
}

// checkProfile looks for the instance profile that a machine is to have, if any.
func checkProfile(c *Call, name string) error {
	if name == "" {
		return nil
	}
	if profile := c.World.Get(profileType, "", name); profile != nil {
		// The provider tries again for two minutes, for machines and for groups:
		// https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/ec2/ec2_instance.go
		// https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/autoscaling/group.go
		if err := Known(profile, "InvalidParameterValue: Value (%s) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", name); err != nil {
			return err
		}
		if c.World.Get(roleType, "", profile.State.String("role")) == nil {
			return fmt.Errorf("InvalidParameterValue: IAM Instance Profile %q has no associated IAM Roles", profile.State.String("arn"))
		}
		return nil
	}
	return fmt.Errorf("InvalidParameterValue: Value (%s) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", name)
}
