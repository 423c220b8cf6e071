package regions

import "net/netip"

// San Francisco 1.
var _ = register(Region{
	Name:        "sfo1",
	DisplayName: "San Francisco 1",
	Network:     netip.MustParsePrefix("10.102.0.0/16"),
	Pods:        netip.MustParsePrefix("10.152.0.0/16"),
	Services:    netip.MustParsePrefix("10.202.0.0/16"),
	Locations: map[Provider]Location{
		AWS: {
			Region: "us-west-1",
			// An account gets two of the three: https://aws.amazon.com/about-aws/global-infrastructure/regions_az/
			Zones: []string{"us-west-1a", "us-west-1c"},
			Warning: "us-west-1 gives an account two zones, and accounts see different pairs of a, b " +
				"and c (set zones to yours); " +
				"of three control planes two share a zone, and losing that zone stops the " +
				"Kubernetes API until it is back",
		},
		GCP: {
			Region: "us-west1",
			Zones:  []string{"us-west1-a", "us-west1-b", "us-west1-c"},
		},
		DigitalOcean: {
			// sfo1 and sfo2 are closed to new accounts: https://docs.digitalocean.com/platform/regional-availability/
			Region: "sfo3",
		},
	},
})
