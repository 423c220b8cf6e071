package operate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/machineconfig"
)

// Apply brings to running machines what an update cannot: taints and labels, which a kubelet may not change, and
// configuration that Talos applies only with a reboot. It works on named machines; those of scaling groups are replaced
// by the next update.
type Apply struct {
	// Upgrade has the settings that both share: gates, drain, lock, limits. Its target is what runs.
	Upgrade
	// Cluster limits the work to one cluster; empty for all of the stack.
	Cluster string
	// Reboot allows reboots.
	Reboot bool
	// Pending returns the configurations that the next update would apply. Record runs an update of only these
	// resources, so that the state has what runs.
	Pending func(context.Context) ([]PendingConfig, error)
	Record  func(ctx context.Context, urns []string) error
}

// nodeWork is what one node needs.
type nodeWork struct {
	name string
	// pending is nil if the state has the node's configuration already.
	pending *PendingConfig
	// fields are the paths that change, reboot those of them that Talos applies only with a reboot.
	fields, reboot []string
	taints         taintChange
	// labels are those that the node lacks.
	labels map[string]string
	// silent is a node that does not answer.
	silent bool
	// unfinished is a node that an earlier run has cordoned.
	unfinished bool
}

func (w *nodeWork) empty() bool {
	return w.pending == nil && w.taints.empty() && len(w.labels) == 0 && !w.unfinished
}

// waits reports whether the node's configuration waits: for a run with reboots, or for the node itself.
func (a *Apply) waits(w *nodeWork) bool {
	return w.pending != nil && w.silent || len(w.reboot) > 0 && !a.Reboot
}

// doable reports whether this run has something to do for the node.
func (a *Apply) doable(w *nodeWork) bool {
	return !a.waits(w) || !w.taints.empty() || len(w.labels) > 0
}

// Run does all of the work that is left. The context's end lets the node that is being worked on be finished.
func (a *Apply) Run(ctx context.Context) error {
	if err := a.check(); err != nil {
		return err
	}
	pending, err := a.Pending(ctx)
	if err != nil {
		return refused("%w", err)
	}
	runs, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer closeRuns(ctx, runs)
	all, err := a.preflight(ctx, runs, pending)
	if err != nil || a.DryRun || !slices.ContainsFunc(all, a.doable) {
		return err
	}
	if err := a.beginApply(ctx, runs, all); err != nil {
		return err
	}
	for _, r := range runs {
		if err := a.apply(ctx, r, pending); err != nil {
			return err
		}
	}
	return a.record(ctx, runs, all)
}

// check chooses the clusters, and the versions that reboots come back with.
func (a *Apply) check() error {
	s := a.Stack
	if err := s.checkUp(); err != nil {
		return err
	}
	if s.Marked != (cluster.Upgrade{}) {
		return refused("an upgrade is under way; finish it first: make upgrade STACK=%s", s.Name)
	}
	if a.Cluster != "" {
		chosen, err := s.Select(a.Cluster)
		if err != nil {
			return err
		}
		stack := *s
		stack.Clusters, a.Stack = chosen, &stack
	}
	want := a.Stack.Clusters[0].Want
	a.Target = cluster.Upgrade{Talos: want.TalosVersion, Kubernetes: want.KubernetesVersion}
	return a.checkAccept()
}

func clusterNames(clusters []*Cluster) string {
	var names []string
	for _, c := range clusters {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

// preflight looks at the clusters, prints the plan and returns the work. All that is in the way is named at once.
func (a *Apply) preflight(ctx context.Context, runs []*upgradeRun, pending []PendingConfig) ([]*nodeWork, error) {
	var all []*nodeWork
	var problems []Finding
	for _, r := range runs {
		o := r.op.Observe(ctx)
		work, err := a.work(ctx, r, o, pending)
		if err != nil {
			return nil, refused("%w", err)
		}
		fmt.Fprintf(a.Out, "%s:\n", r.op.cluster.Name)
		a.print(o, work)
		if len(work) > 0 {
			problems = append(problems, a.problems(r, o, work)...)
		}
		all = append(all, work...)
	}
	for _, f := range problems {
		fmt.Fprintf(a.Out, "  refused by %s: %s\n", f.Gate, f)
	}
	if len(problems) > 0 {
		return nil, refused("%d gates refuse the changes; nothing was changed", len(problems))
	}
	return all, nil
}

// problems returns the findings at which the work does not begin. Without a reboot it needs no more than an API that
// answers.
func (a *Apply) problems(r *upgradeRun, o *Observation, work []*nodeWork) []Finding {
	var found []Finding
	if slices.ContainsFunc(work, func(w *nodeWork) bool { return w.pending != nil }) {
		for _, f := range o.Findings(func(g Gate) bool { return g.Name == "versions" }) {
			if o.Node(f.Node) != nil {
				f.Remedy += "; the nodes' configuration has the versions of the stack file"
				found = append(found, f)
			}
		}
	}
	if !slices.ContainsFunc(work, func(w *nodeWork) bool { return a.Reboot && len(w.reboot) > 0 || w.unfinished }) {
		return append(found, o.Findings(func(g Gate) bool { return g.Name == "api" && o.APIError != "" })...)
	}
	found = append(found, r.inTheWay(o)...)
	return append(found, a.blocking(o.Findings(func(g Gate) bool { return g.Name == "drain" }))...)
}

// print shows the work by paths, without values.
func (a *Apply) print(o *Observation, work []*nodeWork) {
	if len(work) == 0 {
		fmt.Fprintln(a.Out, "  nothing to do")
	}
	for _, w := range work {
		var parts []string
		if len(w.reboot) > 0 {
			parts = append(parts, "reboot for "+strings.Join(w.reboot, ", "))
			if a.waits(w) {
				parts[0] = "needs a " + parts[0] + ", which REBOOT=1 does"
			}
		}
		if fields := slices.DeleteFunc(slices.Clone(w.fields), w.isReboot); len(fields) > 0 {
			parts = append(parts, "configuration: "+strings.Join(fields, ", "))
		}
		parts = append(parts, w.taints.lines()...)
		for _, key := range slices.Sorted(maps.Keys(w.labels)) {
			parts = append(parts, "label "+key+"="+w.labels[key])
		}
		if w.unfinished && len(w.reboot) == 0 {
			parts = append(parts, "finish what was interrupted")
		}
		if w.pending != nil && len(parts) == 0 {
			parts = append(parts, "record its configuration")
		}
		fmt.Fprintf(a.Out, "  %s: %s\n", w.name, strings.Join(parts, "; "))
	}
	for _, f := range o.strangeTaints(work) {
		fmt.Fprintln(a.Out, "  "+f)
	}
}

// isReboot reports whether a path is in a field that Talos only changes with a reboot.
func (w *nodeWork) isReboot(path string) bool {
	return slices.ContainsFunc(w.reboot,
		func(field string) bool { return path == field || strings.HasPrefix(path, field+".") })
}

// beginApply asks, takes the locks, and saves etcd before the first reboot.
func (a *Apply) beginApply(ctx context.Context, runs []*upgradeRun, all []*nodeWork) error {
	if err := a.Confirm(); err != nil {
		return &ExitError{Code: Interrupted, Err: err}
	}
	if err := a.lockAll(ctx, runs); err != nil {
		return err
	}
	if a.Reboot && slices.ContainsFunc(all, func(w *nodeWork) bool { return len(w.reboot) > 0 }) {
		return a.saveAll(ctx, runs)
	}
	return nil
}

// apply changes one cluster: taints first, and then one node after the other reboots.
func (a *Apply) apply(ctx context.Context, r *upgradeRun, pending []PendingConfig) error {
	last := ""
	for first := true; ; first = false {
		o := r.op.Observe(context.WithoutCancel(ctx))
		work, err := a.work(ctx, r, o, pending)
		if err != nil {
			return &ExitError{Code: Stopped, Err: err}
		}
		if first {
			if err := a.taint(ctx, r, o, work); err != nil {
				return &ExitError{Code: Stopped, Err: err}
			}
		}
		next := a.next(o, work)
		if next == nil {
			return nil
		}
		if err := r.lock.check(ctx); err != nil {
			return err
		}
		again := fmt.Sprintf("make apply STACK=%s REBOOT=1", a.Stack.Name)
		switch {
		case ctx.Err() != nil:
			return &ExitError{Code: Interrupted, Err: fmt.Errorf("interrupted before %s; continue with: %s", next.name,
				again)}
		case next.name == last:
			return &ExitError{Code: Stopped,
				Err: fmt.Errorf("%s was rebooted, and does not run its configuration; look at: talosctl -n %s dmesg",
					last, o.Node(last).Address)}
		}
		last = next.name
		// A node that was begun is finished.
		if err := a.node(context.WithoutCancel(ctx), r, next); err != nil {
			return &ExitError{Code: Stopped, Err: fmt.Errorf("%s: %w; when that is mended, continue with: %s",
				next.name, err, again)}
		}
	}
}

// next returns the node to reboot: one that an earlier run has begun comes first, then control planes, the leader of
// etcd last of them.
func (a *Apply) next(o *Observation, work []*nodeWork) *nodeWork {
	if !a.Reboot {
		return nil
	}
	var next *nodeWork
	for _, n := range o.order() {
		i := slices.IndexFunc(work, func(w *nodeWork) bool { return w.name == n.Name })
		switch {
		case i < 0:
		case work[i].unfinished:
			return work[i]
		case next == nil && len(work[i].reboot) > 0:
			next = work[i]
		}
	}
	return next
}

// record writes into the state what the nodes run, and sets the labels that Talos does not.
func (a *Apply) record(ctx context.Context, runs []*upgradeRun, all []*nodeWork) error {
	var urns, silent []string
	left := 0
	for _, w := range all {
		switch {
		case w.pending == nil:
		case w.silent:
			silent = append(silent, w.name)
		case a.waits(w):
			left++
		default:
			urns = append(urns, w.pending.URN)
		}
	}
	if len(urns) > 0 {
		a.logf("an update of only these %d nodes, which records their configuration", len(urns))
		if err := a.Record(ctx, urns); err != nil {
			return &ExitError{Code: Stopped,
				Err: fmt.Errorf("the nodes run their configuration, and the state does not have it: %w; "+
					"run the command again: it reboots nothing", err)}
		}
	}
	for _, r := range runs {
		if err := a.label(ctx, r); err != nil {
			return &ExitError{Code: Stopped, Err: err}
		}
	}
	if len(silent) > 0 {
		return &ExitError{Code: Stopped,
			Err: fmt.Errorf("%s: no answer, and no configuration was given; run: make repair STACK=%s",
				strings.Join(silent, ", "), a.Stack.Name)}
	}
	if left > 0 {
		a.logf("%d nodes wait for a reboot: make apply STACK=%s REBOOT=1", left, a.Stack.Name)
	}
	return nil
}

// work finds what the nodes of a cluster need. It asks each of them for the configuration that it runs, so that a run
// which was interrupted goes on.
func (a *Apply) work(ctx context.Context, r *upgradeRun, o *Observation, pending []PendingConfig) ([]*nodeWork, error) {
	var all []*nodeWork
	var failed error
	for _, n := range o.Nodes {
		w := &nodeWork{name: n.Name, silent: n.TalosError != "", unfinished: a.Reboot && n.Kubernetes != nil &&
			n.Kubernetes.Cordoned == byUpgrade}
		if i := slices.IndexFunc(pending, func(p PendingConfig) bool { return p.Node == n.Name }); i >= 0 {
			w.pending = &pending[i]
			if n.TalosError == "" {
				live, err := r.liveConfig(ctx, o, n)
				if err != nil {
					failed = errors.Join(failed, err)
					continue
				}
				w.fields = machineconfig.ChangedFields(live, w.pending.Want)
				w.reboot = machineconfig.RebootFields(live, w.pending.Want)
			}
		}
		w.taints, w.labels = o.taintsAndLabels(n, w.pending)
		if !w.empty() {
			all = append(all, w)
		}
	}
	return all, failed
}
