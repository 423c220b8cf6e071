package running

import (
	"slices"
	"strings"
	"testing"

	"github.com/inferadb/infra/cluster"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// outputs of a resource.
type outputs = map[string]any

// with adds resources of the cluster to a state: a type, the name behind the cluster's, and the outputs of each.
func (s State) with(resources ...any) State {
	for i := 0; i < len(resources); i += 3 {
		added := Resource{Type: resources[i].(string), Name: clusterName + resources[i+1].(string),
			Outputs: resources[i+2].(outputs)}
		same := func(r Resource) bool { return r.Type == added.Type && r.Name == added.Name }
		if at := slices.IndexFunc(s.Resources, same); at >= 0 {
			s.Resources[at] = added
			continue
		}
		s.Resources = append(s.Resources, added)
	}
	return s
}

// onAWS is what a staging cluster with a network of its own leaves in the state.
func onAWS(t *testing.T, changes ...string) State {
	state := stateOf(t, stackFile(t, changes...)).with(
		awsVPCType, "-network", outputs{"cidrBlock": "10.101.64.0/18"},
		awsFirewallType, "-worker", outputs{"vpcId": "vpc-0123456789abcdef0"},
		awsBalancerType, "-api", outputs{"subnets": []any{"subnet-a", "subnet-b", "subnet-c"}},
	)
	for i, zone := range []string{"us-east-1a", "us-east-1b", "us-east-1c"} {
		state = state.with(awsSubnetType, "-private-"+zone, outputs{"availabilityZone": zone},
			machineOnAWS, "-control-plane-"+string(rune('0'+i)), outputs{"availabilityZone": zone, "instanceType": "t4g.xlarge"})
	}
	return state
}

// adoptedOnAWS is a cluster in an adopted network.
func adoptedOnAWS(t *testing.T) State {
	return stateOf(t, stackFile(t)).with(
		awsFirewallType, "-worker", outputs{"vpcId": "vpc-0123456789abcdef0"},
		awsBalancerType, "-api", outputs{"subnets": []any{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1", "subnet-0123456789abcdef2"}},
	)
}

func onGoogleCloud(t *testing.T, created bool) State {
	const path = "https://www.googleapis.com/compute/v1/projects/acme-prod/"
	state := stateOf(t, stackFile(t, "provider", "gcp")).with(
		gcpFirewallType, "-etcd", outputs{"network": path + "global/networks/shared"},
		gcpAddressType, "-api", outputs{"subnetwork": path + "regions/us-east4/subnetworks/machines", "project": "acme-prod"},
		gcpAddressType, "-control-plane-0-public", outputs{"subnetwork": "", "project": "acme-prod"},
	)
	for i, zone := range []string{"us-east4-a", "us-east4-b", "us-east4-c"} {
		state = state.with(machineOnGoogleCloud, "-control-plane-"+string(rune('0'+i)), outputs{"zone": zone, "machineType": "e2-standard-4"})
	}
	if created {
		return state.with(gcpNetworkType, "-network", outputs{},
			gcpSubnetworkType, "-proxies", outputs{"ipCidrRange": "10.101.124.0/22", "purpose": "REGIONAL_MANAGED_PROXY"},
			gcpSubnetworkType, "-nodes", outputs{"ipCidrRange": "10.101.64.0/19", "purpose": "PRIVATE"})
	}
	return state
}

func onDigitalOcean(t *testing.T, created bool) State {
	state := stateOf(t, stackFile(t, "provider", "digitalocean")).with(
		doBalancerType, "-api", outputs{"vpcUuid": "5a4981aa-9653-4bd1-bef5-d6bff52042e4"})
	if created {
		return state.with(doVPCType, "-network", outputs{"ipRange": "10.101.64.0/18"})
	}
	return state
}

func runningOnAWS(t *testing.T) State          { return onAWS(t) }
func createdOnGoogleCloud(t *testing.T) State  { return onGoogleCloud(t, true) }
func adoptedOnGoogleCloud(t *testing.T) State  { return onGoogleCloud(t, false) }
func createdOnDigitalOcean(t *testing.T) State { return onDigitalOcean(t, true) }
func adoptedOnDigitalOcean(t *testing.T) State { return onDigitalOcean(t, false) }

// adopt names a network of AWS and its subnets.
func adopt(ids string) string {
	return `[{"name":"nyc1","network":{"id":"vpc-0123456789abcdef0","subnetIds":[` + ids + `]}}]`
}

const threeSubnets = `"subnet-0123456789abcdef0","subnet-0123456789abcdef1","subnet-0123456789abcdef2"`

// placeEdits are edits of the network and zones of a running cluster. An empty refusal means that the edit is accepted.
var placeEdits = []struct {
	name    string
	state   func(*testing.T) State
	changes []string
	refused string
	// project of Google Cloud; empty for the environment's.
	project string
}{
	{"AWS, the same", runningOnAWS, nil, "", ""},
	{"AWS, a zone more", runningOnAWS, []string{"regions", `[{"name":"nyc1","zones":["us-east-1a","us-east-1b","us-east-1c","us-east-1d"]}]`}, "", ""},
	{"AWS, zones in another order", runningOnAWS, []string{"regions", `[{"name":"nyc1","zones":["us-east-1c","us-east-1b","us-east-1a"]}]`}, "", ""},
	{"AWS, another zone", runningOnAWS, []string{"regions", `[{"name":"nyc1","zones":["us-east-1a","us-east-1b","us-east-1d"]}]`},
		"regions[0].zones: no longer names us-east-1c, the zone of the load balancer, inferadb-staging-nyc1-control-plane-2; put it back", ""},
	{"AWS, another range", runningOnAWS, []string{"regions", `[{"name":"nyc1","network":{"cidr":"10.9.0.0/18"}}]`},
		"regions[0].network.cidr: inferadb-staging-nyc1 runs in the network that it created with 10.101.64.0/18, and the stack file asks for 10.9.0.0/18; set network.cidr: 10.101.64.0/18", ""},
	{"AWS, created to adopted", runningOnAWS, []string{"operatorCidrs", `["10.0.0.0/8"]`, "regions", adopt(threeSubnets)},
		"regions[0].network.id: inferadb-staging-nyc1 runs in the network that it created with 10.101.64.0/18, and vpc-0123456789abcdef0 is another", ""},
	{"AWS, adopted to created", adoptedOnAWS, nil, "regions[0].network: inferadb-staging-nyc1 runs in the adopted network vpc-0123456789abcdef0, and the stack file asks for one of its own, 10.101.64.0/18; keep network.id: vpc-0123456789abcdef0", ""},
	{"AWS, the same subnets in another order", adoptedOnAWS, []string{"operatorCidrs", `["10.0.0.0/8"]`,
		"regions", adopt(`"subnet-0123456789abcdef1","subnet-0123456789abcdef0","subnet-0123456789abcdef2"`)}, "", ""},
	{"AWS, another subnet", adoptedOnAWS, []string{"operatorCidrs", `["10.0.0.0/8"]`,
		"regions", adopt(`"subnet-0123456789abcdef0","subnet-0123456789abcdef1","subnet-0123456789abcdef9"`)},
		"regions[0].network.subnetIds: no longer names subnet-0123456789abcdef2, in which the load balancer of inferadb-staging-nyc1 is; put it back", ""},
	{"AWS, another network", adoptedOnAWS, []string{"operatorCidrs", `["10.0.0.0/8"]`,
		"regions", strings.Replace(adopt(threeSubnets), "vpc-0", "vpc-1", 1)}, "regions[0].network.id: inferadb-staging-nyc1 runs in the adopted network vpc-0123456789abcdef0, and the stack file asks for vpc-1123456789abcdef0", ""},
	{"AWS to Google Cloud", runningOnAWS, []string{"provider", "gcp"}, "provider: inferadb-staging-nyc1 runs on aws, and gcp would delete the cluster with all its data", ""},
	{"Google Cloud, the same", createdOnGoogleCloud, []string{"provider", "gcp"}, "", ""},
	{"Google Cloud, another range", createdOnGoogleCloud, []string{"provider", "gcp", "regions", `[{"name":"nyc1","network":{"cidr":"10.101.0.0/17"}}]`},
		"regions[0].network.cidr: inferadb-staging-nyc1 runs in the network that it created with 10.101.64.0/18", ""},
	{"Google Cloud, a zone in which a control plane is", createdOnGoogleCloud,
		[]string{"provider", "gcp", "regions", `[{"name":"nyc1","zones":["us-east4-a","us-east4-b","us-east4-f"]}]`},
		"regions[0].zones: no longer names us-east4-c, the zone of inferadb-staging-nyc1-control-plane-2", ""},
	{"Google Cloud, another project", createdOnGoogleCloud, []string{"provider", "gcp"},
		"gcp:project: inferadb-staging-nyc1 runs in project acme-prod, and acme-test would delete the cluster with all its data", "acme-test"},
	{"Google Cloud, the adopted network by its path", adoptedOnGoogleCloud, []string{"provider", "gcp", "operatorCidrs", `["10.0.0.0/8"]`,
		"regions", `[{"name":"nyc1","network":{"id":"projects/acme-prod/global/networks/shared","subnetIds":["projects/acme-prod/regions/us-east4/subnetworks/machines"]}}]`}, "", ""},
	{"Google Cloud, another subnet", adoptedOnGoogleCloud, []string{"provider", "gcp", "operatorCidrs", `["10.0.0.0/8"]`,
		"regions", `[{"name":"nyc1","network":{"id":"shared","subnetIds":["others"]}}]`},
		"regions[0].network.subnetIds: no longer names machines", ""},
	{"DigitalOcean, the same", createdOnDigitalOcean, []string{"provider", "digitalocean"}, "", ""},
	{"DigitalOcean, another range", createdOnDigitalOcean, []string{"provider", "digitalocean", "regions", `[{"name":"nyc1","network":{"cidr":"10.9.0.0/18"}}]`},
		"regions[0].network.cidr: inferadb-staging-nyc1 runs in the network that it created with 10.101.64.0/18", ""},
	{"DigitalOcean, another VPC", adoptedOnDigitalOcean, []string{"provider", "digitalocean", "operatorCidrs", `["10.0.0.0/8"]`,
		"regions", `[{"name":"nyc1","network":{"id":"6a4981aa-9653-4bd1-bef5-d6bff52042e4"}}]`}, "regions[0].network.id: inferadb-staging-nyc1 runs in the adopted network 5a4981aa-9653-4bd1-bef5-d6bff52042e4", ""},
}

func TestNetworkStays(t *testing.T) {
	for _, test := range placeEdits {
		t.Run(test.name, func(t *testing.T) {
			wanted := stackFile(t, test.changes...)
			if test.project != "" {
				wanted[0].Project = test.project
			}
			lines := refusals(t, wanted, test.state(t))
			if test.refused == "" {
				assert.Empty(t, lines)
				return
			}
			require.Len(t, lines, 1, "%v", lines)
			assert.Contains(t, lines[0], test.refused)
		})
	}
}

// TestAClusterThatWasNotStartedIsMadeAgain exchanges a zone after a first update that failed.
func TestAClusterThatWasNotStartedIsMadeAgain(t *testing.T) {
	state := onAWS(t)
	state.Resources = slices.DeleteFunc(state.Resources, func(r Resource) bool { return r.Type == bootstrapType })
	lines := refusals(t, stackFile(t, "regions", `[{"name":"nyc1","zones":["us-east-1a","us-east-1b","us-east-1d"]}]`), state)
	require.Len(t, lines, 1)
	assert.Contains(t, lines[0], "run make destroy and make up again")
}

// reachedAt sets where the control planes' Talos API was called last.
func (s State) reachedAt(address string) State {
	for _, r := range s.Resources {
		if r.Type == applyType {
			r.Outputs["endpoint"] = r.Outputs["node"]
			if address != "" {
				r.Outputs["endpoint"] = address
			}
		}
	}
	return s
}

// TestAccessStays changes how operators reach a running cluster.
func TestAccessStays(t *testing.T) {
	for _, test := range []struct {
		name, provider, address string
		state                   State
		wanted                  cluster.Access
		refused, warned         string
	}{
		{"AWS, opened", "aws", "", onAWS(t), cluster.Public, "access: inferadb-staging-nyc1 runs under private access, and its control planes are in private subnets", ""},
		{"AWS, closed", "aws", "203.0.113.7", onAWS(t), cluster.Private, "access: inferadb-staging-nyc1 runs under public access, and its control planes are in public subnets", ""},
		{"Google Cloud, opened", "gcp", "", onGoogleCloud(t, true), cluster.Public, "the certificates of running control planes are not valid", ""},
		{"Google Cloud, closed", "gcp", "203.0.113.7", onGoogleCloud(t, true), cluster.Private, "", "access: from now on the control planes of inferadb-staging-nyc1 are called at their private addresses"},
		{"DigitalOcean, opened", "digitalocean", "", onDigitalOcean(t, true), cluster.Public, "", ""},
		{"DigitalOcean, closed", "digitalocean", "203.0.113.7", onDigitalOcean(t, true), cluster.Private, "", "needs a route to them"},
		{"AWS, as it was", "aws", "203.0.113.7", onAWS(t), cluster.Public, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			wanted := stackFile(t, "provider", test.provider, "access", string(test.wanted), "operatorCidrs", `["203.0.113.0/24"]`)
			warnings, err := Check(wanted, test.state.reachedAt(test.address), false)
			if test.refused != "" {
				assert.ErrorContains(t, err, test.refused)
			} else {
				assert.NoError(t, err)
			}
			if test.warned != "" {
				assert.Contains(t, strings.Join(warnings, "\n"), test.warned)
			}
		})
	}
}
