package aws

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/components/machineconfig"
	"github.com/inferadb/infra/config"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ignoredInputs are the inputs that an update never changes: each would replace a machine or stop it, all of them at
// the same time, and etcd with them. A machine is changed in the order of docs/operations.md instead.
var ignoredInputs = []string{
	"ami", "userDataBase64", "instanceType", "rootBlockDevice.encrypted", "rootBlockDevice.kmsKeyId",
}

// Nodes creates named machines, each behind a network interface of its own: its address outlives it.
func (c *Cloud) Nodes(args cloud.NodesArgs) ([]cloud.Node, error) {
	var nodes []cloud.Node
	for i := range args.Count {
		node, err := c.createNode(args, i)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, node)
	}
	return nodes, nil
}

func (c *Cloud) createNode(args cloud.NodesArgs, index int) (cloud.Node, error) {
	name := c.name(args.Pool + "-" + strconv.Itoa(index))
	place, err := c.pickSubnet(args, index)
	if err != nil {
		return cloud.Node{}, err
	}
	nic, err := ec2.NewNetworkInterface(c.ctx, name, &ec2.NetworkInterfaceArgs{
		Description:    pulumi.String(name),
		SubnetId:       place.id,
		SecurityGroups: pulumi.StringArray{c.firewall[role(args.ControlPlane)].ID()},
		Tags:           pulumi.ToStringMap(c.machineTags(args.Pool, name)),
	}, c.options(pulumi.IgnoreChanges([]string{"subnetId"}))...)
	if err != nil {
		return cloud.Node{}, err
	}
	node := cloud.Node{Name: name, PrivateIP: nic.PrivateIp, PublicIP: pulumi.String("").ToStringOutput()}
	if args.ControlPlane && c.cluster.Access == config.Public {
		address, err := ec2.NewEip(c.ctx, name, &ec2.EipArgs{
			Domain: pulumi.String("vpc"), NetworkInterface: nic.ID(),
			Tags: pulumi.ToStringMap(c.machineTags(args.Pool, name)),
			// An address can only be given to an interface once its network has an internet gateway.
		}, c.options(pulumi.DependsOn(place.egress))...)
		if err != nil {
			return cloud.Node{}, err
		}
		node.PublicIP = address.PublicIp
		node.Ready = append(node.Ready, address)
	}
	instance, err := c.createInstance(name, args, nic, place)
	if err != nil {
		return cloud.Node{}, err
	}
	node.Identity = instance.ID()
	node.MachineType, node.Zone = instance.InstanceType, instance.AvailabilityZone
	node.Ready = append(node.Ready, instance)
	if args.ControlPlane {
		attachment, err := lb.NewTargetGroupAttachment(c.ctx, name, &lb.TargetGroupAttachmentArgs{
			TargetGroupArn: c.targetGroup.Arn, TargetId: instance.ID(), Port: pulumi.Int(cloud.APIPort),
		}, c.options()...)
		if err != nil {
			return cloud.Node{}, err
		}
		node.Ready = append(node.Ready, attachment)
	}
	return node, nil
}

// pickSubnet returns the node's subnet: zones in turn, the public subnet only for a control plane that operators reach
// from outside.
func (c *Cloud) pickSubnet(args cloud.NodesArgs, index int) (subnet, error) {
	subnets := c.private
	if args.ControlPlane && c.cluster.Access == config.Public {
		subnets = c.public
	}
	return inZone(subnets, args.Zones[index%len(args.Zones)])
}

// inZone finds a zone's subnet.
func inZone(subnets []subnet, zone string) (subnet, error) {
	for _, s := range subnets {
		if s.zone == zone {
			return s, nil
		}
	}
	return subnet{}, fmt.Errorf("zone %s has no subnet", zone)
}

func (c *Cloud) createInstance(
	name string,
	args cloud.NodesArgs,
	nic *ec2.NetworkInterface,
	place subnet,
) (*ec2.Instance, error) {
	image, err := c.findImage(args.Machine.Architecture, c.imageOfInstance(name))
	if err != nil {
		return nil, err
	}
	tags := pulumi.ToStringMap(c.machineTags(args.Pool, name))
	instance, err := ec2.NewInstance(c.ctx, name, &ec2.InstanceArgs{
		Ami:            image.id,
		InstanceType:   pulumi.String(args.Machine.Name),
		UserDataBase64: c.packUserData(args.UserData),
		NetworkInterfaces: ec2.InstanceNetworkInterfaceArray{&ec2.InstanceNetworkInterfaceArgs{
			DeviceIndex: pulumi.Int(0), NetworkInterfaceId: nic.ID(),
		}},
		IamInstanceProfile: c.profiles[role(args.ControlPlane)].Name,
		RootBlockDevice: &ec2.InstanceRootBlockDeviceArgs{
			VolumeType: pulumi.String("gp3"),
			VolumeSize: pulumi.Int(args.DiskGiB),
			Encrypted:  pulumi.Bool(true),
			KmsKeyId:   c.diskKey,
			Tags:       tags,
		},
		MetadataOptions: &ec2.InstanceMetadataOptionsArgs{
			HttpEndpoint: pulumi.String("enabled"),
			HttpTokens:   pulumi.String("required"),
			// One hop ends at the machine: a pod cannot read the user data, which holds the cluster's secrets.
			HttpPutResponseHopLimit: pulumi.Int(1),
		},
		DisableApiTermination: pulumi.Bool(args.Protected),
		Tags:                  tags,
	}, c.options(
		pulumi.IgnoreChanges(ignoredInputs),
		// The interface can be one machine's only.
		pulumi.DeleteBeforeReplace(true),
		pulumi.Protect(args.Protected),
		// A machine without a way out pulls no image.
		pulumi.DependsOn(slices.Concat(place.egress, []pulumi.Resource{c.egress[role(args.ControlPlane)]})),
	)...)
	if err != nil {
		return nil, err
	}
	cloud.LogImageMismatch(c.ctx, name, instance.Ami, image.id)
	return instance, nil
}

// packUserData makes a machine configuration fit: EC2 limits it, and Talos unpacks gzip. What config.Load accepted
// fits.
func (c *Cloud) packUserData(configuration pulumi.StringOutput) pulumi.StringOutput {
	limit := c.cluster.ControlPlaneConfiguration().UserDataLimit
	return configuration.ApplyT(func(yaml string) (string, error) {
		return machineconfig.GzipUserData(yaml, limit)
	}).(pulumi.StringOutput)
}

func role(isControlPlane bool) string {
	if isControlPlane {
		return controlPlane
	}
	return worker
}
