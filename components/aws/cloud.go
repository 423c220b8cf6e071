// Package aws brings a cluster up on Amazon Web Services. The files stand in the order in which the resources do:
// network, firewall, load balancer, image, encryption, identity, interruption, alarms, nodes, group, autoscaling.
package aws

import (
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/regions"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Cloud is one cluster on AWS: what it was asked for, and what it has made so far.
type Cloud struct {
	ctx      *pulumi.Context
	cluster  config.Cluster
	parent   pulumi.Resource
	provider *aws.Provider

	vpcID           pulumi.StringOutput
	networkCIDR     pulumi.StringOutput
	private, public []subnet
	// firewall is the security group of each role; roles and profiles are the identity of each kind of node.
	firewall map[string]*ec2.SecurityGroup
	roles    map[string]*iam.Role
	profiles map[string]*iam.InstanceProfile
	// interruptions is where groups announce machines that are about to go; nil without an elastic pool.
	interruptions *sqs.Queue
	// rules let packets in; egress is what lets each role out.
	rules       []pulumi.Resource
	egress      map[string]pulumi.Resource
	targetGroup *lb.TargetGroup
	// diskKey encrypts every disk; nil is the account's own key for EBS.
	diskKey pulumi.StringPtrInput
	// accountID is the account's number, once something has asked for it.
	accountID *pulumi.StringOutput
	images    map[regions.Architecture]image
}

var _ cloud.Cloud = (*Cloud)(nil)

// New makes an explicit provider for the cluster's region, so that no resource follows the ambient one.
func New(ctx *pulumi.Context, cluster config.Cluster, parent pulumi.Resource) (*Cloud, error) {
	provider, err := aws.NewProvider(ctx, cluster.Name+"-aws", &aws.ProviderArgs{
		Region:      pulumi.String(cluster.Location.Region),
		DefaultTags: &aws.ProviderDefaultTagsArgs{Tags: pulumi.ToStringMap(cluster.Tags)},
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, err
	}
	return &Cloud{
		ctx: ctx, cluster: cluster, parent: parent, provider: provider,
		images: map[regions.Architecture]image{},
	}, nil
}

// Prepare makes the key of the disks and the identities of the nodes.
func (c *Cloud) Prepare() error {
	for _, step := range []func() error{c.createDiskKey, c.encryptNewDisks, c.createIdentities, c.createInterruption, c.permitAutoscaling} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// name prefixes a resource's name with the cluster's: the type of a parent is part of a URN, its name is not.
func (c *Cloud) name(suffix string) string { return c.cluster.Name + "-" + suffix }

// options are the ones of every resource: below the cluster, on its own provider.
func (c *Cloud) options(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(c.parent), pulumi.Provider(c.provider)}, more...)
}
