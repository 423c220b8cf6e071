package aws

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
)

// The types of load balancing.
const (
	loadBalancerType = "aws:lb/loadBalancer:LoadBalancer"
	targetGroupType  = "aws:lb/targetGroup:TargetGroup"
	listenerType     = "aws:lb/listener:Listener"
	attachmentType   = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
)

func checkLoadBalancer(c *schema.Call) []schema.Problem {
	var problems []schema.Problem
	if name := c.Inputs.String("name"); strings.HasPrefix(name, "internal-") {
		problems = append(problems, schema.Refuse("name", "%q cannot begin with internal-", name)...)
	}
	return problems
}

// replaceNetworkLoadBalancer follows the provider: a network load balancer can gain subnets, but not lose or exchange
// them, and gain its first security group only by being replaced. The provider decides only once it knows the whole
// list: while the id of a new subnet is unknown, a preview shows an update, and the update replaces.
// https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/elbv2/load_balancer.go
func replaceNetworkLoadBalancer(c *schema.Call, changed []string) []string {
	if c.Inputs.String("loadBalancerType") != "network" {
		return nil
	}
	var replace []string
	for _, name := range changed {
		list, _ := c.Inputs[name].([]any)
		if c.Inputs.Has(name) && !c.Inputs.Known(name) || slices.Contains(list, store.Unknown) {
			continue
		}
		before, after := c.Old.Strings(name), c.Inputs.Strings(name)
		loses := slices.ContainsFunc(before, func(id string) bool { return !slices.Contains(after, id) })
		if name == "subnets" && loses || name == "securityGroups" && (len(before) == 0) != (len(after) == 0) {
			replace = append(replace, name)
		}
	}
	return replace
}

func createLoadBalancer(c *schema.Call) error {
	name := c.State.String("name")
	if c.Store.Find(loadBalancerType, c.Region,
		func(r *store.Resource) bool { return r.State.String("name") == name }) != nil {
		return fmt.Errorf("ELBv2 Load Balancer (%s) already exists", name)
	}
	kind := map[string]string{"application": "app", "network": "net",
		"gateway": "gwy"}[c.State.String("loadBalancerType")]
	hash := c.Store.Hash(c.URN, 16)
	c.ID = arn("elasticloadbalancing", c.Region, fmt.Sprintf("loadbalancer/%s/%s/%s", kind, name, hash))
	c.State["arn"] = c.ID
	c.State["dnsName"] = fmt.Sprintf("%s-%s.elb.%s.amazonaws.com", name, hash, c.Region)
	c.State["zoneId"] = loadBalancerZone(c.Region)
	return updateLoadBalancer(c)
}

// loadBalancerZone returns the hosted zone of a region's network load balancers:
// https://docs.aws.amazon.com/general/latest/gr/elb.html
func loadBalancerZone(region string) string {
	if zone, known := map[string]string{"us-east-1": "Z26RNL4JYFTOTI", "us-west-1": "Z24FKFUX50B4VW"}[region]; known {
		return zone
	}
	return "Z" + strings.ToUpper(strings.ReplaceAll(region, "-", ""))
}

func updateLoadBalancer(c *schema.Call) error {
	subnets := c.State.Strings("subnets")
	for _, mapping := range c.State.Objects("subnetMappings") {
		subnets = append(subnets, mapping.String("subnetId"))
	}
	vpc, zones := "", map[string]bool{}
	for _, id := range subnets {
		subnet, err := find(c, subnetType, id, "SubnetNotFound", "subnet ID")
		if err != nil {
			return err
		}
		zone, network := subnet.State.String("availabilityZone"), subnet.State.String("vpcId")
		switch {
		case zones[zone]:
			return fmt.Errorf("InvalidConfigurationRequest: A load balancer cannot be attached to multiple subnets "+
				"in the same Availability Zone: %s", zone)
		case vpc != "" && vpc != network:
			return fmt.Errorf("InvalidConfigurationRequest: Subnets must be in the same VPC: %s", id)
		}
		vpc, zones[zone] = network, true
	}
	if c.State.String("loadBalancerType") == "application" && len(zones) < 2 {
		return fmt.Errorf("ValidationError: At least two subnets in two different Availability Zones must be specified")
	}
	if !c.State.Bool("internal") && len(users(c, "vpcId", vpc, gatewayType)) == 0 {
		return fmt.Errorf("InvalidSubnet: VPC %s has no internet gateway", vpc)
	}
	c.State["vpcId"] = vpc
	c.State["subnets"] = store.List(subnets...)
	if err := checkGroups(c, c.State.Strings("securityGroups"), vpc); err != nil {
		return err
	}
	return addressLoadBalancer(c, subnets)
}

// addressLoadBalancer gives the load balancer a private address in every subnet, and keeps those it has.
func addressLoadBalancer(c *schema.Call, subnets []string) error {
	addresses := c.State.Strings(addressesKey)
	for len(addresses) < len(subnets) {
		subnet := c.Store.Get(subnetType, c.Region, subnets[len(addresses)])
		address, err := freeAddress(c.Store, subnet, "")
		if err != nil {
			return err
		}
		addresses = append(addresses, address)
	}
	c.State[addressesKey] = store.List(addresses...)
	return nil
}

func deleteLoadBalancer(c *schema.Call) error {
	if c.State.Bool("enableDeletionProtection") {
		return fmt.Errorf("OperationNotPermitted: Load balancer '%s' cannot be deleted because deletion protection "+
			"is enabled", c.ID)
	}
	// The listeners are deleted with the load balancer.
	for _, listener := range users(c, "loadBalancerArn", c.ID, listenerType) {
		c.Store.Remove(listener)
	}
	return nil
}

func checkTargetGroup(c *schema.Call) []schema.Problem {
	var problems []schema.Problem
	refuse := func(property, format string, arguments ...any) {
		problems = append(problems, schema.Refuse(property, format, arguments...)...)
	}
	for _, name := range []string{"port", "protocol", "vpcId"} {
		if !c.Inputs.Has(name) && c.Inputs.String("targetType") != "lambda" {
			refuse(name, "must be given when targetType is not lambda")
		}
	}
	health := c.Inputs.Object("healthCheck")
	if health.String("protocol") == "TCP" {
		for _, name := range []string{"matcher", "path"} {
			if health.String(name) != "" {
				refuse("healthCheck."+name, "cannot be given when healthCheck.protocol is TCP")
			}
		}
		if protocol := c.Inputs.String("protocol"); strings.HasPrefix(protocol, "HTTP") {
			refuse("healthCheck.protocol", "cannot be TCP when protocol is %s", protocol)
		}
	}
	if port := health.String("port"); port != "" && port != "traffic-port" {
		if number, err := strconv.Atoi(port); err != nil || number < 1 || number > 65536 {
			refuse("healthCheck.port", `%q must be a valid port number (1-65536) or "traffic-port"`, port)
		}
	}
	return problems
}

func createTargetGroup(c *schema.Call) error {
	name := c.State.String("name")
	if c.Store.Find(targetGroupType, c.Region,
		func(r *store.Resource) bool { return r.State.String("name") == name }) != nil {
		return fmt.Errorf("ELBv2 Target Group (%s) already exists", name)
	}
	if _, err := find(c, vpcType, c.State.String("vpcId"), "ValidationError", "VPC ID"); err != nil {
		return err
	}
	suffix := fmt.Sprintf("targetgroup/%s/%s", name, c.Store.Hash(c.URN, 16))
	c.ID = arn("elasticloadbalancing", c.Region, suffix)
	c.State["arn"] = c.ID
	if !c.State.Has("preserveClientIp") && slices.Contains(networkProtocols, c.State.String("protocol")) {
		// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation
		c.State["preserveClientIp"] = strconv.FormatBool(c.State.String("targetType") == "instance" ||
			strings.Contains(c.State.String("protocol"), "UDP"))
	}
	return nil
}

func deleteTargetGroup(c *schema.Call) error {
	left := c.Store.Select(func(r *store.Resource) bool {
		return r.Type == listenerType && r.Region == c.Region && slices.Contains(forwardsTo(r), c.ID)
	})
	if len(left) > 0 {
		return fmt.Errorf("ResourceInUse: Target group '%s' is currently in use by a listener or a rule: %s", c.ID,
			names(left))
	}
	for _, attachment := range users(c, "targetGroupArn", c.ID, attachmentType) {
		c.Store.Remove(attachment)
	}
	return nil
}

func forwardsTo(listener *store.Resource) []string {
	var groups []string
	for _, action := range listener.State.Objects("defaultActions") {
		groups = append(groups, action.String("targetGroupArn"))
	}
	return groups
}

var networkProtocols = []string{"TCP", "TLS", "UDP", "TCP_UDP"}

var listenerHash = regexp.MustCompile(`loadbalancer/(.*)$`)

func createListener(c *schema.Call) error {
	if err := checkListener(c); err != nil {
		return err
	}
	loadBalancer := listenerHash.FindStringSubmatch(c.State.String("loadBalancerArn"))[1]
	c.ID = arn("elasticloadbalancing", c.Region, fmt.Sprintf("listener/%s/%s", loadBalancer, c.Store.Hash(c.URN, 16)))
	c.State["arn"] = c.ID
	return nil
}

func checkListener(c *schema.Call) error {
	loadBalancer, err := find(c, loadBalancerType, c.State.String("loadBalancerArn"), "LoadBalancerNotFound",
		"load balancer")
	if err != nil {
		return err
	}
	port, protocol := c.State.Int("port"), c.State.String("protocol")
	network := loadBalancer.State.String("loadBalancerType") == "network"
	if network != slices.Contains(networkProtocols, protocol) {
		return fmt.Errorf("ValidationError: Protocol '%s' is not valid for a %s load balancer", protocol,
			loadBalancer.State.String("loadBalancerType"))
	}
	for _, other := range users(c, "loadBalancerArn", loadBalancer.ID, listenerType) {
		if other.ID != c.ID && other.State.Int("port") == port {
			return fmt.Errorf("DuplicateListener: A listener already exists on this port for this load balancer "+
				"'%s': %d", loadBalancer.ID, port)
		}
	}
	for _, action := range c.State.Objects("defaultActions") {
		if network && action.String("type") != "forward" {
			return fmt.Errorf("InvalidLoadBalancerAction: The action type '%s' is not valid with network load "+
				"balancer", action.String("type"))
		}
		if err := checkForward(c, loadBalancer, action.String("targetGroupArn")); err != nil {
			return err
		}
	}
	return nil
}

func checkForward(c *schema.Call, loadBalancer *store.Resource, id string) error {
	group, err := find(c, targetGroupType, id, "TargetGroupNotFound", "target group")
	if err != nil {
		return err
	}
	if group.State.String("vpcId") != loadBalancer.State.String("vpcId") {
		return fmt.Errorf("InvalidConfigurationRequest: The following target groups are in a different VPC than "+
			"load balancer '%s': %s", loadBalancer.ID, id)
	}
	listener, target := c.State.String("protocol"), group.State.String("protocol")
	if listener != target && !(listener == "TLS" && target == "TCP") && !(listener == "TCP" && target == "TLS") &&
		!strings.HasPrefix(target, "HTTP") {
		return fmt.Errorf("InvalidConfigurationRequest: Listener protocol '%s' must be compatible with target "+
			"group protocol '%s'", listener, target)
	}
	for _, other := range c.Store.List(listenerType, c.Region) {
		if other.ID != c.ID && other.State.String("loadBalancerArn") != loadBalancer.ID &&
			slices.Contains(forwardsTo(other), id) {
			return fmt.Errorf("TargetGroupAssociationLimit: The following target groups cannot be associated with "+
				"more than one load balancer: %s", id)
		}
	}
	return nil
}

func createAttachment(c *schema.Call) error {
	group, err := find(c, targetGroupType, c.State.String("targetGroupArn"), "TargetGroupNotFound", "target group")
	if err != nil {
		return err
	}
	target, vpc := c.State.String("targetId"), group.State.String("vpcId")
	c.ID = group.ID + "-" + c.Store.Hash(c.URN, 20)
	if group.State.String("targetType") != "instance" {
		return nil
	}
	machine, err := find(c, instanceType, target, "InvalidTarget", "instance ID")
	if err != nil {
		return err
	}
	if interfaceOf(c.Store, machine).vpc != vpc {
		return fmt.Errorf("InvalidTarget: The following targets are not in the target group VPC '%s': '%s'", vpc,
			target)
	}
	return nil
}
