package cost

import "github.com/inferadb/infra/regions"

// The prices are those of https://cloud.google.com/compute/vm-instance-pricing,
// https://cloud.google.com/compute/disks-image-pricing (pd-balanced), https://cloud.google.com/load-balancing/pricing
// (regional forwarding rule), https://cloud.google.com/nat/pricing, https://cloud.google.com/vpc/network-pricing
// (external addresses) and https://cloud.google.com/kms/pricing.
var _ = register(regions.GCP, Prices{
	Hours: 730,
	Spot: Spot{
		Discount: 0.6,
		Reason:   "Google promises 60 to 91 %: https://cloud.google.com/compute/docs/instances/spot",
	},
	Notes: []string{
		"The price of the load balancer covers the first five forwarding rules of a project and region.",
		"Cloud NAT takes further addresses as its machines need ports.",
	},
	Locations: map[string]Location{
		"us-east4": {
			Noted:  "2026-11-22",
			Source: "https://cloud.google.com/compute/vm-instance-pricing",
			Machines: map[string]float64{
				"e2-medium":     0.03773541,
				"e2-standard-4": 0.15094164,
				"e2-standard-8": 0.30188328,
			},
			Disk:     0.11,
			Balancer: 0.028,
			NAT:      NAT{Machine: 0.0014, Most: 0.044},
			Address:  0.005,
			Key:      0.06,
		},
		"us-west1": {
			Noted:  "2026-11-22",
			Source: "https://cloud.google.com/compute/vm-instance-pricing",
			Machines: map[string]float64{
				"e2-medium":     0.03350571,
				"e2-standard-4": 0.13402284,
				"e2-standard-8": 0.26804568,
			},
			Disk:     0.1,
			Balancer: 0.025,
			NAT:      NAT{Machine: 0.0014, Most: 0.044},
			Address:  0.005,
			Key:      0.06,
		},
	},
})
