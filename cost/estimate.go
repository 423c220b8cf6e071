// Package cost estimates what a stack costs in a month, from the resolved settings and a table of list prices. It asks
// no cloud and needs no account.
package cost

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/config"
)

// MonthlyCost is the cost in a month, in US dollars: with the fewest machines that a pool may have, and with the most.
type MonthlyCost struct{ Min, Max float64 }

// cents rounds to whole cents, so that what is printed adds up.
func (m MonthlyCost) cents() MonthlyCost {
	return MonthlyCost{math.Round(100*m.Min) / 100, math.Round(100*m.Max) / 100}
}

func (m MonthlyCost) plus(other MonthlyCost) MonthlyCost {
	return MonthlyCost{m.Min + other.Min, m.Max + other.Max}
}

func (m MonthlyCost) minus(other MonthlyCost) MonthlyCost {
	return MonthlyCost{m.Min - other.Min, m.Max - other.Max}
}

// Line is one thing that costs.
type Line struct {
	What string
	// OnDemand is its price if every machine were on demand, Configured as the stack file has it.
	OnDemand, Configured MonthlyCost
}

// spot reports whether the market decides about a part of the line.
func (l Line) spot() bool { return l.OnDemand != l.Configured }

// Estimate is what a cluster costs.
type Estimate struct {
	Cluster cluster.Cluster
	Lines   []Line
	// Notes say what the prices of the spot pools rest on.
	Notes []string

	prices   Prices
	location Location
}

// OfCluster estimates what a cluster costs. The error says which price is missing.
func OfCluster(cluster cluster.Cluster) (Estimate, error) {
	prices, location, err := pricesOf(cluster)
	if err != nil {
		return Estimate{}, err
	}
	b := Estimate{Cluster: cluster, prices: prices, location: location}
	b.controlPlanes()
	for _, pool := range cluster.Pools {
		b.pool(pool)
	}
	b.hourly("load balancer of the Kubernetes API", location.Balancer)
	b.nat()
	b.addresses()
	if cluster.EncryptionKey.Managed {
		b.add("KMS key of the disks, its first version", MonthlyCost{location.Key, location.Key})
	}
	if cluster.HasSpot() && prices.AlarmKey {
		b.add("KMS key of the alarms, its first version", MonthlyCost{location.Key, location.Key})
	}
	if cluster.Endpoint == "" {
		b.add("private DNS zone", MonthlyCost{location.Zone, location.Zone})
	}
	return b, nil
}

// OfStack makes the estimates of the clusters that a stack file in the folder describes, on another provider if one is
// named.
func OfStack(folder, stack, provider string) ([]Estimate, error) {
	names, err := config.StackNames(folder)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(names, stack) {
		return nil, fmt.Errorf("STACK: there is no stack %q; choose one of %s", stack, strings.Join(names, ", "))
	}
	settings, err := config.ReadStackFile(folder, stack)
	if err != nil {
		return nil, err
	}
	if provider != "" {
		settings[config.Namespace+":provider"] = provider
	}
	clusters, _, err := config.LoadFrom(folder, stack, settings)
	if err != nil {
		return nil, err
	}
	var estimates []Estimate
	for _, cluster := range clusters {
		estimate, err := OfCluster(cluster)
		if err != nil {
			return nil, err
		}
		estimates = append(estimates, estimate)
	}
	return estimates, nil
}

// Total returns the sum of all lines.
func (b Estimate) Total() Line {
	total := Line{What: "total"}
	for _, line := range b.Lines {
		total.OnDemand = total.OnDemand.plus(line.OnDemand)
		total.Configured = total.Configured.plus(line.Configured)
	}
	return total
}

// add adds a line that the spot market does not change, unless it costs nothing.
func (b *Estimate) add(what string, month MonthlyCost) {
	if month = month.cents(); month != (MonthlyCost{}) {
		b.Lines = append(b.Lines, Line{What: what, OnDemand: month, Configured: month})
	}
}

func (b *Estimate) hourly(what string, price float64) {
	b.add(what, MonthlyCost{price * b.prices.Hours, price * b.prices.Hours})
}

func (b *Estimate) controlPlanes() {
	machines := b.Cluster.ControlPlanes
	count := float64(machines.Count)
	b.hourly(
		fmt.Sprintf("control planes: %d × %s", machines.Count, machines.Machine.Name),
		count*b.location.Machines[machines.Machine.Name],
	)
	disks := count * float64(machines.DiskGiB) * b.location.Disk
	b.add(
		fmt.Sprintf("control planes: %d × %d GiB of disk", machines.Count, machines.DiskGiB),
		MonthlyCost{disks, disks},
	)
}

func (b *Estimate) pool(pool cluster.Pool) {
	machine := b.location.Machines[pool.Machine.Name] * b.prices.Hours
	line := Line{
		What:     fmt.Sprintf("pool %s: %s × %s", pool.Name, formatRange(pool.Min, pool.Max), pool.Machine.Name),
		OnDemand: MonthlyCost{float64(pool.Min) * machine, float64(pool.Max) * machine}.cents(),
	}
	line.Configured = line.OnDemand
	if pool.OnSpot() {
		line.What += fmt.Sprintf(
			", %s of them on demand",
			formatRange(pool.OnDemand(pool.Min), pool.OnDemand(pool.Max)),
		)
		line.Configured = b.mixed(pool, machine)
		b.noteDearest(pool, machine)
	}
	b.Lines = append(b.Lines, line)
	disk := float64(pool.DiskGiB) * b.location.Disk
	b.add(
		fmt.Sprintf("pool %s: %s × %d GiB of disk", pool.Name, formatRange(pool.Min, pool.Max), pool.DiskGiB),
		MonthlyCost{float64(pool.Min) * disk, float64(pool.Max) * disk},
	)
}

// mixed returns the price of a pool that buys the rest on the spot market, as a type of that price on demand.
func (b *Estimate) mixed(pool cluster.Pool, spotType float64) MonthlyCost {
	own := b.location.Machines[pool.Machine.Name] * b.prices.Hours
	price := func(machines int) float64 {
		onDemand := pool.OnDemand(machines)
		return float64(onDemand)*own + float64(machines-onDemand)*spotType*(1-b.prices.Spot.Discount)
	}
	return MonthlyCost{price(pool.Min), price(pool.Max)}.cents()
}

// noteDearest adds a note about the most expensive type of a pool: the strategy chooses the types with the most
// capacity, not the cheapest ones.
func (b *Estimate) noteDearest(pool cluster.Pool, own float64) {
	if pool.Spot.Requirements {
		b.Notes = append(
			b.Notes,
			fmt.Sprintf(
				"Pool %s is priced as %s; its requirements allow more expensive types as well.",
				pool.Name,
				pool.Machine.Name,
			),
		)
		return
	}
	dearest, name := own, pool.Machine.Name
	for _, other := range pool.Spot.Types {
		if price := b.location.Machines[other.Name] * b.prices.Hours; price > dearest {
			dearest, name = price, other.Name
		}
	}
	if dearest > own {
		b.Notes = append(
			b.Notes,
			fmt.Sprintf("Pool %s is priced as %s. With all its spot machines %s, its dearest type, it would cost %s.",
				pool.Name, pool.Machine.Name, name, b.mixed(pool, dearest)),
		)
	}
}

// nat adds the price of the gateways that the cluster creates; an adopted network has other ones.
func (b *Estimate) nat() {
	price, gateways := b.location.NAT, b.gateways()
	if gateways == 0 {
		return
	}
	machines := MonthlyCost{}
	if b.Cluster.Access == cluster.Private {
		machines = MonthlyCost{float64(b.Cluster.ControlPlanes.Count), float64(b.Cluster.ControlPlanes.Count)}
	}
	for _, pool := range b.Cluster.Pools {
		machines = machines.plus(MonthlyCost{float64(pool.Min), float64(pool.Max)})
	}
	hour := func(machines float64) float64 {
		return float64(gateways)*price.Gateway + min(machines*price.Machine, price.Most)
	}
	b.add(
		fmt.Sprintf("NAT: %s", plural(gateways, "gateway")),
		MonthlyCost{hour(machines.Min) * b.prices.Hours, hour(machines.Max) * b.prices.Hours},
	)
}

func (b *Estimate) gateways() int {
	switch {
	case b.Cluster.Network.Adopted() || b.location.NAT == NAT{}:
		return 0
	case b.prices.ZonalNAT && b.Cluster.NATPerZone:
		return len(b.Cluster.Location.Zones)
	}
	return 1
}

// addresses prices the public ones: of the gateways, and of the control planes under public access.
func (b *Estimate) addresses() {
	addresses := b.gateways()
	if b.Cluster.Access == cluster.Public {
		addresses += b.Cluster.ControlPlanes.Count
	}
	b.hourly("public IPv4: "+plural(addresses, "address"), float64(addresses)*b.location.Address)
}

// formatRange writes one number, or two: "3", "0 to 10".
func formatRange(least, most int) string {
	if least == most {
		return strconv.Itoa(most)
	}
	return fmt.Sprintf("%d to %d", least, most)
}

func plural(count int, what string) string {
	switch {
	case count == 1:
		return "1 " + what
	case what == "address":
		what += "e"
	}
	return fmt.Sprintf("%d %ss", count, what)
}
