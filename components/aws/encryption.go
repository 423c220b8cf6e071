package aws

import (
	"fmt"
	"slices"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/iampolicy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ebs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// diskOperations are the operations of EC2 with the key of an encrypted disk:
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html#ebs-encryption-permissions
var diskOperations = []string{
	"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey",
}

// createDiskKey returns the key that encrypts the disks: the one of the stack file, one created for the cluster, or nil
// for the key of the account.
func (c *Cloud) createDiskKey() (pulumi.StringPtrInput, error) {
	var diskKey pulumi.StringPtrInput
	key := c.cluster.EncryptionKey
	if key.Managed || key.Kept {
		managed, err := c.createManagedKey()
		if err != nil {
			return nil, err
		}
		if key.Managed {
			diskKey = managed.Arn
		}
	}
	if key.ID == "" {
		return diskKey, nil
	}
	return pulumi.String(key.ID), c.grantDiskKey(key.ID)
}

// encryptNewDisks makes AWS encrypt every disk that is created in the account and region; the disks of the machines ask
// for it themselves. The default key of the account stays the one that AWS manages, because the cluster's key is
// deleted with the cluster.
func (c *Cloud) encryptNewDisks() error {
	if !c.cluster.EBSEncryptionByDefault {
		return nil
	}
	// The provider switches the setting off when the resource is deleted
	// (https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/ec2/ebs_encryption_by_default.go),
	// and others share the account: Pulumi forgets it instead.
	_, err := ebs.NewEncryptionByDefault(c.ctx, c.name("account"), &ebs.EncryptionByDefaultArgs{
		Enabled: pulumi.Bool(true),
	}, c.options(pulumi.RetainOnDelete(true))...)
	return err
}

// grantDiskKey lets the Auto Scaling service use a key that it did not know: without the grant no machine of a group
// starts. AWS makes the service's role with an account's first group; before that the grant is refused, and the role is
// made by aws iam create-service-linked-role --aws-service-name autoscaling.amazonaws.com
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func (c *Cloud) grantDiskKey(id string) error {
	if !slices.ContainsFunc(c.cluster.Pools, cluster.Pool.InScalingGroup) {
		return nil
	}
	_, err := kms.NewGrant(c.ctx, c.name("autoscaling"), &kms.GrantArgs{
		KeyId: pulumi.String(id),
		GranteePrincipal: pulumi.Sprintf(
			"arn:aws:iam::%s:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
			c.account(),
		),
		Operations: pulumi.ToStringArray([]string{
			"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
			"DescribeKey", "CreateGrant",
		}),
	}, c.options()...)
	return err
}

func (c *Cloud) createManagedKey() (*kms.Key, error) {
	key, err := kms.NewKey(c.ctx, c.name("disks"), &kms.KeyArgs{
		Description:       pulumi.Sprintf("Disks of %s", c.cluster.Name),
		EnableKeyRotation: pulumi.Bool(true),
		// The longest window that AWS offers: without the key every disk and snapshot is lost.
		DeletionWindowInDays: pulumi.Int(30),
		Policy:               c.account().ApplyT(c.diskKeyPolicy).(pulumi.StringOutput),
		Tags:                 c.nameTags("disks"),
	}, c.options(pulumi.Protect(c.cluster.Protected))...)
	if err != nil {
		return nil, err
	}
	_, err = kms.NewAlias(c.ctx, c.name("disks"), &kms.AliasArgs{
		Name:        pulumi.String("alias/" + c.name("disks")),
		TargetKeyId: key.KeyId,
	}, c.options()...)
	return key, err
}

// diskKeyPolicy allows the use of the key, only through EC2, to every principal of the account that starts machines,
// such as the Auto Scaling service. The key that AWS manages for EBS has the same policy. The role of the service
// cannot be named instead: it does not exist in an account without a scaling group.
func (c *Cloud) diskKeyPolicy(account string) (string, error) {
	return iampolicy.JSON(
		iampolicy.AccountAdmin(account),
		iampolicy.Allow(diskOperations...).
			WithSid("DisksThroughEC2").
			OnResources("*").
			WithPrincipal(iampolicy.Principal{AWS: []string{"*"}}).
			WithCondition("StringEquals", "kms:CallerAccount", account).
			WithCondition("StringEquals", "kms:ViaService",
				fmt.Sprintf("ec2.%s.amazonaws.com", c.cluster.Location.Region)),
	)
}
