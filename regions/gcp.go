package regions

import (
	"net/netip"
	"regexp"
	"time"
)

// gcp is all that is true of Google Cloud and needs no SDK.
var gcp = cloud{GCP, gcpCapabilities, gcpMachines}

var gcpCapabilities = Capabilities{
	DisplayName: "Google Cloud",
	Platform:    "gcp",
	// Google sets the spot prices, and an instance group has one machine type:
	// https://cloud.google.com/compute/docs/instances/spot. Kubernetes' autoscaler only supports groups of one zone,
	// and these are regional: https://github.com/kubernetes/autoscaler/issues/1003
	Spot:          true,
	ScalingGroups: true,
	MultiZone:     true,
	Subnets:       RegionalSubnets,
	// https://cloud.google.com/load-balancing/docs/health-check-concepts#ip-ranges
	HealthChecks:  []netip.Prefix{netip.MustParsePrefix("130.211.0.0/22"), netip.MustParsePrefix("35.191.0.0/16")},
	DiskSizes:     true,
	CustomerKeys:  true,
	EncryptsDisks: true,
	FlowLogs:      true,
	FactoryImages: true,
	// CloudController is false: a role that may change disks, firewalls or load balancers applies to the project, and
	// no condition limits it to a cluster:
	// https://cloud.google.com/iam/docs/conditions-attribute-reference
	// Google allows a spot machine 30 seconds: https://cloud.google.com/compute/docs/instances/spot#preemption-process
	ShutdownGrace:         25 * time.Second,
	ShutdownGraceCritical: 10 * time.Second,
	// Of one value: https://cloud.google.com/compute/docs/metadata/setting-custom-metadata#limitations
	UserDataLimit:    256 << 10,
	TextUserDataOnly: true,
	Architectures:    []Architecture{AMD64, ARM64},
	Projects:         true,
	Image: IDForm{
		"is not an image of Google Cloud",
		"write it like projects/acme/global/images/talos",
		regexp.MustCompile(`/images/`),
	},
	Key: KeyForm{
		Example:  "projects/acme/locations/%s/keyRings/clusters/cryptoKeys/disks",
		Anywhere: "global",
		shape:    regexp.MustCompile(`^projects/[^/]+/locations/([a-z0-9-]+)/keyRings/[^/]+/cryptoKeys/[^/]+$`),
	},
	// https://registry.terraform.io/providers/hashicorp/google/latest/docs/guides/provider_reference#project-1
	ProjectVariables: []string{
		"GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT",
	},
	MachineResource: "gcp:compute/instance:Instance",
}

// gcpMachines are the machine types of the sizes.
var gcpMachines = map[string]MachineType{
	"small":  {Name: "e2-medium", Architecture: AMD64, VCPU: 2, MemoryGiB: 4},
	"medium": {Name: "e2-standard-4", Architecture: AMD64, VCPU: 4, MemoryGiB: 16},
	"large":  {Name: "e2-standard-8", Architecture: AMD64, VCPU: 8, MemoryGiB: 32},
}
