package gcp

import (
	"slices"
	"strconv"

	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/config"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/compute"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ignoredInputs are the inputs that an update never changes: each would replace a machine or need it stopped, all of
// them at the same time, and etcd with them. Talos reads user data on the first boot only. A machine is changed in the
// order of docs/operations.md instead.
var ignoredInputs = []string{"bootDisk", "machineType", "metadata", "zone"}

// diskType balances price and speed: https://cloud.google.com/compute/docs/disks#disk-types
const diskType = "pd-balanced"

// userDataKey is where Talos reads its configuration:
// https://docs.siderolabs.com/talos/v1.13/platform-specific-installations/cloud-platforms/gcp
const userDataKey = "user-data"

// metadata is what a machine is told: its configuration, and which of the project's doors are none of its own. The
// serial port would take keys at the boot menu from whoever the project lets in, and a key of the project would be put
// on every machine by the agent of an image that has one; Talos' has none.
// https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-using-serial-console#enabling-access
// https://cloud.google.com/compute/docs/connect/restrict-ssh-keys#block-keys
// The old versions of the metadata service, which disable-legacy-endpoints closed, were shut down for everybody:
// https://cloud.google.com/compute/docs/deprecations
func metadata(userData pulumi.StringInput) pulumi.StringMap {
	return pulumi.StringMap{
		userDataKey:              userData,
		"serial-port-enable":     pulumi.String("FALSE"),
		"block-project-ssh-keys": pulumi.String("TRUE"),
	}
}

// Nodes creates named machines, each with an address of its own that outlives it.
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
	name, zone := c.name(args.Pool+"-"+strconv.Itoa(index)), args.Zones[index%len(args.Zones)]
	private, err := compute.NewAddress(c.ctx, name, &compute.AddressArgs{
		Region:      pulumi.String(c.cluster.Location.Region),
		AddressType: pulumi.String("INTERNAL"),
		Subnetwork:  c.subnetwork,
		Labels:      c.poolLabels(args.Pool),
		// As deep as the templates of groups, which wait for the API's address as well, so that machines and groups are
		// deleted together: see createBackend.
	}, c.options(pulumi.DependsOn([]pulumi.Resource{c.endpoint}))...)
	if err != nil {
		return cloud.Node{}, err
	}
	node := cloud.Node{Name: name, PrivateIP: private.Address, PublicIP: pulumi.String("").ToStringOutput()}
	nic := &compute.InstanceNetworkInterfaceArgs{Subnetwork: c.subnetwork, NetworkIp: private.Address}
	if args.ControlPlane && c.cluster.Access == config.Public {
		public, err := compute.NewAddress(c.ctx, name+"-public", &compute.AddressArgs{
			Region:      pulumi.String(c.cluster.Location.Region),
			AddressType: pulumi.String("EXTERNAL"),
			Labels:      c.poolLabels(args.Pool),
		}, c.options()...)
		if err != nil {
			return cloud.Node{}, err
		}
		node.PublicIP = public.Address
		nic.AccessConfigs = compute.InstanceNetworkInterfaceAccessConfigArray{
			&compute.InstanceNetworkInterfaceAccessConfigArgs{NatIp: public.Address},
		}
	}
	instance, err := c.createInstance(name, zone, args, nic)
	if err != nil {
		return cloud.Node{}, err
	}
	// A machine's path stays the same when it is replaced; its number does not.
	node.Identity = instance.InstanceId.ApplyT(func(id string) pulumi.ID { return pulumi.ID(id) }).(pulumi.IDOutput)
	node.MachineType, node.Zone = instance.MachineType, instance.Zone
	node.Ready = []pulumi.Resource{instance}
	if args.ControlPlane {
		member, err := c.addToBackend(name, zone, instance)
		if err != nil {
			return cloud.Node{}, err
		}
		node.Ready = append(node.Ready, member)
	}
	return node, nil
}

func (c *Cloud) createInstance(
	name, zone string,
	args cloud.NodesArgs,
	nic *compute.InstanceNetworkInterfaceArgs,
) (*compute.Instance, error) {
	image, err := c.findImage(args.Machine.Architecture, c.imageOfInstance(name))
	if err != nil {
		return nil, err
	}
	instance, err := compute.NewInstance(c.ctx, name, &compute.InstanceArgs{
		// The name is the Kubernetes node's, so it is not made up.
		Name:        pulumi.String(name),
		Zone:        pulumi.String(zone),
		MachineType: pulumi.String(args.Machine.Name),
		Metadata:    metadata(args.UserData),
		BootDisk: &compute.InstanceBootDiskArgs{
			InitializeParams: &compute.InstanceBootDiskInitializeParamsArgs{
				Image:  image,
				Size:   pulumi.Int(args.DiskGiB),
				Type:   pulumi.String(diskType),
				Labels: c.poolLabels(args.Pool),
			},
			KmsKeySelfLink: c.diskKey,
		},
		NetworkInterfaces: compute.InstanceNetworkInterfaceArray{nic},
		ServiceAccount: &compute.InstanceServiceAccountArgs{
			Email:  c.accounts[role(args.ControlPlane)].Email,
			Scopes: pulumi.ToStringArray([]string{cloudPlatform}),
		},
		// The image is signed with none of the keys that secure boot knows.
		ShieldedInstanceConfig: &compute.InstanceShieldedInstanceConfigArgs{
			EnableSecureBoot:          pulumi.Bool(false),
			EnableVtpm:                pulumi.Bool(true),
			EnableIntegrityMonitoring: pulumi.Bool(true),
		},
		AllowStoppingForUpdate: pulumi.Bool(false),
		DeletionProtection:     pulumi.Bool(args.Protected),
		Labels:                 c.poolLabels(args.Pool),
	}, c.options(
		pulumi.IgnoreChanges(ignoredInputs),
		// Name and address can be one machine's only.
		pulumi.DeleteBeforeReplace(true),
		pulumi.Protect(args.Protected),
		// A machine without a way out pulls no image.
		pulumi.DependsOn(slices.Concat(c.egress, c.keyGranted)),
		c.retryUntilGranted(name),
	)...)
	if err != nil {
		return nil, err
	}
	cloud.LogImageMismatch(c.ctx, name, instance.BootDisk.InitializeParams().Image().Elem(), image)
	return instance, nil
}

// addToBackend puts a control plane behind the load balancer, and puts back one that was replaced under the same name.
func (c *Cloud) addToBackend(name, zone string, instance *compute.Instance) (pulumi.Resource, error) {
	return compute.NewInstanceGroupMembership(c.ctx, name, &compute.InstanceGroupMembershipArgs{
		Zone: pulumi.String(zone), InstanceGroup: c.controlPlaneGroups[zone].Name, Instance: instance.SelfLink,
	}, c.options(
		// A machine whose zone the stack file no longer names stays where it is.
		pulumi.IgnoreChanges([]string{"zone", "instanceGroup"}),
		pulumi.DeleteBeforeReplace(true),
		pulumi.ReplacementTrigger(instance.InstanceId),
	)...)
}

func role(isControlPlane bool) string {
	if isControlPlane {
		return controlPlane
	}
	return worker
}
