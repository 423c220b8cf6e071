package lifecycle

// The types of DigitalOcean that the mutations name.
const (
	doVPC          = "digitalocean:index/vpc:Vpc"
	doTag          = "digitalocean:index/tag:Tag"
	doFirewall     = "digitalocean:index/firewall:Firewall"
	doLoadBalancer = "digitalocean:index/loadBalancer:LoadBalancer"
	doImage        = "digitalocean:index/customImage:CustomImage"
	doKey          = "digitalocean:index/sshKey:SshKey"
)

// doUnseen are the resources of DigitalOcean that a cluster comes up without.
var doUnseen = []exception{
	{doFirewall, "worker", "a droplet that no firewall covers is open to everybody, and reachable: the invariants look for that"},
	{droplet, "data-*", "a worker that is missing is missed by nobody: TestLostDroplet"},
	{droplet, "control-plane-*", "a load balancer finds its targets by a tag, and etcd knows only members that have joined"},
}

// inbound replaces the rule of a firewall at a place in the order that components/digitalocean gives them.
func inbound(role string, index int, rule any, want string) mutation {
	return mutation{kind: doFirewall, name: role, field: "inboundRules." + string(rune('0'+index)), value: rule, want: want}
}

// closed is a rule that lets in nobody who is there.
func closed(protocol, ports string) map[string]any {
	return map[string]any{"protocol": protocol, "portRange": ports, "sourceAddresses": []any{"192.0.2.200"}}
}

func outboundOnly(rules ...any) []any { return rules }

func anywhere(protocol, ports string) map[string]any {
	return map[string]any{"protocol": protocol, "portRange": ports, "destinationAddresses": []any{"0.0.0.0/0"}}
}

var doMutations = []mutation{
	{kind: doVPC, want: "control-plane-0: does not start: 404 (not_found)"},
	{kind: doVPC, field: "region", value: "sfo3", want: "the droplet in nyc1"},
	{kind: doTag, name: "control-plane", want: "404 (not_found) the tag"},
	{kind: doTag, name: "worker", want: "404 (not_found) the tag"},
	{kind: doImage, want: "control-plane-0: does not start: 422 (unprocessable_entity) the image"},
	{kind: doImage, field: "regions.0", value: "sfo3", want: "is not available in nyc1, it is in sfo3"},
	{kind: doKey, want: "are invalid key identifiers for Droplet creation"},

	// The way out.
	{kind: doFirewall, name: "control-plane", field: "outboundRules", value: outboundOnly(), want: "control-plane-0: does not join: no name resolves: firewall"},
	{kind: doFirewall, name: "worker", field: "outboundRules", value: outboundOnly(anywhere("tcp", "all")), want: "data-0: does not join: no name resolves: firewall"},
	{kind: doFirewall, name: "worker", field: "outboundRules", value: outboundOnly(anywhere("udp", "all")), want: "data-0: does not join: no image can be pulled: firewall"},
	{kind: doFirewall, name: "worker", field: "outboundRules", value: outboundOnly(anywhere("tcp", "all"), anywhere("udp", "53")), want: "data-0: does not join: the time is unknown"},
	{kind: doFirewall, name: "worker", field: "outboundRules", value: outboundOnly(anywhere("tcp", "443"), anywhere("udp", "all")), want: "data-0: does not join: trustd: "},
	{kind: droplet, name: "data-0", field: "ipv4Address", value: "", want: "has no public address, and its VPC has no gateway"},

	// Between the nodes.
	{kind: doFirewall, name: "control-plane", want: "refuses its configuration: "},
	inbound("control-plane", 0, closed("tcp", "2379-2380"), "does not join: etcd: "),
	{kind: doFirewall, name: "control-plane", field: "inboundRules.0.portRange", value: "2379", want: ":2380"},
	{kind: doFirewall, name: "control-plane", field: "inboundRules.1.sourceAddresses", value: []any{}, want: "refuses its configuration: "},
	inbound("control-plane", 2, closed("tcp", "6443"), "KubePrism: "),
	inbound("control-plane", 3, closed("tcp", "50001"), "does not join: trustd: "),
	inbound("control-plane", 4, closed("tcp", "10250"), "lets 10250 through"),
	inbound("control-plane", 5, closed("udp", "8472"), "pods are unreachable: kube-system/cilium: "),
	{kind: droplet, name: "data-0", field: "tags", value: []any{}, want: "data-0: does not join: trustd: "},
	{kind: droplet, name: "control-plane-1", field: "tags", value: []any{}, want: "control-plane-1: does not join: etcd: "},
	{kind: droplet, name: "data-1", field: "vpcUuid", value: "other", want: "data-1: does not start: 404 (not_found)"},
	{kind: droplet, name: "data-1", field: "size", value: "s-other", want: "data-1: does not start: 422 (unprocessable_entity)"},
	{kind: droplet, name: "control-plane-0", field: "image", value: "1", want: "control-plane-0: does not start: 422 (unprocessable_entity)"},
	{kind: droplet, name: "control-plane-0", field: "sshKeys", value: []any{}, want: "an SSH key is required for a droplet from a custom image"},
	{kind: droplet, name: "control-plane-2", field: "__userData", value: "", want: "control-plane-2: does not join: no configuration"},

	// The load balancer.
	{kind: doFirewall, name: "api", want: "source the load balancer inferadb-production-nyc1-api-"},
	{kind: doFirewall, name: "api", field: "inboundRules.0.portRange", value: "443", want: "source the load balancer inferadb-production-nyc1-api-"},
	{kind: doFirewall, name: "api", field: "inboundRules.0.sourceLoadBalancerUids.0", value: "other", want: `the load balancer "other" could not be found`},
	{kind: doLoadBalancer, want: "10.101.128.2: does not lead to anything"},
	{kind: doLoadBalancer, field: "dropletTag", value: ref{doTag, "worker", ""}, want: "the load balancer inferadb-production-nyc1-api-"},
	{kind: doLoadBalancer, field: "forwardingRules.0.entryPort", value: 443.0, want: "has no forwarding rule for port 6443"},
	{kind: doLoadBalancer, field: "forwardingRules.0.targetPort", value: 50000.0, want: "sends port 6443 to port 50000 of"},
	{kind: doLoadBalancer, field: "forwardingRules.0.entryProtocol", value: "https", want: "cannot be forwarded to"},
	{kind: doLoadBalancer, field: "healthcheck.port", value: 10250.0, want: "lets 10250 through"},
	{kind: doLoadBalancer, field: "healthcheck.protocol", value: "https", want: "gets the status 401"},
	{kind: doLoadBalancer, field: "healthcheck.protocol", value: "http", want: "speaks HTTP, the Kubernetes API TLS"},
	{kind: doLoadBalancer, field: "enableProxyProtocol", value: true, want: "speaks the PROXY protocol, which its targets do not"},
	{kind: doLoadBalancer, field: "firewall.allows", value: []any{"cidr:192.0.2.0/24"}, want: "is not admitted by the load balancer"},
	{kind: doLoadBalancer, field: "firewall.denies", value: []any{"cidr:10.101.128.0/18"}, want: "is not admitted by the load balancer"},
	{kind: doLoadBalancer, field: "vpcUuid", value: "other", want: "10.101.128.2: does not lead to anything"},
	{kind: doLoadBalancer, field: "ip", value: "10.101.128.99", want: "10.101.128.2: does not lead to anything"},
}
