package aws

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/machineconfig"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ignoredInputs are the inputs that an update never changes: each would replace a machine or stop it, all of them at
// the same time, and etcd with them. A machine is changed in the order of docs/operations.md instead.
var ignoredInputs = []string{
	"ami", "userDataBase64", "instanceType", "rootBlockDevice.encrypted", "rootBlockDevice.kmsKeyId",
}

// Nodes creates named machines, each with a network interface that keeps its address when the machine is replaced.
func (e endpoint) Nodes(args cloud.NodesArgs) ([]cloud.Node, error) {
	var nodes []cloud.Node
	for i := range args.Count {
		node, err := e.createNode(args, i)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, node)
	}
	return nodes, nil
}

func (e endpoint) createNode(args cloud.NodesArgs, index int) (cloud.Node, error) {
	name := e.name(args.Pool + "-" + strconv.Itoa(index))
	place, err := e.pickSubnet(args, index)
	if err != nil {
		return cloud.Node{}, err
	}
	nic, err := ec2.NewNetworkInterface(e.ctx, name, &ec2.NetworkInterfaceArgs{
		Description:    pulumi.String(name),
		SubnetId:       place.id,
		SecurityGroups: pulumi.StringArray{e.groups[role(args.ControlPlane)].ID()},
		Tags:           pulumi.ToStringMap(e.machineTags(args.Pool, name)),
	}, e.options(pulumi.IgnoreChanges([]string{"subnetId"}))...)
	if err != nil {
		return cloud.Node{}, err
	}
	node := cloud.Node{Name: name, PrivateIP: nic.PrivateIp, PublicIP: pulumi.String("").ToStringOutput()}
	if args.ControlPlane && e.cluster.Access == cluster.Public {
		address, err := ec2.NewEip(e.ctx, name, &ec2.EipArgs{
			Domain: pulumi.String("vpc"), NetworkInterface: nic.ID(),
			Tags: pulumi.ToStringMap(e.machineTags(args.Pool, name)),
			// An address can only be given to an interface once its network has an internet gateway.
		}, e.options(pulumi.DependsOn(place.egress))...)
		if err != nil {
			return cloud.Node{}, err
		}
		node.PublicIP = address.PublicIp
		node.Ready = append(node.Ready, address)
	}
	instance, err := e.createInstance(name, args, nic, place)
	if err != nil {
		return cloud.Node{}, err
	}
	node.Identity = instance.ID()
	node.MachineType, node.Zone = instance.InstanceType, instance.AvailabilityZone
	node.Ready = append(node.Ready, instance)
	if args.ControlPlane {
		attachment, err := lb.NewTargetGroupAttachment(e.ctx, name, &lb.TargetGroupAttachmentArgs{
			TargetGroupArn: e.targetGroup.Arn, TargetId: instance.ID(), Port: pulumi.Int(cloud.APIPort),
		}, e.options()...)
		if err != nil {
			return cloud.Node{}, err
		}
		node.Ready = append(node.Ready, attachment)
	}
	return node, nil
}

// pickSubnet returns the node's subnet: zones in turn, the public subnet only for a control plane that operators reach
// from outside.
func (e endpoint) pickSubnet(args cloud.NodesArgs, index int) (subnet, error) {
	subnets := e.private
	if args.ControlPlane && e.cluster.Access == cluster.Public {
		subnets = e.public
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

func (e endpoint) createInstance(
	name string,
	args cloud.NodesArgs,
	nic *ec2.NetworkInterface,
	place subnet,
) (*ec2.Instance, error) {
	image, err := e.findImage(args.Machine.Architecture, e.imageOfInstance(name))
	if err != nil {
		return nil, err
	}
	tags := pulumi.ToStringMap(e.machineTags(args.Pool, name))
	instance, err := ec2.NewInstance(e.ctx, name, &ec2.InstanceArgs{
		Ami:            image.id,
		InstanceType:   pulumi.String(args.Machine.Name),
		UserDataBase64: e.packUserData(args.UserData),
		NetworkInterfaces: ec2.InstanceNetworkInterfaceArray{&ec2.InstanceNetworkInterfaceArgs{
			DeviceIndex: pulumi.Int(0), NetworkInterfaceId: nic.ID(),
		}},
		IamInstanceProfile: e.profiles[role(args.ControlPlane)].Name,
		RootBlockDevice: &ec2.InstanceRootBlockDeviceArgs{
			VolumeType: pulumi.String("gp3"),
			VolumeSize: pulumi.Int(args.DiskGiB),
			Encrypted:  pulumi.Bool(true),
			KmsKeyId:   e.diskKey,
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
	}, e.options(
		pulumi.IgnoreChanges(ignoredInputs),
		// The interface can be one machine's only.
		pulumi.DeleteBeforeReplace(true),
		pulumi.Protect(args.Protected),
		// A machine without egress cannot pull images.
		pulumi.DependsOn(slices.Concat(place.egress, []pulumi.Resource{e.egress[role(args.ControlPlane)]})),
	)...)
	if err != nil {
		return nil, err
	}
	cloud.LogImageMismatch(e.ctx, name, instance.Ami, image.id)
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
