package operate

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// etcdQuota is the size at which etcd refuses writes: https://etcd.io/docs/v3.6/op-guide/maintenance/#space-quota
	etcdQuota = 2 << 30
	// etcdFull is the size that is reported.
	etcdFull = etcdQuota / 4 * 3
	// raftLag is how many entries a member may be behind.
	raftLag = 1000
)

// checkEtcd returns etcdFindings, and a finding if etcd has too few members to lose one.
func (o *Observation) checkEtcd() []Finding {
	all := o.etcdFindings()
	for _, n := range o.ControlPlanes() {
		if n.EtcdError == "" && len(n.Etcd.Members) == 2 {
			return append(all, Finding{Level: Degraded, Problem: "etcd has 2 members, which bear no loss",
				Remedy: "make it 1 or 3: make control-planes TO=3"})
		}
	}
	return all
}

// etcdFindings compares the members with the machines, and each member with a healthy one.
func (o *Observation) etcdFindings() []Finding {
	nodes := o.ControlPlanes()
	healthy := slices.DeleteFunc(slices.Clone(nodes), func(n *Node) bool { return n.EtcdError != "" })
	if len(healthy) == 0 {
		return []Finding{{Level: Down, Problem: "no control plane's etcd answers: " + nodes[0].EtcdError,
			Remedy: "docs/operations.md#recover-lost-control-planes"}}
	}
	var all []Finding
	for _, n := range nodes {
		// checkReach names a node that does not answer at all.
		if n.EtcdError != "" && n.TalosError == "" {
			all = append(all, Finding{Level: Degraded, Node: n.Name, Problem: "its etcd does not answer: " +
				n.EtcdError,
				Remedy: fmt.Sprintf("look at: talosctl -n %s service etcd", n.Address)})
		}
	}
	all = append(all, o.checkMembers(healthy)...)
	all = append(all, o.checkLeader(healthy)...)
	newest := slices.MaxFunc(healthy, func(a, b *Node) int { return int(a.Etcd.RaftIndex) - int(b.Etcd.RaftIndex) })
	for _, n := range healthy {
		all = append(all, n.checkMember(newest.Etcd.RaftIndex)...)
	}
	return append(all, checkAlarms(healthy)...)
}

// checkMembers compares the member lists with each other and with the machines.
func (o *Observation) checkMembers(healthy []*Node) []Finding {
	var all []Finding
	first := healthy[0]
	for _, n := range healthy[1:] {
		if !slices.EqualFunc(sorted(n.Etcd.Members), sorted(first.Etcd.Members),
			func(a, b Member) bool { return a.ID == b.ID && a.Name == b.Name }) {
			return []Finding{{Level: Degraded, Node: n.Name,
				Problem: fmt.Sprintf("its etcd knows the members %s, and that of %s knows %s",
					namesOf(n.Etcd.Members), first.Name, namesOf(first.Etcd.Members)),
				Remedy: "wait until a change of members has ended"}}
		}
	}
	for _, m := range first.Etcd.Members {
		switch i := slices.IndexFunc(o.ControlPlanes(), func(n *Node) bool { return n.Name == m.Name }); {
		case m.Name == "":
			all = append(all, Finding{Level: Degraded,
				Problem: fmt.Sprintf("etcd has the member %x, which never started", m.ID),
				Remedy:  "look at the control plane that joined last"})
		case i < 0:
			all = append(all, Finding{Level: Degraded,
				Problem: fmt.Sprintf("etcd has the member %s (%x), which is not a machine of the stack", m.Name, m.ID),
				Remedy:  "if its machine is lost: make repair"})
		case len(m.Addresses) > 0 && !slices.Contains(m.Addresses, canonical(o.Nodes[i].Address)):
			all = append(all, Finding{Level: Degraded, Node: m.Name,
				Problem: fmt.Sprintf("etcd has its member at %s, and the machine is at %s",
					strings.Join(m.Addresses, ", "), o.Nodes[i].Address),
				Remedy: "if the machine was made anew: make repair"})
		case m.Learner:
			all = append(all, Finding{Level: Degraded, Node: m.Name,
				Problem: "its etcd is a learner, which does not vote yet",
				Remedy:  "wait until it has caught up"})
		}
	}
	for _, n := range o.ControlPlanes() {
		if !slices.ContainsFunc(first.Etcd.Members, func(m Member) bool { return m.Name == n.Name }) {
			all = append(all, Finding{Level: Degraded, Node: n.Name,
				Problem: "it is a control plane and no member of etcd",
				Remedy:  fmt.Sprintf("look at: talosctl -n %s service etcd", n.Address)})
		}
	}
	return all
}

// checkLeader asks whether a majority follows one leader.
func (o *Observation) checkLeader(healthy []*Node) []Finding {
	followers := map[uint64]int{}
	for _, n := range healthy {
		followers[n.Etcd.Leader]++
	}
	majority := len(healthy[0].Etcd.Members)/2 + 1
	most := 0
	for leader, count := range followers {
		if leader != 0 {
			most = max(most, count)
		}
	}
	switch {
	case most < majority:
		return []Finding{{Level: Down,
			Problem: fmt.Sprintf("etcd has lost its quorum: %d of %d members follow a leader, and %d are needed",
				most, len(healthy[0].Etcd.Members), majority),
			Remedy: "bring a control plane back; if they are lost: " +
				"docs/operations.md#recover-lost-control-planes"}}
	case len(followers) > 1:
		return []Finding{{Level: Degraded, Problem: "the members of etcd do not follow the same leader",
			Remedy: "wait until an election has ended"}}
	}
	return nil
}

// checkMember checks the status of one member.
func (n *Node) checkMember(newest uint64) []Finding {
	var all []Finding
	if len(n.Etcd.Errors) > 0 {
		all = append(all, Finding{Level: Degraded, Node: n.Name, Problem: "its etcd reports: " +
			strings.Join(n.Etcd.Errors, ", "),
			Remedy: fmt.Sprintf("look at: talosctl -n %s logs etcd", n.Address)})
	}
	if n.Etcd.AppliedIndex+raftLag < newest {
		all = append(all, Finding{Level: Degraded, Node: n.Name,
			Problem: fmt.Sprintf("its etcd is %d entries behind", newest-n.Etcd.AppliedIndex),
			Remedy:  "wait until it has caught up; if it does not, look at the machine's disk and network"})
	}
	if n.Etcd.Size >= etcdFull {
		all = append(all, Finding{Level: Degraded, Node: n.Name,
			Problem: fmt.Sprintf("etcd's database has %s of %s, at which it refuses writes",
				size(n.Etcd.Size), size(etcdQuota)), Remedy: "run: make repair"})
	}
	return all
}

// checkAlarms reports each alarm once: all members know of all alarms.
func checkAlarms(healthy []*Node) []Finding {
	var all []Finding
	seen := map[Alarm]bool{}
	for _, n := range healthy {
		for _, alarm := range n.Etcd.Alarms {
			if seen[alarm] {
				continue
			}
			seen[alarm] = true
			f := Finding{Level: Degraded, Problem: fmt.Sprintf("etcd has the alarm %s on member %x", alarm.Kind,
				alarm.Member),
				Remedy: "restore that member: docs/operations.md#recover-lost-control-planes"}
			if alarm.Kind == "NOSPACE" {
				f.Level, f.Remedy = Down, "etcd refuses writes; run: make repair"
			}
			for _, owner := range healthy {
				if owner.Etcd.ID == alarm.Member {
					f.Node = owner.Name
				}
			}
			all = append(all, f)
		}
	}
	return all
}

func sorted(members []Member) []Member {
	return slices.SortedFunc(slices.Values(members),
		func(a, b Member) int { return strings.Compare(fmt.Sprint(a.ID), fmt.Sprint(b.ID)) })
}

func namesOf(members []Member) string {
	var names []string
	for _, m := range sorted(members) {
		name := m.Name
		if name == "" {
			name = fmt.Sprintf("%x", m.ID)
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// size formats a number of bytes.
func size(bytes int64) string {
	if bytes >= 1<<30 {
		return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
	}
	return fmt.Sprintf("%.0f MiB", float64(bytes)/(1<<20))
}
