// Package regions holds the typed tables: where a cluster can run, on which machines, and what each cloud can do.
// One file per region; adding a region is adding one file (docs/adding-a-region.md).
package regions

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Region is a place that a stack file can name, on every cloud.
type Region struct {
	// Name as in a stack file: "nyc1".
	Name string
	// DisplayName for people: "New York City 1".
	DisplayName string
	// Primary marks the region whose cluster is current in the merged kubeconfig.
	Primary bool
	// Network is the /16 that the networks of the region's clusters are in, one /18 per environment.
	Network netip.Prefix
	// Pods and Services are the ranges inside the cluster; disjoint over all regions, so that clusters can be meshed.
	Pods, Services netip.Prefix
	// Locations says where the region is on each cloud.
	Locations map[Provider]Location
}

// Location is a region as one cloud knows it.
type Location struct {
	// Region is the cloud's own name: "us-east-1".
	Region string
	// Zones that control planes and pools spread over, in this order; none where the cloud has none.
	Zones []string
	// Warning says what a user of this location should know; empty if nothing.
	Warning string
}

// table has all regions. Each region's file registers itself, so that a new region is just a new file.
var table []Region

func register(r Region) Region {
	table = append(table, r)
	return r
}

// All returns the regions, the primary one first, then by name.
func All() []Region {
	return slices.SortedFunc(slices.Values(table), func(a, b Region) int {
		if a.Primary != b.Primary {
			return map[bool]int{true: -1, false: 1}[a.Primary]
		}
		return cmp.Compare(a.Name, b.Name)
	})
}

// LookupRegion finds a region by its name. The error lists the regions that there are.
func LookupRegion(name string) (Region, error) {
	return lookup("region", name, All(), func(r Region) string { return r.Name })
}

// lookup finds the entry of a table that has the name; what is the kind of entry, for the error.
func lookup[T any](what, name string, entries []T, nameOf func(T) string) (T, error) {
	var names []string
	for _, entry := range entries {
		if nameOf(entry) == name {
			return entry, nil
		}
		names = append(names, nameOf(entry))
	}
	var none T
	return none, &UnknownError{What: what, Name: name, Known: names}
}

// UnknownError is the error for a name that a table does not have.
type UnknownError struct {
	// What kind of entry was looked for: "region", "machine size" or "provider".
	What string
	// Name that was looked for.
	Name string
	// Known are the names that exist.
	Known []string
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("there is no %s %q; choose one of %s", e.What, e.Name, strings.Join(e.Known, ", "))
}
