package gcp

import (
	"fmt"
	"strings"

	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Network creates a network with one subnetwork over all zones, or adopts the one that the stack file names.
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
	return cloud.Network{CIDRs: pulumi.StringArray{c.networkCIDR}.ToStringArrayOutput(), Ready: c.rules}, nil
}

func (c *Cloud) createNetwork() error {
	network, err := compute.NewNetwork(c.ctx, c.name("network"), &compute.NetworkArgs{
		Description: pulumi.Sprintf("Network of %s", c.cluster.Name),
		// Otherwise Google makes a subnetwork in every region of the world.
		AutoCreateSubnetworks: pulumi.Bool(false),
		RoutingMode:           pulumi.String("REGIONAL"),
	}, c.options()...)
	if err != nil {
		return err
	}
	c.network = network.SelfLink
	c.networkCIDR = pulumi.String(c.cluster.Network.CIDR.String()).ToStringOutput()
	nodes, err := c.createSubnetworks()
	if err != nil {
		return err
	}
	return c.createNat(nodes)
}

// The first half of the network is the nodes'; the last sixteenth, a /26 or more as Google wants it, the load
// balancer's proxies'.
// https://cloud.google.com/load-balancing/docs/proxy-only-subnets#proxy_only_subnet_create
const nodesBits, proxiesBits, proxiesIndex = 1, 4, 15

// createSubnetworks returns the nodes' one.
func (c *Cloud) createSubnetworks() (*compute.Subnetwork, error) {
	block, err := cloud.Subnet(c.cluster.Network.CIDR, nodesBits, 0)
	if err != nil {
		return nil, err
	}
	nodes, err := compute.NewSubnetwork(c.ctx, c.name("nodes"), &compute.SubnetworkArgs{
		Network:     c.network,
		Region:      pulumi.String(c.cluster.Location.Region),
		IpCidrRange: pulumi.String(block.String()),
		// Google's own services are reached without the NAT gateway, which charges by the byte.
		PrivateIpGoogleAccess: pulumi.Bool(true),
		LogConfig:             c.flowLogs(),
	}, c.options()...)
	if err != nil {
		return nil, err
	}
	c.subnetwork = nodes.SelfLink
	if block, err = cloud.Subnet(c.cluster.Network.CIDR, proxiesBits, proxiesIndex); err != nil {
		return nil, err
	}
	proxies, err := compute.NewSubnetwork(c.ctx, c.name("proxies"), &compute.SubnetworkArgs{
		Network:     c.network,
		Region:      pulumi.String(c.cluster.Location.Region),
		IpCidrRange: pulumi.String(block.String()),
		Purpose:     pulumi.String("REGIONAL_MANAGED_PROXY"),
		Role:        pulumi.String("ACTIVE"),
	}, c.options()...)
	if err != nil {
		return nil, err
	}
	c.proxyCIDR = proxies.IpCidrRange
	c.proxies = []pulumi.Resource{proxies}
	return nodes, nil
}

// flowLogs writes down what goes over the nodes' subnetwork; the proxies' cannot have them. Connections in a cluster
// live long, so that a record each ten minutes tells as much as one each five seconds. Of those no part is left out:
// the one that is looked for would be in it. The names of the machines belong to it, because addresses are used again.
// https://cloud.google.com/vpc/docs/about-flow-logs-records
func (c *Cloud) flowLogs() compute.SubnetworkLogConfigPtrInput {
	if !c.cluster.FlowLogs {
		return nil
	}
	return &compute.SubnetworkLogConfigArgs{
		AggregationInterval: pulumi.String("INTERVAL_10_MIN"),
		FlowSampling:        pulumi.Float64(1),
		Metadata:            pulumi.String("INCLUDE_ALL_METADATA"),
	}
}

// createNat lets machines without a public address out. Cloud NAT is not a machine in a zone: one serves the region,
// and no zone takes it along (https://cloud.google.com/nat/docs/overview#architecture).
func (c *Cloud) createNat(nodes *compute.Subnetwork) error {
	router, err := compute.NewRouter(c.ctx, c.name("nat"), &compute.RouterArgs{
		Network: c.network,
		Region:  pulumi.String(c.cluster.Location.Region),
	}, c.options()...)
	if err != nil {
		return err
	}
	nat, err := compute.NewRouterNat(c.ctx, c.name("nat"), &compute.RouterNatArgs{
		Router:                        router.Name,
		Region:                        pulumi.String(c.cluster.Location.Region),
		NatIpAllocateOption:           pulumi.String("AUTO_ONLY"),
		SourceSubnetworkIpRangesToNat: pulumi.String("LIST_OF_SUBNETWORKS"),
		Subnetworks: compute.RouterNatSubnetworkArray{&compute.RouterNatSubnetworkArgs{
			Name: nodes.SelfLink, SourceIpRangesToNats: pulumi.ToStringArray([]string{"ALL_IP_RANGES"}),
		}},
		// The fixed 64 ports of a machine run out when a node pulls many images from one registry:
		// https://cloud.google.com/nat/docs/ports-and-addresses#dynamic-port
		EnableDynamicPortAllocation:      pulumi.Bool(true),
		EnableEndpointIndependentMapping: pulumi.Bool(false),
		MinPortsPerVm:                    pulumi.Int(64),
		MaxPortsPerVm:                    pulumi.Int(4096),
	}, c.options()...)
	c.egress = []pulumi.Resource{nat}
	return err
}

// adoptNetwork reads the network that exists. Of ours it gets firewall rules, which match our own nodes only; nothing
// that is there is changed or deleted. The subnet may be shared by another project, which then gets the rules: they
// belong to the network's project (https://cloud.google.com/vpc/docs/shared-vpc#firewall_rules). A network has one
// active subnetwork for proxies in a region, shared by all its load balancers, so that one must be there:
// https://cloud.google.com/load-balancing/docs/proxy-only-subnets
func (c *Cloud) adoptNetwork() error {
	id, subnet := lastPart(c.cluster.Network.ID), c.cluster.Network.SubnetIDs[0]
	if rest, isPath := strings.CutPrefix(pathOf(subnet), "projects/"); isPath {
		c.networkProject, _, _ = strings.Cut(rest, "/")
	}
	project := c.networkProject
	region := c.cluster.Location.Region
	nodes := c.lookupSubnet(project, region)
	c.network = nodes.Network().ApplyT(func(network string) (string, error) {
		if lastPart(network) != id {
			return "", fmt.Errorf("%s: network: subnet %s lies in %s, not in %s; name a subnet of the network", c.cluster.Region, subnet, lastPart(network), id)
		}
		return network, nil
	}).(pulumi.StringOutput)
	c.subnetwork, c.networkCIDR = nodes.SelfLink(), nodes.IpCidrRange()
	all := compute.GetSubnetworksOutput(c.ctx, compute.GetSubnetworksOutputArgs{
		Project: pulumi.String(project), Region: pulumi.String(region),
		Filter: pulumi.String(`purpose="REGIONAL_MANAGED_PROXY" AND role="ACTIVE"`),
	}, c.lookup()...)
	c.proxyCIDR = all.Subnetworks().ApplyT(func(found []compute.GetSubnetworksSubnetwork) (string, error) {
		for _, proxies := range found {
			if lastPart(proxies.NetworkSelfLink) == id {
				return proxies.IpCidrRange, nil
			}
		}
		return "", fmt.Errorf("%s: network: %s has no subnetwork for a load balancer's proxies in %s; run: gcloud compute networks "+
			"subnets create proxies --project=%s --purpose=REGIONAL_MANAGED_PROXY --role=ACTIVE --network=%s --region=%s --range=<a free /26>",
			c.cluster.Region, id, region, project, id, region)
	}).(pulumi.StringOutput)
	return nil
}

// ruleProject is the project of the firewall rules; nil for the provider's own.
func (c *Cloud) ruleProject() pulumi.StringPtrInput {
	if c.networkProject == c.project {
		return nil
	}
	return pulumi.String(c.networkProject)
}

// lastPart is the name at the end of a resource's path, or the name itself.
func lastPart(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// pathOf is the path in a link to a resource, without the address and version of the API that told it.
func pathOf(link string) string { return link[max(0, strings.Index(link, "projects/")):] }
