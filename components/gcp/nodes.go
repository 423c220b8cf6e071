package gcp

import (
	"slices"
	"strconv"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
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

// metadata returns the metadata of a machine: its configuration, and settings that turn off the serial console and the
// SSH keys of the project. Everyone with access to the project could otherwise use the console at the boot menu, and
// an image with Google's guest agent would install the project's keys; Talos has no such agent.
// https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-using-serial-console#enabling-access
// https://cloud.google.com/compute/docs/connect/restrict-ssh-keys#block-keys disable-legacy-endpoints is not needed:
// the old versions of the metadata service do not exist any more. https://cloud.google.com/compute/docs/deprecations
func metadata(userData pulumi.StringInput) pulumi.StringMap {
	return pulumi.StringMap{
		userDataKey:              userData,
		"serial-port-enable":     pulumi.String("FALSE"),
		"block-project-ssh-keys": pulumi.String("TRUE"),
	}
}

// Nodes creates named machines, each with an address that stays when the machine is replaced.
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
	name, zone := e.name(args.Pool+"-"+strconv.Itoa(index)), args.Zones[index%len(args.Zones)]
	private, err := compute.NewAddress(e.ctx, name, &compute.AddressArgs{
		Region:      pulumi.String(e.cluster.Location.Region),
		AddressType: pulumi.String("INTERNAL"),
		Subnetwork:  e.subnetwork,
		Labels:      e.poolLabels(args.Pool),
		// As deep as the templates of groups, which wait for the API's address as well, so that machines and groups are
		// deleted together: see createBackend.
	}, e.options(pulumi.DependsOn([]pulumi.Resource{e.address}))...)
	if err != nil {
		return cloud.Node{}, err
	}
	node := cloud.Node{Name: name, PrivateIP: private.Address, PublicIP: pulumi.String("").ToStringOutput()}
	nic := &compute.InstanceNetworkInterfaceArgs{Subnetwork: e.subnetwork, NetworkIp: private.Address}
	if args.ControlPlane && e.cluster.Access == cluster.Public {
		public, err := compute.NewAddress(e.ctx, name+"-public", &compute.AddressArgs{
			Region:      pulumi.String(e.cluster.Location.Region),
			AddressType: pulumi.String("EXTERNAL"),
			Labels:      e.poolLabels(args.Pool),
		}, e.options()...)
		if err != nil {
			return cloud.Node{}, err
		}
		node.PublicIP = public.Address
		nic.AccessConfigs = compute.InstanceNetworkInterfaceAccessConfigArray{
			&compute.InstanceNetworkInterfaceAccessConfigArgs{NatIp: public.Address},
		}
	}
	instance, err := e.createInstance(name, zone, args, nic)
	if err != nil {
		return cloud.Node{}, err
	}
	// A machine's path stays the same when it is replaced; its number does not.
	node.Identity = instance.InstanceId.ApplyT(func(id string) pulumi.ID { return pulumi.ID(id) }).(pulumi.IDOutput)
	node.MachineType, node.Zone = instance.MachineType, instance.Zone
	node.Ready = []pulumi.Resource{instance}
	if args.ControlPlane {
		member, err := e.addToBackend(name, zone, instance)
		if err != nil {
			return cloud.Node{}, err
		}
		node.Ready = append(node.Ready, member)
	}
	return node, nil
}

func (e endpoint) createInstance(
	name, zone string,
	args cloud.NodesArgs,
	nic *compute.InstanceNetworkInterfaceArgs,
) (*compute.Instance, error) {
	image, err := e.findImage(args.Machine.Architecture, e.imageOfInstance(name))
	if err != nil {
		return nil, err
	}
	instance, err := compute.NewInstance(e.ctx, name, &compute.InstanceArgs{
		// The Kubernetes node has the same name, so it is not generated.
		Name:        pulumi.String(name),
		Zone:        pulumi.String(zone),
		MachineType: pulumi.String(args.Machine.Name),
		Metadata:    metadata(args.UserData),
		BootDisk: &compute.InstanceBootDiskArgs{
			InitializeParams: &compute.InstanceBootDiskInitializeParamsArgs{
				Image:  image,
				Size:   pulumi.Int(args.DiskGiB),
				Type:   pulumi.String(diskType),
				Labels: e.poolLabels(args.Pool),
			},
			KmsKeySelfLink: e.key,
		},
		NetworkInterfaces: compute.InstanceNetworkInterfaceArray{nic},
		ServiceAccount: &compute.InstanceServiceAccountArgs{
			Email:  e.accounts[role(args.ControlPlane)].Email,
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
		Labels:                 e.poolLabels(args.Pool),
	}, e.options(
		pulumi.IgnoreChanges(ignoredInputs),
		// Name and address can be one machine's only.
		pulumi.DeleteBeforeReplace(true),
		pulumi.Protect(args.Protected),
		// A machine without egress cannot pull images.
		pulumi.DependsOn(slices.Concat(e.egress, e.granted)),
		e.retryUntilGranted(name),
	)...)
	if err != nil {
		return nil, err
	}
	cloud.LogImageMismatch(e.ctx, name, instance.BootDisk.InitializeParams().Image().Elem(), image)
	return instance, nil
}

// addToBackend puts a control plane behind the load balancer, and puts back one that was replaced under the same name.
func (e endpoint) addToBackend(name, zone string, instance *compute.Instance) (pulumi.Resource, error) {
	return compute.NewInstanceGroupMembership(e.ctx, name, &compute.InstanceGroupMembershipArgs{
		Zone: pulumi.String(zone), InstanceGroup: e.controlPlaneGroups[zone].Name, Instance: instance.SelfLink,
	}, e.options(
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
