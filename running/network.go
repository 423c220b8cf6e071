package running

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

const networkSteps = "docs/operations.md#change-the-network"

// network is the network of a cluster in the state.
type network struct {
	// id is the cloud's id of it: on Google Cloud a link to the network.
	id string
	// created is true if the cluster created its network, with the range cidr, and false if it adopted one.
	created bool
	cidr    netip.Prefix
	// subnets are the subnets of the load balancer; empty if the cloud has none.
	subnets []string
}

// network reads the state. The id is empty if the state has none.
func (c Cluster) network() network {
	if r, ok := c.reader(); ok {
		return r.network(c)
	}
	return network{}
}

// createdWith returns the network as one that the cluster created, if the range that it was created with is known.
func (n network) createdWith(cidr string) network {
	if prefix, err := netip.ParsePrefix(cidr); err == nil {
		n.created, n.cidr = true, prefix
	}
	return n
}

// first returns the first resource of a type; one without outputs if there is none.
func (c Cluster) first(token string) Resource {
	if found := c.OfType(token); len(found) > 0 {
		return found[0]
	}
	return Resource{}
}

// texts returns an output that is a list of strings.
func (r Resource) texts(output string) []string {
	var texts []string
	list, _ := r.Outputs[output].([]any)
	for _, item := range list {
		if text, ok := item.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// place keeps a cluster in its network and zones, even before it was started: what is in a subnet would not move.
func (c *comparison) place() {
	if c.was.isPlaced() {
		c.network()
		c.zones()
	}
}

// network refuses another network for a running cluster: subnets cannot be deleted under machines, and the load
// balancer, its address and the machines' interfaces would all be replaced at once.
func (c *comparison) network() {
	was, want, path := c.was.network(), c.want.Network, c.path+".network"
	keep := fmt.Sprintf("keep network.id: %s; a cluster cannot move to another network: %s", lastPart(was.id),
		networkSteps)
	if was.created {
		keep = fmt.Sprintf(
			"set network.cidr: %s of the region, which keeps it; a cluster cannot move to another network: %s",
			was.cidr,
			networkSteps,
		)
	}
	switch {
	case was.id == "", c.was.Provider() != c.want.Provider:
	case was.created && want.Adopted():
		c.refusePlace(
			path+".id",
			fmt.Sprintf(
				"%s runs in the network that it created with %s, and %s is another",
				c.was.Name,
				was.cidr,
				want.ID,
			),
			keep,
		)
	case was.created && was.cidr != want.CIDR:
		c.refusePlace(
			path+".cidr",
			fmt.Sprintf("%s runs in the network that it created with %s, and the stack file asks for %s",
				c.was.Name, was.cidr, want.CIDR),
			keep,
		)
	case was.created:
	case !want.Adopted():
		c.refusePlace(
			path,
			fmt.Sprintf("%s runs in the adopted network %s, and the stack file asks for one of its own, %s",
				c.was.Name, lastPart(was.id), want.CIDR),
			keep,
		)
	case !isSame(was.id, want.ID):
		c.refusePlace(path+".id", fmt.Sprintf("%s runs in the adopted network %s, and the stack file asks for %s",
			c.was.Name, lastPart(was.id), want.ID), keep)
	default:
		c.adoptedSubnets(was, path+".subnetIds")
	}
}

// adoptedSubnets allows further subnets, and refuses to remove one.
func (c *comparison) adoptedSubnets(was network, path string) {
	var missing []string
	for _, subnet := range was.subnets {
		if !slices.ContainsFunc(c.want.Network.SubnetIDs, func(id string) bool { return isSame(subnet, id) }) {
			missing = append(missing, lastPart(subnet))
		}
	}
	if len(missing) > 0 {
		c.refusePlace(
			path,
			fmt.Sprintf(
				"no longer names %s, in which the load balancer of %s is",
				strings.Join(missing, ", "),
				c.was.Name,
			),
			"put it back; subnets of a running cluster can be added with their zones, not removed: "+networkSteps,
		)
	}
}

// zones lets zones be added and reordered, and refuses to remove a zone that the cluster uses.
func (c *comparison) zones() {
	const remedy = "put it back; zones of a running cluster can be added, not removed or exchanged: " + networkSteps
	was, ok := c.was.reader()
	if !ok || was.zones == nil {
		return
	}
	inZones := was.zones(c.was)
	if c.was.Provider() != c.want.Provider {
		return
	}
	for _, zone := range slices.Sorted(maps.Keys(inZones)) {
		if !slices.Contains(c.want.Location.Zones, zone) {
			c.refusePlace(
				c.path+".zones",
				fmt.Sprintf("no longer names %s, the zone of %s", zone, strings.Join(inZones[zone], ", ")),
				remedy,
			)
		}
	}
}

// isSame reports whether a reference in the state, which may be a link, and one in the stack file, which may be a name,
// mean the same.
func isSame(state, file string) bool {
	if strings.Contains(file, "projects/") {
		return pathOf(state) == pathOf(file)
	}
	return lastPart(state) == file
}

// lastPart returns the name at the end of a link, or the name itself.
func lastPart(link string) string { return link[strings.LastIndex(link, "/")+1:] }

// pathOf returns the path of a link without the address and version of the API.
func pathOf(link string) string { return link[max(0, strings.Index(link, "projects/")):] }
