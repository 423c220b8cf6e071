package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/inferadb/infra/machineconfig"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	talosconfig "github.com/siderolabs/talos/pkg/machinery/config"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// liveConfig asks a node for the configuration that it runs.
func (r *upgradeRun) liveConfig(ctx context.Context, o *Observation, n *Node) (talosconfig.Provider, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.op.Limit)
	defer cancel()
	c, ctx := r.way(ctx, o, n.Machine)
	live, err := configOf(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.Name, err)
	}
	return live, nil
}

// node reboots one node into its configuration, or finishes one that was begun.
func (a *Apply) node(ctx context.Context, r *upgradeRun, w *nodeWork) error {
	o, err := r.green(ctx, 1)
	if err != nil {
		return err
	}
	n := o.Node(w.name)
	if len(w.reboot) == 0 {
		r.logf("%s: finish", n.Name)
		return r.finish(ctx, n)
	}
	r.logf("%s: configuration with a reboot", n.Name)
	return r.restart(ctx, o, n, func(ctx context.Context, o *Observation, n *Node) error {
		ctx, cancel := context.WithTimeout(ctx, r.Node)
		defer cancel()
		c, ctx := r.way(ctx, o, n.Machine)
		r.logf("%s: rebooting", n.Name)
		_, err := c.ApplyConfiguration(ctx, &machine.ApplyConfigurationRequest{
			Data: []byte(w.pending.text), Mode: machine.ApplyConfigurationRequest_REBOOT,
		})
		if mayHaveBegun(err) {
			return nil
		}
		return fmt.Errorf("it refuses its configuration: %s", reason(err))
	})
}

// taintChange is what becomes of a node's taints.
type taintChange struct {
	// after are all of them, added and removed the difference.
	after, added, removed []corev1.Taint
}

func (t taintChange) empty() bool { return len(t.added)+len(t.removed) == 0 }

func (t taintChange) lines() []string {
	var lines []string
	for _, taint := range t.added {
		line := "taint " + taint.ToString()
		if taint.Effect == corev1.TaintEffectNoExecute {
			line += " (evicts the pods that do not tolerate it)"
		}
		lines = append(lines, line)
	}
	for _, taint := range t.removed {
		lines = append(lines, "take away the taint "+taint.ToString())
	}
	return lines
}

// changeTaints adds the taints that are wanted, and takes away those that the stack had given before and wants no more.
// What others have set stays.
func changeTaints(has, had, wanted []corev1.Taint) taintChange {
	in := func(list []corev1.Taint, t corev1.Taint) bool {
		return slices.ContainsFunc(list, func(other corev1.Taint) bool { return other.MatchTaint(&t) })
	}
	var change taintChange
	for _, t := range has {
		same := slices.ContainsFunc(wanted, func(w corev1.Taint) bool { return w.ToString() == t.ToString() })
		switch {
		case same:
			change.after = append(change.after, t)
		case in(wanted, t):
			// It has another value, and is added below.
		case in(had, t):
			change.removed = append(change.removed, t)
		default:
			change.after = append(change.after, t)
		}
	}
	for _, w := range wanted {
		if !in(change.after, w) {
			change.after, change.added = append(change.after, w), append(change.added, w)
		}
	}
	return change
}

// taintsAndLabels returns what the node of a pool needs. The taints that the stack had given it are those of its
// configuration in the state: an update that removes one is refused until this command has recorded it.
func (o *Observation) taintsAndLabels(n *Node, pending *PendingConfig) (taintChange, map[string]string) {
	pool, ok := o.pool(n.Pool)
	if !ok || n.Kubernetes == nil {
		return taintChange{}, nil
	}
	var had, wanted []corev1.Taint
	if pending != nil {
		had = parseTaints(machineconfig.RegistrationTaints(pending.Was))
	}
	for _, t := range pool.Taints {
		wanted = append(wanted, corev1.Taint{Key: t.Key, Value: t.Value, Effect: corev1.TaintEffect(t.Effect)})
	}
	labels := map[string]string{}
	for key, value := range pool.Labels {
		if has, ok := n.Kubernetes.Labels[key]; !ok || has != value {
			labels[key] = value
		}
	}
	return changeTaints(n.Kubernetes.Taints, had, wanted), labels
}

// parseTaints reads taints as RegistrationTaints writes them: "key=value:Effect".
func parseTaints(texts []string) []corev1.Taint {
	var taints []corev1.Taint
	for _, text := range texts {
		i := strings.LastIndex(text, ":")
		key, value, _ := strings.Cut(text[:i], "=")
		taints = append(taints, corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffect(text[i+1:])})
	}
	return taints
}

// strangeTaints names the taints that stay although the stack file does not have them.
func (o *Observation) strangeTaints(work []*nodeWork) []string {
	var lines []string
	for _, n := range o.Nodes {
		pool, ok := o.pool(n.Pool)
		if !ok || n.Kubernetes == nil {
			continue
		}
		after := n.Kubernetes.Taints
		if i := slices.IndexFunc(work, func(w *nodeWork) bool { return w.name == n.Name }); i >= 0 {
			after = work[i].taints.after
		}
		for _, t := range after {
			if !isOwnTaint(t) && !poolHas(pool, t) {
				lines = append(lines,
					fmt.Sprintf("%s: the taint %s is not the stack's, and stays; to take it "+
						"away: kubectl taint node %s %s:%s-",
						n.Name, t.ToString(), n.Kubernetes.Name, t.Key, t.Effect))
			}
		}
	}
	return lines
}

// taint changes the taints of a cluster's nodes.
func (a *Apply) taint(ctx context.Context, r *upgradeRun, o *Observation, work []*nodeWork) error {
	for _, w := range work {
		if w.taints.empty() {
			continue
		}
		a.logf("%s: %s", w.name, strings.Join(w.taints.lines(), "; "))
		n := o.Node(w.name)
		if err := r.op.kubernetes.setTaints(ctx, r.op.Limit, n.Kubernetes.Name,
			func(has []corev1.Taint) []corev1.Taint {
				fresh := *n.Kubernetes
				fresh.Taints = has
				now := *n
				now.Kubernetes = &fresh
				change, _ := o.taintsAndLabels(&now, w.pending)
				return change.after
			}); err != nil {
			return fmt.Errorf("%s: its taints cannot be changed: %s", w.name, reason(err))
		}
	}
	return nil
}

// setTaints changes the taints of a node, which controllers change as well: it writes only over what it has read.
func (k *kubernetesAPI) setTaints(ctx context.Context, limit time.Duration, name string,
	change func([]corev1.Taint) []corev1.Taint) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	for {
		var node corev1.Node
		if err := k.core.Get().Resource("nodes").Name(name).Do(ctx).Into(&node); err != nil {
			return err
		}
		err := k.patch(ctx, "nodes", name, map[string]any{
			"metadata": map[string]any{"resourceVersion": node.ResourceVersion},
			"spec":     map[string]any{"taints": change(node.Spec.Taints)},
		})
		if !apierrors.IsConflict(err) {
			return err
		}
	}
}

// label waits for the labels that Talos sets from the configuration, and sets what is missing after that: Talos leaves
// a label that another has set.
// https://github.com/siderolabs/talos/blob/v1.13.9/internal/app/machined/pkg/controllers/k8s/node_apply.go
func (a *Apply) label(ctx context.Context, r *upgradeRun) error {
	missing := func() map[*KubernetesNode]map[string]string {
		found := map[*KubernetesNode]map[string]string{}
		o := r.op.Observe(context.WithoutCancel(ctx))
		for _, n := range o.Nodes {
			if _, labels := o.taintsAndLabels(n, nil); len(labels) > 0 {
				found[n.Kubernetes] = labels
			}
		}
		return found
	}
	left := missing()
	for end := time.Now().Add(a.Settle); len(left) > 0 && time.Now().Before(end); left = missing() {
		if err := pause(ctx, a.Poll); err != nil {
			return errors.New("interrupted while waiting for the labels")
		}
	}
	for node, labels := range left {
		limited, cancel := context.WithTimeout(ctx, r.op.Limit)
		err := r.op.kubernetes.patch(limited, "nodes", node.Name,
			map[string]any{"metadata": map[string]any{"labels": labels}})
		cancel()
		if err != nil {
			return fmt.Errorf("%s: its labels cannot be changed: %s", node.Name, reason(err))
		}
		a.logf("%s: has its labels", node.Name)
	}
	return nil
}
