package regions

import (
	"regexp"
	"time"
)

// aws is all that is true of Amazon Web Services and needs no SDK.
var aws = cloud{AWS, awsCapabilities, awsMachines}

var awsCapabilities = Capabilities{
	DisplayName:       "AWS",
	Platform:          "aws",
	Spot:              true,
	SpotPolicy:        true,
	ScalingGroups:     true,
	ClusterAutoscaler: true,
	MultiZone:         true,
	Subnets:           ZonalSubnets,
	DiskSizes:         true,
	CustomerKeys:      true,
	EncryptsDisks:     true,
	// https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
	AccountDiskEncryption: true,
	FlowLogs:              true,
	// By the tag of what they change: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
	CloudController: true,
	// https://github.com/kubernetes/cloud-provider-aws/blob/v1.35.0/docs/prerequisites.md#node-name-conventions
	RegisterWithFQDN: true,
	// Of two minutes: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
	ShutdownGrace:         90 * time.Second,
	ShutdownGraceCritical: 20 * time.Second,
	// Responses have a hop limit of 1:
	// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
	MetadataIsolated: true,
	// Before base64: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html
	UserDataLimit: 16384,
	Architectures: []Architecture{ARM64, AMD64},
	Image:         IDForm{"is not an AMI id", "write it like ami-0123456789abcdef0", awsID("ami")},
	Network:       IDForm{"is not an AWS vpc id", "write it like vpc-0123456789abcdef0", awsID("vpc")},
	Subnet:        IDForm{"is not an AWS subnet id", "write it like subnet-0123456789abcdef0", awsID("subnet")},
	// A key's ARN and not an alias', which may come to point at another key:
	// https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-ARN
	Key: KeyForm{
		Example: "arn:aws:kms:%s:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		shape:   regexp.MustCompile(`^arn:aws[a-z-]*:kms:([a-z0-9-]+):[0-9]{12}:key/(mrk-)?[0-9a-f-]{32,36}$`),
	},
	MachineResource: "aws:ec2/instance:Instance",
}

// awsMachines are Graviton machines. AWS offers the Spot types in us-east-1 and in us-west-1, which lacks many a newer
// family:
// https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-regions.html
var awsMachines = map[string]MachineType{
	"small": {
		Name: "t4g.medium", Architecture: ARM64, VCPU: 2, MemoryGiB: 4,
		Spot: []MachineType{
			graviton("t4g.large", 2, 8), graviton("m6g.large", 2, 8), graviton("m6gd.large", 2, 8),
			graviton("m8g.large", 2, 8), graviton("r6g.large", 2, 16), graviton("r6gd.large", 2, 16),
		},
	},
	"medium": {
		Name: "t4g.xlarge", Architecture: ARM64, VCPU: 4, MemoryGiB: 16,
		Spot: []MachineType{
			graviton("m6g.xlarge", 4, 16), graviton("m6gd.xlarge", 4, 16), graviton("m8g.xlarge", 4, 16),
			graviton("r6g.xlarge", 4, 32), graviton("r6gd.xlarge", 4, 32),
		},
	},
	"large": {
		Name: "t4g.2xlarge", Architecture: ARM64, VCPU: 8, MemoryGiB: 32,
		Spot: []MachineType{
			graviton("m6g.2xlarge", 8, 32), graviton("m6gd.2xlarge", 8, 32), graviton("m8g.2xlarge", 8, 32),
			graviton("r6g.2xlarge", 8, 64), graviton("r6gd.2xlarge", 8, 64),
		},
	},
}

// graviton returns an AWS machine type with Amazon's arm64 processor.
func graviton(name string, vCPU, memoryGiB int) MachineType {
	return MachineType{Name: name, Architecture: ARM64, VCPU: vCPU, MemoryGiB: memoryGiB}
}

// awsID returns the shape of ids of the kind, short and long.
func awsID(kind string) *regexp.Regexp {
	return regexp.MustCompile(`^` + kind + `-([0-9a-f]{8}|[0-9a-f]{17})$`)
}
