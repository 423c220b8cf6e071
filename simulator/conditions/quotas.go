package conditions

import (
	"slices"
	"strconv"
	"strings"
)

// newAccount are quotas that accounts typically begin with; they are raised on request.
// https://docs.aws.amazon.com/general/latest/gr/ec2-service.html#limits_ec2
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
// https://cloud.google.com/compute/resource-usage
// https://docs.digitalocean.com/products/droplets/details/limits/
var newAccount = map[string]int{
	"aws-vcpus": 5, "aws-spot-vcpus": 5, "aws-elastic-ips": 5, "aws-vpcs": 5,
	"gcp-cpus": 12, "do-droplets": 10,
}

// Exceeds reports whether an account that uses so much of something would go beyond its quota, and the quota.
func Exceeds(quota string, used int) (limit int, exceeds bool) {
	for _, item := range Listed(Quotas) {
		if item == "new" {
			limit = newAccount[quota]
			continue
		}
		if name, text, _ := strings.Cut(item, "="); name == quota {
			if number, err := strconv.Atoi(text); err == nil {
				return number, used > number
			}
		}
	}
	return limit, limit > 0 && used > limit
}

// InStock reports whether a zone has machines of a type.
func InStock(zone, machine string) bool {
	items := Listed(OutOfStock)
	return !slices.Contains(items, zone) && !slices.Contains(items, zone+"/"+machine)
}
