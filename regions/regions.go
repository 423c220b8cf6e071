// Package regions holds the typed tables: where a cluster can stand, on which machines, and what each cloud can do.
// One file per region; adding a region is adding one file (docs/adding-a-region.md).
package regions

import "net/netip"

// Region is a place that a stack file can name, on every cloud.
type Region struct {
	// Name as in a stack file: "nyc1".
	Name string
	// Title for people: "New York City 1".
	Title string
	// Primary marks the region whose cluster is current in the merged kubeconfig.
	Primary bool
	// Network is the /16 that the region's clusters take their networks from, one /18 per environment.
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
