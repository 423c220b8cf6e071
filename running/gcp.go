package running

import (
	"fmt"
	"net/netip"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/regions"
)

// The types by which the cluster is recognized in the state.
const (
	gcpAddressType    = "gcp:compute/address:Address"
	gcpFirewallType   = "gcp:compute/firewall:Firewall"
	gcpForwardingType = "gcp:compute/forwardingRule:ForwardingRule"
	gcpKeyType        = "gcp:kms/cryptoKey:CryptoKey"
	gcpNetworkType    = "gcp:compute/network:Network"
	gcpSubnetworkType = "gcp:compute/subnetwork:Subnetwork"
	gcpTemplateType   = "gcp:compute/instanceTemplate:InstanceTemplate"
)

var _ = register(regions.GCP, reader{
	inSubnets: []string{gcpForwardingType},
	template:  gcpTemplateType,
	fixedAccess: map[cluster.Access]string{
		// Talos asks the platform for its addresses once, at boot, and puts them into its certificate:
		// https://github.com/siderolabs/talos/blob/v1.12.1/internal/app/machined/pkg/runtime/v1alpha1/platform/gcp/gcp.go
		cluster.Private: "the certificates of running control planes are not valid for a public " +
			"address that they are given later",
	},
	network: networkOnGoogleCloud,
	machine: func(r Resource) machineState {
		key, _ := nested(r.Outputs, "bootDisk", "kmsKeySelfLink").(string)
		// On AWS the disk of a running machine grows, and on DigitalOcean the machine type decides its size.
		disk, _ := nested(r.Outputs, "bootDisk", "initializeParams", "size").(float64)
		return machineState{size: r.Text("machineType"), zone: r.Text("zone"), diskKey: key, diskGiB: int(disk)}
	},
	madeKey: func(c Cluster) string {
		// The state holds an id among the outputs only if the provider puts it there.
		if key := c.first(gcpKeyType); key.Type != "" {
			return key.Text("keyRing") + "/cryptoKeys/" + key.Text("name")
		}
		return ""
	},
	// The load balancer is regional. The group of control planes behind it belongs to a zone and is deleted with it.
	zones: func(c Cluster) map[string][]string { return c.zonesOf(c.ControlPlanes()) },
})

func networkOnGoogleCloud(c Cluster) network {
	n := network{id: c.first(gcpFirewallType).Text("network")}
	for _, address := range c.OfType(gcpAddressType) {
		if subnetwork := address.Text("subnetwork"); subnetwork != "" {
			n.subnets = []string{subnetwork}
		}
	}
	if len(c.OfType(gcpNetworkType)) == 0 {
		return n
	}
	for _, subnetwork := range c.OfType(gcpSubnetworkType) {
		// The nodes have the first half of the network, the load balancer's proxies a part of the other.
		half, err := netip.ParsePrefix(subnetwork.Text("ipCidrRange"))
		if err == nil && subnetwork.Text("purpose") != "REGIONAL_MANAGED_PROXY" {
			return n.createdWith(netip.PrefixFrom(half.Addr(), half.Bits()-1).String())
		}
	}
	return network{}
}

// project refuses another Google Cloud project for a running cluster, which would make everything anew there and delete
// it here.
func (c *comparison) project() {
	if c.want.Provider != regions.GCP || c.was.Provider() != regions.GCP {
		return
	}
	was := c.was.project()
	want := c.want.Project
	if was != "" && want != was && config.CheckGoogleProject(want) == nil {
		c.refuse(
			"gcp:project",
			fmt.Sprintf(
				"%s runs in project %s, and %s would delete the cluster with all its data",
				c.was.Name,
				was,
				want,
			),
			"run: pulumi config set gcp:project "+was,
		)
	}
}

// project returns the Google Cloud project of the cluster's addresses; empty if the state does not tell.
func (c Cluster) project() string {
	for _, r := range c.OfType(gcpAddressType) {
		if project := r.Text("project"); project != "" {
			return project
		}
	}
	return ""
}
