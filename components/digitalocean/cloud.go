// Package digitalocean brings a cluster up on DigitalOcean. It has a file for each concern, and the other clouds have
// the same files. Resources are created in the stages of package cloud: Cloud, prepared, network. Each embeds the stage
// before it and adds what it made. Machines need nothing more of the load balancer, which finds them by their tag.
package digitalocean

import (
	"errors"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi-digitalocean/sdk/v4/go/digitalocean"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Cloud is one cluster on DigitalOcean: what it was asked for, and the provider that makes it.
type Cloud struct {
	ctx      *pulumi.Context
	cluster  cluster.Cluster
	parent   pulumi.Resource
	provider *digitalocean.Provider
}

var _ cloud.Cloud = (*Cloud)(nil)

// prepared is what exists before the network.
type prepared struct {
	*Cloud
	sshKey *digitalocean.SshKey
	// image is the id of the machines' image.
	image pulumi.StringOutput
}

// Connect makes an explicit provider, so that no resource uses the default one. The provider reads its token from the
// environment.
func Connect(ctx *pulumi.Context, cluster cluster.Cluster, parent pulumi.Resource) (*Cloud, error) {
	if !cluster.HasToken {
		// The plugin finds out at its first call only, where the API says no more than 401.
		return nil, errors.New(
			"DIGITALOCEAN_TOKEN: is not set; make a token at https://cloud.digitalocean.com/account/api/tokens " +
				"and run: export DIGITALOCEAN_TOKEN=...",
		)
	}
	provider, err := digitalocean.NewProvider(
		ctx,
		cluster.Name+"-digitalocean",
		&digitalocean.ProviderArgs{},
		pulumi.Parent(parent),
	)
	if err != nil {
		return nil, err
	}
	return &Cloud{ctx: ctx, cluster: cluster, parent: parent, provider: provider}, nil
}

// Prepare makes the key that the API demands, and the image.
func (c *Cloud) Prepare() (cloud.NetworkMaker, error) {
	key, err := c.createKey()
	if err != nil {
		return nil, err
	}
	image, err := c.findImage()
	return prepared{Cloud: c, sshKey: key, image: image}, err
}

// name prefixes a resource's name with the cluster's: the type of a parent is part of a URN, its name is not.
func (c *Cloud) name(suffix string) string { return c.cluster.Name + "-" + suffix }

// options returns the options of every resource: its parent is the cluster, and it uses the cluster's own provider.
func (c *Cloud) options(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(c.parent), pulumi.Provider(c.provider)}, more...)
}
