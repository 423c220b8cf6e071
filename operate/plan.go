package operate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blang/semver"
	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/machineconfig"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/compatibility"
)

// stepKind is what an upgrade does to one node.
type stepKind int

const (
	// finishNode waits for a node that runs the version already, and uncordons it: an earlier run was interrupted.
	finishNode stepKind = iota
	upgradeTalos
	upgradeComponent
	// configureProxy gives a control plane the image of kube-proxy that its Talos renders.
	configureProxy
	upgradeKubelet
	// syncManifests brings Cilium and the stack's own objects in line with what the stack wants.
	syncManifests
	// syncRendered brings the objects in line that Talos itself renders.
	syncRendered
)

// step is the next thing that an upgrade does.
type step struct {
	kind stepKind
	// node is a machine's name; component one of components.
	node, component string
}

// plan returns what is left to do until the cluster runs the versions. It knows nothing but the observation, so that a
// run which was interrupted at any point goes on.
func (o *Observation) plan(target cluster.Upgrade) []step {
	var steps []step
	for _, n := range o.order() {
		switch {
		case compare(n.Talos, target.Talos) != 0 || o.isOther(n.Schematic):
			steps = append(steps, step{kind: upgradeTalos, node: n.Name})
		case n.Kubernetes != nil && n.Kubernetes.Cordoned == byUpgrade:
			// It comes first: two nodes are never away at once.
			steps = slices.Insert(steps, 0, step{kind: finishNode, node: n.Name})
		}
	}
	kubernetes := o.planKubernetes(target)
	if len(o.syncable(false)) > 0 {
		at := len(kubernetes)
		if o.manifestsFirst(target.Kubernetes) {
			at = 0
		}
		kubernetes = slices.Insert(kubernetes, at, step{kind: syncManifests})
	}
	// What Talos renders depends on the versions that its control planes run: it comes last.
	if len(o.syncable(true)) > 0 {
		kubernetes = append(kubernetes, step{kind: syncRendered})
	}
	return append(steps, kubernetes...)
}

// planKubernetes returns the steps of an upgrade of Kubernetes. In none of them a kubelet is newer than an API server.
func (o *Observation) planKubernetes(target cluster.Upgrade) []step {
	var steps []step
	for _, component := range components {
		for _, n := range o.ControlPlanes() {
			if compare(n.StaticPods[component].Version, target.Kubernetes) != 0 {
				steps = append(steps, step{kind: upgradeComponent, node: n.Name, component: component})
			}
		}
	}
	for _, n := range o.ControlPlanes() {
		if proxyOf(n.rendered) != "" && compare(proxyOf(n.rendered), target.Kubernetes) != 0 {
			steps = append(steps, step{kind: configureProxy, node: n.Name})
		}
	}
	for _, n := range o.Nodes {
		if n.Kubernetes != nil && compare(n.Kubernetes.Kubelet, target.Kubernetes) != 0 {
			steps = append(steps, step{kind: upgradeKubelet, node: n.Name})
		}
	}
	return steps
}

// order returns the machines in the order of Talos upgrades: control planes before workers, and the leader of etcd as
// the last control plane.
func (o *Observation) order() []*Node {
	leader := o.Leader()
	nodes := slices.Clone(o.Nodes)
	slices.SortStableFunc(nodes, func(a, b *Node) int { return rank(a, leader) - rank(b, leader) })
	return nodes
}

func rank(n, leader *Node) int {
	switch {
	case !n.ControlPlane:
		return 2
	case n == leader:
		return 1
	}
	return 0
}

// checkPath returns why the cluster cannot be upgraded to the versions; nil if it can.
func (o *Observation) checkPath(target cluster.Upgrade) []Finding {
	var all []Finding
	refuse := func(node, problem, remedy string) {
		all = append(all, Finding{Gate: "path", Level: Degraded, Node: node, Problem: problem, Remedy: remedy})
	}
	want := o.Cluster.Want
	if compare(want.TalosVersion, target.Talos) > 0 || compare(want.KubernetesVersion, target.Kubernetes) > 0 {
		refuse("", fmt.Sprintf("the stack file has Talos %s and Kubernetes %s, and an upgrade never goes back",
			want.TalosVersion, want.KubernetesVersion),
			"name versions that are not lower")
	}
	for _, n := range o.Nodes {
		if problem, remedy := talosPath(n.Talos, target.Talos); problem != "" {
			refuse(n.Name, problem, remedy)
		}
		runs := map[string]string{}
		for component, pod := range n.StaticPods {
			runs[component] = pod.Version
		}
		if n.Kubernetes != nil {
			runs["kubelet"] = n.Kubernetes.Kubelet
		}
		for component, version := range runs {
			if problem, remedy := kubernetesPath(component, version, target.Kubernetes); problem != "" {
				refuse(n.Name, problem, remedy)
			}
		}
		for _, version := range []string{runs[components[0]], target.Kubernetes} {
			if version == "" {
				continue
			}
			if err := machineconfig.CheckVersions(target.Talos, version); err != nil {
				refuse(n.Name, err.Error(), "upgrade in steps: Talos and Kubernetes by one minor version at a time")
			}
		}
	}
	if want.CNI == cluster.Cilium {
		if _, err := machineconfig.CiliumVersion(target.Kubernetes); err != nil {
			refuse("", err.Error(), "choose another version of Kubernetes")
		}
	}
	return all
}

// talosPath returns why a node cannot be upgraded from one version of Talos to another; empty if it can.
func talosPath(runs, target string) (problem, remedy string) {
	from, err := semver.Parse(strings.TrimPrefix(runs, "v"))
	if err != nil {
		// checkReach names a node that gives no version.
		return "", ""
	}
	to, err := semver.Parse(strings.TrimPrefix(target, "v"))
	switch {
	case err != nil:
		return err.Error(), "write it like v1.13.10"
	case to.LT(from):
		return fmt.Sprintf("it runs Talos %s, and an upgrade never goes back to %s", runs, target),
			"name " + runs + " or a later version"
	case to.Major != from.Major || to.Minor > from.Minor+1:
		return fmt.Sprintf("it runs Talos %s, and %s skips a minor version", runs, target),
			fmt.Sprintf("upgrade to the last release of v%d.%d first", from.Major, from.Minor+1)
	}
	host, err := compatibility.ParseTalosVersion(&machine.VersionInfo{Tag: runs})
	if err != nil {
		return "", ""
	}
	version, err := compatibility.ParseTalosVersion(&machine.VersionInfo{Tag: target})
	if err != nil {
		return err.Error(), "write it like v1.13.10"
	}
	if err := version.UpgradeableFrom(host); err != nil {
		return "Talos has no way: " + err.Error(),
			"raise github.com/siderolabs/talos/pkg/machinery in go.mod if it does not know the version yet"
	}
	return "", ""
}

// kubernetesPath returns why a component cannot be upgraded from one version of Kubernetes to another; empty if it can.
func kubernetesPath(component, runs, target string) (problem, remedy string) {
	from, err := semver.Parse(runs)
	if err != nil {
		return "", ""
	}
	to, err := semver.Parse(target)
	switch {
	case err != nil:
		return err.Error(), "write it like 1.36.5"
	case to.LT(from):
		return fmt.Sprintf("it runs %s %s, and an upgrade never goes back to %s", component, runs, target),
			"name " + runs + " or a later version"
	case to.Major != from.Major || to.Minor > from.Minor+1:
		return fmt.Sprintf("it runs %s %s, and %s skips a minor version", component, runs, target),
			fmt.Sprintf("upgrade to %d.%d first", from.Major, from.Minor+1)
	}
	return "", ""
}

// describe writes the steps for people: one line for each kind.
func describe(steps []step, target cluster.Upgrade) []string {
	var lines []string
	add := func(format string, kind stepKind, component string, version string) {
		var names []string
		for _, s := range steps {
			if s.kind == kind && s.component == component {
				names = append(names, s.node)
			}
		}
		if len(names) > 0 {
			lines = append(lines, fmt.Sprintf(format, version, strings.Join(names, ", ")))
		}
	}
	add("finish what was interrupted%s: %s", finishNode, "", "")
	add("Talos %s, one at a time, with a drain and a reboot each: %s", upgradeTalos, "", target.Talos)
	for _, component := range components {
		add(component+" %s: %s", upgradeComponent, component, target.Kubernetes)
	}
	add("kube-proxy %s in the configurations of %s", configureProxy, "", target.Kubernetes)
	add("kubelet %s, one at a time, without a reboot: %s", upgradeKubelet, "", target.Kubernetes)
	return lines
}

// describeImages names the nodes that have the version already, in an image of another schematic.
func (o *Observation) describeImages(target cluster.Upgrade) []string {
	var names []string
	for _, n := range o.order() {
		if o.isOther(n.Schematic) && compare(n.Talos, target.Talos) == 0 {
			names = append(names, n.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("of these the same version with the schematic %s: %s", o.schematic(),
		strings.Join(names, ", "))}
}
