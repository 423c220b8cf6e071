// Package gcp brings a cluster up on Google Cloud. It has a file for each concern, and the other clouds have the same
// files. Resources are created in the stages of package cloud: Cloud, prepared, network, endpoint. Each embeds the
// stage before it and adds what it made.
package gcp

import (
	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/regions"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/serviceaccount"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Cloud is one cluster on Google Cloud: what it was asked for, and the provider that makes it.
type Cloud struct {
	ctx      *pulumi.Context
	cluster  cluster.Cluster
	running  cloud.Running
	parent   pulumi.Resource
	provider *gcp.Provider
	// images keeps the answers of findImage.
	images map[regions.Architecture]lookedUp
}

var _ cloud.Cloud = (*Cloud)(nil)

// prepared is what exists before the network.
type prepared struct {
	*Cloud
	// accounts are the identities of the two kinds of nodes; firewall rules know the nodes by them.
	accounts map[string]*serviceaccount.Account
	diskKey
}

// Connect makes an explicit provider for the cluster's project and region, so that no resource uses the default ones.
func Connect(
	ctx *pulumi.Context,
	cluster cluster.Cluster,
	running cloud.Running,
	parent pulumi.Resource,
) (*Cloud, error) {
	if err := config.CheckGoogleProject(cluster.Project); err != nil {
		return nil, err
	}
	provider, err := gcp.NewProvider(ctx, cluster.Name+"-gcp", &gcp.ProviderArgs{
		Project: pulumi.String(cluster.Project),
		Region:  pulumi.String(cluster.Location.Region),
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, err
	}
	return &Cloud{
		ctx: ctx, cluster: cluster, running: running, parent: parent, provider: provider,
		images: map[regions.Architecture]lookedUp{},
	}, nil
}

// Prepare makes the identities of the nodes and the key of their disks.
func (c *Cloud) Prepare() (cloud.NetworkMaker, error) {
	accounts, err := c.createIdentities()
	if err != nil {
		return nil, err
	}
	key, err := c.createDiskKey()
	if err != nil {
		return nil, err
	}
	return prepared{Cloud: c, accounts: accounts, diskKey: key}, c.createPreemptionAlert()
}

// nameLimit is the longest name of nearly every resource:
// https://cloud.google.com/compute/docs/naming-resources#resource-name-format
const nameLimit = 63

// name prefixes a resource's name with the cluster's: the type of a parent is part of a URN, its name is not. It leaves
// room for what Pulumi, or a group of machines, appends.
func (c *Cloud) name(suffix string) string {
	return cloud.ShortenWithHash(c.cluster.Name+"-"+suffix, nameLimit-cloud.AutonameSuffix)
}

// options returns the options of every resource: its parent is the cluster, and it uses the cluster's own provider.
func (c *Cloud) options(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(c.parent), pulumi.Provider(c.provider)}, more...)
}

// lookup returns the options of every lookup. Without a provider of its own a lookup would use the default project.
func (c *Cloud) lookup() []pulumi.InvokeOption {
	return []pulumi.InvokeOption{pulumi.Parent(c.parent), pulumi.Provider(c.provider)}
}
