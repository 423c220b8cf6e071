package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/inferadb/infra/stackfile"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// shrink lets the members that are to leave leave, one after the other.
func (r *scaleRun) shrink(ctx context.Context) error {
	if len(r.leaving) == 0 {
		return nil
	}
	o := r.op.Observe(ctx)
	members, err := r.members(o)
	if err != nil {
		return err
	}
	var left []Machine
	for _, m := range r.leaving {
		n := o.Node(m.Name)
		switch member, answers := isMember(members, m), n.TalosError == ""; {
		case member && !answers:
			return fmt.Errorf("%s is a member of etcd and does not answer: start it, or, if the "+
				"cloud has its machine no more: "+
				"make refresh STACK=%s, then make repair STACK=%s", m.Name, r.now.Stack.Name, r.now.Stack.Name)
		case !member && !answers:
			// An earlier run has come so far.
			if err := r.recordLeft(ctx, n); err != nil {
				return err
			}
		default:
			left = append(left, m)
		}
	}
	for _, m := range left {
		if err := r.leave(ctx, m); err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
	}
	return nil
}

// members returns etcd's list, as a control plane that stays and has a leader knows it.
func (r *scaleRun) members(o *Observation) ([]Member, error) {
	for _, m := range r.staying {
		if n := o.Node(m.Name); n.EtcdError == "" && n.Etcd.Leader != 0 {
			return n.Etcd.Members, nil
		}
	}
	return nil, fmt.Errorf("no control plane that stays has an etcd with a leader; run: make status STACK=%s",
		r.now.Stack.Name)
}

func isMember(members []Member, m Machine) bool {
	return slices.ContainsFunc(members, func(member Member) bool { return member.Name == m.Name })
}

// leave resets a node: it drains itself, leaves etcd, wipes its disk and shuts down. A node that answers is reset even
// if it is no member: it could still join. To leave etcd is not enough, because the node joins again at its next boot.
func (r *scaleRun) leave(ctx context.Context, m Machine) error {
	o, err := r.waiting().until(ctx, r.op, (*Observation).controlPlaneFindings)
	if err != nil && !r.onlyThisOne(o, m) {
		return err
	}
	if err := r.lock.check(ctx); err != nil {
		return err
	}
	r.waiting().logf("%s: leaving etcd", m.Name)
	c, reset := r.op.talos.reach(ctx, m, "")
	reset, cancel := context.WithTimeout(reset, r.op.Limit)
	defer cancel()
	if err := c.ResetGeneric(reset, &machine.ResetRequest{Graceful: true}); !mayHaveBegun(err) {
		return fmt.Errorf("it refused to leave etcd: %s", reason(err))
	}
	if err := r.waitUntilLeft(ctx, m); err != nil {
		return err
	}
	return r.recordLeft(ctx, o.Node(m.Name))
}

// onlyThisOne reports whether all that is in the way is the node itself, which is no member and goes anyway.
func (r *scaleRun) onlyThisOne(o *Observation, m Machine) bool {
	members, err := r.members(o)
	found := slices.DeleteFunc(o.controlPlaneFindings(), func(f Finding) bool { return f.Node == m.Name })
	return err == nil && !isMember(members, m) && len(found) == 0
}

// waitUntilLeft asks the control planes that stay until none of them counts the node as a member any more.
func (r *scaleRun) waitUntilLeft(ctx context.Context, m Machine) error {
	end := time.Now().Add(r.Leave)
	for {
		o := r.op.Observe(ctx)
		var asked []*Node
		for _, staying := range r.staying {
			if n := o.Node(staying.Name); n.EtcdError == "" && !isMember(n.Etcd.Members, m) {
				asked = append(asked, n)
			}
		}
		if len(asked) == len(r.staying) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("it was asked to leave etcd and is still a member after %s; look at: talosctl -n %s "+
				"dmesg",
				r.Leave, m.Address)
		}
		if err := pause(ctx, r.Poll); err != nil {
			return err
		}
	}
}

// recordLeft deletes the Kubernetes node, which would stay, and writes into the stack file that the member has left:
// only then does an update delete the machine.
func (r *scaleRun) recordLeft(ctx context.Context, n *Node) error {
	if n.Kubernetes != nil {
		err := r.op.kubernetes.core.Delete().Resource("nodes").Name(n.Kubernetes.Name).Do(ctx).Error()
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("%s has left etcd, and its node cannot be deleted: %s; run: kubectl delete node %s",
				n.Name, reason(err), n.Kubernetes.Name)
		}
	}
	step, file := etcdLeft+n.Name, r.now.Stack.stackFile()
	add := func(text []byte) ([]byte, error) { return stackfile.Append(text, acknowledgeKey, step) }
	if err := stackfile.Edit(file, add); err != nil {
		return errors.Join(fmt.Errorf("%s has left etcd, and %q could not be added to %s", n.Name, step,
			acknowledgeKey), err)
	}
	// The gates ask nothing of it any more.
	c := r.op.cluster
	c.ControlPlanes = slices.DeleteFunc(slices.Clone(c.ControlPlanes), func(m Machine) bool { return m.Name == n.Name })
	r.waiting().logf("%s has left etcd; %q is in %s", n.Name, step, file)
	return nil
}
