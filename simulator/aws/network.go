package aws

import (
	"fmt"
	"net/netip"
	"slices"

	. "github.com/inferadb/infra/simulator/catalogue" //lint:ignore ST1001 the tables read as tables
	"github.com/inferadb/infra/simulator/world"
)

// The types of the network.
const (
	vpcType         = "aws:ec2/vpc:Vpc"
	subnetType      = "aws:ec2/subnet:Subnet"
	gatewayType     = "aws:ec2/internetGateway:InternetGateway"
	addressType     = "aws:ec2/eip:Eip"
	natType         = "aws:ec2/natGateway:NatGateway"
	routeTableType  = "aws:ec2/routeTable:RouteTable"
	routeType       = "aws:ec2/route:Route"
	associationType = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	endpointType    = "aws:ec2/vpcEndpoint:VpcEndpoint"
)

var networkResources = []Resource{
	{
		Token: vpcType, ID: "vpc-",
		Fields: Fields{
			"cidrBlock":          String(Computed, Replaces),
			"enableDnsHostnames": Bool(Computed), "enableDnsSupport": Bool(Default(true)),
			"enableNetworkAddressUsageMetrics": Bool(Default(false)),
			"instanceTenancy":                  String(Default("default"), OneOf("default", "dedicated")),
			"assignGeneratedIpv6CidrBlock":     Bool(),
		}.With(tags, Outputs("arn", "ownerId", "mainRouteTableId", "defaultRouteTableId", "defaultSecurityGroupId", "defaultNetworkAclId", "dhcpOptionsId")),
		Create: createVPC, Update: checkVPC, Delete: deleteVPC,
	},
	{
		Token: subnetType, ID: "subnet-",
		Fields: Fields{
			"vpcId": String(Required, Replaces), "cidrBlock": String(Replaces),
			"availabilityZone": String(Computed, Replaces), "availabilityZoneId": String(Computed, Replaces),
			"mapPublicIpOnLaunch": Bool(Default(false)), "assignIpv6AddressOnCreation": Bool(Default(false)),
			"enableResourceNameDnsARecordOnLaunch": Bool(Default(false)), "privateDnsHostnameTypeOnLaunch": String(Computed, OneOf("ip-name", "resource-name")),
		}.With(tags, Outputs("arn", "ownerId")),
		Create: createSubnet, Delete: deleteSubnet,
	},
	{
		Token: gatewayType, ID: "igw-",
		Fields: Fields{"vpcId": String(Computed)}.With(tags, Outputs("arn", "ownerId")),
		Create: createGateway, Update: attachGateway, Delete: deleteGateway,
	},
	{
		Token: addressType, ID: "eipalloc-",
		Fields: Fields{
			"domain": String(Computed, Replaces, OneOf("vpc", "standard")), "instance": String(Computed), "networkInterface": String(Computed),
			"associateWithPrivateIp": String(), "networkBorderGroup": String(Computed, Replaces), "publicIpv4Pool": String(Computed, Replaces), "address": String(Replaces),
		}.With(tags, Outputs("allocationId", "arn", "associationId", "publicIp", "publicDns", "privateIp", "privateDns", "ptrRecord")),
		Create: createAddress, Update: associateAddress, Delete: deleteAddress,
	},
	{
		Token: natType, ID: "nat-",
		Fields: Fields{
			"subnetId": String(Required, Replaces), "allocationId": String(Replaces), "privateIp": String(Computed, Replaces),
			"connectivityType": String(Default("public"), Replaces, OneOf("public", "private")),
		}.With(tags, Outputs("publicIp", "associationId", "networkInterfaceId")),
		Create: createNAT,
	},
	{
		Token: routeTableType, ID: "rtb-",
		Fields: Fields{
			"vpcId": String(Required, Replaces), "propagatingVgws": Strings(Computed, Unordered),
			"routes": Objects(Fields{"cidrBlock": String(), "gatewayId": String(), "natGatewayId": String(), "vpcEndpointId": String(), "vpcPeeringConnectionId": String(), "transitGatewayId": String()}, Computed, Unordered),
		}.With(tags, Outputs("arn", "ownerId")),
		Create: createRouteTable, Update: checkInlineRoutes, Delete: deleteRouteTable,
	},
	{
		Token: routeType,
		Fields: Fields{
			"routeTableId": String(Required, Replaces), "destinationCidrBlock": String(Replaces), "destinationIpv6CidrBlock": String(Replaces), "destinationPrefixListId": String(Replaces),
			"gatewayId": String(), "natGatewayId": String(), "networkInterfaceId": String(Computed), "vpcEndpointId": String(),
			"vpcPeeringConnectionId": String(), "transitGatewayId": String(), "egressOnlyGatewayId": String(),
		}.With(Outputs("origin", "state", "instanceId", "instanceOwnerId")),
		Check: checkRoute, Create: createRoute, Update: checkRouteTarget,
	},
	{
		Token: associationType, ID: "rtbassoc-",
		Fields: Fields{"routeTableId": String(Required), "subnetId": String(Replaces, Conflicts("gatewayId")), "gatewayId": String(Replaces, Conflicts("subnetId"))},
		Create: createAssociation, Update: checkAssociation,
	},
	{
		Token: endpointType, ID: "vpce-",
		Fields: Fields{
			"vpcId": String(Required, Replaces), "serviceName": String(Required, Replaces), "vpcEndpointType": String(Default("Gateway"), Replaces, OneOf("Gateway", "Interface", "GatewayLoadBalancer")),
			"routeTableIds": Strings(Computed, Unordered), "subnetIds": Strings(Computed, Unordered), "securityGroupIds": Strings(Computed, Unordered),
			"policy": String(Computed, JSON), "privateDnsEnabled": Bool(Computed), "ipAddressType": String(Computed), "autoAccept": Bool(),
		}.With(tags, Outputs("arn", "ownerId", "prefixListId", "state")),
		Create: createEndpoint, Update: checkEndpoint,
	},
}

// parseCIDR reads a CIDR as AWS takes it: no host bits, and the size of a VPC or a subnet.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
func parseCIDR(text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return prefix, fmt.Errorf("InvalidParameterValue: Value (%s) for parameter cidrBlock is invalid. This is not a valid CIDR block", text)
	}
	if prefix != prefix.Masked() {
		return prefix, fmt.Errorf("%q is not a valid IPv4 CIDR block; did you mean %q?", text, prefix.Masked())
	}
	return prefix, nil
}

func sized(prefix netip.Prefix, code string) error {
	if prefix.Bits() < 16 || prefix.Bits() > 28 {
		return fmt.Errorf("%s: The CIDR %q is invalid: the netmask must be between /16 and /28", code, prefix)
	}
	return nil
}

func createVPC(c *Call) error {
	prefix, err := parseCIDR(c.Inputs.String("cidrBlock"))
	if err != nil {
		return err
	}
	if err := sized(prefix, "InvalidVpc.Range"); err != nil {
		return err
	}
	if _, exceeds := Exceeds("aws-vpcs", len(c.World.List(vpcType, c.Region))+1); exceeds {
		return fmt.Errorf("VpcLimitExceeded: The maximum number of VPCs has been reached.")
	}
	c.State["arn"] = arn("ec2", c.Region, "vpc/"+c.ID)
	c.State["ownerId"] = Account
	routes := "rtb-" + c.World.Hash(c.URN, 17)
	c.State["mainRouteTableId"], c.State["defaultRouteTableId"] = routes, routes
	c.State["defaultSecurityGroupId"] = "sg-" + c.World.Hash(c.URN, 17)
	c.State["defaultNetworkAclId"] = "acl-" + c.World.Hash(c.URN, 17)
	if !c.State.Has("enableDnsHostnames") {
		c.State["enableDnsHostnames"] = false
	}
	c.State["dhcpOptionsId"] = "dopt-" + c.World.Hash("dhcp options of "+c.Region, 17)
	return checkVPC(c)
}

func checkVPC(c *Call) error {
	if c.State.Bool("enableDnsHostnames") && !c.State.Bool("enableDnsSupport") {
		return fmt.Errorf("InvalidParameterValue: enableDnsHostnames needs enableDnsSupport")
	}
	return nil
}

func deleteVPC(c *Call) error {
	if left := users(c, "vpcId", c.ID, subnetType, gatewayType, routeTableType, endpointType, securityGroupType); len(left) > 0 {
		return fmt.Errorf("DependencyViolation: The vpc '%s' has dependencies and cannot be deleted: %s", c.ID, names(left))
	}
	return nil
}

// zones are those that an account sees; most regions have three.
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
func zones(region string) []string {
	named := slices.DeleteFunc(Listed(Zones), func(zone string) bool { return zone[:len(zone)-1] != region })
	if len(named) > 0 {
		return named
	}
	letters, ok := map[string]string{"us-east-1": "abcdef", "us-west-1": "ac", "us-west-2": "abcd", "ap-northeast-2": "abcd"}[region]
	if !ok {
		letters = "abc"
	}
	var list []string
	for _, letter := range letters {
		list = append(list, region+string(letter))
	}
	return list
}

func createSubnet(c *Call) error {
	vpc, err := find(c, vpcType, c.Inputs.String("vpcId"), "InvalidVpcID.NotFound", "vpc ID")
	if err != nil {
		return err
	}
	text := c.Inputs.String("cidrBlock")
	prefix, err := parseCIDR(text)
	if err != nil {
		return err
	}
	if err := sized(prefix, "InvalidSubnet.Range"); err != nil {
		return err
	}
	ranges := rangesOf(vpc)
	if !slices.ContainsFunc(ranges, func(whole netip.Prefix) bool { return whole.Contains(prefix.Addr()) && prefix.Bits() >= whole.Bits() }) {
		return fmt.Errorf("InvalidSubnet.Range: The CIDR '%s' is invalid: it does not lie in the VPC's %s", text, ranges)
	}
	for _, other := range users(c, "vpcId", vpc.ID, subnetType) {
		if netip.MustParsePrefix(other.State.String("cidrBlock")).Overlaps(prefix) {
			return fmt.Errorf("InvalidSubnet.Conflict: The CIDR '%s' conflicts with another subnet: %s", text, other.ID)
		}
	}
	zone := c.State.String("availabilityZone")
	if zone == "" {
		zone = zones(c.Region)[0]
	}
	if !slices.Contains(zones(c.Region), zone) {
		return fmt.Errorf("InvalidParameterValue: Value (%s) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: %v", zone, zones(c.Region))
	}
	c.State["availabilityZone"] = zone
	c.State["availabilityZoneId"] = zoneID(zone)
	if !c.State.Has("privateDnsHostnameTypeOnLaunch") {
		c.State["privateDnsHostnameTypeOnLaunch"] = "ip-name"
	}
	c.State["arn"], c.State["ownerId"] = arn("ec2", c.Region, "subnet/"+c.ID), Account
	return nil
}

// secondaryKey holds the ranges that a VPC has beside its first.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#vpc-resize
const secondaryKey = "__secondaryCidrs"

func rangesOf(vpc *world.Resource) []netip.Prefix {
	ranges := []netip.Prefix{netip.MustParsePrefix(vpc.State.String("cidrBlock"))}
	for _, text := range vpc.State.Strings(secondaryKey) {
		ranges = append(ranges, netip.MustParsePrefix(text))
	}
	return ranges
}

// zoneID is the name of a zone that is the same in all accounts: use1-az1.
func zoneID(zone string) string {
	region, letter := zone[:len(zone)-1], zone[len(zone)-1]
	short := map[string]string{"us-east-1": "use1", "us-east-2": "use2", "us-west-1": "usw1", "us-west-2": "usw2", "eu-west-1": "euw1", "eu-central-1": "euc1"}[region]
	if short == "" {
		short = region
	}
	return fmt.Sprintf("%s-az%d", short, letter-'a'+1)
}

func deleteSubnet(c *Call) error {
	left := users(c, "subnetId", c.ID, instanceType, natType, interfaceType)
	left = append(left, users(c, "subnets", c.ID, loadBalancerType)...)
	left = append(left, users(c, "subnetIds", c.ID, endpointType)...)
	if len(left) > 0 {
		return fmt.Errorf("DependencyViolation: The subnet '%s' has dependencies and cannot be deleted: %s", c.ID, names(left))
	}
	return nil
}

func createGateway(c *Call) error {
	c.State["arn"], c.State["ownerId"] = arn("ec2", c.Region, "internet-gateway/"+c.ID), Account
	return attachGateway(c)
}

func attachGateway(c *Call) error {
	id := c.State.String("vpcId")
	if id == "" {
		return nil
	}
	if _, err := find(c, vpcType, id, "InvalidVpcID.NotFound", "vpc ID"); err != nil {
		return err
	}
	for _, other := range users(c, "vpcId", id, gatewayType) {
		if other.ID != c.ID {
			return fmt.Errorf("Resource.AlreadyAssociated: network %s already has the internet gateway %s attached", id, other.ID)
		}
	}
	return nil
}

func deleteGateway(c *Call) error {
	vpc := c.State.String("vpcId")
	mapped := c.World.Select(func(r *world.Resource) bool {
		if r.Region != c.Region || vpcOfSubnet(c.World, c.Region, r.State.String("subnetId")) != vpc {
			return false
		}
		return r.Type == natType && r.State.String("publicIp") != "" || r.Type == instanceType && interfaceOf(c.World, r).publicIP != ""
	})
	if len(mapped) > 0 {
		return fmt.Errorf("DependencyViolation: Network %s has some mapped public address(es): %s. Please unmap those public address(es) before detaching the gateway", vpc, names(mapped))
	}
	return nil
}

func vpcOfSubnet(w *world.World, region, subnet string) string {
	if found := w.Get(subnetType, region, subnet); found != nil {
		return found.State.String("vpcId")
	}
	return ""
}

func createAddress(c *Call) error {
	if _, exceeds := Exceeds("aws-elastic-ips", len(c.World.List(addressType, c.Region))+1); exceeds {
		return fmt.Errorf("AddressLimitExceeded: The maximum number of addresses has been reached.")
	}
	c.State["domain"], c.State["allocationId"] = "vpc", c.ID
	c.State["publicIp"] = publicAddress(c.World)
	c.State["arn"] = arn("ec2", c.Region, "elastic-ip/"+c.ID)
	return associateAddress(c)
}

func associateAddress(c *Call) error {
	subnet := ""
	if id := c.State.String("instance"); id != "" {
		instance, err := find(c, instanceType, id, "InvalidInstanceID.NotFound", "instance ID")
		if err != nil {
			return err
		}
		subnet = instance.State.String("subnetId")
	} else if id := c.State.String("networkInterface"); id != "" {
		nic, err := find(c, interfaceType, id, "InvalidNetworkInterfaceID.NotFound", "network interface ID")
		if err != nil {
			return err
		}
		subnet = nic.State.String("subnetId")
	}
	if subnet == "" {
		return nil
	}
	if vpc := vpcOfSubnet(c.World, c.Region, subnet); len(users(c, "vpcId", vpc, gatewayType)) == 0 {
		return fmt.Errorf("Gateway.NotAttached: Network %s is not attached to any internet gateway", vpc)
	}
	if !c.State.Has("associationId") {
		c.State["associationId"] = "eipassoc-" + c.World.Hash(c.URN, 17)
	}
	return nil
}

// publicAddress takes the next address of the range that is set aside for benchmarks:
// https://www.rfc-editor.org/rfc/rfc2544
func publicAddress(w *world.World) string {
	n := w.Count("public addresses")
	return fmt.Sprintf("198.18.%d.%d", n/250, n%250+1)
}

func deleteAddress(c *Call) error {
	if left := users(c, "allocationId", c.ID, natType); len(left) > 0 {
		return fmt.Errorf("InvalidIPAddress.InUse: Address %s is in use: %s", c.State.String("publicIp"), names(left))
	}
	return nil
}

func createNAT(c *Call) error {
	subnet, err := find(c, subnetType, c.Inputs.String("subnetId"), "InvalidSubnetID.NotFound", "subnet ID")
	if err != nil {
		return err
	}
	if c.State["privateIp"], err = freeAddress(c.World, subnet, c.State.String("privateIp")); err != nil {
		return err
	}
	c.State["networkInterfaceId"] = "eni-" + c.World.Hash(c.URN, 17)
	if c.State.String("connectivityType") == "private" {
		return nil
	}
	if !c.Inputs.Has("allocationId") {
		return fmt.Errorf("MissingParameter: the request must contain the parameter allocationId: a public NAT gateway needs an elastic IP")
	}
	address, err := find(c, addressType, c.Inputs.String("allocationId"), "InvalidAllocationID.NotFound", "allocation ID")
	if err != nil {
		return err
	}
	if left := users(c, "allocationId", address.ID, natType); len(left) > 0 {
		return fmt.Errorf("Resource.AlreadyAssociated: the elastic IP %s is already associated: %s", address.ID, names(left))
	}
	// https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
	if vpc := subnet.State.String("vpcId"); len(users(c, "vpcId", vpc, gatewayType)) == 0 {
		return fmt.Errorf("Gateway.NotAttached: Network %s has no Internet gateway attached", vpc)
	}
	c.State["publicIp"] = address.State.String("publicIp")
	c.State["associationId"] = "eipassoc-" + c.World.Hash(c.URN, 17)
	return nil
}

// freeAddress takes an address of a subnet: the wanted one, or the lowest that is free. AWS keeps the first four and
// the last.
func freeAddress(w *world.World, subnet *world.Resource, wanted string) (string, error) {
	prefix := netip.MustParsePrefix(subnet.State.String("cidrBlock"))
	taken := map[string]bool{}
	for _, r := range w.Select(func(r *world.Resource) bool { return r.Region == subnet.Region }) {
		taken[r.State.String("privateIp")] = true
		for _, address := range r.State.Strings(addressesKey) {
			taken[address] = true
		}
	}
	if wanted != "" {
		address, err := netip.ParseAddr(wanted)
		if err != nil || !prefix.Contains(address) {
			return "", fmt.Errorf("InvalidParameterValue: Address %s does not fall within the subnet's address range", wanted)
		}
		if taken[wanted] {
			return "", fmt.Errorf("InvalidIPAddress.InUse: Address %s is in use", wanted)
		}
		return wanted, nil
	}
	address := prefix.Addr()
	for range 4 {
		address = address.Next()
	}
	for ; prefix.Contains(address.Next()); address = address.Next() {
		if !taken[address.String()] {
			return address.String(), nil
		}
	}
	return "", fmt.Errorf("InsufficientFreeAddressesInSubnet: the subnet %s has no free address", subnet.ID)
}

func createRouteTable(c *Call) error {
	if _, err := find(c, vpcType, c.Inputs.String("vpcId"), "InvalidVpcID.NotFound", "vpc ID"); err != nil {
		return err
	}
	c.State["arn"], c.State["ownerId"] = arn("ec2", c.Region, "route-table/"+c.ID), Account
	return checkInlineRoutes(c)
}

func checkInlineRoutes(c *Call) error {
	for _, route := range c.Inputs.Objects("routes") {
		if err := checkTarget(c, c.State.String("vpcId"), route); err != nil {
			return err
		}
	}
	return nil
}

func deleteRouteTable(c *Call) error {
	if left := users(c, "routeTableId", c.ID, associationType); len(left) > 0 {
		return fmt.Errorf("DependencyViolation: The routeTable '%s' has dependencies and cannot be deleted: %s", c.ID, names(left))
	}
	return nil
}

var routeTargets = []string{"gatewayId", "natGatewayId", "networkInterfaceId", "vpcEndpointId", "vpcPeeringConnectionId", "transitGatewayId", "egressOnlyGatewayId"}

func checkRoute(c *Call) []Problem {
	var problems []Problem
	for _, choice := range [][]string{{"destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"}, routeTargets} {
		given := 0
		for _, name := range choice {
			if c.Inputs.Has(name) {
				given++
			}
		}
		if given != 1 {
			problems = append(problems, Problem{Property: choice[0], Reason: fmt.Sprintf("exactly one of %v must be given, got %d", choice, given)})
		}
	}
	return problems
}

func createRoute(c *Call) error {
	destination := c.Inputs.String("destinationCidrBlock")
	if destination != "" {
		if _, err := parseCIDR(destination); err != nil {
			return err
		}
	}
	for _, other := range users(c, "routeTableId", c.Inputs.String("routeTableId"), routeType) {
		if other.State.String("destinationCidrBlock") == destination {
			return fmt.Errorf("RouteAlreadyExists: The route identified by %s already exists", destination)
		}
	}
	c.ID = "r-" + c.Inputs.String("routeTableId") + c.World.Hash(destination, 10)
	c.State["origin"], c.State["state"] = "CreateRoute", "active"
	return checkRouteTarget(c)
}

func checkRouteTarget(c *Call) error {
	table, err := find(c, routeTableType, c.State.String("routeTableId"), "InvalidRouteTableID.NotFound", "routeTable ID")
	if err != nil {
		return err
	}
	return checkTarget(c, table.State.String("vpcId"), c.State)
}

// checkTarget looks for a route's target, which must stand in the route table's network.
func checkTarget(c *Call, vpc string, route world.Values) error {
	if id := route.String("gatewayId"); id != "" && id != "local" {
		gateway, err := find(c, gatewayType, id, "InvalidGatewayID.NotFound", "gateway ID")
		if err != nil {
			return err
		}
		if gateway.State.String("vpcId") != vpc {
			return fmt.Errorf("InvalidParameterValue: route table and network gateway %s belong to different networks", id)
		}
	}
	if id := route.String("natGatewayId"); id != "" {
		nat, err := find(c, natType, id, "NatGatewayNotFound", "NAT gateway")
		if err != nil {
			return err
		}
		if vpcOfSubnet(c.World, c.Region, nat.State.String("subnetId")) != vpc {
			return fmt.Errorf("InvalidParameterValue: route table and NAT gateway %s belong to different networks", id)
		}
	}
	return nil
}

func createAssociation(c *Call) error {
	subnet := c.Inputs.String("subnetId")
	if subnet == "" && !c.Inputs.Has("gatewayId") {
		return fmt.Errorf("MissingParameter: one of subnetId, gatewayId must be given")
	}
	if left := users(c, "subnetId", subnet, associationType); subnet != "" && len(left) > 0 {
		return fmt.Errorf("Resource.AlreadyAssociated: the specified association for route table %s conflicts with an existing association: %s", c.Inputs.String("routeTableId"), names(left))
	}
	return checkAssociation(c)
}

func checkAssociation(c *Call) error {
	table, err := find(c, routeTableType, c.State.String("routeTableId"), "InvalidRouteTableID.NotFound", "routeTable ID")
	if err != nil || c.State.String("subnetId") == "" {
		return err
	}
	subnet, err := find(c, subnetType, c.State.String("subnetId"), "InvalidSubnetID.NotFound", "subnet ID")
	if err != nil {
		return err
	}
	if table.State.String("vpcId") != subnet.State.String("vpcId") {
		return fmt.Errorf("InvalidParameterValue: route table %s and subnet %s belong to different networks", table.ID, subnet.ID)
	}
	return nil
}

func createEndpoint(c *Call) error {
	if _, err := find(c, vpcType, c.Inputs.String("vpcId"), "InvalidVpcId.NotFound", "vpc ID"); err != nil {
		return err
	}
	service := c.Inputs.String("serviceName")
	prefix := "com.amazonaws." + c.Region + "."
	gateways := []string{prefix + "s3", prefix + "dynamodb"}
	gateway := c.State.String("vpcEndpointType") == "Gateway"
	if len(service) <= len(prefix) || service[:len(prefix)] != prefix || gateway && !slices.Contains(gateways, service) {
		return fmt.Errorf("InvalidServiceName: The Vpc Endpoint Service '%s' does not exist", service)
	}
	c.State["arn"], c.State["ownerId"], c.State["state"] = arn("ec2", c.Region, "vpc-endpoint/"+c.ID), Account, "available"
	c.State["prefixListId"] = "pl-" + c.World.Hash(c.URN, 8)
	return checkEndpoint(c)
}

func checkEndpoint(c *Call) error {
	for _, id := range c.Inputs.Strings("routeTableIds") {
		if _, err := find(c, routeTableType, id, "InvalidRouteTableId.NotFound", "routeTable ID"); err != nil {
			return err
		}
	}
	for _, id := range c.Inputs.Strings("subnetIds") {
		if _, err := find(c, subnetType, id, "InvalidSubnetId.NotFound", "subnet ID"); err != nil {
			return err
		}
	}
	return nil
}
