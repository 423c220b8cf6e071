package running

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/machineconfig"
	talosconfig "github.com/siderolabs/talos/pkg/machinery/config"
)

// machines are the running named nodes of a role or pool, and the configuration that an update would apply to them.
type machines struct {
	// name is the cluster's and the pool's: "inferadb-staging-nyc1-control-plane".
	name string
	// taints is the path of the setting by which the pool's nodes are tainted; empty for control planes.
	taints string
	nodes  []Node
	want   machineconfig.Input
	// patches are the paths of the patches in want.
	patches []string
	// config is the configuration that want results in, with placeholders for secrets and addresses.
	config talosconfig.Provider
}

// machineRules are the rules for the machines of one role or pool of a running cluster.
var machineRules = []func(*comparison, machines){
	(*comparison).kubernetesVersion,
	(*comparison).settledFields,
	(*comparison).networkPlugin,
	(*comparison).nodeNames,
	(*comparison).cloudController,
	(*comparison).encryption,
	(*comparison).taints,
	(*comparison).reboots,
}

// machineConfigurations compares what each named node was configured with last with what an update would apply.
func (c *comparison) machineConfigurations() {
	if was := c.was.Provider(); was != "" && was != c.want.Provider {
		return // the rule provider has refused it, and the rest cannot be compared
	}
	groups := []machines{{
		name: c.want.Name + "-" + cluster.ControlPlanePool, nodes: c.was.ControlPlanes(),
		want: c.want.ControlPlaneConfiguration(), patches: c.want.ControlPlanePatches(),
	}}
	for i, pool := range c.want.Pools {
		if !pool.InScalingGroup() {
			groups = append(groups, machines{
				name: c.want.Name + "-" + pool.Name, taints: fmt.Sprintf("pools[%d].taints", i),
				nodes: c.was.Pool(pool.Name),
				want:  c.want.WorkerConfiguration(pool), patches: c.want.PoolPatches(i),
			})
		}
	}
	for _, m := range groups {
		// The documents are those of the Talos version with which the cluster was created.
		m.want.Contract = c.contract()
		if len(m.nodes) == 0 {
			continue
		}
		var err error
		if m.config, err = machineconfig.Load(m.want); err != nil {
			c.refuse("patches", fmt.Sprintf("the machines of %s would refuse their configuration: %v", m.name, err),
				"correct the patches")
			continue
		}
		for _, rule := range machineRules {
			rule(c, m)
		}
	}
}

// contract returns the Talos version with which the cluster was created.
func (c *comparison) contract() string {
	for _, secrets := range c.was.OfType(secretsType) {
		if version := secrets.Text("talosVersion"); version != "" {
			return version
		}
	}
	return machineconfig.VersionContract(c.want.TalosVersion)
}

// changed returns the nodes in whose last configuration the function reads another value.
func (m machines) changed(read func(talosconfig.Provider) string) []string {
	var names []string
	for _, node := range m.nodes {
		if read(node.Config) != read(m.config) {
			names = append(names, node.Name)
		}
	}
	return names
}

// patch returns the path of the last patch that changes what the function reads of a configuration; the other path if
// none does.
func (m machines) patch(read func(talosconfig.Provider) string, otherwise string) string {
	after := m.config
	for i := len(m.patches) - 1; i >= 0; i-- {
		fewer := m.want
		fewer.Patches = m.want.Patches[:i]
		before, err := machineconfig.Load(fewer)
		if err != nil {
			return otherwise
		}
		if read(before) != read(after) {
			return m.patches[i]
		}
		after = before
	}
	return otherwise
}

// list joins names for a sentence, and of many only the first ones.
func list(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// reboots refuses what a running Talos does not apply without a reboot: the update would fail at the first node, after
// the scaling groups have begun to roll. Rebooting is left to the operator, who waits for etcd in between.
func (c *comparison) reboots(m machines) {
	var nodes, fields []string
	if c.applying {
		return
	}
	for _, node := range m.nodes {
		if differ := machineconfig.RebootFields(node.Config, m.config); len(differ) > 0 {
			nodes = append(nodes, node.Name)
			fields = append(fields, differ...)
		}
	}
	if len(nodes) == 0 {
		return
	}
	slices.Sort(fields)
	fields = slices.Compact(fields)
	key := m.nodes[0].Config.Machine().Security().Token()
	step := fmt.Sprintf("rebooted:%s:%s", m.name, machineconfig.RebootDigest(key, m.config))
	if c.acknowledged(step) {
		return
	}
	path := m.patch(func(p talosconfig.Provider) string { return machineconfig.RebootDigest(key, p) }, "patches")
	c.refuse(
		path,
		fmt.Sprintf("changes %s, which Talos applies only with a reboot, on %s", strings.Join(fields, ", "),
			list(nodes)),
		fmt.Sprintf(
			"run make apply STACK=%s REBOOT=1, which reboots one node after the other "+
				"(docs/operations.md#change-what-needs-a-reboot); "+
				"done by hand, %s",
			c.want.Stack,
			acknowledgeWith(step),
		),
	)
}
