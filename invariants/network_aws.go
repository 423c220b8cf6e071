package invariants

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

var awsRulesAreResourcesBreaks = []Breakage{
	set(awsIngress, "", nil, "description"),
	set(awsSecurityGroup, "", []any{map[string]any{"protocol": "-1", "self": true}}, "ingress"),
	set(awsSecurityGroup, "", []any{map[string]any{"protocol": "-1", "self": true}}, "egress"),
}

// awsRulesAreResources checks that each firewall rule is a resource with a description, and that security groups have
// no inline rules.
func awsRulesAreResources(g *Graph, v *Violations) {
	v.unless(len(g.ofType(awsIngress)) > 0, nil, "has no rules")
	for _, r := range g.ofType(awsIngress) {
		v.unless(r.Text("description") != "", r, "does not say why")
	}
	for _, r := range g.ofType(awsSecurityGroup) {
		v.unless(!r.has("ingress") && !r.has("egress"), r, "has rules of its own")
	}
}

var awsPortsBreaks = []Breakage{
	set(awsIngress, "-etcd-from-control-plane", "inferadb-production-nyc1-worker-id", "referencedSecurityGroupId"),
	set(awsIngress, "-kubelet-from-worker", 10251, "toPort"),
	set(awsIngress, "nyc1-worker-apid-from-control-plane", "inferadb-production-nyc1-worker-id",
		"referencedSecurityGroupId"),
	alterAll(awsIngress, "9100", "opens for one role less", func(r *Resource) { r.put(9101, "fromPort") }).in(
		"open-ports"),
	alterAll(awsIngress, "30000", "opens for others", func(r *Resource) { r.put("172.16.0.0/12", "cidrIpv4") }).in(
		"open-ports"),
}

func awsRange(from, to int) string { return fmt.Sprintf("%d-%d", from, to) }

func awsRoleOf(group string) string {
	for _, role := range []string{controlPlane, worker, loadBalancer} {
		if strings.HasSuffix(group, "-"+role+"-id") {
			return role
		}
	}
	return operators
}

// awsPortsAreTheLeast compares every rule with what each port range may come from, by the group that it leads to.
func awsPortsAreTheLeast(g *Graph, v *Violations) {
	allowed := nodesMayReach(awsRange, awsRange)
	allowed["load-balancer 6443-6443"] = []string{controlPlane, worker, operators}
	allowed["load-balancer 3-4"] = []string{operators}
	for _, role := range []string{controlPlane, worker} {
		allowed[role+" 8-0"] = []string{controlPlane, worker}
	}
	if g.says("access") == "public" {
		allowed["control-plane 6443-6443"] = append(allowed["control-plane 6443-6443"], operators)
	}
	opened, found := map[string][]string{}, map[string]int{}
	if g.says("openPorts") == openPorts {
		opened = openedTo(awsRange, awsRange)
	}
	for _, r := range g.ofType(awsIngress) {
		key := fmt.Sprintf("%s %s-%s", awsRoleOf(r.Text("securityGroupId")), r.Text("fromPort"), r.Text("toPort"))
		source := awsRoleOf(r.Text("referencedSecurityGroupId"))
		if opened[key] != nil {
			v.within(opened[key], []string{cmp.Or(r.Text("cidrIpv4"), source)}, r, "source of "+key)
			found[key]++
			continue
		}
		v.within(allowed[key], []string{source}, r, "source of "+key)
	}
	for key, sources := range opened {
		v.equal(len(sources)*len(g.clusters()), found[key], nil, "number of rules for "+key)
	}
}

func awsNoPublicName(g *Graph, v *Violations) {
	v.unless(len(g.ofType(awsBalancer)) > 0, nil, "has no load balancer")
	for _, r := range g.ofType(awsZone) {
		v.unless(r.Text("vpcs", 0, "vpcId") != "", r, "is a public zone")
	}
}

func awsTargets(g *Graph, v *Violations) {
	for _, r := range g.ofType(awsTargetGroup) {
		v.equal("6443", r.Text("healthCheck", "port"), r, "the port of its health check")
		v.equal("TCP", r.Text("healthCheck", "protocol"), r, "the protocol of its health check")
		v.unless(r.number("healthCheck", "interval") <= 10, r, "checks too rarely")
	}
	var targets, controlPlanes []string
	for _, r := range g.ofType(awsTarget) {
		targets = append(targets, r.Text("targetId"))
	}
	for _, r := range only(g.ofType(awsInstance), (*Resource).isControlPlane) {
		controlPlanes = append(controlPlanes, r.Name+"-id")
	}
	v.sameItems(controlPlanes, targets, nil, "the targets of its load balancers")
	for _, r := range g.ofType(awsScalingGroup) {
		v.unless(!r.has("targetGroupArns"), r, "is a target")
	}
}

func awsBalancerOptions(g *Graph, v *Violations) {
	for _, r := range g.ofType(awsBalancer) {
		v.equal("true", r.Text("enableCrossZoneLoadBalancing"), r, "whether it crosses zones")
		v.unless(r.Text("securityGroups", 0) != "", r, "has no security group")
	}
	for _, r := range g.ofType(awsTargetGroup) {
		v.equal("false", r.Text("preserveClientIp"), r, "whether it shows the clients' addresses")
	}
	mtu := slices.ContainsFunc(g.ofType(awsIngress), func(r *Resource) bool {
		return r.Text("ipProtocol") == "icmp" && r.Text("fromPort") == "3" && r.Text("toPort") == "4"
	})
	v.unless(mtu, nil, "lets no fragmentation-needed through")
}

func awsEndpoint(g *Graph, v *Violations) {
	for _, r := range g.ofType(talosApply) {
		document, cluster := r.Text(configuration), g.clusterOf(r)
		name := "api." + cluster + ".internal"
		if g.bringsEndpoint() {
			name = ownEndpoint
		}
		v.unless(strings.Contains(document, "endpoint: https://"+name+":6443"), r, "does not name the endpoint")
		if r.isControlPlane() {
			v.unless(strings.Contains(document, "- "+name), r, "has a certificate without the endpoint")
			v.unless(strings.Contains(document, ".elb.amazonaws.com"), r,
				"has a certificate without the load balancer's own name")
		}
	}
}

// awsAdopted checks that an adopted network gets no further resources of a network.
func awsAdopted(g *Graph, v *Violations) {
	if !g.adopts() {
		return
	}
	network := []string{"Vpc", "Subnet", "RouteTable", "Route", "NatGateway", "InternetGateway", "Eip", "VpcEndpoint"}
	for _, r := range g.all() {
		v.unless(!slices.Contains(network, r.Type[strings.LastIndex(r.Type, ":")+1:]), r,
			"is made in an adopted network")
	}
	for _, r := range g.ofType(awsInterface) {
		v.unless(strings.HasPrefix(r.Text("subnetId"), "subnet-"), r, "is not in the adopted network")
	}
}

// awsEgress checks the NAT gateways, in production one for each zone. An adopted network has its own.
func awsEgress(g *Graph, v *Violations) {
	if g.adopts() {
		return
	}
	gateways, want := g.ofType(awsNAT), 0
	for _, cluster := range g.clusters() {
		if g.Environment == "production" {
			want += awsZonesOf(cluster.Name)
		} else {
			want++
		}
	}
	v.equal(want, len(gateways), nil, "number of NAT gateways")
	for _, r := range g.ofType(awsInstance, awsScalingGroup) {
		ways := gateways
		if g.says("access") == "public" && r.isControlPlane() {
			ways = g.ofType("aws:ec2/internetGateway:InternetGateway")
		}
		v.unless(slices.ContainsFunc(ways, func(way *Resource) bool { return g.reaches(r, way) }), r,
			"does not wait for its way out")
	}
}

var awsLogChecks = []Check{
	{Name: "flow-logs-are-complete", Look: awsFlowLogs, Breaks: []Breakage{
		set(awsFlowLog, "", "REJECT", "trafficType").in("watched"),
		set(awsFlowLog, "", "elsewhere", "logDestination").in("watched"),
		set(awsLogGroup, "", 1, "retentionInDays").in("watched"), remove(awsFlowLog, "").in("watched"),
		waitForNothing(awsFlowLog, "").in("watched"), add(awsFlowLog, "added", nil),
		replaceText(awsRole, "nyc1-flow-logs", "vpc-flow-logs.amazonaws.com", "ec2.amazonaws.com",
			"assumeRolePolicy").in("watched"),
		replaceText(awsPolicy, "nyc1-flow-logs", "arn:aws:logs:::log-group:", "arn:aws:logs:::other:",
			"policy").in("watched"),
	}},
	{Name: "encryption-by-default-outlives-the-stack", Look: awsDefaultEncryption, Breaks: []Breakage{
		alter(awsEBSDefault, "", "goes with the stack", func(_ *Graph, r *Resource) { r.Retain = false }).in("watched"),
		set(awsEBSDefault, "", false, "enabled").in("watched"),
		add(awsEBSDefault, "added", map[string]any{"enabled": true}),
		add("aws:ebs/defaultKmsKey:DefaultKmsKey", "added", nil),
	}},
}

const (
	awsFlowLog    = "aws:ec2/flowLog:FlowLog"
	awsLogGroup   = "aws:cloudwatch/logGroup:LogGroup"
	awsEBSDefault = "aws:ebs/encryptionByDefault:EncryptionByDefault"
)

// awsFlowLogs checks that flow logs, if the stack file asks for them, are complete, are kept for thirty days, and are
// written by a role that nothing else can use.
func awsFlowLogs(g *Graph, v *Violations) {
	logs := g.ofType(awsFlowLog)
	if g.says("flowLogs") != "true" {
		v.unless(len(logs) == 0, nil, "has flow logs that nobody asked for")
		return
	}
	v.equal(len(g.clusters()), len(logs), nil, "number of flow logs")
	for _, r := range logs {
		group := "arn:aws:logs:::log-group:" + r.Name
		v.equal("ALL", r.Text("trafficType"), r, "the traffic that is logged")
		v.equal(group, r.Text("logDestination"), r, "its destination")
		kept, role, writes := g.named(awsLogGroup, r.Name), g.named(awsRole, r.Name), g.named(awsPolicy, r.Name)
		if kept == nil || role == nil || writes == nil {
			v.add(r, "has no log group, role or policy")
			continue
		}
		v.equal("30", kept.Text("retentionInDays"), kept, "its days")
		for _, trust := range statements(v, role, "assumeRolePolicy") {
			v.unless(trust.Principal != nil &&
				slices.Equal(trust.Principal.Service, []string{"vpc-flow-logs.amazonaws.com"}), role,
				"is not the flow logs'")
			v.equal([]string{awsAccount}, trust.Condition["StringEquals"]["aws:SourceAccount"], role,
				"the account that it is for")
		}
		for _, statement := range statements(v, writes, "policy") {
			v.equal([]string{group, group + ":*"}, statement.Resource, writes, "what it writes to")
		}
		v.unless(g.reaches(r, writes), r, "begins before it may write")
	}
}

// awsDefaultEncryption checks that deleting the stack does not switch off the account's encryption by default, because
// other stacks share the account.
func awsDefaultEncryption(g *Graph, v *Violations) {
	want := 0
	if g.says("ebsEncryptionByDefault") == "true" {
		want = len(g.clusters())
	}
	settings := g.ofType(awsEBSDefault)
	v.equal(want, len(settings), nil, "number of settings of accounts")
	for _, r := range settings {
		v.unless(r.Retain, r, "goes with the stack")
		v.equal("true", r.Text("enabled"), r, "whether disks are encrypted by default")
	}
	for _, r := range g.all() {
		v.unless(!strings.Contains(r.Type, "defaultKmsKey"), r, "is an account's key, which does not go with a cluster")
	}
}
