package invariants

import (
	"slices"
	"strings"
)

// changeRows are about what an update may do to what runs.
var changeRows = []Invariant{
	{
		ID: 29,
		Sentence: "Production's critical resources are protected: secrets, load balancer, control planes, " +
			"stateful machines, keys.",
		Rules: []string{"production-protected"},
		Refused: []Setting{refuse("another environment's profile", stack("environment", "dev"),
			"environment: the stack is named production, and dev is another environment")},
		// It is the documented way to delete a stack, and takes two ups: docs/operations.md.
		Allowed: []Setting{{Name: "no protection", Says: stack("protection", "false"),
			Except: "production-protected"}},
		Elsewhere: []string{"TestRulesSeeOptions"},
	},
	{
		ID: 30,
		Sentence: "No update replaces or stops control planes together; groups are updated and named workers " +
			"configured a part at a time; secrets are never regenerated.",
		Unseen: "The policy pack does not see which changes are ignored.",
		Checks: []Check{
			{Name: "secrets-stay", Look: secretsStay, Breaks: []Breakage{heedChanges(talosSecrets, "")}},
			{Name: "configured-in-order", Look: configuredInOrder,
				Breaks: []Breakage{
					waitForNothing(talosApply, "nyc1-control-plane-1").in(running),
					waitFor(talosApply, "nyc1-workers-1", talosApply, "nyc1-workers-0").in(running),
				}},
		},
		Elsewhere: []string{"TestChanges", "TestWorkersAreConfiguredAFewAtATime", "TestManyWorkers"},
	},
	{
		ID:        31,
		Sentence:  "After an update, a second preview and a refresh show no changes.",
		Unseen:    "It concerns changes.",
		Elsewhere: []string{"TestLife"},
	},
	{
		ID:        32,
		Sentence:  "A preview registers what an update does, and needs no cluster.",
		Unseen:    "It compares two runs.",
		Elsewhere: []string{"TestAPreviewRegistersWhatAnUpdateDoes", "TestLife"},
	},
	{
		ID:        38,
		Sentence:  "Destroy leaves nothing.",
		Unseen:    "It concerns changes.",
		Elsewhere: []string{"TestLife"},
	},
	{
		ID:        47,
		Sentence:  "A newer version of the program replaces, deletes and restarts nothing that an older one created.",
		Unseen:    "It concerns changes.",
		Elsewhere: []string{"TestFormerLayouts", "TestAMoveWithoutAliasIsFound"},
	},
}

// orderRows are about what waits for what.
var orderRows = []Invariant{
	{
		ID: 33,
		Sentence: "A cluster is bootstrapped once, after everything between the operator and the API exists; " +
			"workers never wait for it; no resource waits for something that it does not need.",
		Unseen: "The policy pack does not see dependencies.",
		Checks: []Check{{Name: "bootstrapped-once", Look: bootstrappedOnce, Breaks: []Breakage{
			remove(talosBootstrap, "sfo1"), set(talosBootstrap, "", map[string]any{"create": "5m"}, "timeouts"),
			waitForNothing(talosKubeconfig, ""),
		}}},
	},
}

func secretsStay(g *Graph, v *Violations) {
	for _, r := range g.ofType(talosSecrets) {
		v.have([]string{"talosVersion"}, r.IgnoreChanges, r, "the changes that are ignored")
	}
}

// configuredInOrder checks that an update configures the control planes of a running cluster one after the other, and
// the workers when all control planes are done. Nodes of a new cluster do not wait for others of their kind, because
// none serves yet. How many workers are configured at the same time is not in the graph: a worker depends on no other.
func configuredInOrder(g *Graph, v *Violations) {
	for _, cluster := range g.clusters() {
		applied := ofCluster(g.ofType(talosApply), cluster.Name)
		for i, r := range applied {
			for _, other := range applied[:i] {
				waits := g.reaches(r, other) || g.reaches(other, r)
				switch {
				case g.Running && (r.isControlPlane() || other.isControlPlane()):
					v.unless(waits, r, "is configured at the same time as %s", other.Name)
				case r.isControlPlane() == other.isControlPlane():
					v.unless(!waits, r, "and %s wait for each other needlessly", other.Name)
				}
			}
		}
	}
}

func bootstrappedOnce(g *Graph, v *Violations) {
	bootstraps := g.ofType(talosBootstrap)
	v.equal(len(g.clusters()), len(bootstraps), nil, "number of bootstraps")
	for _, r := range bootstraps {
		v.unless(!r.has("timeouts"), r, "has timeouts, which break the bootstrap")
	}
	for _, r := range g.ofType(talosKubeconfig) {
		reached := slices.ContainsFunc(bootstraps, func(bootstrap *Resource) bool { return g.reaches(r, bootstrap) })
		v.unless(reached, r, "does not wait for a bootstrap")
	}
}

// bootstrapWaits is the part of each cloud: bootstraps wait for the way to the API, and no machine waits for a
// bootstrap.
func bootstrapWaits(g *Graph, v *Violations, way, machines []*Resource) {
	for _, bootstrap := range g.ofType(talosBootstrap) {
		for _, r := range way {
			if strings.HasPrefix(r.Name, bootstrap.Name) {
				v.unless(g.reaches(bootstrap, r), bootstrap, "does not wait for %s", r.Name)
			}
		}
		for _, r := range machines {
			v.unless(!g.reaches(r, bootstrap), r, "waits for the bootstrap")
		}
	}
}

// waitsForNone reports those of some resources that wait for others, themselves left out.
func waitsForNone(g *Graph, v *Violations, some, others []*Resource) {
	for _, from := range some {
		for _, to := range others {
			v.unless(!g.reaches(from, to), from, "waits for %s without need", to.Name)
		}
	}
}

// protected reports whether the stack's resources are protected: in production, unless its file says otherwise.
func (g *Graph) protected() bool {
	return g.Environment == "production" && g.says("protection") != "false"
}

// stateful reports whether the machine is of a pool that keeps data. Without pools of its own, production has one that
// does.
func (g *Graph) stateful(machine *Resource) bool {
	if g.says("pools") == "" {
		return g.Environment == "production"
	}
	name := strings.TrimPrefix(machine.Name, g.clusterOf(machine)+"-")
	if i := strings.LastIndex(name, "-"); i > 0 {
		name = name[:i]
	}
	return g.pool(name)["workload"] == "stateful"
}
