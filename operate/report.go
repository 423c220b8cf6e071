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
	Stack    string          `json:"stack"`
	Level    string          `json:"status"`
	Missing  []string        `json:"missing,omitempty"`
	Clusters []ClusterReport `json:"clusters"`

	worst Level
}

// ClusterReport is the status of one cluster.
type ClusterReport struct {
	Name         string            `json:"name"`
	Level        string            `json:"status"`
	Server       string            `json:"server"`
	APIVersion   string            `json:"apiVersion,omitempty"`
	Etcd         EtcdReport        `json:"etcd"`
	Certificates map[string]string `json:"certificates"`
	Nodes        []NodeReport      `json:"nodes"`
	Findings     []Finding         `json:"findings"`
}

// EtcdReport is etcd as its members see it together.
type EtcdReport struct {
	Members int    `json:"members"`
	Leader  string `json:"leader,omitempty"`
	// Size is that of the largest database, Quota the size at which etcd refuses writes.
	Size  int64 `json:"bytes"`
	Quota int64 `json:"quotaBytes"`
}

// NodeReport is one row: a machine that has a name, or a node of a scaling group.
type NodeReport struct {
	Pool       string `json:"pool"`
	Name       string `json:"name"`
	Address    string `json:"address"`
	InGroup    bool   `json:"scalingGroup,omitempty"`
	Talos      string `json:"talos,omitempty"`
	Schematic  string `json:"schematic,omitempty"`
	Kubernetes string `json:"kubernetes,omitempty"`
	Ready      bool   `json:"ready"`
	Cordoned   string `json:"cordonedBy,omitempty"`
	// Etcd is leader, member, learner or unknown; empty for a worker.
	Etcd string `json:"etcd,omitempty"`
	// Unreachable says why the Talos API does not answer.
	Unreachable string `json:"unreachable,omitempty"`
}

// NewReport puts the observations of a stack's clusters together.
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

// ExitCode is 0 for a healthy stack, 1 for a degraded one, and 2 if a cluster is down or cannot be reached.
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
