package running

import (
	"fmt"

	"github.com/inferadb/infra/cluster"
)

const routeSteps = "docs/getting-started.md#a-route-to-the-nodes"

// access looks at how operators reach the control planes. A node is configured at its private address, or at a public
// one.
func (c *comparison) access() {
	planes := c.was.ControlPlanes()
	if len(planes) == 0 || planes[0].Endpoint == "" || c.was.Provider() != c.want.Provider {
		return
	}
	was := cluster.Private
	if planes[0].Endpoint != planes[0].Address {
		was = cluster.Public
	}
	if was == c.want.Access {
		return
	}
	reason := readers[c.was.Provider()].fixedAccess[was]
	switch {
	case reason != "":
		remedy := "keep access: " + string(was)
		if was == cluster.Private {
			remedy += ", and set up a route to the nodes: " + routeSteps
		}
		c.refuse("access", fmt.Sprintf("%s runs under %s access, and %s", c.was.Name, was, reason),
			remedy+"; a cluster with the other access belongs to another stack")
	case was == cluster.Public:
		c.warn(
			"access: from now on the control planes of %s are called at their private "+
				"addresses; your machine "+
				"needs a route to them: %s",
			c.was.Name,
			routeSteps,
		)
	}
}
