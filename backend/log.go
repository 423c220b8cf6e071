package main

import (
	"github.com/inferadb/infra/iampolicy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const keepLogDays = 365

// createAccessLog makes a bucket in which S3 notes who read and wrote the state, if the settings ask for it.
func (b *backend) createAccessLog() error {
	if !b.AccessLog {
		return nil
	}
	name := b.settings.Bucket + "-log"
	policy, err := iampolicy.JSON(b.logBucketPolicy(name)...)
	if err != nil {
		return err
	}
	bucket, err := b.createPrivateBucket("log", name, &s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
		// S3 delivers logs to no bucket that a KMS key encrypts:
		// https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
		ApplyServerSideEncryptionByDefault: &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
			SseAlgorithm: pulumi.String("AES256"),
		},
	}, pulumi.String(policy))
	if err != nil {
		return err
	}
	err = b.expire(
		"log",
		name,
		bucket,
		s3.BucketLifecycleConfigurationV2RuleArray{&s3.BucketLifecycleConfigurationV2RuleArgs{
			Id: pulumi.String(
				"old-logs",
			), Status: pulumi.String("Enabled"), Filter: &s3.BucketLifecycleConfigurationV2RuleFilterArgs{},
			Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(keepLogDays)},
		}},
	)
	if err != nil {
		return err
	}
	_, err = s3.NewBucketLoggingV2(b.ctx, "state", &s3.BucketLoggingV2Args{
		Bucket: b.bucket, TargetBucket: bucket.Bucket, TargetPrefix: pulumi.String("state/"),
	}, b.options(b.settings.Bucket)...)
	return err
}

// logBucketPolicy returns a policy that lets S3 write only the log of the state bucket.
func (b *backend) logBucketPolicy(name string) []iampolicy.Statement {
	return []iampolicy.Statement{
		tlsOnly(name),
		iampolicy.Allow("s3:PutObject").WithSid("AccessLog").OnResources("arn:aws:s3:::"+name+"/state/*").
			WithPrincipal(iampolicy.Principal{Service: []string{"logging.s3.amazonaws.com"}}).
			WithCondition("ArnEquals", "aws:SourceArn", "arn:aws:s3:::"+b.settings.Bucket).
			WithCondition("StringEquals", "aws:SourceAccount", b.account),
	}
}
