package operate

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Level is the severity of a finding.
type Level int

const (
	// Notice means that nothing has to be done now.
	Notice Level = iota
	// Degraded means that the cluster works, but cannot survive another failure or differs from the stack file.
	Degraded
	// Down means that the cluster or a part of it does not work.
	Down
)

// String returns the level's name.
func (l Level) String() string { return [...]string{"notice", "degraded", "down"}[l] }

// MarshalText writes the level's name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Finding is a problem that a gate found, with what to do.
type Finding struct {
	// Gate is the name of the gate.
	Gate string `json:"gate"`
	// Level is notice, degraded or down.
	Level Level `json:"level"`
	// Node is the name of the node; empty for what concerns the whole cluster.
	Node string `json:"node,omitempty"`
	// Problem is what is wrong, and Remedy what to do: a command, or a section of a page.
	Problem string `json:"problem"`
	Remedy  string `json:"remedy"`
}

// String returns the finding in one line.
func (f Finding) String() string {
	text := f.Problem
	if f.Node != "" {
		text = f.Node + ": " + text
	}
	if f.Remedy != "" {
		text += "; " + f.Remedy
	}
	return text
}

// Gate is a named check of an observation.
type Gate struct {
	Name string
	// Upgrade means that an upgrade does not go on while the check has findings: before it starts, and before and after
	// each node. Acceptable means that --accept can skip it.
	Upgrade, Acceptable bool
	check               func(*Observation) []Finding
}

// Gates lists all checks. A check comes before those whose findings it explains.
var Gates = []Gate{
	{Name: "certificates", check: (*Observation).checkCertificates},
	{Name: "api", Upgrade: true, check: (*Observation).checkAPI},
	{Name: "reach", Upgrade: true, check: (*Observation).checkReach},
	{Name: "etcd", Upgrade: true, check: (*Observation).checkEtcd},
	{Name: "nodes", Upgrade: true, Acceptable: true, check: (*Observation).checkNodes},
	{Name: "system", Upgrade: true, Acceptable: true, check: (*Observation).checkSystem},
	{Name: "cordoned", check: (*Observation).checkCordoned},
	{Name: "versions", check: (*Observation).checkVersions},
	{Name: "taints", check: (*Observation).checkTaints},
	{Name: "labels", check: (*Observation).checkLabels},
	{Name: "drain", Acceptable: true, check: (*Observation).checkDrain},
	{Name: "manifests", Acceptable: true, check: (*Observation).checkManifests},
	{Name: "removed", Acceptable: true, check: (*Observation).checkRemoved},
}

// Findings asks the gates and returns what they have against the cluster.
func (o *Observation) Findings(ask func(Gate) bool) []Finding {
	var all []Finding
	for _, g := range Gates {
		if !ask(g) {
			continue
		}
		for _, f := range g.check(o) {
			f.Gate, f.Remedy = g.Name, withStack(f.Remedy, o.Cluster.Want.Stack)
			all = append(all, f)
		}
	}
	return all
}

// makeCommand finds the commands of a remedy that want to know the stack.
var makeCommand = regexp.MustCompile(
	`make (status|up|upgrade|apply|renew|repair|refresh|kubeconfig|talosconfig|control-planes|etcd-snapshot|etcd-restore)\b`)

// withStack adds the stack to the commands of a remedy, so that they can be typed as they are.
func withStack(remedy, stack string) string {
	if stack == "" || strings.Contains(remedy, "STACK=") {
		return remedy
	}
	return makeCommand.ReplaceAllString(remedy, "$0 STACK="+stack)
}

// Worst returns the highest level of the findings.
func Worst(findings []Finding) Level {
	level := Notice
	for _, f := range findings {
		level = max(level, f.Level)
	}
	return level
}

// warnBefore is how long before their end credentials are reported.
const warnBefore = 60 * 24 * time.Hour

func (o *Observation) checkCertificates() []Finding {
	var all []Finding
	for _, c := range o.Certificates {
		left := c.Expiry.Sub(o.Time)
		remedy := "run: make renew, then make " + c.Name
		switch day := c.Expiry.Format(time.DateOnly); {
		case c.Problem != "":
			all = append(all, Finding{Level: Down, Problem: "the " + c.Name + " cannot be used: " + c.Problem,
				Remedy: "run: make up"})
		case left <= 0:
			all = append(all, Finding{Level: Down, Problem: "the certificate in the " + c.Name + " expired on " + day,
				Remedy: remedy})
		case left < warnBefore:
			all = append(all, Finding{Level: Degraded, Remedy: remedy,
				Problem: fmt.Sprintf("the certificate in the %s expires on %s, in %d days", c.Name, day,
					int(left.Hours()/24))})
		}
	}
	return all
}

// checkAPI asks whether the API answers behind the load balancer, and whether each control plane's own API server is
// ready. The latter comes from the kubelets, because no firewall lets an operator reach the port of each.
func (o *Observation) checkAPI() []Finding {
	if o.APIError != "" {
		remedy := "check the load balancer of the cluster, and the route to it " +
			"(docs/getting-started.md#a-route-to-the-nodes)"
		if o.Leader() == nil {
			remedy = "repair etcd first: without a leader no API server answers"
		}
		return []Finding{{Level: Down, Problem: fmt.Sprintf("the Kubernetes API at %s does not answer: %s",
			o.Cluster.Server, o.APIError), Remedy: remedy}}
	}
	var all []Finding
	for _, n := range o.ControlPlanes() {
		if pod, ok := n.StaticPods[components[0]]; !ok || !pod.Ready {
			all = append(all, Finding{Level: Degraded, Node: n.Name, Problem: "its kube-apiserver is not ready",
				Remedy: fmt.Sprintf("look at: talosctl -n %s logs kubelet; kubectl -n kube-system get pods",
					n.Address)})
		}
	}
	return all
}

// checkReach asks whether each machine's Talos API answers.
func (o *Observation) checkReach() []Finding {
	var all []Finding
	silent := 0
	for _, n := range o.Nodes {
		if n.TalosError == "" {
			continue
		}
		if n.ControlPlane {
			silent++
		}
		all = append(all, Finding{Level: Degraded, Node: n.Name,
			Problem: fmt.Sprintf("its Talos API at %s does not answer: %s",
				cmp.Or(n.Endpoint, n.Address), n.TalosError),
			Remedy: "check whether the machine runs, and the route to " +
				"it; make repair shows what it delays"})
	}
	if silent > 0 && silent == len(o.ControlPlanes()) {
		return []Finding{{Level: Down, Problem: "no control plane's Talos API answers: " + o.Nodes[0].TalosError,
			Remedy: "check whether the machines run, and the route to them " +
				"(docs/getting-started.md#a-route-to-the-nodes)"}}
	}
	return all
}

func (o *Observation) checkNodes() []Finding {
	if o.APIError != "" {
		return nil
	}
	var all []Finding
	for _, n := range o.Nodes {
		switch k := n.Kubernetes; {
		case k == nil:
			all = append(all, Finding{Level: Degraded, Node: n.Name, Problem: "Kubernetes has no such node",
				Remedy: "look why it did not join: docs/troubleshooting.md#machines-that-do-not-join"})
		case !k.Ready:
			all = append(all, notReady(k))
		}
	}
	for _, k := range o.GroupNodes {
		if !k.Ready {
			all = append(all, notReady(k))
		}
	}
	for _, k := range o.Unknown {
		all = append(all, Finding{Level: Notice, Node: k.Name,
			Problem: "it is a node of Kubernetes and no machine of the stack",
			Remedy:  fmt.Sprintf("if its machine is gone: kubectl delete node %s", k.Name)})
	}
	return all
}

func notReady(k *KubernetesNode) Finding {
	return Finding{Level: Degraded, Node: k.Name, Problem: "it is not ready: " + k.Problem,
		Remedy: "look at: kubectl describe node " + k.Name}
}

// checkSystem asks about what the cluster itself runs.
func (o *Observation) checkSystem() []Finding {
	if o.APIError != "" {
		return nil
	}
	var all []Finding
	for _, n := range o.ControlPlanes() {
		for _, component := range components[1:] {
			if pod, ok := n.StaticPods[component]; !ok || !pod.Ready {
				all = append(all, Finding{Level: Degraded, Node: n.Name, Problem: "its " + component + " is not ready",
					Remedy: "look at: kubectl -n kube-system describe pod " + component + "-" + n.Name})
			}
		}
	}
	for _, w := range o.Workloads {
		if w.Ready < o.expected(w) {
			all = append(all, Finding{Level: Degraded,
				Problem: fmt.Sprintf("%s %s has %d of %d pods ready", w.Kind, w.Name, w.Ready, w.Desired),
				Remedy: fmt.Sprintf("look at: kubectl -n kube-system describe %s %s", strings.ToLower(w.Kind),
					w.Name)})
		}
	}
	return all
}

// expected returns how many pods of a workload can be ready. A DaemonSet has none on machines that are away by intent,
// or that a scaling group has ended while Kubernetes still has their nodes; checkNodes names those. A Deployment whose
// pods keep away from each other has no more than there are nodes for them.
func (o *Observation) expected(w Workload) int32 {
	var room, gone int32
	for _, k := range o.kubernetesNodes() {
		if k.Ready && k.Cordoned == "" {
			room++
		}
	}
	for _, k := range slices.Concat(o.GroupNodes, o.Unknown) {
		if !k.Ready {
			gone++
		}
	}
	if w.Kind == "DaemonSet" {
		return w.Desired - gone - int32(o.away)
	}
	return min(w.Desired, max(1, room))
}

func (o *Observation) checkCordoned() []Finding {
	var all []Finding
	for _, k := range o.kubernetesNodes() {
		if k.Cordoned == "" {
			continue
		}
		remedy := "if no one works on it: kubectl uncordon " + k.Name
		switch k.Cordoned {
		case byUpgrade:
			remedy = "an upgrade was interrupted; continue it: make upgrade"
		case byTalos:
			remedy = "if no one works on it: make repair"
		}
		all = append(all, Finding{Level: Degraded, Node: k.Name, Problem: "it is cordoned by " + k.Cordoned +
			": no new pod is placed on it", Remedy: remedy})
	}
	return all
}

func (o *Observation) checkDrain() []Finding {
	var all []Finding
	for _, b := range o.Budgets {
		all = append(all, Finding{Level: Notice,
			Problem: fmt.Sprintf("PodDisruptionBudget %s/%s allows no eviction of pods on %s",
				b.Namespace, b.Name, strings.Join(b.Nodes, ", ")),
			Remedy: "a drain waits until it does: add a replica, or repair the one that is not ready"})
	}
	return all
}

// kubernetesNodes returns all nodes that the API has, those of the stack first.
func (o *Observation) kubernetesNodes() []*KubernetesNode {
	var all []*KubernetesNode
	for _, n := range o.Nodes {
		if n.Kubernetes != nil {
			all = append(all, n.Kubernetes)
		}
	}
	return slices.Concat(all, o.GroupNodes, o.Unknown)
}
