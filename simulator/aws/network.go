package aws

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/inferadb/infra/simulator/conditions"
	"github.com/inferadb/infra/simulator/schema"
	"github.com/inferadb/infra/simulator/store"
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

// parseCIDR reads a CIDR as AWS accepts it: no host bits, and the size of a VPC or a subnet.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
func parseCIDR(text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return prefix, fmt.Errorf("InvalidParameterValue: Value (%s) for parameter cidrBlock is invalid. This is "+
			"not a valid CIDR block", text)
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

func createVPC(c *schema.Call) error {
	prefix, err := parseCIDR(c.Inputs.String("cidrBlock"))
	if err != nil {
		return err
	}
	if err := sized(prefix, "InvalidVpc.Range"); err != nil {
		return err
	}
	if _, exceeds := conditions.Exceeds("aws-vpcs", len(c.Store.List(vpcType, c.Region))+1); exceeds {
		return fmt.Errorf("VpcLimitExceeded: The maximum number of VPCs has been reached.")
	}
	c.State["defaultSecurityGroupId"] = "sg-" + c.Store.Hash(c.URN, 17)
	return checkVPC(c)
}

func checkVPC(c *schema.Call) error {
	if c.State.Bool("enableDnsHostnames") && !c.State.Bool("enableDnsSupport") {
		return fmt.Errorf("InvalidParameterValue: enableDnsHostnames needs enableDnsSupport")
	}
	return nil
}

func deleteVPC(c *schema.Call) error {
	if left := users(c, "vpcId", c.ID, subnetType, gatewayType, routeTableType, endpointType,
		securityGroupType); len(left) > 0 {
		return fmt.Errorf("DependencyViolation: The vpc '%s' has dependencies and cannot be deleted: %s", c.ID,
			names(left))
	}
	return nil
}

// zones returns the zones that an account can use; most regions have three.
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
func zones(region string) []string {
	named := slices.DeleteFunc(conditions.Listed(conditions.Zones),
		func(zone string) bool { return zone[:len(zone)-1] != region })
	if len(named) > 0 {
		return named
	}
	letters, ok := map[string]string{"us-east-1": "abcdef", "us-west-1": "ac", "us-west-2": "abcd",
		"ap-northeast-2": "abcd"}[region]
	if !ok {
		letters = "abc"
	}
	var list []string
	for _, letter := range letters {
		list = append(list, region+string(letter))
	}
	return list
}

func createSubnet(c *schema.Call) error {
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
	if !slices.ContainsFunc(ranges, func(whole netip.Prefix) bool {
		return whole.Contains(prefix.Addr()) &&
			prefix.Bits() >= whole.Bits()
	}) {
		return fmt.Errorf("InvalidSubnet.Range: The CIDR '%s' is invalid: it is not within the VPC's %s", text,
			ranges)
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
		return fmt.Errorf("InvalidParameterValue: Value (%s) for parameter availabilityZone is invalid. Subnets "+
			"can currently only be created in the following availability zones: %v", zone, zones(c.Region))
	}
	c.State["availabilityZone"] = zone
	return nil
}

// secondaryKey holds the ranges that a VPC has beside its first.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#vpc-resize
const secondaryKey = "__secondaryCidrs"

func rangesOf(vpc *store.Resource) []netip.Prefix {
	ranges := []netip.Prefix{netip.MustParsePrefix(vpc.State.String("cidrBlock"))}
	for _, text := range vpc.State.Strings(secondaryKey) {
		ranges = append(ranges, netip.MustParsePrefix(text))
	}
	return ranges
}

// zoneID returns the name of a zone that is the same in all accounts: use1-az1.
func zoneID(zone string) string {
	region, letter := zone[:len(zone)-1], zone[len(zone)-1]
	short := map[string]string{"us-east-1": "use1", "us-east-2": "use2", "us-west-1": "usw1", "us-west-2": "usw2",
		"eu-west-1": "euw1", "eu-central-1": "euc1"}[region]
	if short == "" {
		short = region
	}
	return fmt.Sprintf("%s-az%d", short, letter-'a'+1)
}

func deleteSubnet(c *schema.Call) error {
	left := users(c, "subnetId", c.ID, instanceType, natType, interfaceType)
	left = append(left, users(c, "subnets", c.ID, loadBalancerType)...)
	left = append(left, users(c, "subnetIds", c.ID, endpointType)...)
	if len(left) > 0 {
		return fmt.Errorf("DependencyViolation: The subnet '%s' has dependencies and cannot be deleted: %s", c.ID,
			names(left))
	}
	return nil
}

func attachGateway(c *schema.Call) error {
	id := c.State.String("vpcId")
	if id == "" {
		return nil
	}
	if _, err := find(c, vpcType, id, "InvalidVpcID.NotFound", "vpc ID"); err != nil {
		return err
	}
	for _, other := range users(c, "vpcId", id, gatewayType) {
		if other.ID != c.ID {
			return fmt.Errorf("Resource.AlreadyAssociated: network %s already has the internet gateway %s attached",
				id, other.ID)
		}
	}
	return nil
}

func deleteGateway(c *schema.Call) error {
	vpc := c.State.String("vpcId")
	mapped := c.Store.Select(func(r *store.Resource) bool {
		if r.Region != c.Region || vpcOfSubnet(c.Store, c.Region, r.State.String("subnetId")) != vpc {
			return false
		}
		return r.Type == natType && r.State.String("publicIp") != "" || r.Type == instanceType &&
			interfaceOf(c.Store, r).publicIP != ""
	})
	if len(mapped) > 0 {
		return fmt.Errorf("DependencyViolation: Network %s has some mapped public address(es): %s. Please unmap "+
			"those public address(es) before detaching the gateway", vpc, names(mapped))
	}
	return nil
}

func vpcOfSubnet(st *store.Store, region, subnet string) string {
	if found := st.Get(subnetType, region, subnet); found != nil {
		return found.State.String("vpcId")
	}
	return ""
}

func createAddress(c *schema.Call) error {
	if _, exceeds := conditions.Exceeds("aws-elastic-ips", len(c.Store.List(addressType, c.Region))+1); exceeds {
		return fmt.Errorf("AddressLimitExceeded: The maximum number of addresses has been reached.")
	}
	c.State["allocationId"] = c.ID
	c.State["publicIp"] = publicAddress(c.Store)
	return associateAddress(c)
}

func associateAddress(c *schema.Call) error {
	if !c.State.Has("networkInterface") {
		return nil
	}
	nic, err := find(c, interfaceType, c.State.String("networkInterface"), "InvalidNetworkInterfaceID.NotFound",
		"network interface ID")
	if err != nil {
		return err
	}
	if vpc := vpcOfSubnet(c.Store, c.Region, nic.State.String("subnetId")); len(users(c, "vpcId", vpc,
		gatewayType)) == 0 {
		return fmt.Errorf("Gateway.NotAttached: Network %s is not attached to any internet gateway", vpc)
	}
	return nil
}

// publicAddress takes the next address of the range that is set aside for benchmarks:
// https://www.rfc-editor.org/rfc/rfc2544
func publicAddress(st *store.Store) string {
	n := st.Count("public addresses")
	return fmt.Sprintf("198.18.%d.%d", n/250, n%250+1)
}

func deleteAddress(c *schema.Call) error {
	if left := users(c, "allocationId", c.ID, natType); len(left) > 0 {
		return fmt.Errorf("InvalidIPAddress.InUse: Address %s is in use: %s", c.State.String("publicIp"), names(left))
	}
	return nil
}

func createNAT(c *schema.Call) error {
	subnet, err := find(c, subnetType, c.Inputs.String("subnetId"), "InvalidSubnetID.NotFound", "subnet ID")
	if err != nil {
		return err
	}
	if c.State["privateIp"], err = freeAddress(c.Store, subnet, c.State.String("privateIp")); err != nil {
		return err
	}
	if c.State.String("connectivityType") == "private" {
		return nil
	}
	if !c.Inputs.Has("allocationId") {
		return fmt.Errorf("MissingParameter: the request must contain the parameter allocationId: a public NAT " +
			"gateway needs an elastic IP")
	}
	address, err := find(c, addressType, c.Inputs.String("allocationId"), "InvalidAllocationID.NotFound",
		"allocation ID")
	if err != nil {
		return err
	}
	if left := users(c, "allocationId", address.ID, natType); len(left) > 0 {
		return fmt.Errorf("Resource.AlreadyAssociated: the elastic IP %s is already associated: %s", address.ID,
			names(left))
	}
	// https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
	if vpc := subnet.State.String("vpcId"); len(users(c, "vpcId", vpc, gatewayType)) == 0 {
		return fmt.Errorf("Gateway.NotAttached: Network %s has no Internet gateway attached", vpc)
	}
	c.State["publicIp"] = address.State.String("publicIp")
	return nil
}

// freeAddress takes an address of a subnet: the wanted one, or the lowest that is free. AWS keeps the first four and
// the last.
func freeAddress(st *store.Store, subnet *store.Resource, wanted string) (string, error) {
	prefix := netip.MustParsePrefix(subnet.State.String("cidrBlock"))
	taken := map[string]bool{}
	for _, r := range st.Select(func(r *store.Resource) bool { return r.Region == subnet.Region }) {
		taken[r.State.String("privateIp")] = true
		for _, address := range r.State.Strings(addressesKey) {
			taken[address] = true
		}
	}
	if wanted != "" {
		address, err := netip.ParseAddr(wanted)
		if err != nil || !prefix.Contains(address) {
			return "", fmt.Errorf("InvalidParameterValue: Address %s does not fall within the subnet's address range",
				wanted)
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

func createRouteTable(c *schema.Call) error {
	if _, err := find(c, vpcType, c.Inputs.String("vpcId"), "InvalidVpcID.NotFound", "vpc ID"); err != nil {
		return err
	}
	return checkInlineRoutes(c)
}

func checkInlineRoutes(c *schema.Call) error {
	for _, route := range c.Inputs.Objects("routes") {
		if err := checkTarget(c, c.State.String("vpcId"), route); err != nil {
			return err
		}
	}
	return nil
}

func deleteRouteTable(c *schema.Call) error {
	if left := users(c, "routeTableId", c.ID, associationType); len(left) > 0 {
		return fmt.Errorf("DependencyViolation: The routeTable '%s' has dependencies and cannot be deleted: %s", c.ID,
			names(left))
	}
	return nil
}

func createRoute(c *schema.Call) error {
	destination := c.Inputs.String("destinationCidrBlock")
	if _, err := parseCIDR(destination); err != nil {
		return err
	}
	for _, other := range users(c, "routeTableId", c.Inputs.String("routeTableId"), routeType) {
		if other.State.String("destinationCidrBlock") == destination {
			return fmt.Errorf("RouteAlreadyExists: The route identified by %s already exists", destination)
		}
	}
	c.ID = "r-" + c.Inputs.String("routeTableId") + c.Store.Hash(destination, 10)
	return checkRouteTarget(c)
}

func checkRouteTarget(c *schema.Call) error {
	table, err := find(c, routeTableType, c.State.String("routeTableId"), "InvalidRouteTableID.NotFound",
		"routeTable ID")
	if err != nil {
		return err
	}
	return checkTarget(c, table.State.String("vpcId"), c.State)
}

// checkTarget checks that a route's target exists in the route table's network.
func checkTarget(c *schema.Call, vpc string, route store.Values) error {
	if id := route.String("gatewayId"); id != "" && id != "local" {
		gateway, err := find(c, gatewayType, id, "InvalidGatewayID.NotFound", "gateway ID")
		if err != nil {
			return err
		}
		if gateway.State.String("vpcId") != vpc {
			return fmt.Errorf("InvalidParameterValue: route table and network gateway %s belong to different "+
				"networks", id)
		}
	}
	if id := route.String("natGatewayId"); id != "" {
		nat, err := find(c, natType, id, "NatGatewayNotFound", "NAT gateway")
		if err != nil {
			return err
		}
		if vpcOfSubnet(c.Store, c.Region, nat.State.String("subnetId")) != vpc {
			return fmt.Errorf("InvalidParameterValue: route table and NAT gateway %s belong to different networks", id)
		}
	}
	return nil
}

func createAssociation(c *schema.Call) error {
	if left := users(c, "subnetId", c.Inputs.String("subnetId"), associationType); len(left) > 0 {
		return fmt.Errorf("Resource.AlreadyAssociated: the specified association for route table %s conflicts with "+
			"an existing association: %s", c.Inputs.String("routeTableId"), names(left))
	}
	return checkAssociation(c)
}

func checkAssociation(c *schema.Call) error {
	table, err := find(c, routeTableType, c.State.String("routeTableId"), "InvalidRouteTableID.NotFound",
		"routeTable ID")
	if err != nil {
		return err
	}
	subnet, err := find(c, subnetType, c.State.String("subnetId"), "InvalidSubnetID.NotFound", "subnet ID")
	if err != nil {
		return err
	}
	if table.State.String("vpcId") != subnet.State.String("vpcId") {
		return fmt.Errorf("InvalidParameterValue: route table %s and subnet %s belong to different networks",
			table.ID, subnet.ID)
	}
	return nil
}

func createEndpoint(c *schema.Call) error {
	if _, err := find(c, vpcType, c.Inputs.String("vpcId"), "InvalidVpcId.NotFound", "vpc ID"); err != nil {
		return err
	}
	service := c.Inputs.String("serviceName")
	prefix := "com.amazonaws." + c.Region + "."
	gateways := []string{prefix + "s3", prefix + "dynamodb"}
	gateway := c.State.String("vpcEndpointType") == "Gateway"
	if len(service) <= len(prefix) || service[:len(prefix)] != prefix || gateway &&
		!slices.Contains(gateways, service) {
		return fmt.Errorf("InvalidServiceName: The Vpc Endpoint Service '%s' does not exist", service)
	}
	c.State["prefixListId"] = "pl-" + c.Store.Hash(c.URN, 8)
	return checkEndpoint(c)
}

func checkEndpoint(c *schema.Call) error {
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
