package cost

import "github.com/inferadb/infra/regions"

// The prices are those of https://www.digitalocean.com/pricing/droplets and
// https://www.digitalocean.com/pricing/load-balancers. They are the same everywhere and named per month, which is
// billed for at most 28 days.
var _ = register(regions.DigitalOcean, Prices{
	Hours: 672,
	Notes: []string{
		"A droplet comes with its disk, its public address and an allowance of traffic; there is no NAT gateway.",
	},
	Locations: map[string]Location{
		"nyc1": {
			Noted:  "2026-11-22",
			Source: "https://www.digitalocean.com/pricing/droplets",
			Machines: map[string]float64{
				"s-2vcpu-4gb":  24.0 / 672,
				"s-4vcpu-8gb":  48.0 / 672,
				"s-8vcpu-16gb": 96.0 / 672,
			},
			Balancer: 12.0 / 672,
		},
		"sfo3": {
			Noted:  "2026-11-22",
			Source: "https://www.digitalocean.com/pricing/droplets",
			Machines: map[string]float64{
				"s-2vcpu-4gb":  24.0 / 672,
				"s-4vcpu-8gb":  48.0 / 672,
				"s-8vcpu-16gb": 96.0 / 672,
			},
			Balancer: 12.0 / 672,
		},
	},
})
