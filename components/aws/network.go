package aws

import (
	"fmt"
	"slices"

	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// subnet is a subnet of the cluster's network, with the resources that give its machines egress.
type subnet struct {
	id   pulumi.StringOutput
	zone string
	// cidr of an adopted subnet: a created one lies in the network's range.
	cidr   pulumi.StringOutput
	egress []pulumi.Resource
}

// layout is a VPC and its subnets.
type layout struct {
	vpcID pulumi.StringOutput
	// cidrs hold the addresses of the machines.
	cidrs           pulumi.StringArrayOutput
	private, public []subnet
}

// network is the network of the machines and the load balancer.
type network struct {
	prepared
	layout
	firewall
	// besideGateways and besideMachines are the results of deleteInStep.
	besideGateways, besideMachines []pulumi.Resource
	// interruptions is where groups announce machines that are about to go; nil without a scaling group.
	interruptions *sqs.Queue
}

// Network creates a network with a private and a public subnet in each zone, or adopts the one that the stack file
// names.
func (p prepared) Network() (cloud.Network, error) {
	makeLayout := p.createNetwork
	if p.cluster.Network.Adopted() {
		makeLayout = p.adoptNetwork
	}
	layout, err := makeLayout()
	if err != nil {
		return cloud.Network{}, err
	}
	firewall, err := p.createFirewall(layout.vpcID)
	if err != nil {
		return cloud.Network{}, err
	}
	n := network{prepared: p, layout: layout, firewall: firewall}
	n.besideGateways, n.besideMachines = n.deleteInStep()
	n.interruptions, err = n.createInterruption()
	return cloud.Network{CIDRs: n.cidrs, Ready: n.ingress, EndpointMaker: n}, err
}

// deleteInStep returns what else must be there before what is slow to delete, and before what hangs on that. Pulumi
// deletes in layers by the number of dependencies in a row, and begins one when the layer before is gone: what is slow
// then costs its time once for each layer that has something slow. So the load balancer, its zone and the queue are as
// deep as the NAT gateways, or as the machines where a network is adopted, and what hangs on them is as deep as the
// machines. None of what they wait for takes longer than what they wait for anyway.
// https://github.com/pulumi/pulumi/blob/v3.258.0/pkg/resource/deploy/step_generator.go (ScheduleDeletes)
func (n network) deleteInStep() (besideGateways, besideMachines []pulumi.Resource) {
	if n.cluster.Network.Adopted() {
		return []pulumi.Resource{n.egress[loadBalancer]}, nil
	}
	for _, s := range n.private {
		besideMachines = append(besideMachines, s.egress...)
	}
	return n.public[0].egress, besideMachines
}

func (c *Cloud) createNetwork() (layout, error) {
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
		return layout{}, err
	}
	made := layout{
		vpcID: vpc.ID().ToStringOutput(),
		cidrs: pulumi.ToStringArray([]string{cidr.String()}).ToStringArrayOutput(),
	}
	internet, err := c.createInternetRoute(vpc)
	if err != nil {
		return layout{}, err
	}
	if err := c.createFlowLogs(vpc); err != nil {
		return layout{}, err
	}
	if made.public, err = c.createPublicSubnets(vpc, internet); err != nil {
		return layout{}, err
	}
	gateways, err := c.createNatGateways(made.public)
	if err != nil {
		return layout{}, err
	}
	var tables pulumi.StringArray
	if made.private, tables, err = c.createPrivateSubnets(vpc, gateways); err != nil {
		return layout{}, err
	}
	return made, c.createS3Endpoint(vpc, tables)
}

// createInternetRoute returns the route table of the public subnets, and its route to the internet.
func (c *Cloud) createInternetRoute(vpc *ec2.Vpc) (*ec2.Route, error) {
	gateway, err := ec2.NewInternetGateway(c.ctx, c.name("internet"), &ec2.InternetGatewayArgs{
		VpcId: vpc.ID(), Tags: c.nameTags("internet"),
	}, c.options()...)
	if err != nil {
		return nil, err
	}
	table, err := ec2.NewRouteTable(c.ctx, c.name("public"), &ec2.RouteTableArgs{
		VpcId: vpc.ID(), Tags: c.nameTags("public"),
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

func (c *Cloud) createPublicSubnets(vpc *ec2.Vpc, internet *ec2.Route) ([]subnet, error) {
	var subnets []subnet
	for _, zone := range c.cluster.Location.Zones {
		block, err := cloud.Subnet(c.cluster.Network.CIDR, subnetBits, publicEighth)
		if err != nil {
			return nil, err
		}
		if block, err = cloud.Subnet(block, subnetBits, zoneIndex(zone)); err != nil {
			return nil, err
		}
		public, err := c.createSubnet(vpc, "public-"+zone, zone, block.String(), "kubernetes.io/role/elb")
		if err != nil {
			return nil, err
		}
		association, err := ec2.NewRouteTableAssociation(c.ctx, c.name("public-"+zone), &ec2.RouteTableAssociationArgs{
			SubnetId: public.ID(), RouteTableId: internet.RouteTableId,
		}, c.options()...)
		if err != nil {
			return nil, err
		}
		subnets = append(subnets, subnet{
			id: public.ID().ToStringOutput(), zone: zone,
			egress: []pulumi.Resource{internet, association},
		})
	}
	return subnets, nil
}

// createNatGateways makes one gateway in each zone, or a single one, which is cheaper, and whose zone all egress
// depends on.
func (c *Cloud) createNatGateways(public []subnet) ([]*ec2.NatGateway, error) {
	places := public[:1]
	if c.cluster.NATPerZone {
		places = public
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

// createPrivateSubnets creates a subnet and a route table for each zone, so that each zone can have its own gateway.
func (c *Cloud) createPrivateSubnets(
	vpc *ec2.Vpc,
	gateways []*ec2.NatGateway,
) ([]subnet, pulumi.StringArray, error) {
	var subnets []subnet
	var tables pulumi.StringArray
	for i, zone := range c.cluster.Location.Zones {
		block, err := cloud.Subnet(c.cluster.Network.CIDR, subnetBits, zoneIndex(zone))
		if err != nil {
			return nil, nil, err
		}
		name := "private-" + zone
		private, err := c.createSubnet(vpc, name, zone, block.String(), "kubernetes.io/role/internal-elb")
		if err != nil {
			return nil, nil, err
		}
		table, err := ec2.NewRouteTable(c.ctx, c.name(name), &ec2.RouteTableArgs{
			VpcId: vpc.ID(), Tags: c.nameTags(name),
		}, c.options()...)
		if err != nil {
			return nil, nil, err
		}
		route, err := ec2.NewRoute(c.ctx, c.name(name+"-nat"), &ec2.RouteArgs{
			RouteTableId:         table.ID(),
			DestinationCidrBlock: pulumi.String("0.0.0.0/0"),
			NatGatewayId:         gateways[i%len(gateways)].ID(),
		}, c.options()...)
		if err != nil {
			return nil, nil, err
		}
		association, err := ec2.NewRouteTableAssociation(c.ctx, c.name(name), &ec2.RouteTableAssociationArgs{
			SubnetId: private.ID(), RouteTableId: table.ID(),
		}, c.options()...)
		if err != nil {
			return nil, nil, err
		}
		subnets = append(subnets, subnet{
			id: private.ID().ToStringOutput(), zone: zone,
			egress: []pulumi.Resource{route, association},
		})
		tables = append(tables, table.ID())
	}
	return subnets, tables, nil
}

func (c *Cloud) createSubnet(vpc *ec2.Vpc, name, zone, block, balancerRole string) (*ec2.Subnet, error) {
	return ec2.NewSubnet(c.ctx, c.name(name), &ec2.SubnetArgs{
		VpcId:            vpc.ID(),
		AvailabilityZone: pulumi.String(zone),
		CidrBlock:        pulumi.String(block),
		// A machine gets a public address only if it asks for one.
		MapPublicIpOnLaunch: pulumi.Bool(false),
		Tags: c.nameTags(name, map[string]string{
			c.clusterTag(): "owned",
			balancerRole:   "1",
		}),
	}, c.options()...)
}

// createS3Endpoint keeps the traffic to S3 (image layers among it) off the NAT gateways, which charge by the byte.
func (c *Cloud) createS3Endpoint(vpc *ec2.Vpc, tables pulumi.StringArray) error {
	_, err := ec2.NewVpcEndpoint(c.ctx, c.name("s3"), &ec2.VpcEndpointArgs{
		VpcId:           vpc.ID(),
		VpcEndpointType: pulumi.String("Gateway"),
		ServiceName:     pulumi.String(fmt.Sprintf("com.amazonaws.%s.s3", c.cluster.Location.Region)),
		RouteTableIds:   tables,
		Tags:            c.nameTags("s3"),
	}, c.options()...)
	return err
}

// flowLogDays is how long a record of the network's flows is kept; Google Cloud keeps its logs as long.
const flowLogDays = 30

// createFlowLogs logs the traffic of the network, including rejected packets, for later investigations.
func (c *Cloud) createFlowLogs(vpc *ec2.Vpc) error {
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
		VpcId:          vpc.ID(),
		TrafficType:    pulumi.String("ALL"),
		LogDestination: group.Arn,
		IamRoleArn:     role.Arn,
		Tags:           c.nameTags("flow-logs"),
	}, c.options(pulumi.DependsOn([]pulumi.Resource{permission}))...)
	return err
}

// adoptNetwork reads the network that exists. Nothing in it is tagged, changed or deleted.
func (c *Cloud) adoptNetwork() (layout, error) {
	network := c.cluster.Network
	private, public := c.adoptSubnets(network.SubnetIDs), c.adoptSubnets(network.PublicSubnetIDs)
	// A VPC may have more ranges than its first, and its subnets lie in any of them.
	var blocks pulumi.StringArray
	for _, s := range slices.Concat(private, public) {
		blocks = append(blocks, s.cidr)
	}
	return layout{
		vpcID: c.lookupVPC().Id(), cidrs: blocks.ToStringArrayOutput(), private: private, public: public,
	}, nil
}

// adoptSubnets looks up one subnet for each zone and checks its network and zone: a wrong one would fail only at the
// first machine.
func (c *Cloud) adoptSubnets(ids []string) []subnet {
	var subnets []subnet
	for i, id := range ids {
		zone := c.cluster.Location.Zones[i]
		found := c.lookupSubnet(id)
		checked := pulumi.All(found.VpcId(), found.AvailabilityZone()).ApplyT(func(found []any) (string, error) {
			if found[0] != c.cluster.Network.ID || found[1] != zone {
				return "", fmt.Errorf("%s: network: subnet %s lies in %s, %s, not in %s, %s; name one subnet of "+
					"the network for each zone, in their order",
					c.cluster.Region, id, found[0], found[1], c.cluster.Network.ID, zone)
			}
			return id, nil
		}).(pulumi.StringOutput)
		subnets = append(subnets, subnet{id: checked, zone: zone, cidr: found.CidrBlock()})
	}
	return subnets
}

// lookup returns the options of every lookup. Without a provider of its own a lookup would use the default account.
func (c *Cloud) lookup() []pulumi.InvokeOption {
	return []pulumi.InvokeOption{pulumi.Parent(c.parent), pulumi.Provider(c.provider)}
}

// subnetIDs returns the ids in the form of the inputs of load balancers and scaling groups.
func subnetIDs(subnets []subnet) pulumi.StringArray {
	var ids pulumi.StringArray
	for _, s := range subnets {
		ids = append(ids, s.id)
	}
	return ids
}
