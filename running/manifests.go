package running

import (
	"slices"

	"github.com/inferadb/infra/machineconfig"
)

const manifestSteps = "docs/next-steps.md#change-what-the-cluster-starts-with"

// bootstrapManifests warns about manifests that an update does not apply: nodes with other manifests create the objects
// that are missing, and change none that exists.
// https://github.com/siderolabs/talos/blob/v1.13.9/internal/app/machined/pkg/controllers/k8s/manifest_apply.go
func (c *comparison) bootstrapManifests() {
	nodes := c.was.ControlPlanes()
	if len(nodes) == 0 {
		return
	}
	was := machineconfig.BootstrapObjects(machineconfig.InlineManifests(nodes[0].Config))
	want := machineconfig.BootstrapObjects(machineconfig.Texts(c.want.Manifests))
	var changed, removed []string
	for object, digest := range was {
		switch other, kept := want[object]; {
		case !kept:
			removed = append(removed, object.String())
		case other != digest:
			changed = append(changed, object.String())
		}
	}
	slices.Sort(changed)
	slices.Sort(removed)
	if len(changed) > 0 {
		c.warn(
			"bootstrapManifests: %s has %s, which the update leaves as they are: Talos creates what is "+
				"missing. The next make upgrade "+
				"shows the difference and applies it, also to the versions that run; %s",
			c.want.Name,
			list(changed),
			manifestSteps,
		)
	}
	if len(removed) > 0 {
		c.warn(
			"bootstrapManifests: %s has %s, which are no longer in the stack file. The update leaves "+
				"them; from Talos 1.13 on the next talosctl upgrade-k8s deletes them. Deleting a namespace or "+
				"CRD also deletes what is in it. To keep them, remove them from Talos' inventory first; %s",
			c.want.Name,
			list(removed),
			manifestSteps,
		)
	}
}
