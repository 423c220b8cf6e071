package gcp

import (
	"fmt"
	"strings"

	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// layout is a network and its subnetworks.
type layout struct {
	// networkProject owns the network: the cluster's own project, or the host project of a Shared VPC.
	networkProject  string
	vpc, subnetwork pulumi.StringOutput
	// cidr holds the nodes' addresses, proxyCIDR those that the load balancer's packets come from.
	cidr, proxyCIDR pulumi.StringOutput
	// proxies must exist before the load balancer; none in an adopted network.
	proxies []pulumi.Resource
	// nat lets machines without a public address out; none in an adopted network.
	nat []pulumi.Resource
}

// network is the network of the machines and the load balancer.
type network struct {
	prepared
	layout
	// egress must exist before a machine.
	egress []pulumi.Resource
}

// Network creates a network with one subnetwork over all zones, or adopts the one that the stack file names.
func (p prepared) Network() (cloud.Network, error) {
	makeLayout := p.createNetwork
	if p.cluster.Network.Adopted() {
		makeLayout = p.adoptNetwork
	}
	layout, err := makeLayout()
	if err != nil {
		return cloud.Network{}, err
	}
	n := network{prepared: p, layout: layout}
	ingress, err := n.createFirewall()
	if err != nil {
		return cloud.Network{}, err
	}
	egress, err := n.createEgress()
	n.egress = append(layout.nat, egress)
	return cloud.Network{
		CIDRs: pulumi.StringArray{layout.cidr}.ToStringArrayOutput(), Ready: ingress, EndpointMaker: n,
	}, err
}

func (c *Cloud) createNetwork() (layout, error) {
	network, err := compute.NewNetwork(c.ctx, c.name("network"), &compute.NetworkArgs{
		Description: pulumi.Sprintf("Network of %s", c.cluster.Name),
		// Otherwise Google makes a subnetwork in every region of the world.
		AutoCreateSubnetworks: pulumi.Bool(false),
		RoutingMode:           pulumi.String("REGIONAL"),
	}, c.options()...)
	if err != nil {
		return layout{}, err
	}
	nodes, proxies, err := c.createSubnetworks(network)
	if err != nil {
		return layout{}, err
	}
	nat, err := c.createNat(network, nodes)
	return layout{
		networkProject: c.cluster.Project, vpc: network.SelfLink, subnetwork: nodes.SelfLink,
		cidr:      pulumi.String(c.cluster.Network.CIDR.String()).ToStringOutput(),
		proxyCIDR: proxies.IpCidrRange, proxies: []pulumi.Resource{proxies},
		nat: []pulumi.Resource{nat},
	}, err
}

// The first half of the network is for the nodes. The last sixteenth, at least the /26 that Google requires, is for the
// proxies of the load balancer.
// https://cloud.google.com/load-balancing/docs/proxy-only-subnets#proxy_only_subnet_create
const nodesBits, proxiesBits, proxiesIndex = 1, 4, 15

// createSubnetworks makes the nodes' subnetwork and that of the load balancer's proxies.
func (c *Cloud) createSubnetworks(network *compute.Network) (nodes, proxies *compute.Subnetwork, err error) {
	block, err := cloud.Subnet(c.cluster.Network.CIDR, nodesBits, 0)
	if err != nil {
		return nil, nil, err
	}
	nodes, err = compute.NewSubnetwork(c.ctx, c.name("nodes"), &compute.SubnetworkArgs{
		Network:     network.SelfLink,
		Region:      pulumi.String(c.cluster.Location.Region),
		IpCidrRange: pulumi.String(block.String()),
		// Google's own services are reached without the NAT gateway, which charges by the byte.
		PrivateIpGoogleAccess: pulumi.Bool(true),
		LogConfig:             c.flowLogs(),
	}, c.options()...)
	if err != nil {
		return nil, nil, err
	}
	if block, err = cloud.Subnet(c.cluster.Network.CIDR, proxiesBits, proxiesIndex); err != nil {
		return nil, nil, err
	}
	proxies, err = compute.NewSubnetwork(c.ctx, c.name("proxies"), &compute.SubnetworkArgs{
		Network:     network.SelfLink,
		Region:      pulumi.String(c.cluster.Location.Region),
		IpCidrRange: pulumi.String(block.String()),
		Purpose:     pulumi.String("REGIONAL_MANAGED_PROXY"),
		Role:        pulumi.String("ACTIVE"),
	}, c.options()...)
	return nodes, proxies, err
}

// flowLogs returns the flow logs of the nodes' subnetwork; that of the proxies cannot have any. Connections in a
// cluster are long, so records of ten minutes have as much information as those of five seconds. The sample rate is
// 1.0, because a sampled log could miss the flow that is looked for. Records have the names of the machines, because
// addresses are used again.
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

// createNat gives egress to machines without a public address. Cloud NAT is not a machine in a zone: one serves the
// region, and does not depend on a zone (https://cloud.google.com/nat/docs/overview#architecture).
func (c *Cloud) createNat(network *compute.Network, nodes *compute.Subnetwork) (*compute.RouterNat, error) {
	router, err := compute.NewRouter(c.ctx, c.name("nat"), &compute.RouterArgs{
		Network: network.SelfLink,
		Region:  pulumi.String(c.cluster.Location.Region),
	}, c.options()...)
	if err != nil {
		return nil, err
	}
	return compute.NewRouterNat(c.ctx, c.name("nat"), &compute.RouterNatArgs{
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
}

// adoptNetwork reads the network that exists. Of ours it gets firewall rules, which match our own nodes only; nothing
// that is there is changed or deleted. The subnet may be shared by another project, which then gets the rules: they
// belong to the network's project (https://cloud.google.com/vpc/docs/shared-vpc#firewall_rules). A network has one
// active subnetwork for proxies in a region, shared by all its load balancers, so that one must be there:
// https://cloud.google.com/load-balancing/docs/proxy-only-subnets
func (c *Cloud) adoptNetwork() (layout, error) {
	project := c.cluster.Project
	id, subnet := lastPart(c.cluster.Network.ID), c.cluster.Network.SubnetIDs[0]
	if rest, isPath := strings.CutPrefix(pathOf(subnet), "projects/"); isPath {
		project, _, _ = strings.Cut(rest, "/")
	}
	region := c.cluster.Location.Region
	nodes := c.lookupSubnet(project, region)
	network := nodes.Network().ApplyT(func(network string) (string, error) {
		if lastPart(network) != id {
			return "", fmt.Errorf("%s: network: subnet %s lies in %s, not in %s; name a subnet of the network",
				c.cluster.Region, subnet, lastPart(network), id)
		}
		return network, nil
	}).(pulumi.StringOutput)
	all := compute.GetSubnetworksOutput(c.ctx, compute.GetSubnetworksOutputArgs{
		Project: pulumi.String(project), Region: pulumi.String(region),
		Filter: pulumi.String(`purpose="REGIONAL_MANAGED_PROXY" AND role="ACTIVE"`),
	}, c.lookup()...)
	proxyCIDR := all.Subnetworks().ApplyT(func(found []compute.GetSubnetworksSubnetwork) (string, error) {
		for _, proxies := range found {
			if lastPart(proxies.NetworkSelfLink) == id {
				return proxies.IpCidrRange, nil
			}
		}
		return "", fmt.Errorf("%s: network: %s has no subnetwork for a load balancer's proxies in %s; run: gcloud "+
			"compute networks "+
			"subnets create proxies --project=%s --purpose=REGIONAL_MANAGED_PROXY --role=ACTIVE --network=%s "+
			"--region=%s --range=<a free /26>",
			c.cluster.Region, id, region, project, id, region)
	}).(pulumi.StringOutput)
	return layout{
		networkProject: project, vpc: network, subnetwork: nodes.SelfLink(),
		cidr: nodes.IpCidrRange(), proxyCIDR: proxyCIDR,
	}, nil
}

// ruleProject returns the project of the firewall rules; nil for the provider's project.
func (n network) ruleProject() pulumi.StringPtrInput {
	if n.networkProject == n.cluster.Project {
		return nil
	}
	return pulumi.String(n.networkProject)
}

// lastPart returns the name at the end of a resource's path, or the name itself.
func lastPart(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// pathOf returns the path in a link to a resource, without the address and version of the API.
func pathOf(link string) string { return link[max(0, strings.Index(link, "projects/")):] }
