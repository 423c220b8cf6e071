package regions

import "net/netip"

// New York City 1 is the primary region.
var _ = register(Region{
	Name:        "nyc1",
	DisplayName: "New York City 1",
	Primary:     true,
	Network:     netip.MustParsePrefix("10.101.0.0/16"),
	Pods:        netip.MustParsePrefix("10.151.0.0/16"),
	Services:    netip.MustParsePrefix("10.201.0.0/16"),
	Locations: map[Provider]Location{
		AWS: {
			Region: "us-east-1",
			// The letters mean other zones in other accounts, and one of the six has no Graviton machines. If machines
			// cannot start for that reason, set zones in the stack file.
			// https://docs.aws.amazon.com/ram/latest/userguide/working-with-az-ids.html
			Zones: []string{"us-east-1a", "us-east-1b", "us-east-1c"},
		},
		GCP: {
			Region: "us-east4",
			Zones:  []string{"us-east4-a", "us-east4-b", "us-east4-c"},
		},
		DigitalOcean: {Region: "nyc1"},
	},
})
