package operate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is the status of a stack.
type Report struct {
	// Stack is the name of the stack.
	Stack string `json:"stack"`
	// Level is the worst status of a cluster: healthy, degraded or down.
	Level string `json:"status"`
	// Missing are the names of clusters in the stack file that were never brought up.
	Missing []string `json:"missing,omitempty"`
	// Clusters are the clusters that exist.
	Clusters []ClusterReport `json:"clusters"`

	worst Level
}

// ClusterReport is the status of one cluster.
type ClusterReport struct {
	// Name is the name of the cluster, such as inferadb-production-nyc1.
	Name string `json:"name"`
	// Level is healthy, degraded or down.
	Level string `json:"status"`
	// Server is the URL of the Kubernetes API.
	Server string `json:"server"`
	// APIVersion is the version of the Kubernetes API server; empty if it does not answer.
	APIVersion string     `json:"apiVersion,omitempty"`
	Etcd       EtcdReport `json:"etcd"`
	// Certificates are the times at which the credentials expire, in UTC as in RFC 3339, by kubeconfig and talosconfig.
	Certificates map[string]string `json:"certificates"`
	Nodes        []NodeReport      `json:"nodes"`
	// Findings are the problems of the cluster, in the order of the gates.
	Findings []Finding `json:"findings"`
}

// EtcdReport is the status of etcd, from the answers of all its members.
type EtcdReport struct {
	// Members is the number of members.
	Members int `json:"members"`
	// Leader is the node of the leader; empty if there is none.
	Leader string `json:"leader,omitempty"`
	// Size is the size of the largest database of a member, in bytes.
	Size int64 `json:"bytes"`
	// Quota is the size of a database at which etcd refuses writes, in bytes.
	Quota int64 `json:"quotaBytes"`
}

// NodeReport is the status of one machine: a named node, or a node of a scaling group.
type NodeReport struct {
	// Pool is the name of the worker pool, or control-plane.
	Pool string `json:"pool"`
	// Name is the name of the node in Kubernetes.
	Name string `json:"name"`
	// Address is the private IP address.
	Address string `json:"address"`
	// InGroup means that a scaling group started the machine.
	InGroup bool `json:"scalingGroup,omitempty"`
	// Talos is the version of Talos; empty if it is unknown.
	Talos string `json:"talos,omitempty"`
	// Schematic is the id of the image's schematic in Talos' Image Factory; empty if it is unknown.
	Schematic string `json:"schematic,omitempty"`
	// Kubernetes is the version of the kubelet without its v; empty if Kubernetes has no such node.
	Kubernetes string `json:"kubernetes,omitempty"`
	// Ready means that the node is ready in Kubernetes.
	Ready bool `json:"ready"`
	// Cordoned is what cordoned the node; empty if pods can be scheduled on it.
	Cordoned string `json:"cordonedBy,omitempty"`
	// Etcd is leader, member, learner or unknown; empty for a worker.
	Etcd string `json:"etcd,omitempty"`
	// Unreachable is why the Talos API does not answer; empty if it does.
	Unreachable string `json:"unreachable,omitempty"`
}

// NewReport returns the report of a stack from the observations of its clusters.
func NewReport(stack *Stack, observations []*Observation) Report {
	r := Report{Stack: stack.Name, Missing: stack.Missing, Clusters: []ClusterReport{}}
	if len(stack.Missing) > 0 {
		r.worst = Degraded
	}
	for _, o := range observations {
		c := newClusterReport(o)
		r.Clusters = append(r.Clusters, c)
		r.worst = max(r.worst, Worst(c.Findings))
	}
	r.Level = statusName(r.worst)
	return r
}

// ExitCode returns 0 for a healthy stack, 1 for a degraded one, and 2 if a cluster is down or cannot be reached.
func (r Report) ExitCode() int { return int(r.worst) }

func statusName(level Level) string {
	if level == Notice {
		return "healthy"
	}
	return level.String()
}

func newClusterReport(o *Observation) ClusterReport {
	findings := o.Findings(func(Gate) bool { return true })
	c := ClusterReport{
		Name: o.Cluster.Name, Level: statusName(Worst(findings)), Server: o.Cluster.Server, APIVersion: o.APIVersion,
		Etcd: EtcdReport{Quota: etcdQuota}, Certificates: map[string]string{},
		Findings: append([]Finding{}, findings...),
	}
	for _, certificate := range o.Certificates {
		c.Certificates[certificate.Name] = certificate.Expiry.UTC().Format(time.RFC3339)
	}
	if leader := o.Leader(); leader != nil {
		c.Etcd.Leader = leader.Name
	}
	for _, n := range o.Nodes {
		c.Nodes = append(c.Nodes, n.report())
		c.Etcd.Size, c.Etcd.Members = max(c.Etcd.Size, n.Etcd.Size), max(c.Etcd.Members, len(n.Etcd.Members))
	}
	for _, k := range o.GroupNodes {
		c.Nodes = append(c.Nodes, NodeReport{
			Pool: k.Pool, Name: k.Name, Address: k.Address, InGroup: true, Talos: k.Talos, Schematic: k.Schematic,
			Kubernetes: k.Kubelet,
			Ready:      k.Ready, Cordoned: k.Cordoned,
		})
	}
	return c
}

func (n *Node) report() NodeReport {
	r := NodeReport{Pool: n.Pool, Name: n.Name, Address: n.Address, Talos: n.Talos, Schematic: n.Schematic,
		Unreachable: n.TalosError}
	if k := n.Kubernetes; k != nil {
		r.Kubernetes, r.Ready, r.Cordoned = k.Kubelet, k.Ready, k.Cordoned
	}
	switch {
	case !n.ControlPlane:
	case n.EtcdError != "":
		r.Etcd = "unknown"
	case n.Etcd.Learner:
		r.Etcd = "learner"
	case n.Etcd.ID == n.Etcd.Leader && n.Etcd.ID != 0:
		r.Etcd = "leader"
	default:
		r.Etcd = "member"
	}
	return r
}

// JSON writes the report for programs.
func (r Report) JSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// Table writes the report for people.
func (r Report) Table(out io.Writer) error {
	for _, c := range r.Clusters {
		if err := c.table(out); err != nil {
			return err
		}
	}
	for _, name := range r.Missing {
		fmt.Fprintf(out, "%s  not there: it never came up; run: make up STACK=%s\n", name, r.Stack)
	}
	return nil
}

func (c ClusterReport) table(out io.Writer) error {
	fmt.Fprintf(out, "%s  %s\n", c.Name, c.Level)
	fmt.Fprintf(out, "  api           %s  %s\n", c.Server, orDash(c.APIVersion))
	fmt.Fprintf(out, "  etcd          %d members, leader %s, %s of %s\n", c.Etcd.Members, orDash(c.Etcd.Leader),
		size(c.Etcd.Size), size(c.Etcd.Quota))
	fmt.Fprintf(out, "  credentials   kubeconfig until %.10s, talosconfig until %.10s\n\n",
		c.Certificates["kubeconfig"], c.Certificates["talosconfig"])
	rows := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(rows, "  POOL\tNODE\tADDRESS\tTALOS\tSCHEMATIC\tKUBERNETES\tREADY\tSCHEDULING\tETCD")
	for _, n := range c.Nodes {
		talos, schematic, ready, scheduling := orDash(n.Talos), cmp.Or(fmt.Sprintf("%.12s", n.Schematic), "unknown"),
			"no", "yes"
		if n.Unreachable != "" {
			talos, schematic = "unreachable", "-"
		}
		if n.Ready {
			ready = "yes"
		}
		if n.Cordoned != "" {
			scheduling = "no, by " + n.Cordoned
		}
		cells := []string{n.Pool, n.Name, n.Address, talos, schematic, orDash(n.Kubernetes), ready, scheduling,
			orDash(n.Etcd)}
		fmt.Fprintf(rows, "  %s\n", strings.Join(cells, "\t"))
	}
	if err := rows.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	for _, f := range c.Findings {
		fmt.Fprintf(out, "  %-8s  %s: %s\n", f.Level, f.Gate, f)
	}
	if len(c.Findings) > 0 {
		fmt.Fprintln(out)
	}
	return nil
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
