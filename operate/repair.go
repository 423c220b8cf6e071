package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/inferadb/infra/cluster"
)

// Repair does what a person would do by hand to a cluster that is not healthy: it removes the member of a control plane
// that is lost, makes etcd take writes again, and uncordons nodes that were left cordoned. It prints what it saw and
// asks before each change. What it cannot do, it names with the commands that do.
type Repair struct {
	Stack *Stack
	// Gone names the control planes of the outputs that have no machine in the state: a refresh did not find it.
	Gone []string
	// DryRun prints what is to do, and changes nothing.
	DryRun bool
	// Gate is how long to wait for a gate, Poll how long between two looks. Renew is how often a lock is renewed.
	Gate, Poll, Renew time.Duration
	// Out is where the plan goes, Confirm asks whether to go on, ConfirmText asks for a text to be typed.
	Out         io.Writer
	Confirm     func() error
	ConfirmText func(text string) error
}

// repairs are what a look at a cluster shows: what can be repaired, what a person has to do, and what is refused.
type repairs struct {
	all             []repair
	advice, refused []string
}

func (f *repairs) forYou(format string, arguments ...any) {
	f.advice = append(f.advice, fmt.Sprintf(format, arguments...))
}

func (f *repairs) refuse(format string, arguments ...any) {
	f.refused = append(f.refused, fmt.Sprintf(format, arguments...))
}

// repair is a change. Its title has what was seen and what will be done.
type repair struct {
	title string
	// typed is what a person types to confirm; empty for yes.
	typed string
	do    func(context.Context, *repairRun) error
}

// repairRun is the repair of one cluster.
type repairRun struct {
	*Repair
	op *Operator
}

// Run repairs one cluster after the other. Its error is an ExitError with the exit code.
func (r *Repair) Run(ctx context.Context) error {
	if len(r.Stack.Clusters) == 0 {
		return refused("of stack %s never came up: %s; run: make up STACK=%s", r.Stack.Name,
			strings.Join(r.Stack.Missing, ", "), r.Stack.Name)
	}
	var failed error
	code := 0
	for _, c := range r.Stack.Clusters {
		err := r.cluster(ctx, c)
		var coded *ExitError
		switch {
		case errors.As(err, &coded):
			code = max(code, coded.Code)
		case err != nil:
			code = max(code, Stopped)
		}
		failed = errors.Join(failed, err)
	}
	if failed == nil {
		return nil
	}
	return &ExitError{Code: code, Err: failed}
}

// cluster looks at a cluster and repairs it.
func (r *Repair) cluster(ctx context.Context, c *Cluster) error {
	own := *c
	own.ControlPlanes = slices.DeleteFunc(slices.Clone(c.ControlPlanes),
		func(m Machine) bool { return slices.Contains(r.Gone, m.Name) })
	if len(own.ControlPlanes) == 0 {
		return refused("%s: the state has the machine of no control plane; "+
			"docs/operations.md#recover-lost-control-planes", c.Name)
	}
	op, err := Open(ctx, &own)
	if err != nil {
		return err
	}
	defer func() { _ = op.Close() }()
	run := &repairRun{Repair: r, op: op}
	found := run.find(ctx, op.Observe(ctx))
	if len(found.refused) > 0 {
		return refused("%s: %s; nothing was changed", c.Name, strings.Join(found.refused, "; "))
	}
	fmt.Fprintf(r.Out, "%s: %d to repair\n", c.Name, len(found.all))
	for _, text := range found.advice {
		fmt.Fprintf(r.Out, "  for you: %s\n", text)
	}
	if err := run.doAll(ctx, found.all); err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	if len(found.advice) > 0 {
		return fmt.Errorf("%s: something is left for you, as said above", c.Name)
	}
	return nil
}

// doAll asks for each repair and does it.
func (r *repairRun) doAll(ctx context.Context, all []repair) error {
	if len(all) == 0 || r.DryRun {
		for _, one := range all {
			fmt.Fprintf(r.Out, "  %s\n", one.title)
		}
		return nil
	}
	// A run of upgrade or of a change of control planes takes nodes away on purpose. The lock itself cannot be taken
	// here: etcd may refuse writes.
	if err := r.op.kubernetes.idle(ctx, r.Renew, r.waiting().logf); err != nil {
		return err
	}
	for _, one := range all {
		fmt.Fprintf(r.Out, "  %s\n", one.title)
		ask := r.Confirm
		if one.typed != "" {
			ask = func() error { return r.ConfirmText(one.typed) }
		}
		if err := ask(); err != nil {
			return err
		}
		if err := one.do(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (r *repairRun) waiting() waiting { return waiting{Gate: r.Gate, Poll: r.Poll, Out: r.Out} }

// find returns the repairs, and what a person has to do.
func (r *repairRun) find(ctx context.Context, o *Observation) *repairs {
	found := &repairs{}
	for _, look := range []func(context.Context, *Observation, *repairs){
		r.findQuorum, r.findMember, r.findSpace, r.findCordoned, r.findSilent,
	} {
		look(ctx, o, found)
		if len(found.refused) > 0 {
			break
		}
	}
	return found
}

// findQuorum refuses to repair what only a restore repairs.
func (r *repairRun) findQuorum(_ context.Context, o *Observation, found *repairs) {
	if !slices.ContainsFunc(o.ControlPlanes(), func(n *Node) bool { return n.TalosError == "" }) {
		found.refuse("no control plane's Talos API answers, so it is not known what is broken: %s; "+
			"look whether the machines run, "+
			"and check the route to them (docs/getting-started.md#a-route-to-the-nodes)", o.Nodes[0].TalosError)
		return
	}
	if len(o.following()) == 0 {
		found.refuse("etcd has lost its quorum, and no member can be removed without one; start the " +
			"control planes that are off, or, if they are lost: docs/operations.md#recover-lost-control-planes")
	}
}

// following returns the control planes whose etcd follows a leader and votes. Without a majority there is no leader.
func (o *Observation) following() []*Node {
	return slices.DeleteFunc(slices.Clone(o.ControlPlanes()), func(n *Node) bool {
		return n.EtcdError != "" || n.Etcd.Leader == 0 || n.Etcd.Learner
	})
}

// findCordoned looks for cordoned nodes that no command works on any more.
func (r *repairRun) findCordoned(_ context.Context, o *Observation, found *repairs) {
	upgrading := r.Stack.Marked != (cluster.Upgrade{})
	for _, k := range o.kubernetesNodes() {
		switch {
		case k.Cordoned == byUpgrade:
			found.forYou("%s is cordoned by an upgrade that was interrupted; continue it: make upgrade STACK=%s",
				k.Name, r.Stack.Name)
		case k.Cordoned == byTalos && upgrading:
			found.forYou("%s is cordoned, and an upgrade is under way; continue it: make upgrade STACK=%s", k.Name,
				r.Stack.Name)
		case k.Cordoned == byTalos && k.Ready:
			found.all = append(found.all, repair{
				title: fmt.Sprintf("%s is ready, and was left cordoned by Talos, with no upgrade under way: "+
					"let pods onto it again", k.Name),
				do: func(ctx context.Context, r *repairRun) error {
					if err := r.op.kubernetes.uncordon(ctx, k.Name, cordonedByTalos); err != nil {
						return fmt.Errorf("%s cannot be uncordoned: %s", k.Name, reason(err))
					}
					r.waiting().logf("%s: takes pods again", k.Name)
					return nil
				},
			})
		}
	}
}

// findSilent names the machines that do not answer, with the way to leave a worker out of an update. What a control
// plane has on its disk may be the last copy, so nothing is wiped here.
func (r *repairRun) findSilent(_ context.Context, o *Observation, found *repairs) {
	for _, n := range o.Nodes {
		if n.TalosError == "" {
			// One that waits to join follows when the member before it is removed.
			if n.ControlPlane && n.EtcdError != "" && len(found.all) == 0 {
				found.forYou("%s runs no etcd (%s); look at: talosctl -n %s service etcd. If its member was removed, "+
					"it joins again with an empty disk: talosctl -n %s reset --graceful=false --reboot "+
					"--system-labels-to-wipe EPHEMERAL",
					n.Name, n.EtcdError, n.Address, n.Address)
			}
			continue
		}
		if n.ControlPlane {
			found.forYou("%s does not answer (%s), and etcd bears no further loss; start its machine, or, "+
				"if the cloud has it no more: make refresh STACK=%s, then make up STACK=%s, which makes a machine "+
				"that takes the place of the old member",
				n.Name, n.TalosError, r.Stack.Name, r.Stack.Name)
			continue
		}
		found.forYou("%s does not answer (%s), and each up that changes its configuration fails. "+
			"If its machine no longer exists in the cloud: make refresh STACK=%s, then make up STACK=%s. "+
			"To leave it out until it is repaired: "+
			"make up STACK=%s ARGS=\"--exclude '**ConfigurationApply::%s'\"",
			n.Name, n.TalosError, r.Stack.Name, r.Stack.Name, r.Stack.Name, n.Name)
	}
}
