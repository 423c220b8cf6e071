package running

import (
	"fmt"
	"strings"
)

// lostQuorum refuses to make control planes anew once a majority of etcd's members has no machine any more. A new
// machine joins only an etcd that has its quorum, and Bootstrap is in the state already: nothing would start etcd
// again, and the update would still succeed. One lost machine of three is made anew and joins.
func (c *comparison) lostQuorum() {
	var members int
	var lost []string
	for _, node := range c.was.ControlPlanes() {
		if c.acknowledged(etcdLeft(node.Name)) {
			continue
		}
		members++
		if !c.was.HasMachine(node.Name) {
			lost = append(lost, node.Name)
		}
	}
	restore := "etcd-restore:" + c.want.Name
	if len(lost) == 0 || (members-len(lost))*2 > members || c.acknowledged(restore) {
		return
	}
	c.refuse(
		c.path,
		fmt.Sprintf(
			"%s has lost %s, and with %d of %d machines etcd has lost its quorum: new machines would never join it",
			c.want.Name,
			strings.Join(lost, ", "),
			len(lost),
			members,
		),
		fmt.Sprintf(
			"to restore a snapshot of etcd, %s; to begin with an empty etcd, run: make "+
				"forget-bootstrap STACK=%s; "+
				"docs/operations.md#recover-lost-control-planes has the steps",
			acknowledgeWith(restore),
			c.want.Stack,
		),
	)
}
