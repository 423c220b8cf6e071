package aws

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/inferadb/infra/simulator/conditions"
	"github.com/inferadb/infra/simulator/store"
)

// vCPUs returns the number of vCPUs of a machine type; sizes below xlarge have one or two.
func vCPUs(machine string) int {
	_, size, _ := strings.Cut(machine, ".")
	times, isLarge := strings.CutSuffix(size, "xlarge")
	if !isLarge {
		return 2
	}
	number, err := strconv.Atoi(times)
	if err != nil {
		number = 1
	}
	return 4 * number
}

// buyable refuses a machine that the account's quota or the zone has no room for.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
func buyable(st *store.Store, region, zone, machine string, spot bool) error {
	if !conditions.InStock(zone, machine) {
		return fmt.Errorf("InsufficientInstanceCapacity: We currently do not have sufficient %s capacity in the "+
			"Availability Zone you requested (%s)", machine, zone)
	}
	used := vCPUs(machine)
	for _, other := range st.List(instanceType, region) {
		if (other.State.String("instanceLifecycle") == "spot") == spot {
			used += vCPUs(other.State.String("instanceType"))
		}
	}
	if spot {
		if _, exceeds := conditions.Exceeds("aws-spot-vcpus", used); exceeds {
			return fmt.Errorf("MaxSpotInstanceCountExceeded: Max spot instance count exceeded")
		}
		return nil
	}
	if limit, exceeds := conditions.Exceeds("aws-vcpus", used); exceeds {
		return fmt.Errorf("VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit "+
			"of %d allows for the instance bucket that the specified instance type belongs to", limit)
	}
	return nil
}

// place returns the subnet that has the fewest machines of the group, and the type, among those that are in stock. A
// group that may have several types uses another type before it uses another zone.
func (g *group) place(count map[string]int, machine string) (*store.Resource, string) {
	subnets := slices.Clone(g.subnets)
	slices.SortStableFunc(subnets, func(a, b *store.Resource) int { return count[a.ID] - count[b.ID] })
	for _, subnet := range subnets {
		zone := subnet.State.String("availabilityZone")
		for _, candidate := range append([]string{machine}, g.types...) {
			if conditions.InStock(zone, candidate) {
				return subnet, candidate
			}
		}
	}
	return subnets[0], machine
}
