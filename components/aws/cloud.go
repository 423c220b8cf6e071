// Package aws brings a cluster up on Amazon Web Services. It has a file for each concern, and the other clouds have the
// same files. Resources are created in the order of the methods of cloud.Cloud.
package aws

import (
	"fmt"
	"slices"
	"strings"

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
	running  cloud.Running
	parent   pulumi.Resource
	provider *aws.Provider

	vpcID           pulumi.StringOutput
	networkCIDRs    pulumi.StringArrayOutput
	private, public []subnet
	// firewall is the security group of each role; roles and profiles are the identity of each kind of node.
	firewall map[string]*ec2.SecurityGroup
	roles    map[string]*iam.Role
	profiles map[string]*iam.InstanceProfile
	// interruptions is where groups announce machines that are about to go; nil without a scaling group.
	interruptions *sqs.Queue
	// rules let packets in; egress is what lets each role out.
	rules       []pulumi.Resource
	egress      map[string]pulumi.Resource
	targetGroup *lb.TargetGroup
	// besideGateways and besideMachines are what NAT gateways and machines wait for as well, where there are any. See
	// deleteInStep.
	besideGateways, besideMachines []pulumi.Resource
	// diskKey encrypts every disk; nil is the account's own key for EBS.
	diskKey pulumi.StringPtrInput
	// accountID is the account's number, once something has asked for it.
	accountID *pulumi.StringOutput
	images    map[regions.Architecture]lookedUp
}

var _ cloud.Cloud = (*Cloud)(nil)

// New makes an explicit provider for the cluster's region, so that no resource follows the ambient one.
func New(ctx *pulumi.Context, cluster config.Cluster, running cloud.Running, parent pulumi.Resource) (*Cloud, error) {
	provider, err := aws.NewProvider(ctx, cluster.Name+"-aws", &aws.ProviderArgs{
		Region:      pulumi.String(cluster.Location.Region),
		DefaultTags: &aws.ProviderDefaultTagsArgs{Tags: pulumi.ToStringMap(cluster.Tags)},
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, err
	}
	return &Cloud{
		ctx: ctx, cluster: cluster, running: running, parent: parent, provider: provider,
		images: map[regions.Architecture]lookedUp{},
	}, nil
}

// Prepare makes the key of the disks and the identities of the nodes.
func (c *Cloud) Prepare() error {
	for _, step := range []func() error{c.checkZones, c.createDiskKey, c.encryptNewDisks, c.createIdentities, c.permitAutoscaling,
		c.permitCloudController,
	} {
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

// checkZones asks which zones the account has, before the first subnet of a new cluster: accounts see different ones in
// us-west-1, and a subnet in another fails in the middle of an update. A cluster that runs has shown that it can.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-regions-availability-zones.html
func (c *Cloud) checkZones() error {
	if c.running.Outputs("aws:ec2/instance:Instance", c.name(config.ControlPlanePool+"-0")) != nil {
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
