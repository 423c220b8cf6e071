package running

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/machineconfig"
)

// upgradeUnderWay refuses every update while nodes are being upgraded: the stack file has the versions of before, and
// the configurations of an update would take the nodes back to them.
func (c *check) upgradeUnderWay(wanted []cluster.Cluster, running []Cluster) {
	if len(wanted) == 0 || wanted[0].Upgrade == (cluster.Upgrade{}) {
		return
	}
	if slices.ContainsFunc(running, func(was Cluster) bool { return was.Bootstrapped }) {
		c.refuse(
			"upgrade",
			fmt.Sprintf(
				"an upgrade to Talos %s and Kubernetes %s is under way, and an update would take nodes "+
					"back to the versions of before",
				wanted[0].Upgrade.Talos,
				wanted[0].Upgrade.Kubernetes,
			),
			fmt.Sprintf("finish it: make upgrade STACK=%s; it then removes the key", wanted[0].Stack),
		)
	}
}

// versions keeps a cluster from being upgraded by another version of the program, when its stack file leaves the
// version to the program: the nodes would be given a new Kubernetes all at once, and the pools roll onto a new Talos.
func (c *comparison) versions() {
	nodes := c.was.ControlPlanes()
	if len(nodes) == 0 {
		return
	}
	machine := nodes[0].Config.Machine()
	for _, version := range []struct{ path, was, want string }{
		{"talosVersion", machineconfig.ImageTag(machine.Install().Image()), c.want.TalosVersion},
		{"kubernetesVersion", strings.TrimPrefix(machineconfig.ImageTag(machine.Kubelet().Image()), "v"), c.want.KubernetesVersion},
	} {
		if slices.Contains(c.want.UnsetVersions, version.path) && version.was != version.want && version.was != "" {
			c.refuse(
				version.path,
				fmt.Sprintf(
					"is not set, and %s runs %s: the program's default %s would upgrade it",
					c.want.Name,
					version.was,
					version.want,
				),
				fmt.Sprintf("write %s: %s into the stack file", version.path, version.was),
			)
		}
	}
}
