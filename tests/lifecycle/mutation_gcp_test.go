package lifecycle

// The types of Google Cloud that the mutations name.
const (
	gcpNetwork    = "gcp:compute/network:Network"
	gcpSubnetwork = "gcp:compute/subnetwork:Subnetwork"
	gcpRouter     = "gcp:compute/router:Router"
	gcpNAT        = "gcp:compute/routerNat:RouterNat"
	gcpFirewall   = "gcp:compute/firewall:Firewall"
	gcpAddress    = "gcp:compute/address:Address"
	gcpForwarding = "gcp:compute/forwardingRule:ForwardingRule"
	gcpProxy      = "gcp:compute/regionTargetTcpProxy:RegionTargetTcpProxy"
	gcpBackend    = "gcp:compute/regionBackendService:RegionBackendService"
	gcpGroup      = "gcp:compute/instanceGroup:InstanceGroup"
	gcpMember     = "gcp:compute/instanceGroupMembership:InstanceGroupMembership"
	gcpCheck      = "gcp:compute/regionHealthCheck:RegionHealthCheck"
	gcpAlive      = "gcp:compute/healthCheck:HealthCheck"
	gcpTemplate   = "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate"
	gcpScaler     = "gcp:compute/regionAutoscaler:RegionAutoscaler"
	gcpAccount    = "gcp:serviceaccount/account:Account"
	gcpKeyRing    = "gcp:kms/keyRing:KeyRing"
	gcpKey        = "gcp:kms/cryptoKey:CryptoKey"
	gcpKeyMember  = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
	gcpMetric     = "gcp:logging/metric:Metric"
	gcpAlert      = "gcp:monitoring/alertPolicy:AlertPolicy"
)

// gcpUnseen are the resources of Google Cloud that a cluster comes up without.
var gcpUnseen = []exception{
	{gcpAddress, "", "what runs keeps its address; the reservation keeps others from it"},
	{gcpFirewall, "egress", "a network lets everything out unless a rule denies it"},
	{gcpKeyRing, "", "a ring cannot be deleted, and its keys are found without it"},
	{gcpMetric, "", "a metric that is not there counts nothing, and nothing depends on it"},
	{gcpAlert, "", "an alarm that is not there announces nothing, and nothing depends on it"},
	{gcpScaler, "", "a group without an autoscaler keeps the size that it has"},
	{gceManager, "web-on-demand", "a group that is not there starts no machine, and nobody misses it"},
	{gceInstance, "data-*", "a worker that is missing is missed by nobody: TestLostInstance"},
	{gceInstance, "web-*", "a group replaces its machines: TestInterruption"},
}

var gcpMutations = []mutation{
	// The network and the way out.
	{kind: gcpNetwork, want: "networks/inferadb-production-nyc1-network-"},
	{kind: gcpNetwork, field: "deleteDefaultRoutesOnCreate", value: true, want: "has no default route to the internet"},
	{kind: gcpSubnetwork, name: "nodes", want: "control-plane-0: does not start: Error 404"},
	{kind: gcpSubnetwork, name: "proxies", want: "has no subnetwork for its proxies"},
	{kind: gcpSubnetwork, name: "proxies", field: "role", value: "BACKUP", want: "has no subnetwork for its proxies"},
	{kind: gcpSubnetwork, name: "proxies", field: "ipCidrRange", value: "10.101.160.0/22", want: "the proxies of inferadb-production-nyc1-api-"},
	{kind: gcpRouter, want: "no image can be pulled: inferadb-production-nyc1-control-plane-0: has no public address, and no NAT gateway serves its subnetwork"},
	{kind: gcpRouter, field: "network", value: "projects/inferadb-simulated/global/networks/other", want: "no NAT gateway serves its subnetwork"},
	{kind: gcpNAT, want: "no NAT gateway serves its subnetwork"},
	{kind: gcpNAT, field: "router", value: "other", want: "no NAT gateway serves its subnetwork"},
	{kind: gcpNAT, field: "subnetworks.0.name", value: ref{gcpSubnetwork, "proxies", "selfLink"}, want: "no NAT gateway serves its subnetwork"},
	{kind: gcpNAT, field: "subnetworks.0.sourceIpRangesToNats", value: []any{"LIST_OF_SECONDARY_IP_RANGES"}, want: "no NAT gateway serves its subnetwork"},
	{kind: gcpNAT, field: "maxPortsPerVm", value: 32.0, want: "Under dynamic port allocation both numbers of ports must be powers of two"},
	{kind: gcpFirewall, name: "egress", field: "denies", value: []any{map[string]any{"protocol": "all"}}, want: "denies 443 to 203.0.113.80",
		also: []mutation{{kind: gcpFirewall, name: "egress", field: "allows"}}},
	{kind: gcpFirewall, name: "egress", field: "denies", value: []any{map[string]any{"protocol": "udp"}}, want: "pods are unreachable: ",
		also: []mutation{{kind: gcpFirewall, name: "egress", field: "allows"}}},

	// Between the nodes.
	{kind: gcpFirewall, name: "etcd", want: "does not join: etcd: "},
	{kind: gcpFirewall, name: "etcd", field: "allows.0.ports", value: []any{"2379"}, want: ":2380"},
	{kind: gcpFirewall, name: "etcd", field: "disabled", value: true, want: "does not join: etcd: "},
	{kind: gcpFirewall, name: "trustd", want: "does not join: trustd: "},
	{kind: gcpFirewall, name: "trustd", field: "sourceServiceAccounts", value: []any{ref{gcpAccount, "control-plane", "email"}}, want: "does not join: trustd: "},
	{kind: gcpFirewall, name: "kubelet", want: "lets 10250 from"},
	{kind: gcpFirewall, name: "kubelet", field: "targetServiceAccounts", value: []any{ref{gcpAccount, "worker", "email"}}, want: "lets 10250 from"},
	{kind: gcpFirewall, name: "apid", want: "refuses its configuration: "},
	{kind: gcpFirewall, name: "api", want: "KubePrism: "},
	{kind: gcpFirewall, name: "overlay", want: "pods are unreachable: kube-system/cilium: "},
	{kind: gcpFirewall, name: "overlay", field: "allows.0.ports", value: []any{"8472"}, want: ":51871/udp"},
	{kind: gcpFirewall, name: "overlay", field: "allows.0.ports", value: []any{"51871"}, want: ":8472/udp"},
	{kind: gcpFirewall, name: "overlay", field: "allows.0.protocol", value: "tcp", want: ":8472/udp"},
	{kind: gcpFirewall, name: "overlay", field: "direction", value: "EGRESS", want: ":8472/udp"},
	{kind: gcpFirewall, name: "overlay", field: "network", value: "projects/inferadb-simulated/global/networks/other", want: ":8472/udp"},
	{kind: gcpFirewall, name: "overlay-tcp", want: "looks after itself: "},
	{kind: gcpFirewall, name: "overlay-icmp", want: "ICMP type 8"},
	{kind: gcpFirewall, name: "apid", field: "denies", value: []any{map[string]any{"protocol": "tcp", "ports": []any{"50000"}}}, want: "refuses its configuration: ",
		also: []mutation{{kind: gcpFirewall, name: "apid", field: "allows"}}},

	// The load balancer, and the operator.
	{kind: gcpFirewall, name: "load-balancer", want: "the cluster's endpoint 10.101.128.2:6443: the proxies of"},
	{kind: gcpFirewall, name: "load-balancer", field: "sourceRanges", value: []any{"10.101.188.0/22"}, want: "the health checks of inferadb-production-nyc1-api-"},
	{kind: gcpFirewall, name: "load-balancer", field: "sourceRanges", value: []any{"130.211.0.0/22", "35.191.0.0/16"}, want: "the proxies of inferadb-production-nyc1-api-"},
	{kind: gcpFirewall, name: "operators-apid", want: "the operator to inferadb-production-nyc1-control-plane-0: firewall"},
	{kind: gcpForwarding, want: "10.101.128.2: does not lead to anything"},
	{kind: gcpForwarding, field: "portRange", value: "443", want: "has no rule for port 6443"},
	{kind: gcpForwarding, field: "loadBalancingScheme", value: "INTERNAL", want: "passes packets through with its own address, which no interface of Talos has"},
	{kind: gcpForwarding, field: "ipAddress", value: "10.101.128.99", want: "10.101.128.2: does not lead to anything"},
	{kind: gcpForwarding, field: "target", value: "projects/inferadb-simulated/regions/us-east4/targetTcpProxies/other", want: "has no target proxy"},
	{kind: gcpProxy, want: "has no target proxy"},
	{kind: gcpProxy, field: "backendService", value: "projects/inferadb-simulated/regions/us-east4/backendServices/other", want: "has no backend service"},
	{kind: gcpBackend, want: "has no backend service"},
	{kind: gcpBackend, field: "portName", value: "other", want: `has no port named "other"`},
	{kind: gcpBackend, field: "healthChecks", value: "projects/inferadb-simulated/regions/us-east4/healthChecks/other", want: "has no health check"},
	{kind: gcpBackend, field: "backends", value: []any{}, want: "has no backend for port 6443"},
	{kind: gcpCheck, want: "has no health check"},
	{kind: gcpCheck, field: "tcpHealthCheck.port", value: 10250.0, want: "the health checks of inferadb-production-nyc1-api-"},
	{kind: gcpCheck, field: "httpsHealthCheck", value: map[string]any{"port": 6443.0}, want: "the health check gets the status 401"},
	{kind: gcpGroup, name: "api-us-east4-a", want: "has no group projects/inferadb-simulated/zones/us-east4-a/instanceGroups/"},
	{kind: gcpGroup, name: "api-us-east4-b", field: "namedPorts.0.port", value: 443.0, want: "sends port 6443 to port 443 of"},
	{kind: gcpMember, name: "control-plane-2", want: "control-plane-2: is not behind the cluster's endpoint"},
	{kind: gcpMember, name: "control-plane-0", field: "instance", value: "projects/inferadb-simulated/zones/us-east4-a/instances/other", want: "control-plane-0: is not behind the cluster's endpoint"},

	// The machines and what they are made from.
	{kind: gceInstance, name: "control-plane-1", want: "the group has a member that does not run"},
	{kind: gceInstance, name: "control-plane-0", field: "bootDisk.initializeParams.image", value: "projects/talos-cloud-images/global/images/talos", want: "control-plane-0: does not start: Error 404"},
	{kind: gceInstance, name: "control-plane-0", field: "machineType", value: "t2a-standard-2", want: "control-plane-0: does not start: Error 400"},
	{kind: gceInstance, name: "control-plane-1", field: "metadata.user-data", want: "control-plane-1: does not join: no configuration: the machine waits in maintenance mode"},
	{kind: gceInstance, name: "data-0", field: "serviceAccount.email", value: "other@inferadb-simulated.iam.gserviceaccount.com", want: "data-0: does not start: Error 404"},
	{kind: gceInstance, name: "data-1", field: "shieldedInstanceConfig", value: map[string]any{"enableSecureBoot": true}, want: "is not signed: the machine would not boot"},
	{kind: gcpAccount, name: "control-plane", want: "control-plane-0: does not start: Error 404"},
	{kind: gcpAccount, name: "worker", want: "web-spot: starts no machine: Error 404"},
	{kind: gcpKey, want: "control-plane-0: does not start: Error 404"},
	{kind: gcpKeyMember, want: "Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied"},
	{kind: gcpKeyMember, field: "role", value: "roles/cloudkms.viewer", want: "Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied"},
	{kind: gcpTemplate, name: "web-spot", want: "web-spot: starts no machine: Error 404"},
	{kind: gcpTemplate, name: "web-spot", field: "disks.0.sourceImage", value: "other", want: "web-spot: starts no machine: Error 404"},
	{kind: gcpTemplate, name: "web-spot", field: "metadata.user-data", value: "hello", want: "does not join: failed to load config"},
	{kind: gcpTemplate, name: "web-on-demand", field: "scheduling", value: map[string]any{"provisioningModel": "SPOT", "preemptible": true, "automaticRestart": true},
		want: "Scheduling must have automaticRestart be false when preemptible is true"},
	{kind: gceManager, name: "web-spot", field: "versions.0.instanceTemplate", value: "other", want: "web-spot: starts no machine: Error 404"},
	{kind: gceManager, name: "web-spot", field: "updatePolicy.maxSurgeFixed", value: 1.0, want: "has to be either 0 or at least equal to the number of zones"},
	{kind: gcpScaler, field: "autoscalingPolicy.minReplicas", value: 9.0, want: "It must not be greater than maxNumReplicas"},
	{kind: gcpScaler, field: "target", value: "projects/inferadb-simulated/regions/us-east4/instanceGroupManagers/other", want: "instanceGroupManagers/other' was not found"},

	// Health checks that replace what they take for dead.
	{kind: gcpFirewall, name: "health-checks", want: "web-spot: replaces inferadb-production-nyc1-web-spot-"},
	{kind: gcpAlive, want: "web-spot: starts no machine: Error 404"},
	{kind: gcpAlive, field: "tcpHealthCheck.port", value: 80.0, want: "asks at TCP port 80, at which no worker listens"},
	{kind: gcpAlive, field: "tcpHealthCheck.port", value: 10250.0, want: "web-spot: replaces inferadb-production-nyc1-web-spot-"},
}
