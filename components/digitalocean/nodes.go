package digitalocean

import (
	"strconv"

	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/config"
	"github.com/pulumi/pulumi-digitalocean/sdk/v4/go/digitalocean"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ignoredInputs are the inputs that an update never changes: a size stops the droplet, each of the others replaces it,
// all of them at the same time, and etcd with them. A machine is changed in the order of docs/operations.md instead.
var ignoredInputs = []string{"image", "userData", "sshKeys", "size", "vpcUuid"}

// deleteTimeout is how long a droplet gets to shut down, and a network until its last member is gone.
const deleteTimeout = "10m"

// Nodes creates named droplets.
func (c *Cloud) Nodes(args cloud.NodesArgs) ([]cloud.Node, error) {
	var nodes []cloud.Node
	for i := range args.Count {
		node, err := c.createNode(args, c.name(args.Pool+"-"+strconv.Itoa(i)))
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, node)
	}
	return nodes, nil
}

func (c *Cloud) createNode(args cloud.NodesArgs, name string) (cloud.Node, error) {
	droplet, err := c.createDroplet(name, args)
	if err != nil {
		return cloud.Node{}, err
	}
	node := cloud.Node{
		Name:        name,
		PrivateIP:   droplet.Ipv4AddressPrivate,
		PublicIP:    pulumi.String("").ToStringOutput(),
		MachineType: droplet.Size,
		Zone:        pulumi.String("").ToStringOutput(),
		Identity:    droplet.ID(),
		Ready:       []pulumi.Resource{droplet},
	}
	// Every droplet has a public address; only under public access does the firewall let anybody in there.
	if args.ControlPlane && c.cluster.Access == config.Public {
		node.PublicIP = droplet.Ipv4Address
	}
	return node, nil
}

func (c *Cloud) createDroplet(name string, args cloud.NodesArgs) (*digitalocean.Droplet, error) {
	role := cloud.Worker
	if args.ControlPlane {
		role = cloud.ControlPlane
	}
	droplet, err := digitalocean.NewDroplet(c.ctx, name, &digitalocean.DropletArgs{
		// The node's name in Kubernetes, so not one with random digits.
		Name:     pulumi.String(name),
		Region:   pulumi.String(c.cluster.Location.Region),
		Size:     pulumi.String(args.Machine.Name),
		Image:    c.image,
		VpcUuid:  c.vpcID,
		UserData: args.UserData,
		SshKeys:  pulumi.StringArray{c.sshKey.ID()},
		Tags:     append(c.tags(map[string]string{"pool": args.Pool}), c.roleTags[role].Name),
		// Agents are for distributions with a package manager.
		Monitoring:   pulumi.Bool(false),
		DropletAgent: pulumi.Bool(false),
		Backups:      pulumi.Bool(false),
		Ipv6:         pulumi.Bool(false),
		// A worker that goes is drained by its kubelet first.
		GracefulShutdown: pulumi.Bool(true),
	}, c.options(
		pulumi.IgnoreChanges(ignoredInputs),
		pulumi.Protect(args.Protected),
		pulumi.DependsOn([]pulumi.Resource{c.firewalls[role]}),
		// The provider gives up after a minute, and pods alone may take a minute and a half.
		pulumi.Timeouts(&pulumi.CustomTimeouts{Delete: deleteTimeout}),
	)...)
	if err != nil {
		return nil, err
	}
	cloud.LogImageMismatch(c.ctx, name, droplet.Image, c.image)
	return droplet, nil
}
