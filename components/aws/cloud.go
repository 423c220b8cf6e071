// Package aws brings a cluster up on Amazon Web Services. It has a file for each concern, and the other clouds have the
// same files. Resources are created in the stages of package cloud: Cloud, prepared, network, endpoint. Each embeds the
// stage before it and adds what it made.
package aws

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/regions"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Cloud is one cluster on AWS: what it was asked for, and the provider that makes it.
type Cloud struct {
	ctx      *pulumi.Context
	cluster  cluster.Cluster
	running  cloud.Running
	parent   pulumi.Resource
	provider *aws.Provider

	// account returns the number of the account, which AWS is asked for once.
	account func() pulumi.StringOutput
	// images keeps the answers of findImage.
	images map[regions.Architecture]lookedUp
}

var _ cloud.Cloud = (*Cloud)(nil)

// prepared is what exists before the network.
type prepared struct {
	*Cloud
	identities
	// diskKey encrypts every disk; nil is the account's own key for EBS.
	diskKey pulumi.StringPtrInput
}

// Connect makes an explicit provider for the cluster's region, so that no resource uses the default one.
func Connect(
	ctx *pulumi.Context,
	cluster cluster.Cluster,
	running cloud.Running,
	parent pulumi.Resource,
) (*Cloud, error) {
	provider, err := aws.NewProvider(ctx, cluster.Name+"-aws", &aws.ProviderArgs{
		Region:      pulumi.String(cluster.Location.Region),
		DefaultTags: &aws.ProviderDefaultTagsArgs{Tags: pulumi.ToStringMap(cluster.Tags)},
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, err
	}
	c := &Cloud{
		ctx: ctx, cluster: cluster, running: running, parent: parent, provider: provider,
		images: map[regions.Architecture]lookedUp{},
	}
	c.account = sync.OnceValue(c.lookUpAccount)
	return c, nil
}

// Prepare makes the key of the disks and the identities of the nodes.
func (c *Cloud) Prepare() (cloud.NetworkMaker, error) {
	if err := c.checkZones(); err != nil {
		return nil, err
	}
	diskKey, err := c.createDiskKey()
	if err != nil {
		return nil, err
	}
	if err := c.encryptNewDisks(); err != nil {
		return nil, err
	}
	nodes, err := c.createIdentities()
	if err != nil {
		return nil, err
	}
	p := prepared{Cloud: c, identities: nodes, diskKey: diskKey}
	if err := p.permitAutoscaling(); err != nil {
		return nil, err
	}
	return p, p.permitCloudController()
}

// name prefixes a resource's name with the cluster's: the type of a parent is part of a URN, its name is not.
func (c *Cloud) name(suffix string) string { return c.cluster.Name + "-" + suffix }

// options returns the options of every resource: its parent is the cluster, and it uses the cluster's own provider.
func (c *Cloud) options(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(c.parent), pulumi.Provider(c.provider)}, more...)
}

// checkZones asks which zones the account has, before the first subnet of a new cluster: accounts see different ones in
// us-west-1, and a subnet in another fails in the middle of an update. A cluster that runs has shown that it can.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-regions-availability-zones.html
func (c *Cloud) checkZones() error {
	if c.running.Outputs("aws:ec2/instance:Instance", c.name(cluster.ControlPlanePool+"-0")) != nil {
		return nil
	}
	found, err := aws.GetAvailabilityZones(c.ctx, &aws.GetAvailabilityZonesArgs{
		State: pulumi.StringRef("available"),
		// Local zones need the account's consent, and have few machine types.
		Filters: []aws.GetAvailabilityZonesFilter{{Name: "opt-in-status", Values: []string{"opt-in-not-required"}}},
	}, c.lookup()...)
	path := fmt.Sprintf("regions[%s].zones", c.cluster.Region)
	if err != nil {
		return c.ctx.Log.Warn(fmt.Sprintf("%s: cannot ask for the account's zones (%s); compare %s with them yourself",
			path, err, strings.Join(c.cluster.Location.Zones, ", ")), nil)
	}
	return zonesProblem(path, c.cluster.Location.Region, c.cluster.Location.Zones, found.Names)
}

// zonesProblem returns the error that says which zones to write, if the account does not have all the wanted ones.
func zonesProblem(path, region string, wanted, has []string) error {
	missing := slices.DeleteFunc(slices.Clone(wanted), func(zone string) bool { return slices.Contains(has, zone) })
	if len(missing) == 0 {
		return nil
	}
	instead := slices.DeleteFunc(slices.Clone(wanted), func(zone string) bool { return slices.Contains(missing, zone) })
	for _, zone := range has {
		if len(instead) < len(wanted) && !slices.Contains(instead, zone) {
			instead = append(instead, zone)
		}
	}
	slices.Sort(instead)
	return fmt.Errorf(
		"%s: the account has no %s in %s; write zones: [%s]",
		path,
		strings.Join(missing, " and no "),
		region,
		strings.Join(instead, ", "),
	)
}
