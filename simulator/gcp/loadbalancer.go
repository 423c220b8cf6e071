package gcp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// The types of a load balancer, in the order in which a packet meets them.
const (
	ruleType        = "gcp:compute/forwardingRule:ForwardingRule"
	proxyType       = "gcp:compute/regionTargetTcpProxy:RegionTargetTcpProxy"
	backendType     = "gcp:compute/regionBackendService:RegionBackendService"
	groupType       = "gcp:compute/instanceGroup:InstanceGroup"
	membershipType  = "gcp:compute/instanceGroupMembership:InstanceGroupMembership"
	healthCheckType = "gcp:compute/healthCheck:HealthCheck"
	// regionCheckType is a health check of a region, which is what regional load balancers take.
	regionCheckType = "gcp:compute/regionHealthCheck:RegionHealthCheck"
)

// updateRule refuses another reach of a rule that exists:
// https://cloud.google.com/load-balancing/docs/tcp/set-up-int-tcp-proxy-zonal#enable-global-access
func updateRule(c *schema.Call) error {
	if c.State.String("loadBalancingScheme") == "INTERNAL_MANAGED" &&
		c.Old.Bool("allowGlobalAccess") != c.Inputs.Bool("allowGlobalAccess") {
		return invalid("allowGlobalAccess", fmt.Sprint(c.Inputs.Bool("allowGlobalAccess")),
			"Global access of an INTERNAL_MANAGED forwarding rule cannot be changed.")
	}
	label(c.State, c.Type.Fields)
	return nil
}

func checkHealthCheck(c *schema.Call) []schema.Problem {
	state := c.Type.Fields.WithDefaults(c.Inputs)
	interval, timeout := state.Int("checkIntervalSec"), state.Int("timeoutSec")
	if timeout > interval {
		return schema.Refuse("timeoutSec", "timeoutSec (%d) must not be greater than checkIntervalSec (%d)",
			timeout, interval)
	}
	return nil
}

func createHealthCheck(c *schema.Call) error { return create(c, "healthChecks") }

func createGroup(c *schema.Call) error {
	if err := checkZone(c, c.State.String("zone")); err != nil {
		return err
	}
	if _, err := find(c, networkType, c.State.String("network")); err != nil {
		return err
	}
	return create(c, "instanceGroups")
}

// deleteGroup lets machines go; a backend that uses the group holds it.
func deleteGroup(c *schema.Call) error {
	for _, backend := range c.Store.List(backendType, c.Region) {
		if refers(map[string]any(backend.State), c.ID) {
			return fmt.Errorf("Error 400: The instance_group resource '%s' is already being used by '%s', "+
				"resourceInUseByAnotherResource", c.ID, backend.ID)
		}
	}
	for _, membership := range c.Store.List(membershipType, c.Region) {
		if same(membership.State.String("instanceGroup"), c.ID) {
			c.Store.Remove(membership)
		}
	}
	return nil
}

// createMembership puts a machine into a group of its zone and network.
// https://cloud.google.com/compute/docs/instance-groups/creating-groups-of-unmanaged-instances
func createMembership(c *schema.Call) error {
	group, err := find(c, groupType, c.State.String("instanceGroup"))
	if err != nil {
		return err
	}
	machine, err := find(c, instanceType, c.State.String("instance"))
	if err != nil {
		return err
	}
	zone := group.State.String("zone")
	if machine.State.String("zone") != zone || c.State.Has("zone") && c.State.String("zone") != zone {
		return invalid("instances", machine.ID, "All instances of a group must be in its zone, %s", zone)
	}
	if nic := interfaceOf(machine); !same(nic.network, group.State.String("network")) {
		return invalid("instances", machine.ID, "All instances of a group must be in its network, %s",
			path(group.State.String("network")))
	}
	c.State["zone"], c.State["project"] = zone, Project
	c.State["instance"], c.State["instanceGroup"] = api+machine.ID, api+group.ID
	c.ID = fmt.Sprintf("%s/%s", group.ID, machine.State.String("name"))
	if c.Store.Get(membershipType, c.Region, c.ID) != nil {
		return fmt.Errorf("Error 400: The resource '%s' is already a member of '%s', memberAlreadyExists", machine.ID,
			group.ID)
	}
	return nil
}

// managed reports whether a load balancer works by proxies.
func managed(state store.Values) bool {
	return strings.HasSuffix(state.String("loadBalancingScheme"), "_MANAGED")
}

// checkBackends follows the provider:
// https://github.com/hashicorp/terraform-provider-google-beta/blob/v5.42.0/google-beta/services/compute/resource_compute_region_backend_service.go
func checkBackends(c *schema.Call) []schema.Problem {
	var problems []schema.Problem
	refuse := func(format string, arguments ...any) {
		problems = append(problems, schema.Refuse("backends", format, arguments...)...)
	}
	isManaged, scaled := managed(c.Inputs), false
	for _, backend := range c.Inputs.Objects("backends") {
		scaler, mode := backend["capacityScaler"], backend.String("balancingMode")
		scaled = scaled || scaler != nil && scaler != 0.0
		switch {
		case !isManaged && scaler != nil:
			refuse("capacityScaler cannot be set for a load balancing scheme that is not managed")
		case !isManaged && mode != "" && mode != "CONNECTION":
			refuse("balancingMode must be CONNECTION for a load balancing scheme that is not managed")
		case isManaged && (mode == "" || mode == "CONNECTION") && !backend.Has("maxConnections"):
			refuse("balancingMode CONNECTION needs maxConnections")
		}
	}
	if isManaged && !scaled && len(c.Inputs.Objects("backends")) > 0 {
		refuse("capacityScaler must be greater than 0 for at least one backend of a managed load balancing scheme")
	}
	return problems
}

func createBackend(c *schema.Call) error {
	if err := create(c, "backendServices"); err != nil {
		return err
	}
	return checkBackendParts(c)
}

func checkBackendParts(c *schema.Call) error {
	scheme, protocol := c.State.String("loadBalancingScheme"), c.State.String("protocol")
	if scheme == "INTERNAL_MANAGED" && protocol == "UDP" || scheme == "INTERNAL" &&
		strings.HasPrefix(protocol, "HTTP") {
		return invalid("protocol", protocol, "Not for the load balancing scheme %s", scheme)
	}
	token := healthCheckType
	if strings.Contains(c.State.String("healthChecks"), "/regions/") {
		token = regionCheckType
	}
	if _, err := find(c, token, c.State.String("healthChecks")); err != nil {
		return err
	}
	for _, backend := range c.State.Objects("backends") {
		if _, err := find(c, groupType, backend.String("group")); err != nil {
			return err
		}
	}
	return nil
}

func createProxy(c *schema.Call) error {
	backend, err := find(c, backendType, c.State.String("backendService"))
	if err != nil {
		return err
	}
	if !managed(backend.State) || backend.State.String("protocol") != "TCP" {
		return invalid("backendService", backend.ID,
			"A target TCP proxy needs a backend service of protocol TCP and a managed scheme, not %s and %s",
			backend.State.String("protocol"), backend.State.String("loadBalancingScheme"))
	}
	return create(c, "targetTcpProxies")
}

// createRule creates a forwarding rule. A managed one listens on one port, in a network that has a subnetwork for the
// proxies.
// https://cloud.google.com/load-balancing/docs/forwarding-rule-concepts
func createRule(c *schema.Call) error {
	scheme := c.State.String("loadBalancingScheme")
	if managed(c.State) != c.State.Has("target") {
		return invalid("loadBalancingScheme", scheme,
			"A managed scheme forwards to a target proxy, a passthrough one to a backend service")
	}
	subnetwork, err := find(c, subnetworkType, c.State.String("subnetwork"))
	if err != nil {
		return err
	}
	network := subnetwork.State.String("network")
	if c.State.Has("network") && !same(c.State.String("network"), network) {
		return invalid("network", c.State.String("network"), "The subnetwork is in another network, %s", path(network))
	}
	if managed(c.State) {
		if !c.State.Has("portRange") {
			return invalid("portRange", "", "A rule with a target proxy needs a port")
		}
		if proxySubnetwork(c.Store, c.Region, network) == nil {
			return invalid("network", path(network),
				"An active proxy-only subnetwork is required in the same region and VPC as the forwarding rule")
		}
		if _, err := find(c, proxyType, c.State.String("target")); err != nil {
			return err
		}
	}
	if err := create(c, "forwardingRules"); err != nil {
		return err
	}
	if err := addressRule(c, subnetwork); err != nil {
		return err
	}
	c.State["network"], c.State["subnetwork"] = network, api+subnetwork.ID
	return nil
}

// addressRule gives the rule its reserved address, which no other rule may have, or a free one.
func addressRule(c *schema.Call, subnetwork *store.Resource) error {
	wanted := c.State.String("ipAddress")
	if reserved := c.Store.Find(addressType, c.Region, func(r *store.Resource) bool {
		return r.State.String("address") == wanted || r.ID == path(wanted)
	}); reserved != nil {
		wanted = reserved.State.String("address")
		if !same(reserved.State.String("subnetwork"), subnetwork.ID) {
			return invalid("IPAddress", wanted, "The address is not in the subnetwork %s", subnetwork.ID)
		}
		taken := slices.ContainsFunc(c.Store.List(ruleType, c.Region),
			func(r *store.Resource) bool { return r.State.String("ipAddress") == wanted })
		if taken {
			return fmt.Errorf("Error 400: Invalid value for field 'resource.IPAddress': '%s'. Specified IP address "+
				"is in-use and would result in a conflict., invalid", wanted)
		}
		c.State["ipAddress"] = wanted
		return nil
	}
	address, err := freeAddress(c.Store, subnetwork, wanted)
	c.State["ipAddress"] = address
	return err
}

// proxySubnetwork returns the subnetwork of the proxies of a region's managed load balancers in a network.
func proxySubnetwork(st *store.Store, region, network string) *store.Resource {
	return st.Find(subnetworkType, region, func(r *store.Resource) bool {
		return isProxy(r.State) && r.State.String("role") == "ACTIVE" && same(r.State.String("network"), network)
	})
}
