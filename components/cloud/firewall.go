package cloud

import "github.com/inferadb/infra/cluster"

// APIPort is the port of the Kubernetes API, on the load balancer and on the control planes.
const APIPort = 6443

// The roles that a firewall tells apart.
const (
	ControlPlane = "control-plane"
	Worker       = "worker"
)

// Rule lets one protocol from the machines of one role to those of another.
type Rule struct {
	// Name is unique among the rules to a role.
	Name string
	// Purpose groups rules: etcd, kubelet, overlay. The rules of one purpose connect every source role to every target
	// role, so that a cloud whose rules can have several sources and targets needs only one for each protocol of it.
	Purpose  string
	To, From string
	// Protocol is tcp, udp or icmp. For icmp Low is the type and High the code.
	Protocol  string
	Low, High int
	// Why is the rule's description in the cloud, where it has one.
	Why string
}

// NodeRules returns the rules between the nodes of a cluster, which are the same on every cloud, and those of the
// ports that the stack file opens between nodes. The ports:
// https://docs.siderolabs.com/talos/v1.13/learn-more/talos-network-connectivity (22 is not among them: Talos has no
// SSH).
func NodeRules(cluster cluster.Cluster) []Rule {
	rules := []Rule{
		{
			Name:     "etcd-from-control-plane",
			Purpose:  "etcd",
			To:       ControlPlane,
			From:     ControlPlane,
			Protocol: "tcp",
			Low:      2379,
			High:     2380,
			Why:      "etcd clients and peers",
		},
		tcp(50000, "apid", ControlPlane, ControlPlane, "Talos API, forwarded by a control plane"),
		tcp(50000, "apid", ControlPlane, Worker, "Talos API, forwarded by a control plane"),
	}
	for _, from := range []string{ControlPlane, Worker} {
		rules = append(rules,
			tcp(APIPort, "api", from, ControlPlane, "Kubernetes API: KubePrism on the nodes dials the control planes"),
			tcp(50001, "trustd", from, ControlPlane, "Talos trustd issues the certificates of the nodes"),
			tcp(10250, "kubelet", from, ControlPlane, "kubelet: logs, exec and metrics"),
			tcp(10250, "kubelet", from, Worker, "kubelet: logs, exec and metrics"),
		)
		for _, to := range []string{ControlPlane, Worker} {
			for _, rule := range overlay(cluster.CNI) {
				rule.Name, rule.Purpose, rule.From, rule.To = rule.Name+"-from-"+from, "overlay", from, to
				rules = append(rules, rule)
			}
		}
	}
	return append(rules, openRules(cluster.OpenPorts)...)
}

// OpenName returns the name of the rule that opens a port to nodes or networks: "open-tcp-9100".
func OpenName(open cluster.OpenPort) string { return "open-" + open.String() }

// OpenReason is the description of these rules in the cloud.
const OpenReason = "Opened by openPorts of the stack file"

// openRules returns the rules by which nodes of every role reach the opened ports of nodes of every role. Talos' own
// firewall does not block them: it has rules only for the port of the Talos API.
func openRules(ports []cluster.OpenPort) []Rule {
	var rules []Rule
	for _, open := range ports {
		if !open.Nodes {
			continue
		}
		for _, to := range []string{ControlPlane, Worker} {
			for _, from := range []string{ControlPlane, Worker} {
				rules = append(
					rules,
					Rule{Name: OpenName(open) + "-from-" + from, Purpose: OpenName(open), To: to, From: from,
						Protocol: open.Protocol, Low: open.Low, High: open.High, Why: OpenReason},
				)
			}
		}
	}
	return rules
}

func tcp(port int, name, from, to, why string) Rule {
	return Rule{
		Name:     name + "-from-" + from,
		Purpose:  name,
		To:       to,
		From:     from,
		Protocol: "tcp",
		Low:      port,
		High:     port,
		Why:      why,
	}
}

// overlay returns the rules for the ports by which the agents of the network plugin talk to each other.
// https://docs.cilium.io/en/stable/operations/system_requirements/#firewall-rules
func overlay(cni cluster.CNI) []Rule {
	if cni == cluster.Flannel {
		// Talos moves flannel's VXLAN from 8472 to the registered port.
		return []Rule{{Name: "vxlan", Protocol: "udp", Low: 4789, High: 4789, Why: "flannel VXLAN"}}
	}
	return []Rule{
		{Name: "vxlan", Protocol: "udp", Low: 8472, High: 8472, Why: "Cilium VXLAN"},
		{Name: "cilium-health", Protocol: "tcp", Low: 4240, High: 4240, Why: "Cilium health checks"},
		{Name: "cilium-ping", Protocol: "icmp", Low: 8, High: 0, Why: "Cilium health checks, ping"},
		{Name: "hubble", Protocol: "tcp", Low: 4244, High: 4244, Why: "Cilium Hubble between agents"},
		{Name: "wireguard", Protocol: "udp", Low: 51871, High: 51871, Why: "Cilium WireGuard encryption"},
	}
}
