package gcp

import (
	"fmt"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const addressToken = "gcp:compute/address:Address"

// Existing looks for the address of the first control plane, which every cluster has. It does not look for machines:
// Google itself refuses a second one of the same name in a zone.
func (c *Cloud) Existing(known cloud.Known, _ []string) ([]cloud.Found, error) {
	address := c.name(cluster.ControlPlanePool + "-0")
	if known(addressToken, address) {
		return nil, nil
	}
	labels := labels(c.cluster.Tags)
	label, ok := labels["cluster"].(pulumi.String)
	if !ok {
		return nil, fmt.Errorf("cluster %s has no label cluster", c.cluster.Name)
	}
	addresses, err := compute.GetAddresses(c.ctx, &compute.GetAddressesArgs{
		Region: pulumi.StringRef(c.cluster.Location.Region),
		Filter: pulumi.StringRef(fmt.Sprintf("(labels.cluster=%s) (labels.pool=%s)", label, cluster.ControlPlanePool)),
	}, c.lookup()...)
	if err != nil {
		return nil, err
	}
	var found []cloud.Found
	for _, a := range addresses.Addresses {
		found = append(found, cloud.Found{Type: addressToken, Name: address, ID: a.Name, Marker: true})
	}
	return found, nil
}
