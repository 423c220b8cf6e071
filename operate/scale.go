package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/stackfile"
)

// Scale changes the number of control planes of a stack. To shrink, the members with the highest numbers leave etcd
// before an update deletes their machines; to grow, the update makes the machines, and they join by themselves. It
// keeps nothing: every run begins with the nodes, the stack's state and its file.
type Scale struct {
	// To is how many control planes each cluster of the stack is to have.
	To int
	// Gate is how long to wait for a gate, Leave how long a member may take to leave, Poll how long to wait between two
	// looks.
	Gate, Leave, Poll time.Duration
	// Renew is how often the lock is renewed, which keeps upgrades away.
	Renew time.Duration
	// Out is where plan and progress go, Confirm asks whether to go on.
	Out     io.Writer
	Confirm func() error
	// Read reads the stack, Up brings it up. Check returns why no update would take the stack file with a change.
	Read  func(context.Context) (Scaled, error)
	Up    func(context.Context) error
	Check func(ctx context.Context, key, value string) error

	now Scaled
}

// Scaled is a stack before or after a change of its control planes.
type Scaled struct {
	Stack *Stack
	// Configured are each cluster's control planes in the state, sorted by number. An update that was cut off has made
	// more of them, or fewer, than the outputs have.
	Configured map[string][]Machine
	// Protected are the control planes that no update could delete.
	Protected []string
}

const (
	controlPlanesKey = config.Namespace + ":controlPlanes"
	acknowledgeKey   = config.Namespace + ":acknowledge"
	etcdLeft         = "etcd-left:"
)

// scaleRun is a change of one cluster.
type scaleRun struct {
	*Scale
	op *Operator
	// lock keeps other commands away.
	lock *lock
	// staying and leaving are its control planes in the state; those that leave begin with the highest number.
	staying, leaving []Machine
}

// Run does the change, all of it that is left.
func (s *Scale) Run(ctx context.Context) error {
	if s.To != 1 && s.To != 3 && s.To != 5 {
		return refused("--to: %d is not 1, 3 or 5; etcd decides by majority, and an even number adds no safety", s.To)
	}
	var err error
	if s.now, err = s.Read(ctx); err != nil {
		return refused("%w", err)
	}
	runs, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer closeAll(runs)
	if err := s.check(ctx, runs); err != nil {
		return err
	}
	if s.unchanged(runs) {
		fmt.Fprintf(s.Out, "%s has %d control planes.\n", s.now.Stack.Name, s.To)
		return s.tidy()
	}
	s.plan(runs)
	if err := s.Confirm(); err != nil {
		return &ExitError{Code: Interrupted, Err: err}
	}
	if err := s.change(ctx, runs); err != nil {
		var coded *ExitError
		if errors.As(err, &coded) {
			return err
		}
		code := Stopped
		if ctx.Err() != nil {
			code = Interrupted
		}
		return &ExitError{Code: code, Err: fmt.Errorf("%w; then run this command again, which goes on from here", err)}
	}
	return nil
}

// CheckSetting returns why no update would take a stack file in which a setting has another value.
func CheckSetting(ctx context.Context, folder, name, key, value string) error {
	settings, encrypted, err := readSettings(ctx, name)
	if err != nil {
		return err
	}
	settings[key] = value
	_, _, err = config.LoadFrom(folder, name, settings, encrypted...)
	return err
}

// open connects to the clusters.
func (s *Scale) open(ctx context.Context) ([]*scaleRun, error) {
	stack := s.now.Stack
	if err := stack.checkUp(); err != nil {
		return nil, err
	}
	var runs []*scaleRun
	for _, c := range stack.Clusters {
		r := &scaleRun{Scale: s}
		whole := *c
		if configured := s.now.Configured[c.Name]; len(configured) > 0 {
			whole.ControlPlanes = configured
		}
		for _, m := range whole.ControlPlanes {
			if numberOf(m) < s.To {
				r.staying = append(r.staying, m)
			} else {
				r.leaving = append(r.leaving, m)
			}
		}
		slices.Reverse(r.leaving)
		var err error
		if r.op, err = Open(ctx, &whole); err != nil {
			closeAll(runs)
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}

func closeAll(runs []*scaleRun) {
	for _, r := range runs {
		_ = r.op.Close()
	}
}

// numberOf returns the number at the end of a machine's name.
func numberOf(m Machine) int {
	number, _ := strconv.Atoi(m.Name[strings.LastIndex(m.Name, "-")+1:])
	return number
}

// check refuses what the update at the end could not do, before anything is changed.
func (s *Scale) check(ctx context.Context, runs []*scaleRun) error {
	stack := s.now.Stack
	if stack.Marked != (cluster.Upgrade{}) {
		return refused("an upgrade is under way; finish it: make upgrade STACK=%s", stack.Name)
	}
	if err := s.Check(ctx, controlPlanesKey, strconv.Itoa(s.To)); err != nil {
		return refused("%w", err)
	}
	for _, r := range runs {
		for _, m := range r.leaving {
			if slices.Contains(s.now.Protected, m.Name) {
				return refused("%s is protected, and no up could delete it: set inferadb:protection: "+
					"false and run: make up STACK=%s; "+
					"then run this command again", m.Name, stack.Name)
			}
		}
		if len(r.leaving) > 0 && len(r.staying) < s.To {
			return refused("%s has only %d of the %d control planes that are to stay; run: make up STACK=%s",
				r.op.cluster.Name, len(r.staying), s.To, stack.Name)
		}
		for _, m := range r.staying {
			if slices.Contains(s.acknowledged(), etcdLeft+m.Name) {
				return refused("%s has left etcd and waits for its deletion; finish that first: make "+
					"control-planes STACK=%s TO=%d",
					m.Name, stack.Name, max(1, numberOf(m)-1+numberOf(m)%2))
			}
		}
	}
	return nil
}

// acknowledged returns the steps that the stack file has as done.
func (s *Scale) acknowledged() []string { return s.now.Stack.Clusters[0].Want.Acknowledged }

// unchanged reports whether the state, the outputs and the stack file have the number.
func (s *Scale) unchanged(runs []*scaleRun) bool {
	for i, r := range runs {
		c := s.now.Stack.Clusters[i]
		if len(r.leaving) > 0 || len(r.staying) != s.To || len(c.ControlPlanes) != s.To ||
			c.Want.ControlPlanes.Count != s.To {
			return false
		}
	}
	return true
}

func (s *Scale) plan(runs []*scaleRun) {
	for _, r := range runs {
		fmt.Fprintf(s.Out, "%s: has %d control planes, and is to have %d\n", r.op.cluster.Name,
			len(r.op.cluster.ControlPlanes), s.To)
		if len(r.leaving) > 0 {
			fmt.Fprintln(s.Out, "  in this order, each of these leaves etcd, is wiped and shut down:")
		}
		for _, m := range r.leaving {
			fmt.Fprintf(s.Out, "    %s (%s)\n", m.Name, m.Address)
		}
	}
	fmt.Fprintf(s.Out, "  then controlPlanes: %[2]d is written into %[1]s, and pulumi up creates or deletes the "+
		"machines\n",
		s.now.Stack.stackFile(), s.To)
}

// change lets members leave, writes the stack file, brings the stack up and waits until it has what it should.
func (s *Scale) change(ctx context.Context, runs []*scaleRun) error {
	for _, r := range runs {
		var err error
		if r.lock, err = r.op.kubernetes.acquire(ctx, s.Renew, s.waiting().logf); err != nil {
			return fmt.Errorf("the lock of %s cannot be taken: %w", r.op.cluster.Name, err)
		}
		defer r.lock.release(ctx)
	}
	for i, r := range runs {
		if err := r.prepare(ctx, s.now.Stack.Clusters[i].ControlPlanes); err != nil {
			return fmt.Errorf("%s: %w", r.op.cluster.Name, err)
		}
	}
	file := s.now.Stack.stackFile()
	set := func(text []byte) ([]byte, error) { return stackfile.Set(text, controlPlanesKey, strconv.Itoa(s.To)) }
	if err := stackfile.Edit(file, set); err != nil {
		return err
	}
	s.waiting().logf("%s has controlPlanes: %d", file, s.To)
	if err := s.Up(ctx); err != nil {
		return err
	}
	var err error
	if s.now, err = s.Read(ctx); err != nil {
		return err
	}
	if err := s.tidy(); err != nil {
		return err
	}
	return s.settle(ctx)
}

// prepare does what comes before the update.
func (r *scaleRun) prepare(ctx context.Context, made []Machine) error {
	if err := r.ready(ctx, made); err != nil {
		return err
	}
	if err := r.shrink(ctx); err != nil {
		return err
	}
	if err := r.checkMembers(ctx); err != nil {
		return err
	}
	return r.lock.check(ctx)
}

// checkMembers refuses an update that would delete a machine which is a member of etcd still: one that joined by
// itself, in an update that was cut off before the state knew its configuration.
func (r *scaleRun) checkMembers(ctx context.Context) error {
	members, err := r.members(r.op.Observe(ctx))
	if err != nil {
		return err
	}
	for _, m := range members {
		switch number := numberOf(Machine{Name: m.Name}); {
		case m.Name == "":
			return refused("etcd has the member %x, which has not started; wait until it has, and run this again", m.ID)
		case number >= r.To:
			return refused("etcd has the member %s, and the update would delete its machine before it has left; "+
				"finish first what was begun: make control-planes STACK=%s TO=%d; if its machine is gone: make "+
				"repair STACK=%s", m.Name,
				r.now.Stack.Name, number+1+number%2,
				r.now.Stack.Name)
		}
	}
	return nil
}

// ready waits until an etcd that is to grow is whole: each member that joins needs a majority. Control planes that an
// update was making when it was cut off are not among those that are asked.
func (r *scaleRun) ready(ctx context.Context, made []Machine) error {
	if len(r.staying) >= r.To && len(made) >= r.To {
		return nil
	}
	_, err := r.waiting().until(ctx, r.op, func(o *Observation) []Finding {
		return slices.DeleteFunc(o.controlPlaneFindings(), func(f Finding) bool {
			return f.Node != "" && !slices.ContainsFunc(made, func(m Machine) bool { return m.Name == f.Node })
		})
	})
	return err
}

func (s *Scale) waiting() waiting { return waiting{Gate: s.Gate, Poll: s.Poll, Out: s.Out} }

// settle waits until every control plane is a member that votes, and its API server is ready.
func (s *Scale) settle(ctx context.Context) error {
	runs, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer closeAll(runs)
	for _, r := range runs {
		o, err := s.waiting().until(ctx, r.op, (*Observation).controlPlaneFindings)
		if err != nil {
			return err
		}
		if members := o.ControlPlanes()[0].Etcd.Members; len(members) != s.To {
			return fmt.Errorf("etcd of %s has the members %s, and not %d; run: make status STACK=%s",
				r.op.cluster.Name, namesOf(members), s.To, s.now.Stack.Name)
		}
		s.waiting().logf("%s: etcd has %d members, which vote", r.op.cluster.Name, s.To)
	}
	return nil
}

// tidy takes the acknowledgments out of the stack file of which the update has deleted the machines: one that stays
// would allow a later edit to delete a member of etcd.
func (s *Scale) tidy() error {
	for _, step := range s.acknowledged() {
		name, is := strings.CutPrefix(step, etcdLeft)
		if !is || s.configured(name) {
			continue
		}
		file := s.now.Stack.stackFile()
		remove := func(text []byte) ([]byte, error) { return stackfile.Remove(text, acknowledgeKey, step) }
		if err := stackfile.Edit(file, remove); err != nil {
			return err
		}
		s.waiting().logf("%q is no longer in %s", step, file)
	}
	return nil
}

// configured reports whether the state has a control plane of a cluster of the stack. Steps of other clusters are kept.
func (s *Scale) configured(name string) bool {
	for _, c := range s.now.Stack.Clusters {
		if number, is := strings.CutPrefix(name, c.Name+"-"+cluster.ControlPlanePool+"-"); is {
			if _, err := strconv.Atoi(number); err == nil {
				all := append(slices.Clone(s.now.Configured[c.Name]), c.ControlPlanes...)
				return slices.ContainsFunc(all, func(m Machine) bool { return m.Name == name })
			}
		}
	}
	return true
}
