package operate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blang/semver"
	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/machineconfig"
	corev1 "k8s.io/api/core/v1"
)

// checkVersions compares what runs with the stack file.
func (o *Observation) checkVersions() []Finding {
	var all []Finding
	add := func(node, what, runs, want, remedy string) {
		if order := compare(runs, want); runs != "" && order != 0 {
			all = append(all, Finding{Level: Degraded, Node: node, Remedy: remedy,
				Problem: fmt.Sprintf("it runs %s %s, %s the stack file's %s", what, runs,
					[...]string{"behind", "", "ahead of"}[order+1], want)})
		}
	}
	other := func(node, schematic, remedy string) {
		if o.isOther(schematic) {
			all = append(all, Finding{Level: Degraded, Node: node, Remedy: remedy,
				Problem: fmt.Sprintf("its image is of the schematic %s, and the stack file has %s", schematic,
					o.schematic())})
		}
	}
	want := o.Cluster.Want
	for _, n := range o.Nodes {
		other(n.Name, n.Schematic, "run: make upgrade")
		add(n.Name, "Talos", n.Talos, want.TalosVersion, "run: make upgrade")
		for _, component := range components {
			add(n.Name, component, n.StaticPods[component].Version, want.KubernetesVersion, "run: make upgrade")
		}
		if n.Kubernetes != nil {
			add(n.Name, "kubelet", n.Kubernetes.Kubelet, want.KubernetesVersion, "run: make upgrade")
		}
	}
	for _, k := range o.GroupNodes {
		other(k.Name, k.Schematic, "the next make up replaces machines of scaling groups")
		add(k.Name, "Talos", k.Talos, want.TalosVersion, "the next make up replaces machines of scaling groups")
		add(k.Name, "kubelet", k.Kubelet, want.KubernetesVersion,
			"the next make up replaces machines of scaling groups")
	}
	return all
}

// schematic returns the schematic that the stack file wants.
func (o *Observation) schematic() string {
	return cmp.Or(o.Cluster.Want.Schematic, machineconfig.Schematic)
}

// isOther reports whether an image's schematic is known, and not the one that the stack file wants.
func (o *Observation) isOther(schematic string) bool {
	return schematic != "" && schematic != o.schematic()
}

// compare orders two versions, with or without a v: -1, 0 or 1. What is no version is equal to all.
func compare(a, b string) int {
	left, err := semver.Parse(strings.TrimPrefix(a, "v"))
	if err != nil {
		return 0
	}
	right, err := semver.Parse(strings.TrimPrefix(b, "v"))
	if err != nil {
		return 0
	}
	return left.Compare(right)
}

// pool returns the pool of a node as the stack file has it.
func (o *Observation) pool(name string) (cluster.Pool, bool) {
	i := slices.IndexFunc(o.Cluster.Want.Pools, func(p cluster.Pool) bool { return p.Name == name })
	if i < 0 {
		return cluster.Pool{}, false
	}
	return o.Cluster.Want.Pools[i], true
}

// ownTaints are the prefixes of taints that Kubernetes, Talos and Cilium set and take away by themselves.
var ownTaints = []string{"node.kubernetes.io/", "node.cloudprovider.kubernetes.io/", "node.cilium.io/",
	"node-role.kubernetes.io/"}

// isOwnTaint reports whether a taint comes and goes by itself.
func isOwnTaint(t corev1.Taint) bool {
	return slices.ContainsFunc(ownTaints, func(prefix string) bool { return strings.HasPrefix(t.Key, prefix) })
}

// poolHas reports whether the pool has the taint, with its value.
func poolHas(pool cluster.Pool, t corev1.Taint) bool {
	return slices.ContainsFunc(pool.Taints, func(p cluster.Taint) bool {
		return p.Key == t.Key && p.Value == t.Value && p.Effect == string(t.Effect)
	})
}

// applyRemedy is the remedy for a named node: an update cannot change what a kubelet may not.
const applyRemedy = "run: make apply"

// checkTaints compares a node's taints with its pool's: a kubelet sets them only when it registers.
func (o *Observation) checkTaints() []Finding {
	var all []Finding
	for _, k := range slices.Concat(o.named(), o.GroupNodes) {
		pool, ok := o.pool(k.Pool)
		if !ok {
			continue
		}
		remedy := applyRemedy
		if pool.InScalingGroup() {
			remedy = "the next make up replaces machines of scaling groups"
		}
		for _, t := range k.Taints {
			if !isOwnTaint(t) && !poolHas(pool, t) {
				all = append(all, Finding{Level: Degraded, Node: k.Name,
					Problem: fmt.Sprintf("it has the taint %s, which its pool %s has not", t.ToString(), pool.Name),
					Remedy: fmt.Sprintf("if the stack file had it, %s; else run: kubectl taint node %s %s:%s-", remedy,
						k.Name, t.Key, t.Effect)})
			}
		}
		for _, p := range pool.Taints {
			t := corev1.Taint{Key: p.Key, Value: p.Value, Effect: corev1.TaintEffect(p.Effect)}
			if !slices.ContainsFunc(k.Taints, func(has corev1.Taint) bool { return has.ToString() == t.ToString() }) {
				all = append(all, Finding{Level: Degraded, Node: k.Name, Remedy: remedy,
					Problem: fmt.Sprintf("it lacks the taint %s of its pool %s", t.ToString(), pool.Name)})
			}
		}
	}
	return all
}

// checkLabels compares a node's labels with its pool's.
func (o *Observation) checkLabels() []Finding {
	var all []Finding
	for _, k := range slices.Concat(o.named(), o.GroupNodes) {
		pool, ok := o.pool(k.Pool)
		if !ok {
			continue
		}
		remedy := applyRemedy
		if pool.InScalingGroup() {
			remedy = "the next make up replaces machines of scaling groups"
		}
		for _, key := range slices.Sorted(maps.Keys(pool.Labels)) {
			if has, ok := k.Labels[key]; !ok || has != pool.Labels[key] {
				all = append(all, Finding{Level: Degraded, Node: k.Name, Remedy: remedy,
					Problem: fmt.Sprintf("it lacks the label %s=%s of its pool %s", key, pool.Labels[key], pool.Name)})
			}
		}
	}
	return all
}

// named returns the Kubernetes nodes of machines that have names. Their pool is that of the machine.
func (o *Observation) named() []*KubernetesNode {
	var all []*KubernetesNode
	for _, n := range o.Nodes {
		if n.Kubernetes != nil {
			k := *n.Kubernetes
			k.Pool = n.Pool
			all = append(all, &k)
		}
	}
	return all
}
