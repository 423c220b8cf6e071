package invariants

import (
	"slices"
	"strings"
)

func gcpRulesAreForMachines(g *Graph, v *Violations) {
	v.unless(len(g.ofType(gcpFirewall)) > 0, nil, "has no rules")
	for _, r := range g.ofType(gcpFirewall) {
		v.unless(r.Text("description") != "", r, "does not say why")
		v.unless(r.items("targetServiceAccounts") > 0, r, "is for machines of other people, too")
		if strings.HasSuffix(r.Name, "-egress") {
			v.equal("EGRESS", r.Text("direction"), r, "its direction")
			v.equal(2, r.items("targetServiceAccounts"), r, "number of roles that may leave")
			continue
		}
		v.equal("INGRESS", r.Text("direction"), r, "its direction")
	}
}

// gcpOpening is what a rule may open: the ports, from whom, to whom.
type gcpOpening struct{ ports, from, to []string }

// gcpOpenings returns what each purpose may open.
func gcpOpenings(g *Graph) map[string]gcpOpening {
	cp, all := []string{controlPlane}, []string{controlPlane, worker}
	openings := map[string]gcpOpening{
		"etcd":           {[]string{"tcp 2379-2380"}, cp, cp},
		"apid":           {[]string{"tcp 50000"}, cp, all},
		"api":            {[]string{"tcp 6443"}, all, cp},
		"trustd":         {[]string{"tcp 50001"}, all, cp},
		"kubelet":        {[]string{"tcp 10250"}, all, all},
		"overlay":        {[]string{"udp 8472", "udp 51871", "udp 4789"}, all, all},
		"overlay-tcp":    {[]string{"tcp 4240", "tcp 4244"}, all, all},
		"overlay-icmp":   {[]string{"icmp "}, all, all},
		"load-balancer":  {[]string{"tcp 6443"}, nil, cp},
		"health-checks":  {[]string{"tcp 50000"}, nil, []string{worker}},
		"operators-apid": {[]string{"tcp 50000"}, nil, cp},
		"egress":         {[]string{"all "}, nil, all},
	}
	if g.says("access") == "public" {
		// Nobody dials a private control plane past its load balancer.
		openings["operators-api"] = gcpOpening{[]string{"tcp 6443"}, nil, cp}
	}
	if g.says("openPorts") == openPorts {
		openings["open-tcp-9100"] = gcpOpening{[]string{"tcp 9100"}, all, all}
		openings["open-tcp-30000-32767-cidrs"] = gcpOpening{[]string{"tcp 30000-32767"}, nil, all}
		openings["open-udp-7946"] = gcpOpening{[]string{"udp 7946"}, all, all}
		openings["open-udp-7946-cidrs"] = gcpOpening{[]string{"udp 7946"}, nil, all}
	}
	return openings
}

// gcpHealthCheckers are where Google's health checks come from.
var gcpHealthCheckers = []string{"130.211.0.0/22", "35.191.0.0/16"}

var gcpPortsBreaks = []Breakage{
	rename(gcpFirewall, "nyc1-etcd", func(name string) string { return name + "-too" }),
	set(gcpFirewall, "nyc1-etcd", []any{"inferadb-production-nyc1-worker@mock"}, "sourceServiceAccounts"),
	set(gcpFirewall, "nyc1-apid", []any{"inferadb-production-nyc1-control-plane@mock"}, "targetServiceAccounts"),
	set(gcpFirewall, "nyc1-kubelet", []any{"10251"}, "allows", 0, "ports"),
	set(gcpFirewall, "nyc1-kubelet", []any{map[string]any{"protocol": "tcp", "ports": []any{"10250"}},
		map[string]any{"protocol": "tcp", "ports": []any{"10250"}}}, "allows"),
	set(gcpFirewall, "nyc1-load-balancer", []any{"10.0.0.0/8"}, "sourceRanges"),
	set(gcpFirewall, "nyc1-load-balancer", []any{"130.211.0.0/22", "35.191.0.0/16", "10.51.255.0/24"},
		"sourceRanges").in("adopted"),
	set(gcpFirewall, "-health-checks", []any{"10.0.0.0/8"}, "sourceRanges").in(gcpGroups),
	set(gcpFirewall, "nyc1-operators-apid", []any{"10.0.0.0/8", "192.168.0.0/16"}, "sourceRanges"),
	set(gcpFirewall, "nyc1-apid", []any{"10.0.0.0/8"}, "sourceRanges"),
	set(gcpFirewall, "nyc1-open-udp-7946-cidrs", []any{"172.16.0.0/12"}, "sourceRanges").in("open-ports"),
	rename(gcpFirewall, "nyc1-apid",
		func(name string) string { return strings.TrimSuffix(name, "apid") + "operators-api" }),
}

func gcpPortsAreTheLeast(g *Graph, v *Violations) {
	allowed := gcpOpenings(g)
	toNetworks := map[string][]string{
		"open-tcp-30000-32767-cidrs": {"10.0.0.0/8", "192.168.0.0/16"}, "open-udp-7946-cidrs": {"100.64.0.0/10"},
	}
	for _, r := range g.ofType(gcpFirewall) {
		name := strings.TrimPrefix(r.Name, g.clusterOf(r)+"-")
		may, known := allowed[name]
		v.unless(known, r, "serves no purpose that the stack has")
		v.sameItems(may.from, gcpRoles(g, r, "sourceServiceAccounts"), r, "whom it lets in")
		v.sameItems(may.to, gcpRoles(g, r, "targetServiceAccounts"), r, "whom it lets them reach")
		// A refresh of several protocols is never clean.
		v.equal(1, r.items("allows"), r, "number of protocols")
		for i := range r.items("allows") {
			ports := r.Texts("allows", i, "ports")
			if len(ports) == 0 {
				ports = []string{""}
			}
			for _, port := range ports {
				v.within(may.ports, []string{r.Text("allows", i, "protocol") + " " + port}, r, "a port")
			}
		}
		switch ranges := r.Texts("sourceRanges"); name {
		case "load-balancer":
			v.equal(3, len(ranges), r, "number of networks of load balancers")
			v.have(gcpHealthCheckers, ranges, r, "its sources")
			v.unless(!g.adopts() || slices.Contains(ranges, gcpProxies), r,
				"does not let in the adopted network's own proxies")
		case "health-checks":
			v.sameItems(gcpHealthCheckers, ranges, r, "its sources")
		case "operators-apid", "operators-api":
			v.equal(1, len(ranges), r, "number of networks of operators")
		default:
			v.sameItems(toNetworks[name], ranges, r, "its sources")
		}
	}
}

// gcpRoles are those of machines, by their accounts.
func gcpRoles(g *Graph, r *Resource, property string) []string {
	var roles []string
	for _, email := range r.Texts(property) {
		roles = append(roles, strings.TrimSuffix(strings.TrimPrefix(email, g.clusterOf(r)+"-"), "@mock"))
	}
	return roles
}

func gcpNoPublicAddress(g *Graph, v *Violations) {
	public := g.says("access") == "public"
	for _, r := range g.ofType(gcpAddress) {
		v.equal(public && strings.HasSuffix(r.Name, "-public"), r.Text("addressType") == "EXTERNAL", r,
			"whether it is public")
	}
	for _, r := range g.ofType(gcpInstance) {
		v.equal(public && r.isControlPlane(), r.has("networkInterfaces", 0, "accessConfigs"), r,
			"whether it has a public address")
	}
	for _, r := range g.ofType(gcpTemplate) {
		v.unless(!r.has("networkInterfaces", 0, "accessConfigs"), r, "makes machines with public addresses")
	}
}

// gcpProxy checks that the load balancer is a proxy. Talos does not work with passthrough load balancers.
func gcpProxy(g *Graph, v *Violations) {
	v.unless(len(g.ofType(gcpFrontend)) > 0, nil, "has no load balancer")
	for _, r := range g.ofType(gcpFrontend, gcpBackend) {
		v.equal("INTERNAL_MANAGED", r.Text("loadBalancingScheme"), r, "its scheme")
	}
}

var gcpTargetsBreaks = []Breakage{
	set(gcpHealthCheck, "", "443", "tcpHealthCheck", "port"), set(gcpHealthCheck, "", 30, "checkIntervalSec"),
	set(gcpBackend, "", []any{}, "backends"), set(gcpBackend, "", 30, "timeoutSec"),
	set(gcpBackend, "", 0, "backends", 0, "capacityScaler"),
	remove(gcpMember, ""), set(gcpMember, "", "us-east4-z", "zone"),
	set(gcpMember, "", gcpAPI+"/inferadb-production-nyc1-workers-0", "instance"),
}

func gcpTargets(g *Graph, v *Violations) {
	for _, r := range g.ofType(gcpHealthCheck) {
		v.equal("6443", r.Text("tcpHealthCheck", "port"), r, "its port")
		v.unless(r.number("checkIntervalSec") <= 10, r, "checks too rarely")
	}
	for _, r := range g.ofType(gcpBackend) {
		v.equal(gcpZones, r.items("backends"), r, "number of groups, one for each zone")
		v.unless(r.number("timeoutSec") >= 300, r, "cuts a quiet watch")
		for i := range r.items("backends") {
			v.equal("1", r.Text("backends", i, "capacityScaler"), r, "the capacity of a group")
		}
	}
	var members, controlPlanes []string
	for _, r := range g.ofType(gcpMember) {
		members = append(members, r.Text("instance"))
		v.unless(strings.HasSuffix(r.Text("instanceGroup"), r.Text("zone")), r, "is in a group of another zone")
	}
	for _, r := range only(g.ofType(gcpInstance), (*Resource).isControlPlane) {
		controlPlanes = append(controlPlanes, gcpAPI+"/"+r.Name)
	}
	v.sameItems(controlPlanes, members, nil, "the targets of its load balancers")
}

func gcpEndpoint(g *Graph, v *Violations) {
	for _, r := range g.ofType(talosApply) {
		frontend := g.named(gcpFrontend, g.clusterOf(r)+"-api")
		if frontend == nil {
			v.add(r, "has no load balancer")
			continue
		}
		name := frontend.Text("ipAddress")
		if g.bringsEndpoint() {
			name = ownEndpoint
		}
		v.unless(strings.Contains(r.Text(configuration), "endpoint: https://"+name+":6443"), r,
			"does not name the endpoint")
		for _, name := range []string{name, frontend.Text("ipAddress")} {
			v.unless(!r.isControlPlane() || strings.Contains(r.Text(configuration), "- "+name+"\n"), r,
				"has a certificate without %s", name)
		}
	}
}

// gcpGlobalAccess checks that clients of other regions reach the API, and that an existing forwarding rule is not
// replaced for it.
func gcpGlobalAccess(g *Graph, v *Violations) {
	for _, r := range g.ofType(gcpFrontend) {
		v.equal("true", r.Text("allowGlobalAccess"), r, "whether other regions reach it")
		v.have([]string{"allowGlobalAccess"}, r.IgnoreChanges, r, "the changes that are ignored")
	}
}

func gcpAdopted(g *Graph, v *Violations) {
	if !g.adopts() {
		return
	}
	for _, r := range g.ofType("gcp:compute/network:Network", gcpSubnet, "gcp:compute/router:Router", gcpNAT) {
		v.add(r, "is made in an adopted network")
	}
	for _, r := range g.ofType(gcpInstance) {
		v.equal(gcpAPI+"/machines", r.Text("networkInterfaces", 0, "subnetwork"), r, "its subnet")
	}
}

// gcpEgress checks the NAT gateway. An adopted network has its own.
func gcpEgress(g *Graph, v *Violations) {
	if g.adopts() {
		return
	}
	gateways := g.ofType(gcpNAT)
	for _, r := range g.ofType(gcpInstance, gcpManager) {
		v.unless(slices.ContainsFunc(gateways, func(way *Resource) bool { return g.reaches(r, way) }), r,
			"does not wait for its way out")
	}
}

func gcpFlowLogs(g *Graph, v *Violations) {
	for _, r := range g.ofType(gcpSubnet) {
		logged := g.says("flowLogs") == "true" && strings.HasSuffix(r.Name, "-nodes")
		v.equal(logged, r.has("logConfig"), r, "whether its flows are logged")
		v.unless(!logged || r.Text("logConfig", "flowSampling") == "1", r, "leaves flows out")
	}
}
