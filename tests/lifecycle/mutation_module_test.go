package lifecycle

import (
	"encoding/base64"
	"math/rand/v2"
	"testing"

	"github.com/inferadb/infra/simulator/store"
	"github.com/stretchr/testify/assert"
)

// fault is one of the faults of the Terraform module that this project replaces, as a difference to a graph without
// any.
type fault struct {
	text    string
	changes []mutation
	want    string
}

// tooLong is user data that gzip does not make smaller than AWS takes.
func tooLong() string {
	random := rand.NewChaCha8([32]byte{})
	text := make([]byte, 16385)
	if _, err := random.Read(text); err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(text)
}

// moduleFaults are those that a graph shows, by cloud. The others are of the module's state, its providers and scripts:
// one provider for all regions, machines that are replaced together, a health check that ends before the cluster is up,
// secrets made twice, patches that nobody uses.
var moduleFaults = map[string][]fault{
	"aws": {
		{"the name of the endpoint resolves only after the apply", []mutation{{kind: awsRecord}}, "api.inferadb-production-nyc1.internal: does not lead to anything"},
		{"the Talos API is private, and who applies is not in the network", []mutation{
			{kind: awsIn, name: "control-plane-apid-from-10.101.128.0/18", field: "cidrIpv4", value: "192.0.2.0/24"}}, "refuses its configuration: "},
		{"the configuration with its comments is longer than user data may be", []mutation{
			{kind: instance, name: "control-plane-*", field: "userDataBase64", value: tooLong()}}, "User data is limited to 16384 bytes, got 16385"},
		{"the load balancer has no target group, listener or attachments", []mutation{{kind: awsTargets}, {kind: awsListener}, {kind: awsAttachment}}, "has no listener on port 6443"},
		{"the image has the architecture of other machines", []mutation{
			{kind: instance, name: "control-plane-*", field: "instanceType", value: "t3.medium"}}, "does not start: InvalidParameterValue"},
		{"the load balancer's name is longer than 32 characters", []mutation{
			{kind: loadBalancer, field: "name", value: "inferadb-staging-nyc1-control-plane"}}, "32"},
		{"the launch template asks for spot under a mixed policy", []mutation{
			{kind: awsTemplate, field: "__versions.0.instanceMarketOptions", value: map[string]any{"marketType": "spot"}}}, "Incompatible launch template"},
		{"the alarm watches a metric that does not exist", []mutation{
			{kind: awsAlarm, field: "namespace", value: "AWS/EC2Spot"}, {kind: awsAlarm, field: "metricName", value: "SpotInstanceInterruptions"}},
			"nothing reports the metric SpotInstanceInterruptions"},
		{"the machines are in the network's default group", []mutation{
			{kind: awsNIC, name: "control-plane-*", field: "securityGroups", value: []any{ref{awsVPC, "", "defaultSecurityGroupId"}}}}, "is unhealthy: the load balancer"},
		{"the machines have no profile", []mutation{{kind: awsRolePolicy}, {kind: awsProfile, name: "worker", field: "role"}}, "has no associated IAM Roles"},
		{"the network has no NAT gateway", []mutation{{kind: awsNAT}, {kind: awsRoute, name: "private-*"}}, "has no route to the internet"},
	},
	"gcp": {
		{"the image is in a project that does not exist", []mutation{
			{kind: gceInstance, name: "control-plane-*", field: "bootDisk.initializeParams.image", value: "projects/talos-cloud-images/global/images/talos-v1-8-0"}},
			"'projects/talos-cloud-images/global/images/talos-v1-8-0' was not found"},
		{"labels have capital letters", []mutation{
			{kind: gceInstance, name: "control-plane-*", field: "labels", value: map[string]any{"Environment": "production"}}}, `Invalid label key "Environment"`},
		{"labels have dots", []mutation{
			{kind: gceInstance, name: "control-plane-*", field: "labels", value: map[string]any{"talos": "v1.8.0"}}}, `Invalid label value "v1.8.0"`},
		{"one instance group takes the machines of all zones", []mutation{
			{kind: gcpMember, name: "control-plane-1", field: "instanceGroup", value: ref{gcpGroup, "api-us-east4-a", "selfLink"}}}, "must be in its zone, us-east4-a"},
		{"the zone is none of the region's", []mutation{
			{kind: gceManager, name: "web-spot", field: "distributionPolicyZones", value: []any{"us-east4-f"}}}, "Unknown zone; us-east4 has"},
		{"the health check asks for /healthz without credentials", []mutation{
			{kind: gcpCheck, field: "httpsHealthCheck", value: map[string]any{"port": 6443.0, "requestPath": "/healthz"}}}, "the health check gets the status 401"},
		{"the load balancer passes packets through", []mutation{{kind: gcpForwarding, field: "loadBalancingScheme", value: "INTERNAL"}},
			"passes packets through with its own address, which no interface of Talos has"},
		{"no rule lets the health checks in", []mutation{{kind: gcpFirewall, name: "load-balancer"}}, "the proxies of inferadb-production-nyc1-api-"},
		{"machines without a public address have no Cloud NAT", []mutation{{kind: gcpNAT}, {kind: gcpRouter}}, "no NAT gateway serves its subnetwork"},
		{"more machines than zones are replaced at a time", []mutation{
			{kind: gceManager, name: "web-spot", field: "updatePolicy.maxSurgeFixed", value: 2.0}}, "has to be either 0 or at least equal to the number of zones"},
		{"the group's health check does not get through", []mutation{{kind: gcpFirewall, name: "health-checks"}}, "web-spot: replaces inferadb-production-nyc1-web-spot-"},
		{"the backends balance by utilization under a scheme that does not", []mutation{
			{kind: gcpBackend, field: "loadBalancingScheme", value: "INTERNAL"}, {kind: gcpBackend, field: "backends.0.capacityScaler"},
			{kind: gcpBackend, field: "backends.1.capacityScaler"}, {kind: gcpBackend, field: "backends.2.capacityScaler"}}, "balancingMode must be CONNECTION"},
	},
	"digitalocean": {
		{"nobody uploads the image", []mutation{{kind: doImage}}, "does not exist or is not yours"},
		{"a droplet of a custom image has no SSH key", []mutation{{kind: droplet, name: "control-plane-*", field: "sshKeys", value: []any{}}}, "an SSH key is required for a droplet from a custom image"},
		{"the load balancer probes a port behind which no API need run", []mutation{
			{kind: doLoadBalancer, field: "healthcheck.port", value: 10250.0}}, "lets 10250 through"},
		{"the Talos API is private, and who applies is not in the network", []mutation{
			{kind: doFirewall, name: "control-plane", field: "inboundRules.1.sourceAddresses", value: []any{"192.0.2.0/24"}}}, "refuses its configuration: "},
	},
}

// oldModule breaks the graph by each of the module's faults alone, all others being mended, and then by all of them at
// once.
func oldModule(t *testing.T, finished *store.Store, faults []fault) {
	whole := finished.Copy()
	for _, f := range faults {
		st := finished.Copy()
		for _, change := range f.changes {
			change.apply(t, st)
			if len(whole.Select(change.selects)) > 0 {
				change.apply(t, whole)
			}
		}
		assert.Contains(t, said(started(t, st)), f.want, f.text)
	}
	assert.Regexp(t, "does not join|does not start", said(started(t, whole)), "the module as it was")
}
