package main

import (
	"github.com/inferadb/infra/backend/roles"
	"github.com/inferadb/infra/iampolicy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// How long an earlier state can be brought back: every version for so many days, and the newest ones for ever.
const (
	keepDays     = 90
	keepVersions = 20
	// A snapshot that was removed has one version, which would be among its newest for ever.
	keepSnapshotDays = 30
)

// createBucket makes the bucket of the state. It has no object lock: Pulumi rewrites a stack's checkpoint at every step
// and deletes its lock file after each command, which a retention would forbid; versions keep what was there.
func (b *backend) createBucket() error {
	name := b.settings.Bucket
	policy := b.stateKey.ApplyT(func(key string) (string, error) {
		return iampolicy.JSON(stateBucketPolicy(name, key)...)
	}).(pulumi.StringOutput)
	bucket, err := b.createPrivateBucket("state", name, &s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
		// One data key for many objects: KMS is asked, and paid, far less often.
		BucketKeyEnabled: pulumi.Bool(true),
		ApplyServerSideEncryptionByDefault: &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
			SseAlgorithm:   pulumi.String("aws:kms"),
			KmsMasterKeyId: b.stateKey,
		},
	}, policy)
	if err != nil {
		return err
	}
	b.bucket = bucket.Bucket
	_, err = s3.NewBucketVersioningV2(b.ctx, "state", &s3.BucketVersioningV2Args{
		Bucket:                  bucket.Bucket,
		VersioningConfiguration: &s3.BucketVersioningV2VersioningConfigurationArgs{Status: pulumi.String("Enabled")},
	}, b.options(name)...)
	if err != nil {
		return err
	}
	return b.expire("state", name, bucket, s3.BucketLifecycleConfigurationV2RuleArray{
		&s3.BucketLifecycleConfigurationV2RuleArgs{
			Id: pulumi.String(
				"old-versions",
			), Status: pulumi.String("Enabled"), Filter: &s3.BucketLifecycleConfigurationV2RuleFilterArgs{},
			NoncurrentVersionExpiration: &s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
				NoncurrentDays: pulumi.Int(keepDays), NewerNoncurrentVersions: pulumi.Int(keepVersions),
			},
		},
		&s3.BucketLifecycleConfigurationV2RuleArgs{
			Id: pulumi.String("old-snapshots"), Status: pulumi.String("Enabled"),
			Filter: &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String(roles.Snapshots + "/")},
			NoncurrentVersionExpiration: &s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
				NoncurrentDays: pulumi.Int(keepSnapshotDays),
			},
			Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{
				ExpiredObjectDeleteMarker: pulumi.Bool(true),
			},
		},
		// Every command leaves a deleted lock file behind, with a version that is not needed any more.
		&s3.BucketLifecycleConfigurationV2RuleArgs{
			Id: pulumi.String("old-locks"), Status: pulumi.String("Enabled"),
			Filter: &s3.BucketLifecycleConfigurationV2RuleFilterArgs{
				Prefix: pulumi.String(".pulumi/locks/"),
			},
			NoncurrentVersionExpiration: &s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
				NoncurrentDays: pulumi.Int(1),
			},
			Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{
				ExpiredObjectDeleteMarker: pulumi.Bool(true),
			},
		},
	})
}

// createPrivateBucket creates a bucket without access from outside the account, encrypted by default, with the policy.
func (b *backend) createPrivateBucket(
	name, bucketName string,
	encryption *s3.BucketServerSideEncryptionConfigurationV2RuleArgs,
	policy pulumi.StringInput,
) (*s3.BucketV2, error) {
	bucket, err := s3.NewBucketV2(b.ctx, name, &s3.BucketV2Args{Bucket: pulumi.String(bucketName), Tags: b.tags()},
		append(b.options(bucketName), pulumi.DependsOn(b.aliases))...)
	if err != nil {
		return nil, err
	}
	block, err := s3.NewBucketPublicAccessBlock(b.ctx, name, &s3.BucketPublicAccessBlockArgs{
		Bucket: bucket.Bucket, BlockPublicAcls: pulumi.Bool(true), BlockPublicPolicy: pulumi.Bool(true),
		IgnorePublicAcls: pulumi.Bool(true), RestrictPublicBuckets: pulumi.Bool(true),
	}, b.options(bucketName)...)
	if err != nil {
		return nil, err
	}
	_, err = s3.NewBucketOwnershipControls(b.ctx, name, &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.Bucket,
		Rule:   &s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, b.options(bucketName)...)
	if err != nil {
		return nil, err
	}
	_, err = s3.NewBucketServerSideEncryptionConfigurationV2(
		b.ctx,
		name,
		&s3.BucketServerSideEncryptionConfigurationV2Args{
			Bucket: bucket.Bucket, Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{encryption},
		},
		b.options(bucketName)...)
	if err != nil {
		return nil, err
	}
	// S3 refuses two changes of a bucket's public access at once.
	_, err = s3.NewBucketPolicy(b.ctx, name, &s3.BucketPolicyArgs{Bucket: bucket.Bucket, Policy: policy},
		append(b.options(bucketName), pulumi.DependsOn([]pulumi.Resource{block}))...)
	return bucket, err
}

// expire sets the lifecycle rules of a bucket, and lets it remove incomplete uploads.
func (b *backend) expire(
	name, bucketName string,
	bucket *s3.BucketV2,
	rules s3.BucketLifecycleConfigurationV2RuleArray,
) error {
	_, err := s3.NewBucketLifecycleConfigurationV2(b.ctx, name, &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.Bucket,
		Rules: append(rules, &s3.BucketLifecycleConfigurationV2RuleArgs{
			Id: pulumi.String(
				"unfinished-uploads",
			), Status: pulumi.String("Enabled"), Filter: &s3.BucketLifecycleConfigurationV2RuleFilterArgs{},
			AbortIncompleteMultipartUpload: &s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
				DaysAfterInitiation: pulumi.Int(7),
			},
		}),
	}, b.options(bucketName)...)
	return err
}

// stateBucketPolicy refuses plain HTTP, and objects under another key than the bucket's. Pulumi names no key when it
// writes, so that the bucket's default applies: only a write that names another is refused.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#require-sse-kms
func stateBucketPolicy(bucket, key string) []iampolicy.Statement {
	const encryption = "s3:x-amz-server-side-encryption"
	objects := "arn:aws:s3:::" + bucket + "/*"
	everyone := iampolicy.Principal{AWS: []string{"*"}}
	return []iampolicy.Statement{
		tlsOnly(bucket),
		iampolicy.Deny("s3:PutObject").WithSid("OwnKeyOnly").OnResources(objects).WithPrincipal(everyone).
			WithCondition("Null", encryption, "false").
			WithCondition("StringNotEquals", encryption+"-aws-kms-key-id", key),
		iampolicy.Deny("s3:PutObject").WithSid("NoCustomerKey").OnResources(objects).WithPrincipal(everyone).
			WithCondition("Null", encryption+"-customer-algorithm", "false"),
	}
}

func tlsOnly(bucket string) iampolicy.Statement {
	arn := "arn:aws:s3:::" + bucket
	return iampolicy.Deny("s3:*").
		WithSid("TLSOnly").
		OnResources(arn, arn+"/*").
		WithPrincipal(iampolicy.Principal{AWS: []string{"*"}}).
		WithCondition("Bool", "aws:SecureTransport", "false")
}
