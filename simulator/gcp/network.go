package gcp

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// The types of the network.
const (
	networkType    = "gcp:compute/network:Network"
	subnetworkType = "gcp:compute/subnetwork:Subnetwork"
	routerType     = "gcp:compute/router:Router"
	natType        = "gcp:compute/routerNat:RouterNat"
	addressType    = "gcp:compute/address:Address"
)

// proxyPurpose marks the subnetwork that a region's managed load balancers send from.
const proxyPurpose = "REGIONAL_MANAGED_PROXY"

func createNetwork(c *schema.Call) error { return create(c, "networks") }

func createRouter(c *schema.Call) error {
	if _, err := find(c, networkType, c.State.String("network")); err != nil {
		return err
	}
	return create(c, "routers")
}

// parseRange reads a range as Google accepts it: no host bits, and no smaller than a /29.
// https://cloud.google.com/vpc/docs/subnets#limitations
func parseRange(text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil || prefix != prefix.Masked() || prefix.Bits() > 29 || prefix.Bits() < 8 {
		return prefix, invalid("ipCidrRange", text, "Must be a valid IPv4 address range of /8 to /29 without host bits")
	}
	return prefix, nil
}

// replaceShrunk replaces a subnetwork whose range shrinks; a range can grow in place.
// https://github.com/hashicorp/terraform-provider-google-beta/blob/v5.42.0/google-beta/services/compute/resource_compute_subnetwork.go
func replaceShrunk(c *schema.Call, changed []string) []string {
	before, _ := netip.ParsePrefix(c.Old.String("ipCidrRange"))
	after, err := netip.ParsePrefix(c.Inputs.String("ipCidrRange"))
	if !slices.Contains(changed, "ipCidrRange") || err == nil && after.Bits() <= before.Bits() &&
		after.Contains(before.Addr()) {
		return nil
	}
	return []string{"ipCidrRange"}
}

func createSubnetwork(c *schema.Call) error {
	network, err := find(c, networkType, c.State.String("network"))
	if err != nil {
		return err
	}
	c.State["network"] = api + network.ID
	if err := create(c, "subnetworks"); err != nil {
		return err
	}
	return checkRange(c)
}

func checkRange(c *schema.Call) error {
	prefix, err := parseRange(c.State.String("ipCidrRange"))
	if err != nil {
		return err
	}
	c.State["gatewayAddress"] = prefix.Addr().Next().String()
	for _, other := range c.Store.List(subnetworkType, "") {
		if other.ID == c.ID || !same(other.State.String("network"), c.State.String("network")) {
			continue
		}
		if netip.MustParsePrefix(other.State.String("ipCidrRange")).Overlaps(prefix) {
			return invalid("ipCidrRange", prefix.String(),
				"Invalid IPCidrRange: %s conflicts with existing subnetwork '%s' in region "+
					"'%s'", prefix, other.State.String("name"), other.Region)
		}
		active := func(state store.Values) bool { return isProxy(state) && state.String("role") == "ACTIVE" }
		if other.Region == c.Region && active(other.State) && active(c.State) {
			return invalid("role", "ACTIVE", "There is an active proxy-only subnetwork in this region and network "+
				"already: %s", other.State.String("name"))
		}
	}
	return checkProxySubnetwork(c, prefix)
}

func isProxy(subnetwork store.Values) bool { return subnetwork.String("purpose") == proxyPurpose }

// checkProxySubnetwork checks a subnetwork for proxies:
// https://cloud.google.com/load-balancing/docs/proxy-only-subnets#proxy_only_subnet_create
func checkProxySubnetwork(c *schema.Call, prefix netip.Prefix) error {
	role := c.State.String("role")
	switch {
	case !isProxy(c.State) && role != "":
		return invalid("role", role, "A role is for subnetworks of a managed proxy only")
	case isProxy(c.State) && role == "":
		return invalid("role", role, "A subnetwork of purpose %s needs a role", proxyPurpose)
	case isProxy(c.State) && prefix.Bits() > 26:
		return invalid("ipCidrRange", prefix.String(), "A proxy-only subnetwork must have at least 64 addresses, a /26")
	case isProxy(c.State) && c.State.Has("logConfig"):
		// https://cloud.google.com/vpc/docs/flow-logs#key_properties
		return invalid("logConfig", "", "A proxy-only subnetwork has no flow logs")
	case isProxy(c.State) && c.State.Bool("privateIpGoogleAccess"):
		return invalid("privateIpGoogleAccess", "true", "A proxy-only subnetwork cannot have it")
	}
	return nil
}

func deleteSubnetwork(c *schema.Call) error {
	if isProxy(c.State) {
		for _, rule := range c.Store.List(ruleType, c.Region) {
			if managed(rule.State) && same(rule.State.String("network"), c.State.String("network")) {
				return fmt.Errorf("Error 400: The subnetwork resource '%s' is already being used by '%s', "+
					"resourceInUseByAnotherResource", c.ID, rule.ID)
			}
		}
	}
	return deleteUnused(c)
}

func createNat(c *schema.Call) error {
	router, err := find(c, routerType, c.State.String("router"))
	if err != nil {
		return err
	}
	c.State["region"], c.State["project"] = c.Region, Project
	c.ID = fmt.Sprintf("%s/%s/%s/%s", Project, c.Region, router.State.String("name"), c.State.String("name"))
	return checkNat(c)
}

// checkNat checks the ports and addresses of Cloud NAT:
// https://cloud.google.com/nat/docs/ports-and-addresses#port-allocation-method
func checkNat(c *schema.Call) error {
	lowest, highest := c.State.Int("minPortsPerVm"), c.State.Int("maxPortsPerVm")
	dynamic := c.State.Bool("enableDynamicPortAllocation")
	power := func(n int) bool { return n&(n-1) == 0 }
	list := c.State.Objects("subnetworks")
	switch {
	case dynamic && c.State.Bool("enableEndpointIndependentMapping"):
		return invalid("nats", c.State.String("name"),
			"Dynamic port allocation and endpoint-independent mapping cannot both be enabled")
	case dynamic && (!power(lowest) || !power(highest) || highest != 0 && highest <= lowest):
		return invalid("nats.maxPortsPerVm", fmt.Sprint(highest),
			"Under dynamic port allocation both numbers of ports must be powers of two, and the maximum the larger one")
	case !dynamic && highest != 0:
		return invalid("nats.maxPortsPerVm", fmt.Sprint(highest), "It needs dynamic port allocation")
	case (c.State.String("natIpAllocateOption") == "MANUAL_ONLY") != (len(c.State.Strings("natIps")) > 0):
		return invalid("nats.natIps", "", "Addresses belong to MANUAL_ONLY, and only to it")
	case (c.State.String("sourceSubnetworkIpRangesToNat") == "LIST_OF_SUBNETWORKS") != (len(list) > 0):
		return invalid("nats.subnetworks", "", "A list of subnetworks belongs to LIST_OF_SUBNETWORKS, and only to it")
	}
	for _, subnetwork := range list {
		if _, err := find(c, subnetworkType, subnetwork.String("name")); err != nil {
			return err
		}
	}
	return nil
}

func createAddress(c *schema.Call) error {
	internal := c.State.String("addressType") == "INTERNAL"
	if internal && !c.State.Has("subnetwork") {
		return invalid("subnetwork", "", "An internal address needs a subnetwork")
	}
	if !internal && (c.State.Has("subnetwork") || c.State.Has("purpose")) {
		return invalid("subnetwork", c.State.String("subnetwork"),
			"Subnetwork and purpose are for internal addresses only")
	}
	if err := create(c, "addresses"); err != nil {
		return err
	}
	if !internal {
		c.State["purpose"], c.State["subnetwork"] = "", ""
		c.State["address"] = fmt.Sprintf("198.51.100.%d", c.Store.Count("public addresses of gcp")%250+1)
		return nil
	}
	subnetwork, err := find(c, subnetworkType, c.State.String("subnetwork"))
	if err != nil {
		return err
	}
	c.State["subnetwork"] = api + subnetwork.ID
	if !c.State.Has("purpose") {
		c.State["purpose"] = "GCE_ENDPOINT"
	}
	c.State["address"], err = freeAddress(c.Store, subnetwork, c.State.String("address"))
	return err
}

func deleteAddress(c *schema.Call) error {
	address := c.State.String("address")
	for _, user := range c.Store.Select(func(r *store.Resource) bool {
		return r.Type == instanceType ||
			r.Type == ruleType
	}) {
		nic := interfaceOf(user)
		if user.Region == c.Region && (nic.privateIP == address || nic.publicIP == address ||
			user.State.String("ipAddress") == address) {
			return fmt.Errorf("Error 400: The address resource '%s' is already being used by '%s', "+
				"resourceInUseByAnotherResource", c.ID, user.ID)
		}
	}
	return nil
}

// freeAddress returns the wanted address of a subnetwork, or the lowest free one. Google keeps the first two and
// the last two: https://cloud.google.com/vpc/docs/subnets#unusable-ip-addresses-in-every-subnet
func freeAddress(st *store.Store, subnetwork *store.Resource, wanted string) (string, error) {
	if isProxy(subnetwork.State) {
		return "", invalid("subnetwork", subnetwork.ID, "A proxy-only subnetwork has no addresses for anything else")
	}
	taken := map[string]bool{}
	for _, r := range st.Select(func(r *store.Resource) bool {
		return r.Region == subnetwork.Region &&
			r.Provider == "gcp"
	}) {
		switch r.Type {
		case addressType:
			taken[r.State.String("address")] = taken[r.State.String("address")] ||
				same(r.State.String("subnetwork"), subnetwork.ID)
		case instanceType:
			if nic := interfaceOf(r); same(nic.subnetwork, subnetwork.ID) {
				taken[nic.privateIP] = true
			}
		}
	}
	prefix := netip.MustParsePrefix(subnetwork.State.String("ipCidrRange"))
	address := prefix.Addr().Next().Next()
	if wanted != "" {
		parsed, err := netip.ParseAddr(wanted)
		if err != nil || !prefix.Contains(parsed) {
			return "", invalid("address", wanted,
				"Requested internal IP address is not in the range of the subnetwork, %s", prefix)
		}
		address = parsed
	}
	for prefix.Contains(address.Next().Next()) {
		switch {
		case !taken[address.String()]:
			return address.String(), nil
		case wanted != "":
			return "", fmt.Errorf("Error 400: IP '%s' is already being used by another resource, "+
				"IP_IN_USE_BY_ANOTHER_RESOURCE", wanted)
		}
		address = address.Next()
	}
	return "", fmt.Errorf("Error 400: IP space of '%s' is exhausted, IP_SPACE_EXHAUSTED", subnetwork.ID)
}
