package running

import (
	"fmt"

	"github.com/inferadb/infra/machineconfig"
)

// nodeNames refuses to rename running nodes. A kubelet uses the new name at once and registers another node, to which
// neither the pods nor the disks of the old one belong.
func (c *comparison) nodeNames(m machines) {
	if nodes := m.changed(machineconfig.NodeName); len(nodes) > 0 {
		c.refuse(
			m.patch(machineconfig.NodeName, "cloudController"),
			fmt.Sprintf(
				"has %s register by %s instead of %s: each would come back as another node, without its pods and disks",
				list(nodes),
				machineconfig.NodeName(m.config),
				machineconfig.NodeName(m.nodes[0].Config),
			),
			"put it back, because running nodes cannot be renamed, or move the workloads to another cluster",
		)
	}
}

// cloudController warns if a running cluster is to get a cloud controller: a controller only initializes nodes with its
// taint, and a node gets the taint when it registers.
// https://kubernetes.io/docs/tasks/administer-cluster/running-cloud-controller/
func (c *comparison) cloudController(m machines) {
	if !machineconfig.AwaitsCloudController(m.config) || machineconfig.AwaitsCloudController(m.nodes[0].Config) {
		return
	}
	c.warn(
		"%s: its running nodes do not wait for a cloud controller. Once the controller runs, taint "+
			"them, and it removes the taint: "+
			"kubectl taint nodes --all node.cloudprovider.kubernetes.io/uninitialized=true:NoSchedule",
		m.name,
	)
}
