package aws

import (
	"fmt"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// The types of keys.
const (
	keyType   = "aws:kms/key:Key"
	aliasType = "aws:kms/alias:Alias"
	grantType = "aws:kms/grant:Grant"
	// encryptionType is the account's setting, in each region, that every new disk is encrypted.
	encryptionType = "aws:ebs/encryptionByDefault:EncryptionByDefault"
)

// createEncryption sets the account's own setting.
func createEncryption(c *schema.Call) error {
	c.ID = "terraform-" + c.Store.Hash(c.URN, 26)
	return nil
}

// keepEncryption is stricter than AWS: the provider would switch it off for everybody in the account.
func keepEncryption(c *schema.Call) error {
	return fmt.Errorf("%s is a setting of the account: others' new disks would no longer be encrypted; retain it", c.ID)
}

// createKey creates a key. A deleted one waits for its window to pass and decrypts nothing meanwhile: the store forgets
// it at once, and reports the machines whose disks it encrypted.
func createKey(c *schema.Call) error {
	h := c.Store.Hash(c.URN, 32)
	c.ID = fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
	c.State["keyId"], c.State["arn"] = c.ID, arn("kms", c.Region, "key/"+c.ID)
	return checkKeyPolicy(c)
}

func checkKeyPolicy(c *schema.Call) error {
	policy := c.State.String("policy")
	if policy == "" {
		return nil
	}
	if _, err := readPolicy(c, policy, 32768, "MalformedPolicyDocumentException: Policy contains a statement with "+
		"one or more invalid principals"); err != nil {
		return err
	}
	// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#allow-iam-policies
	if !strings.Contains(policy, ":root") {
		return fmt.Errorf("MalformedPolicyDocumentException: The new key policy will not allow you to update the " +
			"key policy in the future")
	}
	return nil
}

// findKey looks a key up as KMS does: by id, by ARN, by alias or by an alias' ARN.
func findKey(c *schema.Call, id string) (*store.Resource, error) {
	short := id
	if strings.HasPrefix(id, "arn:") {
		parts := strings.SplitN(id, ":", 6)
		if len(parts) < 6 || parts[3] != c.Region {
			return nil, fmt.Errorf("NotFoundException: Invalid arn %s: the key must be in %s", id, c.Region)
		}
		short = strings.TrimPrefix(parts[5], "key/")
	}
	if alias := c.Store.Get(aliasType, c.Region, short); alias != nil {
		short = strings.TrimPrefix(alias.State.String("targetKeyId"), arn("kms", c.Region, "key/"))
	}
	if key := c.Store.Get(keyType, c.Region, short); key != nil {
		return key, nil
	}
	return nil, fmt.Errorf("NotFoundException: Key '%s' does not exist", id)
}

func createAlias(c *schema.Call) error {
	c.ID = c.State.String("name")
	if strings.HasPrefix(c.ID, "alias/aws/") {
		return fmt.Errorf("NotAuthorizedException: %s: the prefix alias/aws/ is reserved for AWS", c.ID)
	}
	if c.Store.Get(aliasType, c.Region, c.ID) != nil {
		return fmt.Errorf("AlreadyExistsException: An alias with the name %s already exists",
			arn("kms", c.Region, c.ID))
	}
	c.State["arn"] = arn("kms", c.Region, c.ID)
	return resolveAlias(c)
}

func resolveAlias(c *schema.Call) error {
	key, err := findKey(c, c.State.String("targetKeyId"))
	if err != nil {
		return err
	}
	c.State["targetKeyArn"] = key.State.String("arn")
	return nil
}

func createGrant(c *schema.Call) error {
	key, err := findKey(c, c.State.String("keyId"))
	if err != nil {
		return err
	}
	c.State["grantId"] = c.Store.Hash(c.URN, 64)
	c.State["grantToken"] = c.Store.Hash(c.URN+" token", 64)
	c.ID = key.ID + ":" + c.State.String("grantId")
	return nil
}

// diskFault returns why a machine would not start again after it stops; empty if it would. A running machine does not
// notice.
// https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html#deleting-keys-how-it-works
func diskFault(st *store.Store, machine *store.Resource) string {
	key := machine.State.Object("rootBlockDevice").String("kmsKeyId")
	_, id, named := strings.Cut(key, ":key/")
	if !named || st.Get(keyType, machine.Region, id) != nil {
		return ""
	}
	return fmt.Sprintf("the key of its disk, %s, is pending deletion: the machine does not start again", key)
}

// checkDiskKey looks for the key of a disk, which only an encrypted disk can have.
func checkDiskKey(c *schema.Call, id string, encrypted bool) error {
	if id == "" {
		return nil
	}
	if !encrypted {
		return fmt.Errorf("InvalidParameterDependency: The parameter KmsKeyId requires the parameter Encrypted to " +
			"be set")
	}
	key, err := findKey(c, id)
	if err != nil {
		return err
	}
	return usable(key)
}

// usable refuses a key that is switched off. https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
func usable(key *store.Resource) error {
	if key.State.Has("isEnabled") && !key.State.Bool("isEnabled") {
		return fmt.Errorf("Client.InvalidKMSKey.InvalidState: the KMS key %s is disabled", key.ID)
	}
	return nil
}

// scalingRole is the role by which scaling groups start machines, in every account.
const scalingRole = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"

// checkKey looks for the key of the disks of a group's machines. Their policy or a grant must let the groups' own role
// use it: the account's administrators cannot lend it their rights.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func (g *group) checkKey() error {
	for _, mapping := range g.template.Objects("blockDeviceMappings") {
		id := mapping.Object("ebs").String("kmsKeyId")
		if id == "" {
			continue
		}
		key, err := findKey(g.call, id)
		if err != nil {
			return fmt.Errorf("Client.InvalidKMSKey.InvalidState: %w", err)
		}
		if err := usable(key); err != nil {
			return err
		}
		role := arn("iam", "", scalingRole)
		granted := g.call.Store.Find(grantType, g.call.Region, func(r *store.Resource) bool {
			return strings.HasPrefix(r.ID, key.ID+":") && r.State.String("granteePrincipal") == role
		})
		if granted == nil && !allows(key.State.String("policy"), request{action: "kms:CreateGrant", role: role}) {
			// A group goes on trying.
			return schema.Temporary(fmt.Errorf("Client.InternalError: Client error on launch: "+
				"AWSServiceRoleForAutoScaling may not use the KMS key %s", key.ID))
		}
	}
	return nil
}
