package invariants

import (
	"slices"
	"strings"
)

var awsProtectedBreaks = []Breakage{
	set(awsInstance, "-workers-0", false, "disableApiTermination"), unprotect(awsInstance, "-workers-0"),
	set(awsBalancer, "", false, "enableDeletionProtection"), protect(awsTarget, ""),
	protect(awsInstance, "-web-0").in("stateless"),
	protect(talosSecrets, "").in("staging"), protect(awsInstance, "-control-plane-0").in("dev"),
	unprotect(awsKey, "-disks"),
}

// awsProtected checks that in production exactly the critical resources are protected. A stateless pool is not, so that
// it can shrink.
func awsProtected(g *Graph, v *Violations) {
	for _, r := range g.all() {
		var keeps bool
		switch r.Type {
		case talosSecrets, talosBootstrap, awsBalancer:
			keeps = true
		case awsKey:
			keeps = strings.HasSuffix(r.Name, "-disks")
		case awsInstance:
			keeps = r.isControlPlane() || g.stateful(r)
		}
		v.equal(keeps && g.protected(), r.Protect, r, "whether it is protected")
		if g.protected() && r.Type == awsInstance {
			v.unless(r.Text("disableApiTermination") == "true" || !keeps, r, "can be deleted past Pulumi")
		}
		if g.protected() && r.Type == awsBalancer {
			v.equal("true", r.Text("enableDeletionProtection"), r, "whether the cloud protects it")
		}
	}
}

func awsNotReplaced(g *Graph, v *Violations) {
	for _, r := range g.ofType(awsInstance) {
		v.have([]string{"ami", "userDataBase64", "instanceType", "rootBlockDevice.kmsKeyId"}, r.IgnoreChanges, r,
			"the changes that are ignored")
		v.unless(r.Text("userDataReplaceOnChange") != "true", r, "is replaced when its user data change")
	}
}

// awsGroupsRoll checks the range of healthy percentages, which decides how many machines a rolling update replaces at
// once.
func awsGroupsRoll(g *Graph, v *Violations) {
	for _, r := range g.ofType(awsScalingGroup) {
		v.equal(100.0, r.number("instanceRefresh", "preferences", "minHealthyPercentage"), r,
			"the least that is healthy")
		v.equal(110.0, r.number("instanceRefresh", "preferences", "maxHealthyPercentage"), r,
			"the most that is healthy")
	}
}

func awsBootstrapWaits(g *Graph, v *Violations) {
	way := append(g.ofType(awsListener, awsRecord, awsTarget),
		only(g.ofType(awsInstance), (*Resource).isControlPlane)...)
	bootstrapWaits(g, v, way, g.ofType(awsInstance, awsScalingGroup))
}

// awsNoNeedlessEdge is what makes an update as fast as its slowest part: workers, load balancer and control planes are
// made side by side.
func awsNoNeedlessEdge(g *Graph, v *Violations) {
	controlPlanes := only(g.ofType(awsInstance), (*Resource).isControlPlane)
	workers := only(g.ofType(awsInstance, awsScalingGroup), func(r *Resource) bool { return !r.isControlPlane() })
	balancers := g.ofType(awsBalancer, awsListener)
	waitsForNone(g, v, controlPlanes, slices.Concat(balancers, workers, controlPlanes))
	waitsForNone(g, v, workers, slices.Concat(balancers, controlPlanes))
	waitsForNone(g, v, balancers, controlPlanes)
}
