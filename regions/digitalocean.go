package regions

import (
	"net/netip"
	"regexp"
	"time"
)

// digitalOcean is all that is true of DigitalOcean and needs no SDK.
var digitalOcean = cloud{DigitalOcean, digitalOceanCapabilities, digitalOceanMachines}

var digitalOceanCapabilities = Capabilities{
	DisplayName: "DigitalOcean",
	Platform:    "digital-ocean",
	// https://docs.digitalocean.com/products/custom-images/how-to/upload/
	FactoryImages: true,
	// CloudController is false: machines have no identity, and every change needs a token of the account.
	// https://github.com/digitalocean/digitalocean-cloud-controller-manager#token
	// A region is one data center, a VPC has no subnets, and there are neither spot machines nor customer keys:
	// https://docs.digitalocean.com/products/networking/vpc/
	Subnets: NoSubnets,
	// https://docs.digitalocean.com/products/networking/vpc/details/limits/
	Reserved: []netip.Prefix{
		netip.MustParsePrefix("10.229.0.0/16"), netip.MustParsePrefix("10.244.0.0/16"),
		netip.MustParsePrefix("10.245.0.0/16"), netip.MustParsePrefix("10.246.0.0/24"),
	},
	ShutdownGrace:         90 * time.Second,
	ShutdownGraceCritical: 20 * time.Second,
	// https://docs.digitalocean.com/reference/api/digitalocean/#tag/Droplets/operation/droplets_create
	UserDataLimit:    64 << 10,
	TextUserDataOnly: true,
	Architectures:    []Architecture{AMD64},
	Image:            IDForm{"is not a custom image's id", "write its number, quoted", regexp.MustCompile(`^[0-9]+$`)},
	Network: IDForm{"is not a VPC's id", "write it like 5a4981aa-9653-4bd1-bef5-d6bff52042e4",
		regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)},
	// https://registry.terraform.io/providers/digitalocean/digitalocean/latest/docs#argument-reference
	TokenVariables:  []string{"DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"},
	MachineResource: "digitalocean:index/droplet:Droplet",
}

// digitalOceanMachines are the machine types of the sizes.
var digitalOceanMachines = map[string]MachineType{
	"small":  {Name: "s-2vcpu-4gb", Architecture: AMD64, VCPU: 2, MemoryGiB: 4},
	"medium": {Name: "s-4vcpu-8gb", Architecture: AMD64, VCPU: 4, MemoryGiB: 8},
	"large":  {Name: "s-8vcpu-16gb", Architecture: AMD64, VCPU: 8, MemoryGiB: 16},
}
