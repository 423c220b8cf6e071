package aws

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/inferadb/infra/config"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// diskOperations are what EC2 does with the key of an encrypted disk:
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html#ebs-encryption-permissions
var diskOperations = []string{
	"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey",
}

// createDiskKey settles which key encrypts the disks: the user's, one made for the cluster, or the account's own.
func (c *Cloud) createDiskKey() error {
	key := c.cluster.EncryptionKey
	switch {
	case key.ID != "":
		c.diskKey = pulumi.String(key.ID)
		return c.grantDiskKey(key.ID)
	case key.Managed:
		return c.createManagedKey()
	}
	return nil
}

// grantDiskKey lets the Auto Scaling service use a key that it did not know: without the grant no machine of a group starts.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func (c *Cloud) grantDiskKey(id string) error {
	if !slices.ContainsFunc(c.cluster.Pools, config.Pool.Elastic) {
		return nil
	}
	account := aws.GetCallerIdentityOutput(c.ctx, aws.GetCallerIdentityOutputArgs{}, c.lookup()...).AccountId()
	_, err := kms.NewGrant(c.ctx, c.name("autoscaling"), &kms.GrantArgs{
		KeyId:            pulumi.String(id),
		GranteePrincipal: pulumi.Sprintf("arn:aws:iam::%s:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", account),
		Operations: pulumi.ToStringArray([]string{
			"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant",
		}),
	}, c.options()...)
	return err
}

func (c *Cloud) createManagedKey() error {
	account := aws.GetCallerIdentityOutput(c.ctx, aws.GetCallerIdentityOutputArgs{}, c.lookup()...).AccountId()
	key, err := kms.NewKey(c.ctx, c.name("disks"), &kms.KeyArgs{
		Description:       pulumi.Sprintf("Disks of %s", c.cluster.Name),
		EnableKeyRotation: pulumi.Bool(true),
		// The longest window that AWS offers: a deleted key takes every disk and snapshot with it.
		DeletionWindowInDays: pulumi.Int(30),
		Policy:               account.ApplyT(c.diskKeyPolicy).(pulumi.StringOutput),
		Tags:                 c.named("disks"),
	}, c.options(pulumi.Protect(c.cluster.Protected))...)
	if err != nil {
		return err
	}
	c.diskKey = key.Arn
	_, err = kms.NewAlias(c.ctx, c.name("disks"), &kms.AliasArgs{
		Name:        pulumi.String("alias/" + c.name("disks")),
		TargetKeyId: key.KeyId,
	}, c.options()...)
	return err
}

// diskKeyPolicy leaves the key's management to the account's IAM, and its use to whoever in the account starts machines
// (the Auto Scaling service among them), through EC2 only. This is how AWS guards its own key for EBS; naming the service's
// role instead would fail in an account where no group has been made yet.
func (c *Cloud) diskKeyPolicy(account string) (string, error) {
	policy, err := json.Marshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": []map[string]any{
			{
				"Sid": "Account", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
				"Principal": map[string]string{"AWS": fmt.Sprintf("arn:aws:iam::%s:root", account)},
			},
			{
				"Sid": "DisksThroughEC2", "Effect": "Allow", "Action": diskOperations, "Resource": "*",
				"Principal": map[string]string{"AWS": "*"},
				"Condition": map[string]any{"StringEquals": map[string]string{
					"kms:CallerAccount": account,
					"kms:ViaService":    fmt.Sprintf("ec2.%s.amazonaws.com", c.cluster.Location.Region),
				}},
			},
		},
	})
	return string(policy), err
}
