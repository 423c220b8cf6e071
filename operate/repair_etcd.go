package operate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
)

// findMember looks for one member whose machine is lost: no machine of the stack has its name and its address, and
// nothing answers there. Controllers that compared only names have removed members that were alive:
// https://github.com/siderolabs/cluster-api-control-plane-provider-talos/pull/260
func (r *repairRun) findMember(ctx context.Context, o *Observation, found *repairs) {
	healthy := o.following()
	if len(o.checkMembers(healthy)) == 0 {
		return
	}
	var lost []Member
	for _, m := range healthy[0].Etcd.Members {
		if !o.has(m) {
			lost = append(lost, m)
		}
	}
	if len(lost) == 0 {
		return
	}
	// One in a run: the next one is decided by what the other members report then.
	m := lost[0]
	name := fmt.Sprintf("etcd has the member %s (%x at %s), which is not a machine of the stack",
		orDash(m.Name), m.ID, strings.Join(m.Addresses, ", "))
	if err := r.silent(ctx, m, healthy[0]); err != nil {
		found.refuse("%s, and %s", name, err)
		return
	}
	voters := slices.DeleteFunc(slices.Clone(healthy[0].Etcd.Members),
		func(other Member) bool { return other.ID == m.ID || other.Learner })
	if len(healthy)*2 <= len(voters) {
		found.refuse("%s, and without it %d of %d members would be healthy, which is no "+
			"majority; start the others first, "+
			"or, if they are lost: docs/operations.md#recover-lost-control-planes", name, len(healthy), len(voters))
		return
	}
	found.all = append(found.all, repair{
		title: fmt.Sprintf("%s, and which does not answer: remove it from etcd for good; %s stay", name,
			namesOf(voters)),
		typed: fmt.Sprintf("%x", m.ID),
		do:    func(ctx context.Context, r *repairRun) error { return r.removeMember(ctx, m) },
	})
}

// has reports whether a member may be that of a machine of the stack. A machine that was created anew has the name at
// another address, and then the old member is not its own. A member without a name has not started yet.
func (o *Observation) has(m Member) bool {
	return slices.ContainsFunc(o.ControlPlanes(), func(n *Node) bool {
		here := slices.Contains(m.Addresses, canonical(n.Address))
		return here || n.Name == m.Name && (len(m.Addresses) == 0 || n.EtcdError == "" && n.Etcd.ID == m.ID)
	})
}

// silent returns an error if anything answers at a member's addresses. A control plane asks there: firewalls may keep
// an operator away.
func (r *repairRun) silent(ctx context.Context, m Member, through *Node) error {
	for _, address := range m.Addresses {
		limited, cancel := context.WithTimeout(ctx, r.op.Limit)
		defer cancel()
		c, limited := r.op.talos.reach(limited, through.Machine, "")
		if _, err := versionOf(client.WithNode(limited, address), c); err == nil {
			return fmt.Errorf("a machine answers at %s: it is alive, and not removed; look whose it is: "+
				"make pulumi STACK=%s ARGS=\"stack output clusters\"", address, r.Stack.Name)
		}
	}
	return nil
}

// unhealthyFor is for how long etcd refuses a change of its members after one of them has connected.
// https://github.com/etcd-io/etcd/blob/v3.6.5/server/etcdserver/server.go
const unhealthyFor = 30 * time.Second

// removeMember removes exactly this member, and waits until the others agree.
func (r *repairRun) removeMember(ctx context.Context, m Member) error {
	o := r.op.Observe(ctx)
	healthy := o.following()
	if len(healthy) == 0 || o.has(m) {
		return fmt.Errorf("the members have changed meanwhile; nothing was removed; run: make repair STACK=%s",
			r.Stack.Name)
	}
	// The answer to the question may have taken an hour.
	if err := r.silent(ctx, m, healthy[0]); err != nil {
		return err
	}
	c, asked := r.op.talos.reach(ctx, healthy[0].Machine, "")
	for end := time.Now().Add(unhealthyFor); ; {
		err := c.EtcdRemoveMemberByID(asked, &machine.EtcdRemoveMemberByIDRequest{MemberId: m.ID})
		if err == nil {
			break
		}
		if !strings.Contains(err.Error(), "unhealthy cluster") || time.Now().After(end) {
			return fmt.Errorf("the member %x was not removed: %s", m.ID, reason(err))
		}
		if err := pause(ctx, r.Poll); err != nil {
			return err
		}
	}
	_, err := r.waiting().until(ctx, r.op, func(o *Observation) []Finding {
		if slices.ContainsFunc(o.following(), func(n *Node) bool {
			return slices.ContainsFunc(n.Etcd.Members, func(other Member) bool { return other.ID == m.ID })
		}) {
			return []Finding{{Gate: "etcd", Problem: fmt.Sprintf("the member %x is still on the list", m.ID)}}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.waiting().logf("the member %x is removed; next, if its control plane is to come back: make up STACK=%s", m.ID,
		r.Stack.Name)
	return nil
}

// findSpace looks for a database that is full, or close to it.
func (r *repairRun) findSpace(_ context.Context, o *Observation, found *repairs) {
	var full []string
	alarm := false
	for _, n := range o.following() {
		if n.Etcd.Size >= etcdFull {
			full = append(full, fmt.Sprintf("the database of %s has %s of %s", n.Name, size(n.Etcd.Size),
				size(etcdQuota)))
		}
		for _, a := range n.Etcd.Alarms {
			alarm = alarm || a.Kind == "NOSPACE"
			if a.Kind != "NOSPACE" {
				// Talos disarms all alarms at once: this one must stay.
				found.refuse("etcd has the alarm %s on member %x; restore that member: "+
					"docs/operations.md#recover-lost-control-planes", a.Kind, a.Member)
				return
			}
		}
	}
	if !alarm && len(full) == 0 {
		return
	}
	if len(found.all) > 0 {
		found.forYou("etcd is short of space as well; after the member is removed, run again: make repair STACK=%s",
			r.Stack.Name)
		return
	}
	title := strings.Join(full, "; ") + ": defragment one member after the other, the leader last"
	if alarm {
		title = strings.Join(append([]string{"etcd has the alarm NOSPACE and refuses writes"}, full...), "; ") +
			": defragment one member after the other, the leader last, and disarm the alarm"
	}
	if f := o.spaceless(); len(f) > 0 {
		found.refuse("etcd is short of space, and a member that is defragmented does not answer "+
			"meanwhile; repair this first: %s", f[0])
		return
	}
	found.all = append(found.all,
		repair{title: title, do: func(ctx context.Context, r *repairRun) error { return r.makeSpace(ctx, alarm) }})
}

// spaceless returns the findings about etcd except those that a full database explains.
func (o *Observation) spaceless() []Finding {
	quiet := *o
	quiet.Nodes = nil
	for _, n := range o.Nodes {
		other := *n
		other.Etcd.Alarms, other.Etcd.Size = nil, 0
		// A member repeats its alarms among its errors.
		other.Etcd.Errors = slices.DeleteFunc(slices.Clone(n.Etcd.Errors), func(text string) bool {
			return strings.Contains(text, "NOSPACE") || strings.Contains(text, "database space exceeded")
		})
		quiet.Nodes = append(quiet.Nodes, &other)
	}
	found := quiet.etcdFindings()
	for _, n := range o.ControlPlanes() {
		if n.TalosError != "" {
			found = append(found,
				Finding{Gate: "reach", Level: Degraded, Node: n.Name, Problem: "its Talos API does not answer: " +
					n.TalosError})
		}
	}
	for i := range found {
		if found[i].Gate == "" {
			found[i].Gate = "etcd"
		}
	}
	return found
}

// defragmentLimit is how long a member may take to defragment its database, or to disarm the alarm.
const defragmentLimit = 10 * time.Minute

// makeSpace defragments the members and disarms the alarm. A member does not answer while it is defragmented.
// https://etcd.io/docs/v3.6/op-guide/maintenance/#defragmentation
func (r *repairRun) makeSpace(ctx context.Context, alarm bool) error {
	o, err := r.waiting().until(ctx, r.op, (*Observation).spaceless)
	if err != nil {
		return err
	}
	nodes := slices.Clone(o.ControlPlanes())
	slices.SortStableFunc(nodes, func(a, b *Node) int { return leads(a) - leads(b) })
	for _, n := range nodes {
		r.waiting().logf("%s: defragmenting", n.Name)
		c, asked := r.op.talos.reach(ctx, n.Machine, "")
		asked, cancel := context.WithTimeout(asked, defragmentLimit)
		_, err := c.EtcdDefragment(asked)
		cancel()
		if err != nil {
			return fmt.Errorf("%s was not defragmented: %s", n.Name, reason(err))
		}
		if o, err = r.waiting().until(ctx, r.op, (*Observation).spaceless); err != nil {
			return err
		}
		r.waiting().logf("%s: has %s", n.Name, size(o.Node(n.Name).Etcd.Size))
	}
	if alarm {
		c, asked := r.op.talos.reach(ctx, nodes[0].Machine, "")
		asked, cancel := context.WithTimeout(asked, defragmentLimit)
		defer cancel()
		if _, err := c.EtcdAlarmDisarm(asked); err != nil {
			return fmt.Errorf("the alarm was not disarmed: %s", reason(err))
		}
		r.waiting().logf("etcd takes writes again")
	}
	_, err = r.waiting().until(ctx, r.op, func(o *Observation) []Finding {
		return slices.DeleteFunc(o.etcdFindings(), func(f Finding) bool { return f.Level == Notice })
	})
	if err != nil {
		return fmt.Errorf("%w; if the database is still large, delete objects that are not needed, and run it again",
			err)
	}
	return nil
}

func leads(n *Node) int {
	if n.Etcd.Leader == n.Etcd.ID {
		return 1
	}
	return 0
}
