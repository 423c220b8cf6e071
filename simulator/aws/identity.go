package aws

import (
	"fmt"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
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

func createRole(c *schema.Call) error {
	c.ID = c.State.String("name")
	if c.Store.Get(roleType, "", c.ID) != nil {
		return fmt.Errorf("EntityAlreadyExists: Role with name %s already exists", c.ID)
	}
	c.State["arn"] = arn("iam", "", "role/"+c.ID)
	return checkTrust(c)
}

func checkTrust(c *schema.Call) error {
	_, err := readPolicy(c, c.State.String("assumeRolePolicy"), 2048,
		"MalformedPolicyDocument: Invalid principal in policy")
	return err
}

func deleteRole(c *schema.Call) error {
	policies := c.Store.Select(func(r *store.Resource) bool {
		return (r.Type == policyAttachmentType || r.Type == rolePolicyType) && r.State.String("role") == c.ID
	})
	if len(policies) > 0 {
		return fmt.Errorf("DeleteConflict: Cannot delete entity, must detach all policies first: %s", names(policies))
	}
	profiles := c.Store.Select(func(r *store.Resource) bool {
		return r.Type == profileType &&
			r.State.String("role") == c.ID
	})
	if len(profiles) > 0 {
		return fmt.Errorf("DeleteConflict: Cannot delete entity, must remove roles from instance profile first: %s",
			names(profiles))
	}
	return nil
}

func createRolePolicy(c *schema.Call) error {
	c.ID = c.State.String("role") + ":" + c.State.String("name")
	return checkRolePolicy(c)
}

func checkRolePolicy(c *schema.Call) error {
	if _, err := find(c, roleType, c.State.String("role"), "NoSuchEntity", "role with name"); err != nil {
		return err
	}
	return checkPolicy(c.State.String("policy"), 10240)
}

func createPolicyAttachment(c *schema.Call) error {
	role, policy := c.State.String("role"), c.State.String("policyArn")
	c.ID = role + "-" + c.Store.Hash(c.URN, 20)
	if strings.HasPrefix(policy, arn("iam", "", "policy/")) {
		if _, err := find(c, policyType, policy, "NoSuchEntity", "policy"); err != nil {
			return err
		}
	}
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities
	attached := c.Store.Select(func(r *store.Resource) bool {
		return r.Type == policyAttachmentType &&
			r.State.String("role") == role
	})
	if len(attached) >= 10 {
		return fmt.Errorf("LimitExceeded: Cannot exceed quota for PoliciesPerRole: 10")
	}
	_, err := find(c, roleType, role, "NoSuchEntity", "role with name")
	return err
}

// importPolicyAttachment finds an attachment by "role/policy": its own id is the provider's invention.
func importPolicyAttachment(st *store.Store, id string) *store.Resource {
	return st.Find(policyAttachmentType, "", func(r *store.Resource) bool {
		return r.State.String("role")+"/"+r.State.String("policyArn") == id
	})
}

func createPolicy(c *schema.Call) error {
	c.ID = arn("iam", "", "policy/"+c.State.String("name"))
	if c.Store.Get(policyType, "", c.ID) != nil {
		return fmt.Errorf("EntityAlreadyExists: A policy called %s already exists", c.State.String("name"))
	}
	c.State["arn"] = c.ID
	return checkManagedPolicy(c)
}

func checkManagedPolicy(c *schema.Call) error { return checkPolicy(c.State.String("policy"), 6144) }

func deletePolicy(c *schema.Call) error {
	attached := c.Store.Select(func(r *store.Resource) bool {
		return r.Type == policyAttachmentType && r.State.String("policyArn") == c.ID
	})
	if len(attached) > 0 {
		return fmt.Errorf("DeleteConflict: Cannot delete a policy attached to entities: %s", names(attached))
	}
	return nil
}

// createOIDCProvider creates an identity provider. An account has one for each URL.
func createOIDCProvider(c *schema.Call) error {
	c.ID = arn("iam", "", "oidc-provider/"+strings.TrimPrefix(c.State.String("url"), "https://"))
	if c.Store.Get(oidcProviderType, "", c.ID) != nil {
		return fmt.Errorf("EntityAlreadyExists: Provider with url %s already exists", c.State.String("url"))
	}
	c.State["arn"] = c.ID
	return nil
}

func createProfile(c *schema.Call) error {
	c.ID = c.State.String("name")
	if c.Store.Get(profileType, "", c.ID) != nil {
		return fmt.Errorf("EntityAlreadyExists: Instance Profile %s already exists", c.ID)
	}
	c.State["arn"] = arn("iam", "", "instance-profile/"+c.ID)
	return checkProfileRole(c)
}

func checkProfileRole(c *schema.Call) error {
	if !c.State.Has("role") {
		return nil
	}
	_, err := find(c, roleType, c.State.String("role"), "NoSuchEntity", "role with name")
	return err
}

// checkProfile looks for the instance profile that a machine is to have, if any.
func checkProfile(c *schema.Call, name string) error {
	if name == "" {
		return nil
	}
	if profile := c.Store.Get(profileType, "", name); profile != nil {
		// The provider tries again for two minutes, for machines and for groups:
		// https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/ec2/ec2_instance.go
		// https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/autoscaling/group.go
		if err := schema.Known(profile, "InvalidParameterValue: Value (%s) for parameter "+
			"iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", name); err != nil {
			return err
		}
		if c.Store.Get(roleType, "", profile.State.String("role")) == nil {
			return fmt.Errorf("InvalidParameterValue: IAM Instance Profile %q has no associated IAM Roles",
				profile.State.String("arn"))
		}
		return nil
	}
	return fmt.Errorf("InvalidParameterValue: Value (%s) for parameter iamInstanceProfile.name is invalid. Invalid "+
		"IAM Instance Profile name", name)
}
