package running

import (
	"fmt"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/machineconfig"
)

const ciliumSteps = "docs/next-steps.md#hand-cilium-over has the steps"

// cilium looks at the Cilium that the configuration applied last has installed. Nodes that are given other manifests
// change nothing that runs: they create what is missing. An upgrade brings what is there in line. The manifest sync of
// `talosctl upgrade-k8s` does so too, and from Talos 1.13 on deletes what the configuration has no longer.
func (c *comparison) cilium() {
	nodes := c.was.ControlPlanes()
	if len(nodes) == 0 || !runsWithoutTalosCNI(nodes[0]) || c.want.CNI == cluster.Flannel {
		return
	}
	was, encrypted := machineconfig.InstalledCilium(machineconfig.InlineManifests(nodes[0].Config))
	want, encrypts := machineconfig.InstalledCilium(machineconfig.Texts(c.want.Manifests))
	switch {
	case was == "" && want != "" && !c.acknowledged("cilium-replaced:"+c.want.Name):
		c.refuse(
			"cni",
			fmt.Sprintf("%s runs without the Cilium that cni: cilium installs, and perhaps with one of your own, "+
				"which the next make upgrade would overwrite", c.want.Name),
			fmt.Sprintf(
				"set cni: none, which leaves it as it is; or compare its values with "+
					"docs/next-steps.md#cilium, then add %q to acknowledge",
				"cilium-replaced:"+c.want.Name,
			),
		)
	case was != "" && want == "" && !c.acknowledged("cilium-handed-over:"+c.want.Name):
		c.refuse(
			"cni",
			fmt.Sprintf(
				"the program installed Cilium %s in %s, and the next talosctl upgrade-k8s would delete what the "+
					"configuration has no longer",
				was,
				c.want.Name,
			),
			fmt.Sprintf(
				"hand Cilium over first, then add %q to acknowledge; %s",
				"cilium-handed-over:"+c.want.Name,
				ciliumSteps,
			),
		)
	case was != "" && want != "" && was != want:
		c.warn(
			"%s: the nodes are given Cilium %s instead of %s; it takes effect with the next make upgrade, "+
				"whose plan shows the difference",
			c.want.Name,
			want,
			was,
		)
	case was != "" && want != "" && encrypted != encrypts:
		c.warn(
			"%s: the nodes are given another podEncryption; it takes effect with the next make "+
				"upgrade, which restarts Cilium's pods",
			c.want.Name,
		)
	}
}

// runsWithoutTalosCNI reports whether the cluster was configured without flannel.
func runsWithoutTalosCNI(node Node) bool {
	return node.Config.Cluster() != nil && node.Config.Cluster().Network().CNI().Name() == "none"
}
