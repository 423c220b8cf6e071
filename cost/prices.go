package cost

import (
	"fmt"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/regions"
)

// Prices are a cloud's list prices, in US dollars.
type Prices struct {
	// Hours are how many a month of a machine or load balancer is billed for.
	Hours float64
	// Spot is what this package assumes of the spot market; zero where there is none.
	Spot Spot
	// ZonalNAT is true if a NAT gateway belongs to a zone, so that a cluster can have one in each.
	ZonalNAT bool
	// AlarmKey is true if alarms about spot machines have a KMS key of their own.
	AlarmKey bool
	// Notes are printed below the estimate.
	Notes []string
	// Locations by the cloud's own name.
	Locations map[string]Location
}

// Spot is an assumption: spot prices move, and a table of them would be wrong the next day.
type Spot struct {
	// Discount off the price on demand: 0.6 for 60 %.
	Discount float64
	// Reason says where the discount comes from.
	Reason string
}

// Location is the prices of one of a cloud's regions.
type Location struct {
	// Noted is the day on which the prices were written down here, Source where they can be compared.
	Noted, Source string
	// Machines are the prices per hour on demand, by machine type.
	Machines map[string]float64
	// Disk is the price of a GiB for a month; zero where disks come with the machines.
	Disk float64
	// Balancer is the price of the Kubernetes API's load balancer per hour.
	Balancer float64
	NAT      NAT
	// Address is the price of a public IPv4 address per hour.
	Address float64
	// Key is the price of a KMS key for a month, Zone that of a private DNS zone.
	Key, Zone float64
}

// NAT is the prices of a NAT gateway per hour; zero where there is none.
type NAT struct {
	// Gateway is charged for each gateway.
	Gateway float64
	// Machine is charged for each machine behind the gateway, and Most for all of them together.
	Machine, Most float64
}

// clouds is filled by the files of the clouds, one register call in each.
var clouds = map[regions.Provider]Prices{}

func register(provider regions.Provider, prices Prices) Prices {
	clouds[provider] = prices
	return prices
}

// file returns the path of a cloud's prices, for errors.
func file(provider regions.Provider) string { return "cost/prices_" + string(provider) + ".go" }

// pricesOf finds the prices of everything that a cluster is made of.
func pricesOf(c cluster.Cluster) (Prices, Location, error) {
	prices := clouds[c.Provider]
	location, ok := prices.Locations[c.Location.Region]
	if !ok {
		return prices, location, fmt.Errorf(
			"%s: there are no prices for %s of %s; add them to %s",
			c.Region,
			c.Location.Region,
			c.Provider,
			file(c.Provider),
		)
	}
	machines := []regions.MachineType{c.ControlPlanes.Machine}
	for _, pool := range c.Pools {
		machines = append(machines, pool.Machine)
		if pool.OnSpot() {
			machines = append(machines, pool.Spot.Types...)
		}
	}
	for _, machine := range machines {
		if location.Machines[machine.Name] == 0 {
			return prices, location, fmt.Errorf(
				"%s: there is no price for %s in %s; add it to %s",
				c.Region,
				machine.Name,
				c.Location.Region,
				file(c.Provider),
			)
		}
	}
	return prices, location, nil
}
