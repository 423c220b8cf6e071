package regions

import "net/netip"

// Provider is a cloud that the program can build clusters on.
type Provider string

// The clouds, spelled as in a stack file.
const (
	AWS          Provider = "aws"
	GCP          Provider = "gcp"
	DigitalOcean Provider = "digitalocean"
)

// Architecture is a processor architecture, spelled as in Talos' image names.
type Architecture string

// The architectures that Talos publishes images for.
const (
	AMD64 Architecture = "amd64"
	ARM64 Architecture = "arm64"
)

// Subnets says how a cloud cuts a network.
type Subnets string

// A zonal subnet lies in one zone, a regional one spans them all; some clouds have none.
const (
	NoSubnets       Subnets = "none"
	ZonalSubnets    Subnets = "zonal"
	RegionalSubnets Subnets = "regional"
)

// Capabilities is what a cloud can do. Validation reads it, so that a setting which a cloud cannot honour is refused.
type Capabilities struct {
	// Title is the cloud's name for people.
	Title string
	// Platform is Talos' name for the cloud, as in its images and installers.
	Platform string
	// Spot says whether the cloud sells interruptible machines.
	Spot bool
	// SpotPolicy says whether a scaling group can mix on demand with spot of several types under a strategy and a price.
	SpotPolicy bool
	// Autoscaling says whether the cloud's own scaling group can run Talos.
	Autoscaling bool
	// ClusterAutoscaler says whether Kubernetes' own autoscaler can move the scaling group.
	ClusterAutoscaler bool
	// Zones says whether a region has more than one failure domain that a machine can be placed in.
	Zones bool
	// Subnets says how the cloud cuts a network.
	Subnets Subnets
	// Reserved are private ranges that no network may overlap.
	Reserved []netip.Prefix
	// DiskSizes says whether the size of a machine's disk can be chosen; where not, it comes with the machine type.
	DiskSizes bool
	// CustomerKeys says whether disks can be encrypted with the customer's own KMS key.
	CustomerKeys bool
	// CloudEncryption says whether the cloud itself encrypts every disk; where not, Talos must (LUKS).
	CloudEncryption bool
	// HealthChecks are where the cloud asks from whether a scaling group's machines are alive, if it asks them.
	HealthChecks []netip.Prefix
	// AccountDiskEncryption says whether an account can have every new disk of a region encrypted, whoever makes it.
	AccountDiskEncryption bool
	// CloudController reports whether the machines' identities can be given what the cloud's controller manager and disk driver need
	// for one cluster, and for nothing else in the account.
	CloudController bool
	// FactoryImages reports whether the program finds an image of any schematic of Talos' Image Factory.
	FactoryImages bool
	// FlowLogs says whether what goes over a network can be logged.
	FlowLogs bool
	// MetadataForMachines says whether the metadata service can be kept to the machine itself, so that no pod reads the user data.
	MetadataForMachines bool
	// UserDataLimit is the most bytes of user data that the cloud takes.
	UserDataLimit int
	// PlainUserData reports whether user data is not packed: the cloud takes text only, or has a limit that needs no packing.
	PlainUserData bool
	// Architectures are the ones that the cloud boots Talos on.
	Architectures []Architecture
}

// providers is the order in which errors and tables list the clouds.
var providers = []Provider{AWS, GCP, DigitalOcean}

var capabilities = map[Provider]Capabilities{
	AWS: {
		Title:             "AWS",
		Platform:          "aws",
		Spot:              true,
		SpotPolicy:        true,
		Autoscaling:       true,
		ClusterAutoscaler: true,
		Zones:             true,
		Subnets:           ZonalSubnets,
		DiskSizes:         true,
		CustomerKeys:      true,
		CloudEncryption:   true,
		// https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
		AccountDiskEncryption: true,
		FlowLogs:              true,
		// By the tag of what they change: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
		CloudController: true,
		// An answer that goes one hop: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
		MetadataForMachines: true,
		// Before base64: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html
		UserDataLimit: 16384,
		Architectures: []Architecture{ARM64, AMD64},
	},
	GCP: {
		Title:    "Google Cloud",
		Platform: "gcp",
		// Spot prices are Google's to set and an instance group has one machine type:
		// https://cloud.google.com/compute/docs/instances/spot. Kubernetes' autoscaler moves groups of one zone alone, and these
		// span a region: https://github.com/kubernetes/autoscaler/issues/1003
		Spot:        true,
		Autoscaling: true,
		Zones:       true,
		Subnets:     RegionalSubnets,
		// https://cloud.google.com/load-balancing/docs/health-check-concepts#ip-ranges
		HealthChecks:    []netip.Prefix{netip.MustParsePrefix("130.211.0.0/22"), netip.MustParsePrefix("35.191.0.0/16")},
		DiskSizes:       true,
		CustomerKeys:    true,
		CloudEncryption: true,
		FlowLogs:        true,
		FactoryImages:   true,
		// CloudController is false: a role that may change disks, firewalls or balancers is the project's, and no condition narrows it to a cluster's:
		// https://cloud.google.com/iam/docs/conditions-attribute-reference
		// Of one value: https://cloud.google.com/compute/docs/metadata/setting-custom-metadata#limitations
		UserDataLimit: 256 << 10,
		PlainUserData: true,
		Architectures: []Architecture{AMD64, ARM64},
	},
	DigitalOcean: {
		Title:    "DigitalOcean",
		Platform: "digital-ocean",
		// https://docs.digitalocean.com/products/custom-images/how-to/upload/
		FactoryImages: true,
		// CloudController is false: machines have no identity, and who changes anything has a token of the account's.
		// https://github.com/digitalocean/digitalocean-cloud-controller-manager#token
		// A region is one data center, a VPC has no subnets, and there are neither spot machines nor customer keys:
		// https://docs.digitalocean.com/products/networking/vpc/
		Subnets: NoSubnets,
		// https://docs.digitalocean.com/products/networking/vpc/details/limits/
		Reserved: []netip.Prefix{
			netip.MustParsePrefix("10.229.0.0/16"), netip.MustParsePrefix("10.244.0.0/16"),
			netip.MustParsePrefix("10.245.0.0/16"), netip.MustParsePrefix("10.246.0.0/24"),
		},
		// https://docs.digitalocean.com/reference/api/digitalocean/#tag/Droplets/operation/droplets_create
		UserDataLimit: 64 << 10,
		PlainUserData: true,
		Architectures: []Architecture{AMD64},
	},
}

// Providers returns the clouds.
func Providers() []Provider { return append([]Provider(nil), providers...) }

// LookupProvider finds a cloud by its name in a stack file. The error lists the clouds that there are.
func LookupProvider(name string) (Provider, error) {
	return lookup("provider", name, providers, func(p Provider) string { return string(p) })
}

// CapabilitiesOf returns what the cloud can do. The error lists the clouds that there are.
func CapabilitiesOf(p Provider) (Capabilities, error) {
	if _, err := LookupProvider(string(p)); err != nil {
		return Capabilities{}, err
	}
	return capabilities[p], nil
}
