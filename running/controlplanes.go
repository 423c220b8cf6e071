package running

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/cluster"
)

const etcdSteps = "docs/operations.md#change-the-number-of-control-planes has the steps"

// controlPlanes keeps etcd's quorum: a control plane is deleted only after its member has left. A deleted machine stays
// a member that never answers, and 3 members of which 2 are gone never elect a leader again.
// https://etcd.io/docs/v3.6/faq/#what-is-failure-tolerance
func (c *comparison) controlPlanes() {
	path, want := "controlPlanes", c.want.ControlPlanes.Count
	nodes, staying := c.was.ControlPlanes(), controlPlaneNames(c.want)
	for _, name := range staying {
		if left := etcdLeft(name); c.acknowledged(left) {
			c.refuse("acknowledge", fmt.Sprintf("%q is acknowledged, but %s: %d keeps the node", left, path, want),
				"remove it: it would allow a later edit to delete a member of etcd")
		}
	}
	var leaving, missing []string
	for _, node := range nodes {
		if slices.Contains(staying, node.Name) {
			continue
		}
		leaving = append(leaving, node.Name)
		if left := etcdLeft(node.Name); !c.acknowledged(left) {
			missing = append(missing, left)
		}
	}
	if len(missing) > 0 {
		c.refuse(
			path,
			fmt.Sprintf("%s runs %d control planes, and %d would delete %s, which etcd still counts as members",
				c.want.Name, len(nodes), want, strings.Join(leaving, ", ")),
			fmt.Sprintf(
				"run: make control-planes STACK=%s TO=%d; it lets them leave etcd, one after the other, "+
					"and adds %s to acknowledge before the update; %s",
				c.want.Stack,
				want,
				strings.Join(missing, ", "),
				etcdSteps,
			),
		)
	}
}

// etcdLeft returns the acknowledgment that a node's member has left etcd.
func etcdLeft(node string) string { return "etcd-left:" + node }

func controlPlaneNames(c cluster.Cluster) []string {
	var names []string
	for i := range c.ControlPlanes.Count {
		names = append(names, fmt.Sprintf("%s-%s-%d", c.Name, cluster.ControlPlanePool, i))
	}
	return names
}

// provider refuses to move a cluster to another cloud: its machines would all be deleted, and its secrets and its
// bootstrap would stay in the state, so that nothing would start etcd on the new machines.
func (c *comparison) provider() {
	if was := c.was.Provider(); was != "" && was != c.want.Provider {
		c.refuse(
			"provider",
			fmt.Sprintf(
				"%s runs on %s, and %s would delete the cluster with all its data",
				c.want.Name,
				was,
				c.want.Provider,
			),
			fmt.Sprintf(
				"put %q back; a cluster on %s needs another stack, or another region of this one",
				was,
				c.want.Provider,
			),
		)
	}
}

// removedClusters refuses to delete a whole cluster because its region is no longer in the stack file: a renamed
// region, a renamed stack or a line that was lost looks the same.
func (c *check) removedClusters(wanted []cluster.Cluster, running []Cluster) {
	for _, was := range running {
		kept := slices.ContainsFunc(wanted, func(w cluster.Cluster) bool { return w.Name == was.Name })
		if step := "cluster-removed:" + was.Name; was.Bootstrapped && !kept && !c.acknowledged(step) {
			c.refuse(
				"regions",
				fmt.Sprintf(
					"cluster %s runs, and no region of the stack file asks for it: it "+
						"would be deleted with all its data",
					was.Name,
				),
				"put its region back, or, to delete the cluster, "+acknowledgeWith(step),
			)
		}
	}
}
