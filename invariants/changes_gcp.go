package invariants

import (
	"fmt"
	"slices"
	"strings"
)

func gcpProtected(g *Graph, v *Violations) {
	for _, r := range g.all() {
		keeps := slices.Contains([]string{talosSecrets, talosBootstrap, gcpFrontend, gcpKey}, r.Type) ||
			r.Type == gcpAddress && strings.HasSuffix(r.Name, "-api") || r.Type == gcpInstance &&
			(r.isControlPlane() || g.stateful(r))
		keeps = keeps && g.protected()
		v.equal(keeps, r.Protect, r, "whether it is protected")
		// Google refuses to delete a machine that has it, whatever Pulumi allows.
		if r.Type == gcpInstance {
			v.equal(fmt.Sprint(keeps), r.Text("deletionProtection"), r, "whether the cloud protects it")
		}
	}
}

func gcpNotReplaced(g *Graph, v *Violations) {
	for _, r := range g.ofType(gcpInstance) {
		v.sameItems([]string{"bootDisk", "machineType", "metadata", "zone"}, r.IgnoreChanges, r,
			"the changes that are ignored")
		v.equal("false", r.Text("allowStoppingForUpdate"), r, "whether an update may stop it")
		v.equal(r.Name, r.Text("name"), r, "the name, which a node keeps")
	}
}

func gcpBootstrapWaits(g *Graph, v *Violations) {
	way := append(g.ofType(gcpFrontend, gcpMember, gcpFirewall),
		only(g.ofType(gcpInstance), (*Resource).isControlPlane)...)
	bootstrapWaits(g, v, way, g.ofType(gcpInstance, gcpManager))
}

func gcpNoNeedlessEdge(g *Graph, v *Violations) {
	machines := g.ofType(gcpInstance, gcpManager)
	waitsForNone(g, v, machines, slices.Concat(machines, g.ofType(gcpFrontend, gcpBackend)))
	waitsForNone(g, v, g.ofType(gcpFrontend), machines)
}
