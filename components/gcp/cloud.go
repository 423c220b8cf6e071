// Package gcp brings a cluster up on Google Cloud. It has a file for each concern, and the other clouds have the same
// files. Resources are created in the order of the methods of cloud.Cloud.
package gcp

import (
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/regions"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/serviceaccount"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Cloud is one cluster on Google Cloud: what it was asked for, and what it has made so far.
type Cloud struct {
	ctx      *pulumi.Context
	cluster  config.Cluster
	running  cloud.Running
	parent   pulumi.Resource
	project  string
	provider *gcp.Provider

	// networkProject owns the network: the cluster's own project, or the host project of a Shared VPC.
	networkProject      string
	network, subnetwork pulumi.StringOutput
	// networkCIDR holds the nodes' addresses, proxyCIDR those that the load balancer's packets come from.
	networkCIDR, proxyCIDR pulumi.StringOutput
	// proxies must exist before the load balancer, egress before a machine without a public address.
	proxies, egress []pulumi.Resource
	// accounts are the identities of the two kinds of nodes; firewall rules know the nodes by them.
	accounts map[string]*serviceaccount.Account
	rules    []pulumi.Resource
	// endpoint is the API's address.
	endpoint pulumi.Resource
	// controlPlaneGroups are the control planes of each zone, as the load balancer wants them.
	controlPlaneGroups map[string]*compute.InstanceGroup
	// diskKey encrypts every disk; nil is Google's own. keyGranted must exist before a disk can use it.
	diskKey    pulumi.StringPtrInput
	keyGranted []pulumi.Resource
	// untilGranted tries again to make a machine while the grant has no effect yet; nil without a key.
	untilGranted *pulumi.ErrorHook
	// workerHealthCheck is the check by which groups replace dead machines.
	workerHealthCheck *compute.HealthCheck
	images            map[regions.Architecture]lookedUp
}

var _ cloud.Cloud = (*Cloud)(nil)

// New makes an explicit provider for the cluster's project and region, so that no resource follows the ambient ones.
func New(ctx *pulumi.Context, cluster config.Cluster, running cloud.Running, parent pulumi.Resource) (*Cloud, error) {
	project, err := config.GoogleProject(cluster)
	if err != nil {
		return nil, err
	}
	provider, err := gcp.NewProvider(ctx, cluster.Name+"-gcp", &gcp.ProviderArgs{
		Project: pulumi.String(project),
		Region:  pulumi.String(cluster.Location.Region),
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, err
	}
	return &Cloud{
		ctx: ctx, cluster: cluster, running: running, parent: parent, project: project, networkProject: project, provider: provider,
		controlPlaneGroups: map[string]*compute.InstanceGroup{}, images: map[regions.Architecture]lookedUp{},
	}, nil
}

// Prepare makes the identities of the nodes and the key of their disks.
func (c *Cloud) Prepare() error {
	for _, step := range []func() error{c.createIdentities, c.createDiskKey, c.createPreemptionAlert} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// nameLimit is the longest name of nearly every resource:
// https://cloud.google.com/compute/docs/naming-resources#resource-name-format
const nameLimit = 63

// name prefixes a resource's name with the cluster's: the type of a parent is part of a URN, its name is not. It leaves
// room for what Pulumi, or a group of machines, appends.
func (c *Cloud) name(suffix string) string {
	return cloud.ShortenWithHash(c.cluster.Name+"-"+suffix, nameLimit-cloud.AutonameSuffix)
}

// options are the ones of every resource: below the cluster, on its own provider.
func (c *Cloud) options(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(c.parent), pulumi.Provider(c.provider)}, more...)
}

// lookup are the options of every look-up: without a provider it would ask the ambient project.
func (c *Cloud) lookup() []pulumi.InvokeOption {
	return []pulumi.InvokeOption{pulumi.Parent(c.parent), pulumi.Provider(c.provider)}
}
