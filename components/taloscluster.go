// Package components holds TalosCluster, the component that the program builds once for each region of a stack.
package components

import (
	"fmt"
	"slices"

	"github.com/inferadb/infra/components/aws"
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/components/digitalocean"
	"github.com/inferadb/infra/components/gcp"
	"github.com/inferadb/infra/components/machineconfig"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/regions"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TalosCluster is a Kubernetes cluster on Talos Linux in one region of one cloud.
type TalosCluster struct {
	pulumi.ResourceState

	// Kubeconfig and Talosconfig are secret: a file each, for this cluster alone.
	Kubeconfig  pulumi.StringOutput `pulumi:"kubeconfig"`
	Talosconfig pulumi.StringOutput `pulumi:"talosconfig"`
	// Summary is plain: what there is, by name and address.
	Summary pulumi.MapOutput `pulumi:"summary"`

	region string
	// kubernetes and talos are what the files are made of: a kubeconfigEntry and a talosconfigEntry.
	kubernetes, talos pulumi.Output
}

// Running is what the stack's last update left of a cluster.
type Running = cloud.Running

// Check refuses what exceeds a limit of the cloud, before anything is registered. The error is of type config.Errors.
func Check(clusters []config.Cluster) error {
	var errs config.Errors
	for _, cluster := range clusters {
		switch cluster.Provider {
		case regions.AWS:
			errs = append(errs, aws.Check(cluster)...)
		case regions.DigitalOcean:
			errs = append(errs, digitalocean.Check(cluster)...)
		}
	}
	if len(errs) > 0 {
		return errs.Sorted()
	}
	return nil
}

// NewTalosClusters brings the clusters of a stack up. It first asks each cloud for what stands under their names
// already and the state does not know; then nothing of any cluster is made.
func NewTalosClusters(
	ctx *pulumi.Context,
	clusters []config.Cluster,
	running func(config.Cluster) Running,
) ([]*TalosCluster, error) {
	var begun []*clusterBuilder
	for _, cluster := range clusters {
		b, err := begin(ctx, cluster, running(cluster))
		if err != nil {
			return nil, err
		}
		begun = append(begun, b)
	}
	if err := refuseExisting(ctx, begun); err != nil {
		return nil, err
	}
	var built []*TalosCluster
	for _, b := range begun {
		if err := b.build(ctx); err != nil {
			return nil, err
		}
		built = append(built, b.component)
	}
	return built, nil
}

// begin registers the component and its cloud's provider: enough to ask the cloud.
func begin(ctx *pulumi.Context, cluster config.Cluster, running Running) (*clusterBuilder, error) {
	component := &TalosCluster{region: cluster.Region}
	if err := ctx.RegisterComponentResourceV2("inferadb:index:TalosCluster", cluster.Name, pulumi.Map{
		"region":   pulumi.String(cluster.Region),
		"provider": pulumi.String(cluster.Provider),
	}, component); err != nil {
		return nil, err
	}
	provider, err := newCloud(ctx, cluster, running, component)
	if err != nil {
		return nil, err
	}
	return &clusterBuilder{
		cluster: cluster, component: component, cloud: provider, running: running,
		bootstrapped: running.Outputs("talos:machine/bootstrap:Bootstrap", cluster.Name) != nil,
		workers:      map[string][]cloud.Node{}, groups: map[string]cloud.Group{},
	}, nil
}

// build makes the cluster. It reads in the order in which things happen; what does not depend on an earlier step runs
// beside it: workers never wait for the control planes.
func (b *clusterBuilder) build(ctx *pulumi.Context) (err error) {
	if b.talos, err = newTalosAPI(ctx, b.cluster, b.bootstrapped, b.component); err != nil {
		return err
	}
	for _, step := range []func() error{
		b.cloud.Prepare,
		b.createNetwork,
		b.createEndpoint,
		b.createControlPlanes,
		b.createWorkers,
		b.createGroups,
		b.configureControlPlanes,
		b.bootstrap,
		b.configureWorkers,
		b.changeGroups,
		b.setOutputs,
	} {
		if err := step(); err != nil {
			return fmt.Errorf("cluster %s: %w", b.cluster.Name, err)
		}
	}
	return ctx.RegisterResourceOutputs(b.component, pulumi.Map{
		"kubeconfig": b.component.Kubeconfig, "talosconfig": b.component.Talosconfig, "summary": b.component.Summary,
	})
}

// clusterBuilder is a cluster on its way: what it was asked for, and what the steps so far have made.
type clusterBuilder struct {
	cluster   config.Cluster
	component *TalosCluster
	cloud     cloud.Cloud
	running   Running
	talos     *talosAPI

	network       cloud.Network
	endpoint      cloud.Endpoint
	controlPlanes []cloud.Node
	workers       map[string][]cloud.Node
	groups        map[string]cloud.Group
	// kubeconfig is the administrator's, as Talos issues it.
	kubeconfig pulumi.StringOutput
	// bootstrapped reports whether the cluster's etcd was started by an earlier update.
	bootstrapped bool
}

// newCloud is the only place that tells one provider from another.
func newCloud(
	ctx *pulumi.Context,
	cluster config.Cluster,
	running Running,
	parent pulumi.Resource,
) (cloud.Cloud, error) {
	switch cluster.Provider {
	case regions.AWS:
		return aws.New(ctx, cluster, running, parent)
	case regions.GCP:
		return gcp.New(ctx, cluster, running, parent)
	case regions.DigitalOcean:
		return digitalocean.New(ctx, cluster, parent)
	default:
		return nil, fmt.Errorf("provider: there is no cloud %q", cluster.Provider)
	}
}

func (b *clusterBuilder) createNetwork() (err error) {
	b.network, err = b.cloud.Network()
	return err
}

func (b *clusterBuilder) createEndpoint() (err error) {
	b.endpoint, err = b.cloud.Endpoint()
	return err
}

func (b *clusterBuilder) createControlPlanes() (err error) {
	b.controlPlanes, err = b.cloud.Nodes(cloud.NodesArgs{
		Pool:         config.ControlPlanePool,
		ControlPlane: true,
		Count:        b.cluster.ControlPlanes.Count,
		Machine:      b.cluster.ControlPlanes.Machine,
		DiskGiB:      b.cluster.ControlPlanes.DiskGiB,
		Zones:        b.cluster.Location.Zones,
		UserData:     b.configuration(b.cluster.ControlPlaneConfiguration()),
		Protected:    b.cluster.Protected,
	})
	return err
}

// createWorkers makes the pools of named nodes.
func (b *clusterBuilder) createWorkers() (err error) {
	for _, pool := range b.cluster.Pools {
		if pool.InScalingGroup() {
			continue
		}
		b.groups[pool.Name] = cloud.Group{
			Names:             pulumi.StringArray{}.ToStringArrayOutput(),
			InterruptionQueue: pulumi.String(""),
		}
		b.workers[pool.Name], err = b.cloud.Nodes(cloud.NodesArgs{
			Pool:      pool.Name,
			Count:     pool.Min,
			Machine:   pool.Machine,
			DiskGiB:   pool.DiskGiB,
			Zones:     pool.Zones,
			UserData:  b.configuration(b.cluster.WorkerConfiguration(pool)),
			Protected: b.cluster.Protected && pool.Workload == config.Stateful,
		})
		if err != nil {
			return fmt.Errorf("pool %s: %w", pool.Name, err)
		}
	}
	return nil
}

// createGroups makes the scaling groups of a new cluster, beside everything else.
func (b *clusterBuilder) createGroups() error {
	if b.bootstrapped {
		return nil
	}
	return b.registerGroups()
}

// changeGroups does the same for a cluster that runs, after its named nodes took their configuration: what one of them
// refuses does not roll through the groups.
func (b *clusterBuilder) changeGroups() error {
	if !b.bootstrapped {
		return nil
	}
	return b.registerGroups(b.talos.lastApply...)
}

func (b *clusterBuilder) registerGroups(after ...pulumi.Resource) (err error) {
	for _, pool := range b.cluster.Pools {
		if !pool.InScalingGroup() {
			continue
		}
		userData := b.configuration(b.cluster.WorkerConfiguration(pool))
		b.groups[pool.Name], err = b.cloud.Group(cloud.GroupArgs{Pool: pool, UserData: userData, After: after})
		if err != nil {
			return fmt.Errorf("pool %s: %w", pool.Name, err)
		}
	}
	return nil
}

// configureControlPlanes brings later changes to running nodes, one after the other. It also adds the names that were
// not known when the nodes booted, the load balancer's own and the nodes' public addresses, and the manifests that the
// control planes create once the API answers: Cilium, by which nodes become Ready. New nodes get these at the same
// time.
func (b *clusterBuilder) configureControlPlanes() error {
	names := []pulumi.StringOutput{b.endpoint.LoadBalancer}
	for _, node := range b.controlPlanes {
		names = append(names, node.PublicIP)
	}
	for _, node := range b.controlPlanes {
		configuration := b.placedConfiguration(b.cluster.AppliedConfiguration(), node, names...)
		if err := b.talos.apply(node, b.operatorAddress(node), configuration, b.network.Ready...); err != nil {
			return err
		}
	}
	return nil
}

// bootstrap waits for everything by which the API answers, and fetches the kubeconfig once it does.
func (b *clusterBuilder) bootstrap() error {
	first := b.controlPlanes[0]
	ready := slices.Clone(b.endpoint.Ready)
	for _, node := range b.controlPlanes {
		ready = append(ready, node.Ready...)
	}
	bootstrapped, err := b.talos.bootstrap(first, b.operatorAddress(first), ready...)
	if err != nil {
		return err
	}
	// A worker's Talos API can be used once a control plane has issued its certificate; the chain goes on behind this.
	b.talos.lastApply = []pulumi.Resource{bootstrapped}
	b.kubeconfig, err = b.talos.kubeconfig(first, b.operatorAddress(first), bootstrapped)
	return err
}

// configureWorkers does for workers with a name what configureControlPlanes does, through the first control plane. The
// machines of a group are replaced instead.
func (b *clusterBuilder) configureWorkers() error {
	for _, pool := range b.cluster.Pools {
		for _, node := range b.workers[pool.Name] {
			configuration := b.placedConfiguration(b.cluster.WorkerConfiguration(pool), node)
			if err := b.talos.apply(node, b.operatorAddress(b.controlPlanes[0]), configuration); err != nil {
				return err
			}
		}
	}
	return nil
}

// configuration returns the configuration that machines boot with.
func (b *clusterBuilder) configuration(in machineconfig.Input) pulumi.StringOutput {
	return b.talos.configuration(in, b.network, b.endpoint.Host, pulumi.StringMap{})
}

// placedConfiguration returns a named node's configuration, with the labels that a cloud controller would give the
// node.
func (b *clusterBuilder) placedConfiguration(
	in machineconfig.Input,
	node cloud.Node,
	names ...pulumi.StringOutput,
) pulumi.StringOutput {
	return b.talos.configuration(in, b.network, b.endpoint.Host, pulumi.StringMap{
		machineconfig.RegionLabel:       pulumi.String(b.cluster.Location.Region),
		machineconfig.ZoneLabel:         node.Zone,
		machineconfig.InstanceTypeLabel: node.MachineType,
	}, names...)
}

// operatorAddress is the address at which operators reach a control plane.
func (b *clusterBuilder) operatorAddress(node cloud.Node) pulumi.StringOutput {
	if b.cluster.Access == config.Public {
		return node.PublicIP
	}
	return node.PrivateIP
}
