package components

import (
	"fmt"
	"maps"
	"slices"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/inferadb/infra/config"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// refuseExisting asks the clouds for what they have under the clusters' names and the state does not know. Two states
// with one cluster's names would take each other's firewalls, and a machine that is made twice is a second member of
// etcd under one name. It asks before the first resource of a cloud is made.
func refuseExisting(ctx *pulumi.Context, clusters []*clusterBuilder) error {
	var refused config.Errors
	for i, b := range clusters {
		known := func(token, name string) bool { return b.running.Outputs(token, name) != nil }
		found, err := b.cloud.Existing(known, machineNames(b.cluster))
		path := fmt.Sprintf("regions[%d]", i)
		switch {
		case err != nil && ctx.DryRun():
			// A preview may run with credentials that see less; the update asks again.
			message := fmt.Sprintf(
				"%s: could not ask the cloud whether %s is there already: %v",
				path,
				b.cluster.Name,
				err,
			)
			if err := ctx.Log.Warn(message, nil); err != nil {
				return err
			}
		case err != nil:
			return fmt.Errorf("asking the cloud whether %s is there already: %w", b.cluster.Name, err)
		}
		refused = append(refused, existingErrors(path, b.cluster, found)...)
	}
	if len(refused) > 0 {
		return refused.Sorted()
	}
	return nil
}

// existingErrors returns an error for the whole cluster if its marker was found, or else one for each machine.
func existingErrors(path string, cluster cluster.Cluster, found []cloud.Found) config.Errors {
	var machines config.Errors
	for _, f := range found {
		if f.Marker {
			return config.Errors{{Path: path,
				Problem: fmt.Sprintf(
					"%s has %s %s (%s) already, which the state of this stack does not know: another state runs "+
						"the cluster, "+
						"or an up was interrupted while it was created",
					cluster.Location.Region,
					cluster.Name,
					f.ID,
					f.Type,
				),
				Remedy: "use the state that created it, or give the stack another name; " +
					"docs/state.md#one-cluster-one-state"}}
		}
		machines = append(machines, config.Error{Path: path,
			Problem: fmt.Sprintf(
				"%s runs as %s (%s), which the state of this stack does not know: an up was interrupted while it "+
					"was created",
				f.Name,
				f.ID,
				f.Type,
			),
			Remedy: "run make pending; if nothing is pending, delete it, or a second one with its name is created; " +
				"docs/operations.md#resources-that-the-state-does-not-know"})
	}
	return machines
}

// machineNames returns the names of the named nodes, as the clouds' Nodes method gives them.
func machineNames(c cluster.Cluster) []string {
	counts := map[string]int{cluster.ControlPlanePool: c.ControlPlanes.Count}
	for _, pool := range c.Pools {
		if !pool.InScalingGroup() {
			counts[pool.Name] = pool.Min
		}
	}
	var names []string
	for _, pool := range slices.Sorted(maps.Keys(counts)) {
		for i := range counts[pool] {
			names = append(names, fmt.Sprintf("%s-%s-%d", c.Name, pool, i))
		}
	}
	return names
}
