// Package components holds TalosCluster, the component that the program builds once for each region of a stack.
package components

import (
	"fmt"
	"slices"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/aws"
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/components/digitalocean"
	"github.com/inferadb/infra/components/gcp"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/regions"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TalosCluster is a Kubernetes cluster on Talos Linux in one region of one cloud.
type TalosCluster struct {
	pulumi.ResourceState

	// Kubeconfig and Talosconfig are secret: a file each, for this cluster only.
	Kubeconfig  pulumi.StringOutput `pulumi:"kubeconfig"`
	Talosconfig pulumi.StringOutput `pulumi:"talosconfig"`
	// Summary has names and addresses; it is not secret.
	Summary pulumi.MapOutput `pulumi:"summary"`

	region string
	// kubernetes and talos are the contents of the files: a kubeconfigEntry and a talosconfigEntry.
	kubernetes, talos pulumi.Output
}

// Running is what the state has of a cluster after the stack's last update.
type Running = cloud.Running

// Check refuses what exceeds a limit of the cloud, before anything is registered. The error is of type config.Errors.
func Check(clusters []cluster.Cluster) error {
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

// NewTalosClusters brings the clusters of a stack up. It first asks each cloud for resources with their names that the
// state does not have. If there are any, it creates nothing.
func NewTalosClusters(
	ctx *pulumi.Context,
	clusters []cluster.Cluster,
	running func(cluster.Cluster) Running,
) ([]*TalosCluster, error) {
	var builders []*clusterBuilder
	for _, cluster := range clusters {
		b, err := newClusterBuilder(ctx, cluster, running(cluster))
		if err != nil {
			return nil, err
		}
		builders = append(builders, b)
	}
	if err := refuseExisting(ctx, builders); err != nil {
		return nil, err
	}
	var built []*TalosCluster
	for _, b := range builders {
		if err := b.build(ctx); err != nil {
			return nil, fmt.Errorf("cluster %s: %w", b.cluster.Name, err)
		}
		built = append(built, b.component)
	}
	return built, nil
}

const (
	componentType = "inferadb:index:TalosCluster"
	// workersIndependent is an output of the component: the state has no dependencies between workers. An earlier
	// version of the program wrote some. For a worker that an update leaves out (--target, --exclude) the engine first
	// writes what it depends on in the old state. If the program registers one of those later, the engine reports a
	// duplicate URN.
	workersIndependent = "workersIndependent"
)

// clusterBuilder has what the steps of a bring-up share. Each step takes what it needs as arguments, and returns what
// it creates.
type clusterBuilder struct {
	cluster   cluster.Cluster
	component *TalosCluster
	cloud     cloud.Cloud
	running   Running
	// bootstrapped reports whether an earlier update started the cluster's etcd.
	bootstrapped bool
	// workersIndependent reports whether the state has no dependencies between workers.
	workersIndependent bool
}

// newClusterBuilder registers the component and its cloud's provider: enough to ask the cloud.
func newClusterBuilder(ctx *pulumi.Context, cluster cluster.Cluster, running Running) (*clusterBuilder, error) {
	component := &TalosCluster{region: cluster.Region}
	if err := ctx.RegisterComponentResourceV2(componentType, cluster.Name, pulumi.Map{
		"region":   pulumi.String(cluster.Region),
		"provider": pulumi.String(cluster.Provider),
	}, component); err != nil {
		return nil, err
	}
	provider, err := connect(ctx, cluster, running, component)
	if err != nil {
		return nil, err
	}
	bootstrapped := running.Outputs("talos:machine/bootstrap:Bootstrap", cluster.Name) != nil
	return &clusterBuilder{
		cluster: cluster, component: component, cloud: provider, running: running, bootstrapped: bootstrapped,
		workersIndependent: !bootstrapped || running.Outputs(componentType, cluster.Name)[workersIndependent] == true,
	}, nil
}

// connect creates the provider of the cluster's cloud. Only connect and Check distinguish the clouds in this package.
func connect(
	ctx *pulumi.Context,
	cluster cluster.Cluster,
	running Running,
	parent pulumi.Resource,
) (cloud.Cloud, error) {
	switch cluster.Provider {
	case regions.AWS:
		return aws.Connect(ctx, cluster, running, parent)
	case regions.GCP:
		return gcp.Connect(ctx, cluster, running, parent)
	case regions.DigitalOcean:
		return digitalocean.Connect(ctx, cluster, parent)
	default:
		return nil, fmt.Errorf("provider: there is no cloud %q", cluster.Provider)
	}
}

// build registers the resources in dependency order. Worker machines do not wait for control planes; their
// configuration waits for the bootstrap.
func (b *clusterBuilder) build(ctx *pulumi.Context) error {
	talos, err := newTalosAPI(ctx, b.cluster, b.bootstrapped, b.component)
	if err != nil {
		return err
	}
	prepared, err := b.cloud.Prepare()
	if err != nil {
		return err
	}
	network, err := prepared.Network()
	if err != nil {
		return err
	}
	endpoint, err := network.Endpoint()
	if err != nil {
		return err
	}
	configurations := generator{cluster: b.cluster, secrets: talos.secrets, network: network, host: endpoint.Host}
	controlPlanes, err := b.createControlPlanes(endpoint, configurations)
	if err != nil {
		return err
	}
	workers, err := b.createWorkers(endpoint, configurations)
	if err != nil {
		return err
	}
	configured, err := b.configureControlPlanes(talos, configurations, controlPlanes, endpoint, network.Ready)
	if err != nil {
		return err
	}
	first, operators := controlPlanes[0], b.operatorAddress(controlPlanes[0])
	bootstrapped, err := talos.bootstrap(first, operators, apiReady(endpoint, controlPlanes, configured))
	if err != nil {
		return err
	}
	kubeconfig, err := talos.kubeconfig(first, operators, bootstrapped)
	if err != nil {
		return err
	}
	configured, err = b.configureWorkers(talos, configurations, workers, operators, bootstrapped)
	if err != nil {
		return err
	}
	groups, err := b.createGroups(endpoint, configurations, configured)
	if err != nil {
		return err
	}
	machines := machines{controlPlanes: controlPlanes, workers: workers, groups: groups}
	return b.setOutputs(ctx, talos.secrets.ClientConfiguration, kubeconfig, endpoint, machines, configured)
}

// machines are those of a cluster: the control planes, and each pool's by its name, as nodes or as a group.
type machines struct {
	controlPlanes []cloud.Node
	workers       map[string][]cloud.Node
	groups        map[string]cloud.Group
}

func (b *clusterBuilder) createControlPlanes(at cloud.MachineMaker, configurations generator) ([]cloud.Node, error) {
	return at.Nodes(cloud.NodesArgs{
		Pool:         cluster.ControlPlanePool,
		ControlPlane: true,
		Count:        b.cluster.ControlPlanes.Count,
		Machine:      b.cluster.ControlPlanes.Machine,
		DiskGiB:      b.cluster.ControlPlanes.DiskGiB,
		Zones:        b.cluster.Location.Zones,
		UserData:     configurations.bootConfiguration(b.cluster.ControlPlaneConfiguration()),
		Protected:    b.cluster.Protected,
	})
}

// createWorkers makes the pools of named nodes.
func (b *clusterBuilder) createWorkers(
	at cloud.MachineMaker,
	configurations generator,
) (map[string][]cloud.Node, error) {
	workers := map[string][]cloud.Node{}
	for _, pool := range b.cluster.Pools {
		if pool.InScalingGroup() {
			continue
		}
		nodes, err := at.Nodes(cloud.NodesArgs{
			Pool:      pool.Name,
			Count:     pool.Min,
			Machine:   pool.Machine,
			DiskGiB:   pool.DiskGiB,
			Zones:     pool.Zones,
			UserData:  configurations.bootConfiguration(b.cluster.WorkerConfiguration(pool)),
			Protected: b.cluster.Protected && pool.Workload == cluster.Stateful,
		})
		if err != nil {
			return nil, fmt.Errorf("pool %s: %w", pool.Name, err)
		}
		workers[pool.Name] = nodes
	}
	return workers, nil
}

// createGroups makes the scaling groups, beside everything else in a new cluster. In a running cluster they wait until
// the named nodes have their configuration, so a configuration that a node rejects never reaches a group.
func (b *clusterBuilder) createGroups(
	at cloud.MachineMaker,
	configurations generator,
	configured []pulumi.Resource,
) (map[string]cloud.Group, error) {
	if !b.bootstrapped {
		configured = nil
	}
	groups := map[string]cloud.Group{}
	for _, pool := range b.cluster.Pools {
		if !pool.InScalingGroup() {
			groups[pool.Name] = cloud.Group{
				Names:             pulumi.StringArray{}.ToStringArrayOutput(),
				InterruptionQueue: pulumi.String(""),
			}
			continue
		}
		userData := configurations.bootConfiguration(b.cluster.WorkerConfiguration(pool))
		group, err := at.Group(cloud.GroupArgs{Pool: pool, UserData: userData, After: configured})
		if err != nil {
			return nil, fmt.Errorf("pool %s: %w", pool.Name, err)
		}
		groups[pool.Name] = group
	}
	return groups, nil
}

// configureControlPlanes brings later changes to running nodes, one after the other. It also adds the names that were
// not known when the nodes booted, the load balancer's own and the nodes' public addresses, and the manifests that the
// control planes create once the API answers: Cilium, by which nodes become Ready. New nodes get these at the same
// time.
func (b *clusterBuilder) configureControlPlanes(
	talos *talosAPI,
	configurations generator,
	controlPlanes []cloud.Node,
	endpoint cloud.Endpoint,
	networkReady []pulumi.Resource,
) ([]pulumi.Resource, error) {
	names := []pulumi.StringOutput{endpoint.LoadBalancer}
	for _, node := range controlPlanes {
		names = append(names, node.PublicIP)
	}
	var applications []application
	for _, node := range controlPlanes {
		applications = append(applications, application{
			node:          node,
			endpoint:      b.operatorAddress(node),
			configuration: configurations.nodeConfiguration(b.cluster.AppliedConfiguration(), node, names...),
		})
	}
	return talos.applyInOrder(applications, networkReady...)
}

// apiReady returns the resources that must exist before the Kubernetes API answers.
func apiReady(endpoint cloud.Endpoint, controlPlanes []cloud.Node, configured []pulumi.Resource) []pulumi.Resource {
	ready := slices.Clone(endpoint.Ready)
	for _, node := range controlPlanes {
		ready = append(ready, node.Ready...)
	}
	return append(ready, configured...)
}

// configureWorkers configures the named workers through the first control plane, which operators reach at the given
// address. A worker's Talos API can be used once a control plane has issued its certificate, which is after the
// bootstrap. The machines of a group are replaced instead; configureWorkers returns what they wait for.
func (b *clusterBuilder) configureWorkers(
	talos *talosAPI,
	configurations generator,
	workers map[string][]cloud.Node,
	through pulumi.StringOutput,
	bootstrapped pulumi.Resource,
) ([]pulumi.Resource, error) {
	configured := []pulumi.Resource{bootstrapped}
	limit := b.workerLimit(talos.ctx)
	for _, pool := range b.cluster.Pools {
		var applications []application
		for _, node := range workers[pool.Name] {
			applications = append(applications, application{
				node:          node,
				endpoint:      through,
				configuration: configurations.nodeConfiguration(b.cluster.WorkerConfiguration(pool), node),
			})
		}
		applied, err := talos.applyLimited(applications, limit(pool), bootstrapped)
		if err != nil {
			return nil, fmt.Errorf("pool %s: %w", pool.Name, err)
		}
		configured = append(configured, applied...)
	}
	return configured, nil
}

// workerLimit returns what limits how many workers of a pool are configured at the same time. The pools do not wait for
// each other. In a new cluster no node serves yet, and all are configured at the same time.
func (b *clusterBuilder) workerLimit(ctx *pulumi.Context) func(cluster.Pool) *limiter {
	inOrder := newLimiter(ctx, 1)
	return func(pool cluster.Pool) *limiter {
		switch {
		case !b.bootstrapped:
			return newLimiter(ctx, pool.Min)
		case !b.workersIndependent:
			// In the state of an earlier version a worker may depend on those of other pools.
			return inOrder
		default:
			return newLimiter(ctx, pool.ConfiguredAtOnce())
		}
	}
}

// operatorAddress returns the address at which operators reach a control plane.
func (b *clusterBuilder) operatorAddress(node cloud.Node) pulumi.StringOutput {
	if b.cluster.Access == cluster.Public {
		return node.PublicIP
	}
	return node.PrivateIP
}
