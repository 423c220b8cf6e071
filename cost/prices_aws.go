package cost

import "github.com/inferadb/infra/regions"

// The prices are those of https://aws.amazon.com/ec2/pricing/on-demand/ (Linux), https://aws.amazon.com/ebs/pricing/
// (gp3), https://aws.amazon.com/elasticloadbalancing/pricing/ (network), https://aws.amazon.com/vpc/pricing/ (NAT,
// IPv4), https://aws.amazon.com/kms/pricing/ and https://aws.amazon.com/route53/pricing/. The sources of the locations
// are the same prices as a list for machines.
var _ = register(regions.AWS, Prices{
	Hours: 730,
	Spot: Spot{
		Discount: 0.6,
		Reason:   "AWS names up to 90 % and guarantees nothing: https://aws.amazon.com/ec2/spot/pricing/",
	},
	AlarmKey: true,
	ZonalNAT: true,
	Notes: []string{
		"A t4g machine that is busy beyond its CPU credits costs 0.04 more per vCPU and hour: " +
			"https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-unlimited-mode-concepts.html",
	},
	Locations: map[string]Location{
		"us-east-1": {
			Noted:  "2026-11-22",
			Source: "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonEC2/current/us-east-1/index.csv",
			Machines: map[string]float64{
				"t4g.medium": 0.0336, "t4g.large": 0.0672, "t4g.xlarge": 0.1344, "t4g.2xlarge": 0.2688,
				"m6g.large": 0.077, "m6g.xlarge": 0.154, "m6g.2xlarge": 0.308,
				"m6gd.large": 0.0904, "m6gd.xlarge": 0.1808, "m6gd.2xlarge": 0.3616,
				"m8g.large": 0.08976, "m8g.xlarge": 0.17952, "m8g.2xlarge": 0.35904,
				"r6g.large": 0.1008, "r6g.xlarge": 0.2016, "r6g.2xlarge": 0.4032,
				"r6gd.large": 0.1152, "r6gd.xlarge": 0.2304, "r6gd.2xlarge": 0.4608,
			},
			Disk:     0.08,
			Balancer: 0.0225,
			NAT:      NAT{Gateway: 0.045},
			Address:  0.005,
			Key:      1,
			Zone:     0.5,
		},
		"us-west-1": {
			Noted:  "2026-11-22",
			Source: "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonEC2/current/us-west-1/index.csv",
			Machines: map[string]float64{
				"t4g.medium": 0.04, "t4g.large": 0.08, "t4g.xlarge": 0.16, "t4g.2xlarge": 0.32,
				"m6g.large": 0.0896, "m6g.xlarge": 0.1792, "m6g.2xlarge": 0.3584,
				"m6gd.large": 0.106, "m6gd.xlarge": 0.212, "m6gd.2xlarge": 0.424,
				"m8g.large": 0.10472, "m8g.xlarge": 0.20944, "m8g.2xlarge": 0.41888,
				"r6g.large": 0.112, "r6g.xlarge": 0.224, "r6g.2xlarge": 0.448,
				"r6gd.large": 0.13, "r6gd.xlarge": 0.26, "r6gd.2xlarge": 0.52,
			},
			Disk:     0.096,
			Balancer: 0.0252,
			NAT:      NAT{Gateway: 0.048},
			Address:  0.005,
			Key:      1,
			Zone:     0.5,
		},
	},
})
