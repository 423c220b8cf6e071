package aws

import (
	"fmt"
	"slices"

	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// subnet is a subnet of the cluster's network, with what gives its machines a way out.
type subnet struct {
	id   pulumi.StringOutput
	zone string
	// cidr of an adopted subnet: a created one lies in the network's range.
	cidr   pulumi.StringOutput
	egress []pulumi.Resource
}

// Network creates a network with a private and a public subnet in each zone, or adopts the one that the stack file
// names.
func (c *Cloud) Network() (cloud.Network, error) {
	makeNetwork := c.createNetwork
	if c.cluster.Network.Adopted() {
		makeNetwork = c.adoptNetwork
	}
	if err := makeNetwork(); err != nil {
		return cloud.Network{}, err
	}
	if err := c.createFirewall(); err != nil {
		return cloud.Network{}, err
	}
	c.deleteInStep()
	if err := c.createInterruption(); err != nil {
		return cloud.Network{}, err
	}
	return cloud.Network{CIDRs: c.networkCIDRs, Ready: c.rules}, nil
}

// deleteInStep says what else must be there before what is slow to delete. Pulumi deletes in layers by the number of
// dependencies in a row, and begins one when the layer before is gone: what is slow then costs its time once for each
// layer that has something slow. So the load balancer, its zone and the queue are as deep as the NAT gateways, or as
// the machines where a network is adopted, and what hangs on them is as deep as the machines. None of what they wait
// for takes longer than what they wait for anyway.
// https://github.com/pulumi/pulumi/blob/v3.258.0/pkg/resource/deploy/step_generator.go (ScheduleDeletes)
func (c *Cloud) deleteInStep() {
	if c.cluster.Network.Adopted() {
		c.besideGateways = []pulumi.Resource{c.egress[loadBalancer]}
		return
	}
	c.besideGateways = c.public[0].egress
	for _, s := range c.private {
		c.besideMachines = append(c.besideMachines, s.egress...)
	}
}

func (c *Cloud) createNetwork() error {
	cidr := c.cluster.Network.CIDR
	vpc, err := ec2.NewVpc(c.ctx, c.name("network"), &ec2.VpcArgs{
		CidrBlock: pulumi.String(cidr.String()),
		// A private hosted zone is answered only where both are on:
		// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
		EnableDnsSupport:   pulumi.Bool(true),
		EnableDnsHostnames: pulumi.Bool(true),
		Tags:               c.nameTags("network"),
	}, c.options()...)
	if err != nil {
		return err
	}
	c.vpcID = vpc.ID().ToStringOutput()
	c.networkCIDRs = pulumi.ToStringArray([]string{cidr.String()}).ToStringArrayOutput()

	internet, err := c.createInternetRoute()
	if err != nil {
		return err
	}
	if err := c.createFlowLogs(); err != nil {
		return err
	}
	if err := c.createPublicSubnets(internet); err != nil {
		return err
	}
	gateways, err := c.createNatGateways()
	if err != nil {
		return err
	}
	tables, err := c.createPrivateSubnets(gateways)
	if err != nil {
		return err
	}
	return c.createS3Endpoint(tables)
}

// createInternetRoute returns the route table of the public subnets, and the route that leads out of them.
func (c *Cloud) createInternetRoute() (*ec2.Route, error) {
	gateway, err := ec2.NewInternetGateway(c.ctx, c.name("internet"), &ec2.InternetGatewayArgs{
		VpcId: c.vpcID, Tags: c.nameTags("internet"),
	}, c.options()...)
	if err != nil {
		return nil, err
	}
	table, err := ec2.NewRouteTable(c.ctx, c.name("public"), &ec2.RouteTableArgs{
		VpcId: c.vpcID, Tags: c.nameTags("public"),
	}, c.options()...)
	if err != nil {
		return nil, err
	}
	return ec2.NewRoute(c.ctx, c.name("public-internet"), &ec2.RouteArgs{
		RouteTableId:         table.ID(),
		DestinationCidrBlock: pulumi.String("0.0.0.0/0"),
		GatewayId:            gateway.ID(),
	}, c.options()...)
}

// A network divides into eight: one private subnet for each zone letter a to g, and the last eighth again into eight
// public ones. The letter decides, so that adding or dropping a zone moves no other.
const subnetBits, publicEighth = 3, 7

func zoneIndex(zone string) int { return int(zone[len(zone)-1] - 'a') }

func (c *Cloud) createPublicSubnets(internet *ec2.Route) error {
	for _, zone := range c.cluster.Location.Zones {
		block, err := cloud.Subnet(c.cluster.Network.CIDR, subnetBits, publicEighth)
		if err != nil {
			return err
		}
		if block, err = cloud.Subnet(block, subnetBits, zoneIndex(zone)); err != nil {
			return err
		}
		public, err := c.createSubnet("public-"+zone, zone, block.String(), "kubernetes.io/role/elb")
		if err != nil {
			return err
		}
		association, err := ec2.NewRouteTableAssociation(c.ctx, c.name("public-"+zone), &ec2.RouteTableAssociationArgs{
			SubnetId: public.ID(), RouteTableId: internet.RouteTableId,
		}, c.options()...)
		if err != nil {
			return err
		}
		c.public = append(c.public, subnet{
			id: public.ID().ToStringOutput(), zone: zone,
			egress: []pulumi.Resource{internet, association},
		})
	}
	return nil
}

// createNatGateways makes one gateway in each zone, or a single one: cheaper, but its zone takes all egress with it.
func (c *Cloud) createNatGateways() ([]*ec2.NatGateway, error) {
	places := c.public[:1]
	if c.cluster.NATPerZone {
		places = c.public
	}
	var gateways []*ec2.NatGateway
	for i, place := range places {
		name := "nat-" + c.cluster.Location.Zones[i]
		address, err := ec2.NewEip(c.ctx, c.name(name), &ec2.EipArgs{
			Domain: pulumi.String("vpc"), Tags: c.nameTags(name),
		}, c.options()...)
		if err != nil {
			return nil, err
		}
		gateway, err := ec2.NewNatGateway(c.ctx, c.name(name), &ec2.NatGatewayArgs{
			SubnetId: place.id, AllocationId: address.ID(), Tags: c.nameTags(name),
		}, c.options(pulumi.DependsOn(place.egress))...)
		if err != nil {
			return nil, err
		}
		gateways = append(gateways, gateway)
	}
	return gateways, nil
}

// createPrivateSubnets gives each zone a route table of its own, so that it can have a gateway of its own.
func (c *Cloud) createPrivateSubnets(gateways []*ec2.NatGateway) (pulumi.StringArray, error) {
	var tables pulumi.StringArray
	for i, zone := range c.cluster.Location.Zones {
		block, err := cloud.Subnet(c.cluster.Network.CIDR, subnetBits, zoneIndex(zone))
		if err != nil {
			return nil, err
		}
		name := "private-" + zone
		private, err := c.createSubnet(name, zone, block.String(), "kubernetes.io/role/internal-elb")
		if err != nil {
			return nil, err
		}
		table, err := ec2.NewRouteTable(c.ctx, c.name(name), &ec2.RouteTableArgs{
			VpcId: c.vpcID, Tags: c.nameTags(name),
		}, c.options()...)
		if err != nil {
			return nil, err
		}
		route, err := ec2.NewRoute(c.ctx, c.name(name+"-nat"), &ec2.RouteArgs{
			RouteTableId:         table.ID(),
			DestinationCidrBlock: pulumi.String("0.0.0.0/0"),
			NatGatewayId:         gateways[i%len(gateways)].ID(),
		}, c.options()...)
		if err != nil {
			return nil, err
		}
		association, err := ec2.NewRouteTableAssociation(c.ctx, c.name(name), &ec2.RouteTableAssociationArgs{
			SubnetId: private.ID(), RouteTableId: table.ID(),
		}, c.options()...)
		if err != nil {
			return nil, err
		}
		c.private = append(c.private, subnet{
			id: private.ID().ToStringOutput(), zone: zone,
			egress: []pulumi.Resource{route, association},
		})
		tables = append(tables, table.ID())
	}
	return tables, nil
}

func (c *Cloud) createSubnet(name, zone, block, balancerRole string) (*ec2.Subnet, error) {
	return ec2.NewSubnet(c.ctx, c.name(name), &ec2.SubnetArgs{
		VpcId:            c.vpcID,
		AvailabilityZone: pulumi.String(zone),
		CidrBlock:        pulumi.String(block),
		// Only what asks for a public address gets one.
		MapPublicIpOnLaunch: pulumi.Bool(false),
		Tags: c.nameTags(name, map[string]string{
			c.clusterTag(): "owned",
			balancerRole:   "1",
		}),
	}, c.options()...)
}

// createS3Endpoint keeps the traffic to S3 (image layers among it) off the NAT gateways, which charge by the byte.
func (c *Cloud) createS3Endpoint(tables pulumi.StringArray) error {
	_, err := ec2.NewVpcEndpoint(c.ctx, c.name("s3"), &ec2.VpcEndpointArgs{
		VpcId:           c.vpcID,
		VpcEndpointType: pulumi.String("Gateway"),
		ServiceName:     pulumi.String(fmt.Sprintf("com.amazonaws.%s.s3", c.cluster.Location.Region)),
		RouteTableIds:   tables,
		Tags:            c.nameTags("s3"),
	}, c.options()...)
	return err
}

// flowLogDays is how long a record of the network's flows is kept; Google Cloud keeps its logs as long.
const flowLogDays = 30

// createFlowLogs writes down what goes over the network, refused packets as well: who was dialed is asked after the
// fact.
func (c *Cloud) createFlowLogs() error {
	if !c.cluster.FlowLogs {
		return nil
	}
	group, err := cloudwatch.NewLogGroup(c.ctx, c.name("flow-logs"), &cloudwatch.LogGroupArgs{
		RetentionInDays: pulumi.Int(flowLogDays), Tags: c.nameTags("flow-logs"),
	}, c.options()...)
	if err != nil {
		return err
	}
	role, permission, err := c.permitFlowLogs(group)
	if err != nil {
		return err
	}
	_, err = ec2.NewFlowLog(c.ctx, c.name("flow-logs"), &ec2.FlowLogArgs{
		VpcId:          c.vpcID,
		TrafficType:    pulumi.String("ALL"),
		LogDestination: group.Arn,
		IamRoleArn:     role.Arn,
		Tags:           c.nameTags("flow-logs"),
	}, c.options(pulumi.DependsOn([]pulumi.Resource{permission}))...)
	return err
}

// adoptNetwork reads the network that exists. Nothing in it is tagged, changed or deleted.
func (c *Cloud) adoptNetwork() error {
	network := c.cluster.Network
	vpc := c.lookupVPC()
	c.vpcID = vpc.Id()
	c.private = c.adoptSubnets(network.SubnetIDs)
	c.public = c.adoptSubnets(network.PublicSubnetIDs)
	// A VPC may have more ranges than its first, and its subnets lie in any of them.
	var blocks pulumi.StringArray
	for _, s := range slices.Concat(c.private, c.public) {
		blocks = append(blocks, s.cidr)
	}
	c.networkCIDRs = blocks.ToStringArrayOutput()
	return nil
}

// adoptSubnets takes one subnet for each zone, and compares what it was told with what is there: a subnet of another
// network or zone would fail only at the first machine.
func (c *Cloud) adoptSubnets(ids []string) []subnet {
	var subnets []subnet
	for i, id := range ids {
		zone := c.cluster.Location.Zones[i]
		found := c.lookupSubnet(id)
		checked := pulumi.All(found.VpcId(), found.AvailabilityZone()).ApplyT(func(found []any) (string, error) {
			if found[0] != c.cluster.Network.ID || found[1] != zone {
				return "", fmt.Errorf("%s: network: subnet %s lies in %s, %s, not in %s, %s; name one subnet of the network for each zone, in their order",
					c.cluster.Region, id, found[0], found[1], c.cluster.Network.ID, zone)
			}
			return id, nil
		}).(pulumi.StringOutput)
		subnets = append(subnets, subnet{id: checked, zone: zone, cidr: found.CidrBlock()})
	}
	return subnets
}

// lookup are the options of every look-up: without a provider it would ask the ambient account.
func (c *Cloud) lookup() []pulumi.InvokeOption {
	return []pulumi.InvokeOption{pulumi.Parent(c.parent), pulumi.Provider(c.provider)}
}

// subnetIDs lists the ids, as load balancers and scaling groups take them.
func subnetIDs(subnets []subnet) pulumi.StringArray {
	var ids pulumi.StringArray
	for _, s := range subnets {
		ids = append(ids, s.id)
	}
	return ids
}
