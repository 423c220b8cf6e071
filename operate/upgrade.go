package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/machineconfig"
)

// Upgrade brings the machines of a stack that have names to versions of Talos and Kubernetes, one machine at a time,
// and then writes the versions into the stack file. It never goes back by itself: it stops with the reason, and goes on
// when it is run again.
type Upgrade struct {
	Stack *Stack
	// Target are the versions; an empty one is that of the mark, or of the stack file.
	Target cluster.Upgrade
	// DryRun prints the plan and asks the gates, and writes nothing anywhere.
	DryRun bool
	// Accept names gates that may be violated.
	Accept []string
	// MaxUnavailable is how many workers of a pool may be away at once. Control planes and the workers of a stateful
	// pool go one by one.
	MaxUnavailable int
	// Drain, Node and Gate are how long a drain, a node's reboot and a gate may take.
	Drain, Node, Gate time.Duration
	// Poll is how long to wait between two looks, Settle between the two that must both find nothing.
	Poll, Settle time.Duration
	// Renew is how often the lock is renewed. A lock that was not renewed for four intervals is taken over.
	Renew time.Duration
	// Snapshots is the folder for a snapshot of each etcd before the first change.
	Snapshots string
	// Out is where plan and progress go, Confirm asks whether to go on.
	Out     io.Writer
	Confirm func() error
}

// The exit codes of the commands that change a cluster: 0 is done or nothing to do.
const (
	// Stopped failed partway.
	Stopped = 1
	// Refused changed nothing.
	Refused = 2
	// Interrupted was stopped by the user.
	Interrupted = 3
	// Locked found another command at work on the cluster.
	Locked = 4
)

// ExitError is why a command did not do its work. Code is its exit code.
type ExitError struct {
	Code int
	Err  error
}

// Error returns what happened.
func (e *ExitError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ExitError) Unwrap() error { return e.Err }

func refused(format string, arguments ...any) error {
	return &ExitError{Code: Refused, Err: fmt.Errorf(format, arguments...)}
}

// upgradeRun is an upgrade of one cluster.
type upgradeRun struct {
	*Upgrade
	op   *Operator
	lock *lock
	// away are other machines that are being worked on at the same time: no gate asks for them.
	away []string
	// synced means that the stack's manifests are in line, rendered that those of Talos are.
	synced, rendered bool
	// started are when a control plane's components had started before its reboot.
	started map[string]time.Time
}

// Run does the upgrade, all of it that is left. The context's end lets the node that is being worked on be finished.
func (u *Upgrade) Run(ctx context.Context) error {
	u.Out = &lockedWriter{to: u.Out}
	if err := u.checkTarget(); err != nil {
		return err
	}
	runs, err := u.open(ctx)
	if err != nil {
		return err
	}
	defer closeRuns(ctx, runs)
	left, err := u.preflight(ctx, runs)
	if err != nil {
		return err
	}
	if u.DryRun {
		return nil
	}
	if left > 0 {
		if err := u.begin(ctx, runs); err != nil {
			return err
		}
		for _, r := range runs {
			if err := r.cluster(ctx); err != nil {
				return err
			}
		}
	}
	if err := u.Stack.record(u.Target); err != nil {
		return &ExitError{Code: Stopped,
			Err: fmt.Errorf("all nodes run the versions, and the stack file does not have them: %w", err)}
	}
	u.logf("%s has talosVersion: %s and kubernetesVersion: %s", u.Stack.stackFile(), u.Target.Talos,
		u.Target.Kubernetes)
	return nil
}

// checkTarget fills in the versions and holds them to the mark of an upgrade that is under way.
func (u *Upgrade) checkTarget() error {
	if err := u.Stack.checkUp(); err != nil {
		return err
	}
	marked, want := u.Stack.Marked, u.Stack.Clusters[0].Want
	for _, version := range []struct {
		name           string
		target         *string
		marked, wanted string
	}{
		{"Talos", &u.Target.Talos, marked.Talos, want.TalosVersion},
		{"Kubernetes", &u.Target.Kubernetes, marked.Kubernetes, want.KubernetesVersion},
	} {
		if *version.target != "" && version.marked != "" && *version.target != version.marked {
			return refused("an upgrade to %s %s is under way, and another to %s would mix them; "+
				"finish it: make upgrade STACK=%s",
				version.name, version.marked, *version.target, u.Stack.Name)
		}
		for _, known := range []string{version.marked, version.wanted} {
			if *version.target == "" {
				*version.target = known
			}
		}
	}
	if err := machineconfig.CheckVersions(u.Target.Talos, u.Target.Kubernetes); err != nil {
		return refused("%w", err)
	}
	return u.checkAccept()
}

// open connects to the clusters: the secondaries first, the primary last.
func (u *Upgrade) open(ctx context.Context) ([]*upgradeRun, error) {
	clusters := slices.Clone(u.Stack.Clusters)
	slices.SortStableFunc(clusters, func(a, b *Cluster) int {
		switch {
		case a.Want.Primary == b.Want.Primary:
			return 0
		case a.Want.Primary:
			return 1
		}
		return -1
	})
	var runs []*upgradeRun
	for _, c := range clusters {
		op, err := Open(context.WithoutCancel(ctx), c)
		if err != nil {
			return nil, err
		}
		runs = append(runs, &upgradeRun{Upgrade: u, op: op, started: map[string]time.Time{}})
	}
	return runs, nil
}

// preflight asks everything that can be asked before the first change, prints the plan and returns how many steps are
// left. All that is in the way is named at once.
func (u *Upgrade) preflight(ctx context.Context, runs []*upgradeRun) (int, error) {
	var problems []Finding
	left := 0
	for _, r := range runs {
		o, found := r.observeFirst(ctx)
		if err := errors.Join(r.compareManifests(ctx, o), r.compareRendered(ctx, o)); err != nil {
			found = append(found, Finding{Gate: "manifests", Level: Degraded, Problem: err.Error()})
		}
		steps := o.plan(u.Target)
		left += len(steps)
		if o.APIError == "" && slices.ContainsFunc(steps, func(s step) bool { return s.kind == upgradeComponent }) {
			r.askRemoved(ctx, o)
		}
		if len(steps) > 0 {
			found = append(o.checkPath(u.Target), found...)
			found = append(found,
				u.blocking(o.Findings(
					func(g Gate) bool {
						return slices.Contains([]string{"drain", "manifests", "removed"},
							g.Name)
					}))...)
		}
		// A plan knows nothing of what does not answer: that there is no step is no proof that there is nothing to do.
		problems = append(problems, found...)
		fmt.Fprintf(u.Out, "%s: Talos %s, Kubernetes %s; %d control planes, %d workers, %d machines of "+
			"scaling groups\n", r.op.cluster.Name,
			u.Target.Talos, u.Target.Kubernetes, len(o.ControlPlanes()), len(o.Nodes)-len(o.ControlPlanes()),
			len(o.GroupNodes))
		for _, line := range slices.Concat(describe(steps, u.Target), o.describeImages(u.Target),
			o.describeRendered(steps), o.describeManifests()) {
			fmt.Fprintln(u.Out, "  "+line)
		}
		if len(o.ControlPlanes()) == 1 && len(steps) > 0 {
			fmt.Fprintln(u.Out, "  the cluster has one control plane: the Kubernetes API is away while that reboots")
		}
	}
	if len(problems) > 0 {
		for _, f := range problems {
			fmt.Fprintf(u.Out, "  refused by %s: %s\n", f.Gate, f)
		}
		return 0, refused("%d gates refuse the upgrade; nothing was changed", len(problems))
	}
	if left == 0 {
		fmt.Fprintln(u.Out, "  all nodes run these versions")
	}
	fmt.Fprintf(u.Out, "  then the versions are written into %s; machines of scaling groups follow "+
		"with the next: make up STACK=%s\n",
		u.Stack.stackFile(), u.Stack.Name)
	return left, nil
}

// observeFirst looks at a cluster, and returns what is in the way. After an interruption a node may still be on its way
// back.
func (r *upgradeRun) observeFirst(ctx context.Context) (*Observation, []Finding) {
	if r.Stack.Marked != (cluster.Upgrade{}) && !r.DryRun {
		if o, err := r.green(ctx, 1); err == nil {
			return o, nil
		}
	}
	o := r.op.Observe(ctx)
	return o, r.inTheWay(o)
}

// begin asks, makes sure that nothing which must be fetched is missing, saves etcd, and marks the stack file.
func (u *Upgrade) begin(ctx context.Context, runs []*upgradeRun) error {
	if err := u.Confirm(); err != nil {
		return &ExitError{Code: Interrupted, Err: err}
	}
	if err := u.lockAll(ctx, runs); err != nil {
		return err
	}
	for _, r := range runs {
		if err := r.pullImages(ctx); err != nil {
			return &ExitError{Code: Refused, Err: fmt.Errorf("%w; nothing was changed", err)}
		}
	}
	if err := u.saveAll(ctx, runs); err != nil {
		return err
	}
	if err := u.Stack.mark(u.Target); err != nil {
		return refused("the stack file cannot be marked: %w", err)
	}
	u.logf("%s is marked: until the upgrade is through, no update runs", u.Stack.stackFile())
	return nil
}

// cluster goes on until nothing is left to do.
func (r *upgradeRun) cluster(ctx context.Context) error {
	var last []step
	for {
		o, err := r.green(ctx, 1)
		switch {
		case err != nil && ctx.Err() != nil:
			return &ExitError{Code: Interrupted, Err: err}
		case err != nil:
			return &ExitError{Code: Stopped, Err: err}
		}
		if err := r.compareManifests(ctx, o); err != nil {
			return &ExitError{Code: Stopped, Err: err}
		}
		steps := o.plan(r.Target)
		if len(steps) == 0 {
			if err := r.compareRendered(ctx, o); err != nil {
				return &ExitError{Code: Stopped, Err: err}
			}
			if steps = o.plan(r.Target); len(steps) == 0 {
				return nil
			}
		}
		// Another run may have upgraded the cluster further while this one waited for its answer or for the lock.
		if found := o.checkPath(r.Target); len(found) > 0 {
			return &ExitError{Code: Stopped, Err: errors.New(found[0].String())}
		}
		if err := r.lock.check(ctx); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return &ExitError{Code: Interrupted,
				Err: fmt.Errorf("interrupted before %s; continue with: make upgrade STACK=%s", steps[0], r.Stack.Name)}
		}
		if slices.Contains(last, steps[0]) {
			return &ExitError{Code: Stopped,
				Err: fmt.Errorf("%s was done and is still to do; run: make status STACK=%s", steps[0], r.Stack.Name)}
		}
		last = r.together(o, steps)
		// A node that was begun is finished.
		if err := r.doAll(context.WithoutCancel(ctx), o, last); err != nil {
			return &ExitError{Code: Stopped,
				Err: fmt.Errorf("%w; when that is mended, continue with: make upgrade STACK=%s", err, r.Stack.Name)}
		}
	}
}

// together returns the first steps, as many as are done at the same time: Talos on workers of the same stateless pool.
func (r *upgradeRun) together(o *Observation, steps []step) []step {
	first := o.Node(steps[0].node)
	if steps[0].kind != upgradeTalos || first.ControlPlane {
		return steps[:1]
	}
	if pool, known := o.pool(first.Pool); !known || pool.Workload == cluster.Stateful {
		return steps[:1]
	}
	n := 1
	for n < min(len(steps), r.MaxUnavailable) && steps[n].kind == upgradeTalos &&
		o.Node(steps[n].node).Pool == first.Pool {
		n++
	}
	return steps[:n]
}

// doAll does steps at the same time and waits for all.
func (r *upgradeRun) doAll(ctx context.Context, o *Observation, steps []step) error {
	if len(steps) == 1 {
		return r.doOne(ctx, o, steps[0])
	}
	failures := make([]error, len(steps))
	var work []func()
	for i, s := range steps {
		own := *r
		for _, other := range steps {
			if other != s {
				own.away = append(own.away, other.node)
			}
		}
		work = append(work, func() { failures[i] = own.doOne(ctx, o, s) })
	}
	together(work...)
	return errors.Join(failures...)
}

func (r *upgradeRun) doOne(ctx context.Context, o *Observation, s step) error {
	r.logf("%s", s)
	if err := r.do(ctx, o, s); err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	return nil
}

// String returns the step for people.
func (s step) String() string {
	switch s.kind {
	case finishNode:
		return s.node + ": finish"
	case upgradeTalos:
		return s.node + ": Talos"
	case upgradeComponent:
		return s.node + ": " + s.component
	case configureProxy:
		return s.node + ": " + proxyName
	case syncManifests:
		return "the manifests of Cilium and of the stack file"
	case syncRendered:
		return "the manifests of Talos"
	}
	return s.node + ": kubelet"
}

func (r *upgradeRun) do(ctx context.Context, o *Observation, s step) error {
	switch s.kind {
	case finishNode:
		return r.finish(ctx, o.Node(s.node))
	case upgradeTalos:
		return r.talos(ctx, o, o.Node(s.node))
	case upgradeComponent:
		return r.component(ctx, o, o.Node(s.node), s.component)
	case configureProxy:
		return r.proxy(ctx, o, o.Node(s.node))
	case syncManifests:
		err := r.sync(ctx, o, o.syncable(false))
		r.synced = err == nil
		return err
	case syncRendered:
		return r.syncRendered(ctx, o)
	}
	return r.kubelet(ctx, o, o.Node(s.node))
}

// green looks until the gates find nothing, as many times in a row as given by passes, and returns the last look. The
// error names what the gates found at the end of the limit.
func (r *upgradeRun) green(ctx context.Context, passes int) (*Observation, error) {
	end := time.Now().Add(r.Gate)
	passed, said := 0, ""
	for {
		o := r.op.Observe(context.WithoutCancel(ctx))
		found := r.inTheWay(o)
		wait := r.Poll
		if len(found) == 0 {
			if passed++; passed >= passes {
				return o, nil
			}
			wait = r.Settle
		} else {
			passed = 0
			if time.Now().After(end) {
				return nil, fmt.Errorf("gate %s did not pass in %s: %s", found[0].Gate, r.Gate, found[0])
			}
			if text := found[0].String(); text != said {
				r.logf("waiting for %s: %s", found[0].Gate, text)
				said = text
			}
		}
		if err := pause(ctx, wait); err != nil {
			return nil, errors.New("interrupted while waiting for the gates")
		}
	}
}

// inTheWay returns the findings at which an upgrade stops. Machines of scaling groups come and go by themselves.
func (r *upgradeRun) inTheWay(o *Observation) []Finding {
	o.away = len(r.away)
	found := slices.DeleteFunc(o.Findings(func(g Gate) bool { return g.Upgrade }), func(f Finding) bool {
		return f.Level == Notice || slices.Contains(r.away, f.Node) ||
			slices.ContainsFunc(o.GroupNodes, func(k *KubernetesNode) bool { return k.Name == f.Node })
	})
	for _, n := range o.ControlPlanes() {
		before, rebooted := r.started[n.Name]
		now := n.StaticPods[components[0]].Started
		if rebooted && !now.IsZero() && !now.After(before) {
			found = append(found,
				Finding{Gate: "api", Level: Degraded, Node: n.Name,
					Problem: "its kube-apiserver has not started since the reboot"})
		}
	}
	return r.blocking(found)
}

// blocking returns the findings of gates that are not accepted.
func (u *Upgrade) blocking(found []Finding) []Finding {
	return slices.DeleteFunc(found, func(f Finding) bool { return slices.Contains(u.Accept, f.Gate) })
}

func (u *Upgrade) logf(format string, arguments ...any) {
	progress(u.Out, format, arguments...)
}

// lockedWriter keeps lines that are written at the same time apart.
type lockedWriter struct {
	mutex sync.Mutex
	to    io.Writer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.to.Write(p)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Abandon removes the mark, so that updates run again. It refuses if a node runs a newer Kubernetes than the stack
// file: an update would downgrade it.
func (u *Upgrade) Abandon(ctx context.Context) error {
	if err := u.Stack.checkUp(); err != nil {
		return err
	}
	runs, err := u.open(ctx)
	if err != nil {
		return err
	}
	defer closeRuns(ctx, runs)
	for _, r := range runs {
		if err := r.op.kubernetes.idle(ctx, u.Renew, u.logf); err != nil {
			return err
		}
		o := r.op.Observe(ctx)
		want := r.op.cluster.Want
		for _, n := range o.Nodes {
			if n.TalosError != "" || n.Kubernetes == nil {
				return refused("%s: its version is not known, so the mark stays; run: make status STACK=%s",
					n.Name, u.Stack.Name)
			}
			versions := []string{n.Kubernetes.Kubelet}
			for _, pod := range n.StaticPods {
				versions = append(versions, pod.Version)
			}
			for _, version := range versions {
				if compare(version, want.KubernetesVersion) > 0 {
					return refused("%s runs Kubernetes %s already, and the next update would downgrade it to %s; "+
						"finish the upgrade: make upgrade STACK=%s",
						n.Name, version, want.KubernetesVersion, u.Stack.Name)
				}
			}
		}
		for _, n := range o.Nodes {
			if n.Kubernetes.Cordoned != byUpgrade {
				continue
			}
			if err := r.restore(ctx, n); err != nil {
				return fmt.Errorf("%s: %w", n.Name, err)
			}
		}
	}
	return u.Stack.unmark()
}
