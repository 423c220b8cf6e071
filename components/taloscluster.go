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
	// kubernetes and talos are what the files are made of: a kubernetesAccess and a talosAccess.
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

// NewTalosClusters brings the clusters of a stack up. It first asks each cloud for what stands under their names already and
// the state does not know; then nothing of any cluster is made.
func NewTalosClusters(ctx *pulumi.Context, clusters []config.Cluster, running func(config.Cluster) Running) ([]*TalosCluster, error) {
	var begun []*bringUp
	for _, cluster := range clusters {
		up, err := begin(ctx, cluster, running(cluster))
		if err != nil {
			return nil, err
		}
		begun = append(begun, up)
	}
	if err := refuseExisting(ctx, begun); err != nil {
		return nil, err
	}
	var built []*TalosCluster
	for _, up := range begun {
		if err := up.build(ctx); err != nil {
			return nil, err
		}
		built = append(built, up.self)
	}
	return built, nil
}

// begin registers the component and its cloud's provider: enough to ask the cloud.
func begin(ctx *pulumi.Context, cluster config.Cluster, running Running) (*bringUp, error) {
	self := &TalosCluster{region: cluster.Region}
	if err := ctx.RegisterComponentResourceV2("inferadb:index:TalosCluster", cluster.Name, pulumi.Map{
		"region":   pulumi.String(cluster.Region),
		"provider": pulumi.String(cluster.Provider),
	}, self); err != nil {
		return nil, err
	}
	provider, err := newCloud(ctx, cluster, running, self)
	if err != nil {
		return nil, err
	}
	return &bringUp{
		cluster: cluster, self: self, cloud: provider, running: running,
		bootstrapped: running.Outputs("talos:machine/bootstrap:Bootstrap", cluster.Name) != nil,
		workers:      map[string][]cloud.Node{}, groups: map[string]cloud.Group{},
	}, nil
}

// build makes the cluster. It reads in the order in which things happen; what does not depend on an earlier step runs beside
// it: workers never wait for the control planes.
func (up *bringUp) build(ctx *pulumi.Context) (err error) {
	if up.talos, err = newTalosAPI(ctx, up.cluster, up.bootstrapped, up.self); err != nil {
		return err
	}
	for _, step := range []func() error{
		up.cloud.Prepare,
		up.createNetwork,
		up.createEndpoint,
		up.createControlPlanes,
		up.createWorkers,
		up.createGroups,
		up.configureControlPlanes,
		up.bootstrap,
		up.configureWorkers,
		up.changeGroups,
		up.describe,
	} {
		if err := step(); err != nil {
			return fmt.Errorf("cluster %s: %w", up.cluster.Name, err)
		}
	}
	return ctx.RegisterResourceOutputs(up.self, pulumi.Map{
		"kubeconfig": up.self.Kubeconfig, "talosconfig": up.self.Talosconfig, "summary": up.self.Summary,
	})
}

// bringUp is a cluster on its way: what it was asked for, and what the steps so far have made.
type bringUp struct {
	cluster config.Cluster
	self    *TalosCluster
	cloud   cloud.Cloud
	running Running
	talos   *talosAPI

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
func newCloud(ctx *pulumi.Context, cluster config.Cluster, running Running, parent pulumi.Resource) (cloud.Cloud, error) {
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

func (up *bringUp) createNetwork() (err error) {
	up.network, err = up.cloud.Network()
	return err
}

func (up *bringUp) createEndpoint() (err error) {
	up.endpoint, err = up.cloud.Endpoint()
	return err
}

func (up *bringUp) createControlPlanes() (err error) {
	up.controlPlanes, err = up.cloud.Nodes(cloud.NodesArgs{
		Pool:         config.ControlPlanePool,
		ControlPlane: true,
		Count:        up.cluster.ControlPlanes.Count,
		Machine:      up.cluster.ControlPlanes.Machine,
		DiskGiB:      up.cluster.ControlPlanes.DiskGiB,
		Zones:        up.cluster.Location.Zones,
		UserData:     up.configuration(up.cluster.ControlPlaneConfiguration()),
		Protected:    up.cluster.Protected,
	})
	return err
}

// createWorkers makes the pools of named nodes.
func (up *bringUp) createWorkers() (err error) {
	for _, pool := range up.cluster.Pools {
		if pool.Elastic() {
			continue
		}
		up.groups[pool.Name] = cloud.Group{Names: pulumi.StringArray{}.ToStringArrayOutput(), InterruptionQueue: pulumi.String("")}
		up.workers[pool.Name], err = up.cloud.Nodes(cloud.NodesArgs{
			Pool:      pool.Name,
			Count:     pool.Min,
			Machine:   pool.Machine,
			DiskGiB:   pool.DiskGiB,
			Zones:     pool.Zones,
			UserData:  up.configuration(up.cluster.WorkerConfiguration(pool)),
			Protected: up.cluster.Protected && pool.Workload == config.Stateful,
		})
		if err != nil {
			return fmt.Errorf("pool %s: %w", pool.Name, err)
		}
	}
	return nil
}

// createGroups makes the scaling groups of a new cluster, beside everything else.
func (up *bringUp) createGroups() error {
	if up.bootstrapped {
		return nil
	}
	return up.registerGroups()
}

// changeGroups does the same for a cluster that runs, after its named nodes took their configuration: what one of them refuses
// does not roll through the groups.
func (up *bringUp) changeGroups() error {
	if !up.bootstrapped {
		return nil
	}
	return up.registerGroups(up.talos.applied...)
}

func (up *bringUp) registerGroups(after ...pulumi.Resource) (err error) {
	for _, pool := range up.cluster.Pools {
		if !pool.Elastic() {
			continue
		}
		userData := up.configuration(up.cluster.WorkerConfiguration(pool))
		up.groups[pool.Name], err = up.cloud.Group(cloud.GroupArgs{Pool: pool, UserData: userData, After: after})
		if err != nil {
			return fmt.Errorf("pool %s: %w", pool.Name, err)
		}
	}
	return nil
}

// configureControlPlanes brings later changes to running nodes, one after the other. It also adds the names that were not
// known when the nodes booted, the balancer's own and the nodes' public addresses, and the manifests that the control planes
// create once the API answers: Cilium, by which nodes become Ready. New nodes get these at the same time.
func (up *bringUp) configureControlPlanes() error {
	names := []pulumi.StringOutput{up.endpoint.LoadBalancer}
	for _, node := range up.controlPlanes {
		names = append(names, node.PublicIP)
	}
	for _, node := range up.controlPlanes {
		configuration := up.placedConfiguration(up.cluster.AppliedConfiguration(), node, names...)
		if err := up.talos.apply(node, up.reach(node), configuration, up.network.Ready...); err != nil {
			return err
		}
	}
	return nil
}

// bootstrap waits for everything by which the API answers, and fetches the kubeconfig once it does.
func (up *bringUp) bootstrap() error {
	first := up.controlPlanes[0]
	ready := slices.Clone(up.endpoint.Ready)
	for _, node := range up.controlPlanes {
		ready = append(ready, node.Ready...)
	}
	bootstrapped, err := up.talos.bootstrap(first, up.reach(first), ready...)
	if err != nil {
		return err
	}
	// A worker's Talos API can be used once a control plane has issued its certificate; the chain goes on behind this.
	up.talos.applied = []pulumi.Resource{bootstrapped}
	up.kubeconfig, err = up.talos.kubeconfig(first, up.reach(first), bootstrapped)
	return err
}

// configureWorkers does for workers with a name what configureControlPlanes does, through the first control plane. The
// machines of a group are replaced instead.
func (up *bringUp) configureWorkers() error {
	for _, pool := range up.cluster.Pools {
		for _, node := range up.workers[pool.Name] {
			configuration := up.placedConfiguration(up.cluster.WorkerConfiguration(pool), node)
			if err := up.talos.apply(node, up.reach(up.controlPlanes[0]), configuration); err != nil {
				return err
			}
		}
	}
	return nil
}

// configuration returns the configuration that machines boot with.
func (up *bringUp) configuration(in machineconfig.Input) pulumi.StringOutput {
	return up.talos.configuration(in, up.network, up.endpoint.Host, pulumi.StringMap{})
}

// placedConfiguration returns a named node's configuration, with the labels that a cloud controller would give the node.
func (up *bringUp) placedConfiguration(in machineconfig.Input, node cloud.Node, names ...pulumi.StringOutput) pulumi.StringOutput {
	return up.talos.configuration(in, up.network, up.endpoint.Host, pulumi.StringMap{
		machineconfig.RegionLabel:       pulumi.String(up.cluster.Location.Region),
		machineconfig.ZoneLabel:         node.Zone,
		machineconfig.InstanceTypeLabel: node.MachineType,
	}, names...)
}

// reach is the address at which operators reach a control plane.
func (up *bringUp) reach(node cloud.Node) pulumi.StringOutput {
	if up.cluster.Access == config.Public {
		return node.PublicIP
	}
	return node.PrivateIP
}
