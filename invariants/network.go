package invariants

// networkRows are about who reaches the machines, and what they reach.
var networkRows = []Invariant{
	{
		ID:        6,
		Sentence:  "Nothing is open to the internet, neither by addresses nor by a rule without a source.",
		Rules:     []string{"closed-to-the-internet"},
		Refused:   exposures,
		Allowed:   []Setting{allow("public to one network", publicTo(`["203.0.113.0/24"]`))},
		Elsewhere: []string{"TestOperatorsAreNeverNobodyAndNeverEverybody"},
	},
	{
		ID:       7,
		Sentence: "Port 22 is never open: Talos has no SSH.",
		Rules:    []string{"no-ssh"},
		Refused: []Setting{
			refuse("SSH, by a key that does not exist", stack("allowSsh", "true"), "allowSsh: there is no such key"),
			refuse("all ports, SSH among them, open to nodes", stack("openPorts", `[{"ports":"1-65535"}]`),
				"openPorts[0].ports: tcp-1-65535 holds the port of SSH"),
		},
	},
	{
		ID: 8,
		Sentence: "Each port is open only to what needs it: ports of nodes to nodes, the Talos API and the " +
			"Kubernetes API also to operators, and ports in `openPorts` to nodes and private networks.",
		Rules: []string{"node-ports-from-nodes"},
		Refused: []Setting{
			refuse("etcd open to a network", stack("openPorts", `[{"ports":"2379","from":["10.0.0.0/8"]}]`),
				"openPorts[0].ports: tcp-2379 holds the port of etcd"),
			refuse("the Talos API open to nodes", stack("openPorts", `[{"ports":50000}]`),
				"openPorts[0].ports: tcp-50000 holds the port of Talos"),
			refuse("all protocols in openPorts", stack("openPorts", `[{"ports":"9100","protocol":"all"}]`),
				"openPorts[0].protocol: there is no protocol"),
		},
		Allowed: []Setting{
			allow("ports for nodes and networks", stack("openPorts", openPorts)),
			allow("a public network operates a private stack", stack("operatorCidrs", `["12.0.0.0/8"]`)),
		},
		Elsewhere: []string{"TestNoSettingOpensWhatHasARule", "TestOpenPorts"},
	},
	{
		ID:       9,
		Sentence: "Every machine is behind its firewall from the moment it is created.",
		Rules:    []string{"machine-has-firewall", "firewall-covers-machine"},
		Allowed: []Setting{allow("a tag that looks like a firewall's",
			stack("tags", `{"inferadb-production-nyc1-control-plane":""}`))},
	},
	{
		ID:       24,
		Sentence: "Address ranges are well-formed and disjoint.",
		Unseen:   "It concerns the settings.",
		Refused: []Setting{
			refuse("a network of public addresses",
				stack("regions", `[{"name":"nyc1","network":{"cidr":"8.8.0.0/16"}}]`),
				"regions[0].network.cidr: 8.8.0.0/16 is not a private range"),
			refuse("a range with a leading zero", publicTo(`["010.0.0.0/8"]`),
				`operatorCidrs[0]: "010.0.0.0/8" is not a range`),
			refuse("a range twice", publicTo(`["203.0.113.0/24","203.0.113.0/24"]`),
				"operatorCidrs[1]: 203.0.113.0/24 is named twice"),
		},
		Elsewhere: []string{"TestAddressesAreDisjointOverAllRegions",
			"TestNetworksOfAllEnvironmentsAndRegionsAreDisjoint",
			"TestEachOfTheseIsRefused"},
	},
	{
		ID:       39,
		Sentence: "Machines wait for the NAT gateway, or whatever else gives them a route to the internet.",
		Unseen:   "The policy pack does not see dependencies.",
	},
	{
		ID: 42,
		Sentence: "Flow logs, if enabled, are complete; the account's encryption by default stays when the " +
			"stack is deleted.",
		Unseen: "It concerns the stack file and resource options, which the policy pack does not see.",
	},
}

// openPorts are for nodes, for networks, and for both.
const openPorts = `[{"ports": 9100}, {"ports": "30000-32767", "from": ["10.0.0.0/8", "192.168.0.0/16"]},
	{"ports": "7946", "protocol": "udp", "from": ["nodes", "100.64.0.0/10"]}]`

// exposures are ways to open the APIs and the machines to strangers.
var exposures = []Setting{
	refuse("public access from everywhere", publicTo(`["0.0.0.0/0"]`),
		"operatorCidrs[0]: 0.0.0.0/0 lets the whole internet"),
	refuse("private access, operators everywhere", stack("operatorCidrs", `["0.0.0.0/0"]`),
		"operatorCidrs[0]: 0.0.0.0/0 lets the whole internet"),
	refuse("public access from everywhere, as IPv6", publicTo(`["::/0"]`), "operatorCidrs[0]: ::/0 is not IPv4"),
	refuse("public access from everywhere, as IPv4 in IPv6", publicTo(`["::ffff:0.0.0.0/96"]`), "is not IPv4"),
	refuse("public access from both halves of the internet", publicTo(`["0.0.0.0/1","128.0.0.0/1"]`),
		"operatorCidrs[1]: 128.0.0.0/1 is wider than a /8"),
	refuse("public access from a /7", publicTo(`["2.0.0.0/7"]`), "operatorCidrs[0]: 2.0.0.0/7 is wider than a /8"),
	refuse("public access from several /8", publicTo(`["2.0.0.0/8","3.0.0.0/8","4.0.0.0/8"]`),
		"operatorCidrs: they hold 50331648 public addresses together"),
	refuse("public access from everywhere, written as an address", publicTo(`["203.0.113.7/0"]`),
		"operatorCidrs[0]: 203.0.113.7/0 has host bits set"),
	refuse("public access without operatorCidrs", stack("access", "public"),
		"operatorCidrs: public access needs the networks"),
	refuse("public access with empty operatorCidrs", publicTo(`[]`), "operatorCidrs: public access needs the networks"),
	refuse("an adopted network without operatorCidrs",
		stack("regions", `[{"name":"nyc1","network":{"id":"{network}","subnetIds":[{subnets}]}}]`),
		"operatorCidrs: is needed"),
	refuse("a port open to everywhere", stack("openPorts", `[{"ports":"9100","from":["0.0.0.0/0"]}]`),
		"openPorts[0].from[0]: 0.0.0.0/0 is not a private range"),
	refuse("a port open to a large part of the internet", stack("openPorts", `[{"ports":"9100","from":["8.0.0.0/5"]}]`),
		"openPorts[0].from[0]: 8.0.0.0/5 is not a private range"),
	refuse("a port open to a public network", stack("openPorts", `[{"ports":"9100","from":["203.0.113.0/24"]}]`),
		"openPorts[0].from[0]: 203.0.113.0/24 is not a private range"),
	refuse("a port open to everywhere, as IPv6", stack("openPorts", `[{"ports":"9100","from":["::/0"]}]`),
		"openPorts[0].from[0]: ::/0 is not IPv4"),
}

// The roles of machines, as firewalls tell them apart.
const (
	controlPlane = "control-plane"
	worker       = "worker"
	operators    = "operators"
	loadBalancer = "load-balancer"
)

// nodesMayReach returns who may open which port of a role, with the ports written as a cloud does: the first argument
// is how one port is written, the second a range.
func nodesMayReach(one, ports func(int, int) string) map[string][]string {
	both := []string{controlPlane, worker}
	allowed := map[string][]string{
		controlPlane + " " + ports(2379, 2380): {controlPlane},
		controlPlane + " " + one(6443, 6443):   {controlPlane, worker, loadBalancer},
		controlPlane + " " + one(10250, 10250): both,
		controlPlane + " " + one(50000, 50000): {controlPlane, operators},
		controlPlane + " " + one(50001, 50001): both,
		worker + " " + one(10250, 10250):       both,
		worker + " " + one(50000, 50000):       {controlPlane},
	}
	for _, role := range both {
		// VXLAN of Cilium and of flannel, Cilium's health checks, Hubble and WireGuard.
		for _, port := range []int{8472, 4789, 4240, 4244, 51871} {
			allowed[role+" "+one(port, port)] = both
		}
	}
	return allowed
}

// openedTo returns what [openPorts] adds for a role, by the ports.
func openedTo(one, ports func(int, int) string) map[string][]string {
	opened := map[string][]string{}
	for _, role := range []string{controlPlane, worker} {
		opened[role+" "+one(9100, 9100)] = []string{controlPlane, worker}
		opened[role+" "+ports(30000, 32767)] = []string{"10.0.0.0/8", "192.168.0.0/16"}
		opened[role+" "+one(7946, 7946)] = []string{controlPlane, worker, "100.64.0.0/10"}
	}
	return opened
}

// adopts reports whether the stack uses a network that exists already.
func (g *Graph) adopts() bool { return g.saysOfRegions("id") }
