package aws

import (
	"fmt"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// The types of storage. The V2 ones are those of the Terraform provider, which split a bucket's settings from the
// bucket.
const (
	bucketType           = "aws:s3/bucketV2:BucketV2"
	versioningType       = "aws:s3/bucketVersioningV2:BucketVersioningV2"
	bucketEncryptionType = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	publicAccessType     = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
	bucketPolicyType     = "aws:s3/bucketPolicy:BucketPolicy"
	ownershipType        = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
	lifecycleType        = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
	bucketLoggingType    = "aws:s3/bucketLoggingV2:BucketLoggingV2"
)

// objects is the number of objects in a bucket: see SetObjectCount.
const objects = "__objects"

// createBucket creates a bucket. Names of buckets are unique worldwide, so the store keeps buckets, and their settings,
// without a region.
func createBucket(c *schema.Call) error {
	c.ID = c.State.String("bucket")
	if c.Store.Get(bucketType, "", c.ID) != nil {
		return fmt.Errorf("BucketAlreadyExists: The requested bucket name %s is not available. The bucket "+
			"namespace is shared by all users of the system", c.ID)
	}
	c.State["arn"], c.State["region"] = bucketARN(c.ID), c.Region
	c.State["bucketRegionalDomainName"] = c.ID + ".s3." + c.Region + ".amazonaws.com"
	return nil
}

func bucketARN(name string) string { return "arn:aws:s3:::" + name }

func deleteBucket(c *schema.Call) error {
	if count, _ := c.State[objects].(float64); count > 0 && !c.State.Bool("forceDestroy") {
		return fmt.Errorf("BucketNotEmpty: The bucket you tried to delete is not empty. You must delete all " +
			"versions in the bucket")
	}
	return nil
}

// SetObjectCount sets the number of objects in a bucket. The program does not create them.
func SetObjectCount(st *store.Store, bucket string, count int) error {
	found := st.Get(bucketType, "", bucket)
	if found == nil {
		return fmt.Errorf("NoSuchBucket: The specified bucket does not exist: %s", bucket)
	}
	changed := *found
	changed.State = found.State.Clone()
	changed.State[objects] = float64(count)
	st.Put(&changed)
	return nil
}

// findBucket looks a bucket up from where the provider works: S3 answers for a bucket in its own region only.
func findBucket(c *schema.Call, name string) (*store.Resource, error) {
	bucket := c.Store.Get(bucketType, "", name)
	if bucket == nil {
		return nil, fmt.Errorf("NoSuchBucket: The specified bucket does not exist: %s", name)
	}
	if region := bucket.State.String("region"); region != c.Region {
		return nil, fmt.Errorf("PermanentRedirect: The bucket %s is in %s and must be addressed there", name, region)
	}
	return bucket, nil
}

// onBucket creates or updates a setting of a bucket. Its id is the bucket's name.
func onBucket(c *schema.Call) error {
	c.ID = c.State.String("bucket")
	_, err := findBucket(c, c.ID)
	return err
}

func checkBucketEncryption(c *schema.Call) error {
	rules := c.State.Objects("rules")
	if len(rules) != 1 {
		return fmt.Errorf("MalformedXML: a bucket has one rule of default encryption, got %d", len(rules))
	}
	byDefault := rules[0].Object("applyServerSideEncryptionByDefault")
	if byDefault.String("kmsMasterKeyId") != "" && byDefault.String("sseAlgorithm") == "AES256" {
		return fmt.Errorf("InvalidArgument: a KMSMasterKeyID is not applicable if the algorithm is AES256")
	}
	return onBucket(c)
}

// checkBucketPolicy knows the limit of 20 KB, and what the blocks of public access refuse.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
func checkBucketPolicy(c *schema.Call) error {
	if err := onBucket(c); err != nil {
		return err
	}
	document, err := readPolicy(c, c.State.String("policy"), 20*1024, "MalformedPolicy: Invalid principal in policy")
	if err != nil {
		return err
	}
	block := c.Store.Get(publicAccessType, "", c.ID)
	for _, statement := range document.Statement {
		for _, resource := range statement.Resource {
			if name, _, _ := strings.Cut(strings.TrimPrefix(resource, bucketARN("")), "/"); name != c.ID {
				return fmt.Errorf("MalformedPolicy: Policy has invalid resource: %s is not of the bucket %s",
					resource, c.ID)
			}
		}
		if statement.public() && block != nil && block.State.Bool("blockPublicPolicy") {
			return fmt.Errorf("AccessDenied: the bucket %s blocks public policies, and this one allows access to "+
				"everyone", c.ID)
		}
	}
	return nil
}

func checkLifecycle(c *schema.Call) error {
	ids := map[string]bool{}
	for _, rule := range c.State.Objects("rules") {
		id := rule.String("id")
		if ids[id] {
			return fmt.Errorf("InvalidArgument: Rule ID must be unique. Found same ID for more than one rule: %s", id)
		}
		ids[id] = true
		if !rule.Has("expiration") && !rule.Has("noncurrentVersionExpiration") &&
			!rule.Has("abortIncompleteMultipartUpload") {
			return fmt.Errorf("InvalidRequest: At least one action needs to be specified in a rule: %s", id)
		}
	}
	return onBucket(c)
}

func checkBucketLogging(c *schema.Call) error {
	if err := onBucket(c); err != nil {
		return err
	}
	if _, err := findBucket(c, c.State.String("targetBucket")); err != nil {
		return fmt.Errorf("InvalidTargetBucketForLogging: the target bucket for logging does not exist, is not "+
			"owned by you, or is in another region: %w", err)
	}
	return nil
}
