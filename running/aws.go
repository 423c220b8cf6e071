package running

import (
	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/regions"
)

// The types by which the cluster is recognized in the state.
const (
	awsBalancerType  = "aws:lb/loadBalancer:LoadBalancer"
	awsFirewallType  = "aws:ec2/securityGroup:SecurityGroup"
	awsInterfaceType = "aws:ec2/networkInterface:NetworkInterface"
	awsKeyType       = "aws:kms/key:Key"
	awsSubnetType    = "aws:ec2/subnet:Subnet"
	awsTemplateType  = "aws:ec2/launchTemplate:LaunchTemplate"
	awsVPCType       = "aws:ec2/vpc:Vpc"
)

var _ = register(regions.AWS, reader{
	inSubnets: []string{awsBalancerType, awsInterfaceType},
	template:  awsTemplateType,
	fixedAccess: map[cluster.Access]string{
		cluster.Private: "its control planes are in private subnets, where a public address is not reachable",
		cluster.Public: "its control planes are in public subnets, and without a public address " +
			"they would reach nothing outside",
	},
	namesOwnKey: true,
	network: func(c Cluster) network {
		n := network{
			id:      c.first(awsFirewallType).Text("vpcId"),
			subnets: c.first(awsBalancerType).texts("subnets"),
		}
		return n.createdWith(c.first(awsVPCType).Text("cidrBlock"))
	},
	machine: func(r Resource) machineState {
		key, _ := nested(r.Outputs, "rootBlockDevice", "kmsKeyId").(string)
		return machineState{size: r.Text("instanceType"), zone: r.Text("availabilityZone"), diskKey: key}
	},
	madeKey: func(c Cluster) string {
		for _, key := range c.OfType(awsKeyType) {
			if key.Name == c.Name+"-disks" {
				return key.Text("arn")
			}
		}
		return ""
	},
	zones: zonesOnAWS,
})

// zonesOnAWS returns every zone: the load balancer has an address in each, and the provider for AWS replaces a network
// load balancer that loses one. https://github.com/hashicorp/terraform-provider-aws/issues/41418
func zonesOnAWS(c Cluster) map[string][]string {
	inZones := map[string][]string{}
	for _, subnet := range c.OfType(awsSubnetType) {
		zone := subnet.Text("availabilityZone")
		if subnet.Name == c.Name+"-private-"+zone {
			inZones[zone] = []string{"the load balancer"}
		}
	}
	for zone, nodes := range c.zonesOf(c.Nodes) {
		if len(inZones[zone]) > 0 {
			inZones[zone] = append(inZones[zone], nodes...)
		}
	}
	return inZones
}
