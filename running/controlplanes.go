package running

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/config"
)

const etcdSteps = "docs/operations.md#change-the-number-of-control-planes has the steps"

// controlPlanes keeps etcd's quorum: a control plane is deleted only after its member has left. A deleted machine stays a
// member that never answers, and 3 members of which 2 are gone never elect a leader again.
// https://etcd.io/docs/v3.6/faq/#what-is-failure-tolerance
func (c *comparison) controlPlanes() {
	path, want := "controlPlanes", c.want.ControlPlanes.Count
	nodes := c.was.ControlPlanes()
	var leaving, missing []string
	for _, node := range nodes {
		stays := slices.Contains(controlPlaneNames(c.want), node.Name)
		left := "etcd-left:" + node.Name
		switch {
		case stays && c.acknowledged(left):
			c.refuse("acknowledge", fmt.Sprintf("%q is there, but %s: %d keeps the node", left, path, want),
				"remove it: it would allow a later edit to delete a member of etcd")
		case !stays:
			leaving = append(leaving, node.Name)
			if !c.acknowledged(left) {
				missing = append(missing, left)
			}
		}
	}
	if len(missing) > 0 {
		c.refuse(path, fmt.Sprintf("%s runs %d control planes, and %d would delete %s, which etcd still counts as members",
			c.want.Name, len(nodes), want, strings.Join(leaving, ", ")),
			fmt.Sprintf("let each of them leave etcd, one after the other, then add %q to acknowledge; %s",
				missing, etcdSteps))
	}
}

func controlPlaneNames(cluster config.Cluster) []string {
	var names []string
	for i := range cluster.ControlPlanes.Count {
		names = append(names, fmt.Sprintf("%s-%s-%d", cluster.Name, config.ControlPlanePool, i))
	}
	return names
}

// removedClusters refuses to delete a whole cluster because its region is no longer in the stack file: a renamed region or a
// line that was lost looks the same.
func (c *check) removedClusters(wanted []config.Cluster, running []Cluster) {
	for _, was := range running {
		kept := slices.ContainsFunc(wanted, func(w config.Cluster) bool { return w.Name == was.Name })
		if step := "cluster-removed:" + was.Name; was.Bootstrapped && !kept && !c.acknowledged(step) {
			c.refuse("regions", fmt.Sprintf("cluster %s runs, and no region of the stack file asks for it: it would be deleted with all its data", was.Name),
				"put its region back, or, to delete the cluster, "+acknowledgeWith(step))
		}
	}
}
