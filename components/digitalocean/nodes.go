package digitalocean

import (
	"strconv"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi-digitalocean/sdk/v4/go/digitalocean"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ignoredInputs are the inputs that an update never changes: a size stops the droplet, each of the others replaces it,
// all of them at the same time, and etcd with them. A machine is changed in the order of docs/operations.md instead.
var ignoredInputs = []string{"image", "userData", "sshKeys", "size", "vpcUuid"}

// deleteTimeout is how long a droplet gets to shut down, and a network until its last member is gone.
const deleteTimeout = "10m"

// Nodes creates named droplets.
func (n network) Nodes(args cloud.NodesArgs) ([]cloud.Node, error) {
	var nodes []cloud.Node
	for i := range args.Count {
		node, err := n.createNode(args, n.name(args.Pool+"-"+strconv.Itoa(i)))
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, node)
	}
	return nodes, nil
}

func (n network) createNode(args cloud.NodesArgs, name string) (cloud.Node, error) {
	droplet, err := n.createDroplet(name, args)
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
	if args.ControlPlane && n.cluster.Access == cluster.Public {
		node.PublicIP = droplet.Ipv4Address
	}
	return node, nil
}

func (n network) createDroplet(name string, args cloud.NodesArgs) (*digitalocean.Droplet, error) {
	role := cloud.Worker
	if args.ControlPlane {
		role = cloud.ControlPlane
	}
	droplet, err := digitalocean.NewDroplet(n.ctx, name, &digitalocean.DropletArgs{
		// The node's name in Kubernetes, so not one with random digits.
		Name:     pulumi.String(name),
		Region:   pulumi.String(n.cluster.Location.Region),
		Size:     pulumi.String(args.Machine.Name),
		Image:    n.image,
		VpcUuid:  n.vpcID,
		UserData: args.UserData,
		SshKeys:  pulumi.StringArray{n.sshKey.ID()},
		Tags:     append(n.tags(map[string]string{"pool": args.Pool}), n.firewall.tags[role].Name),
		// Agents are for distributions with a package manager.
		Monitoring:   pulumi.Bool(false),
		DropletAgent: pulumi.Bool(false),
		Backups:      pulumi.Bool(false),
		Ipv6:         pulumi.Bool(false),
		// The kubelet drains a worker before it is deleted.
		GracefulShutdown: pulumi.Bool(true),
	}, n.options(
		pulumi.IgnoreChanges(ignoredInputs),
		pulumi.Protect(args.Protected),
		pulumi.DependsOn([]pulumi.Resource{n.firewall.roles[role]}),
		// The provider's default is a minute, and the pods may need a minute and a half.
		pulumi.Timeouts(&pulumi.CustomTimeouts{Delete: deleteTimeout}),
	)...)
	if err != nil {
		return nil, err
	}
	cloud.LogImageMismatch(n.ctx, name, droplet.Image, n.image)
	return droplet, nil
}
