package lifecycle

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// publicOperators are where operators come from in the tests of access, from outside and from inside.
const publicOperators = `["203.0.113.0/24","10.101.64.0/18"]`

// TestNetworkStaysOnAWS edits where a running cluster stands, how it is reached and what its disks are encrypted with.
func TestNetworkStaysOnAWS(t *testing.T) {
	t.Parallel()
	s := newStack(t, "staging", "aws")
	s.set("encryptionKey", `{"managed":true}`)
	s.up()
	s.refusedEdit("regions", `[{"name":"nyc1","zones":["us-east-1a","us-east-1b","us-east-1d"]}]`, `["nyc1"]`,
		"regions[0].zones: no longer names us-east-1c, the zone of the load balancer, inferadb-staging-nyc1-control-plane-2", "can be added")
	s.refusedEdit("regions", `[{"name":"nyc1","network":{"cidr":"10.9.0.0/18"}}]`, `["nyc1"]`, "set network.cidr: 10.101.64.0/18 of the region")
	s.set("operatorCidrs", publicOperators)
	s.refusedEdit("access", "public", "private", "its control planes are in private subnets")

	s.set("regions", `[{"name":"nyc1","zones":["us-east-1a","us-east-1b","us-east-1c","us-east-1d"]}]`)
	planned := s.preview()
	assert.Equal(t, 1, planned["update "+loadBalancer], "the load balancer gains a zone in place")
	assert.Zero(t, planned["replace "+loadBalancer])
	s.up()
	s.nodes()
	s.keepsItsKey("aws:kms/key:Key", instance)

	for _, r := range s.resources() {
		if r["type"] == loadBalancer {
			s.up("--replace", r["urn"].(string))
		}
	}
	s.nodes()
	s.settled()
	s.destroy()
}

// TestNetworkStaysOnGoogleCloud does the same there, where a zone goes as long as no control plane stands in it.
func TestNetworkStaysOnGoogleCloud(t *testing.T) {
	t.Parallel()
	s := newStack(t, "staging", "gcp")
	s.set("encryptionKey", `{"managed":true}`)
	s.up()
	s.refusedEdit("regions", `[{"name":"nyc1","zones":["us-east4-a","us-east4-b","us-east4-f"]}]`, `["nyc1"]`,
		"regions[0].zones: no longer names us-east4-c, the zone of inferadb-staging-nyc1-control-plane-2")
	s.refusedEdit("regions", `[{"name":"nyc1","network":{"cidr":"10.9.0.0/18"}}]`, `["nyc1"]`, "set network.cidr: 10.101.64.0/18 of the region")
	s.set("operatorCidrs", publicOperators)
	s.refusedEdit("access", "public", "private", "the certificates of running control planes are not valid")
	s.pulumi("refresh", "--yes", "--skip-preview")
	s.keepsItsKey("gcp:kms/cryptoKey:CryptoKey", gceInstance)
	s.settled()
	s.destroy()
}

// TestNetworkStaysOnDigitalOcean has another range refused, and opens and closes a running cluster.
func TestNetworkStaysOnDigitalOcean(t *testing.T) {
	t.Parallel()
	s := newStack(t, "staging", "digitalocean")
	s.up()
	s.refusedEdit("regions", `[{"name":"nyc1","network":{"cidr":"10.9.0.0/18"}}]`, `["nyc1"]`, "set network.cidr: 10.101.64.0/18 of the region")
	s.set("operatorCidrs", publicOperators)
	s.environment = append(s.environment, "SIMULATOR_OPERATOR_IP=203.0.113.7")
	for _, access := range []string{"public", "private"} {
		s.set("access", access)
		s.up()
		s.nodes()
		s.settled()
	}
	s.destroy()
}

// keepsItsKey no longer asks for the key of the cluster's disks: it stays, and every machine starts again.
func (s *stack) keepsItsKey(key, machine string) {
	s.t.Helper()
	s.set("encryptionKey", `{"managed":false}`)
	planned := s.preview()
	assert.Zero(s.t, planned["delete "+key], "machines have their disks under it")
	assert.Zero(s.t, planned["replace "+machine])
	s.up()
	s.nodes()
	assert.Contains(s.t, s.said.String(), "stays until no disk uses it any more")
	assert.Contains(s.t, s.said.String(), "the stack file asks for the cloud's own key")
}

// TestAdoptedSubnets stands clusters where an adopted network is not what its first look says: in a VPC's second range,
// and in a network of another project.
func TestAdoptedSubnets(t *testing.T) {
	for name, seed := range map[string][]string{
		"aws": {"us-east-1", "10.50.0.0/16", "100.64.0.0/16"},
		"gcp": {"us-east4", "10.50.0.0/16", "shared"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "dev", name)
			s.set("operatorCidrs", `["10.50.0.0/16","100.64.0.0/16"]`)
			made := s.createFixtures(seed...)
			region, err := json.Marshal([]any{map[string]any{"name": "nyc1", "network": map[string]any{
				"id": made.ID, "subnetIds": made.SubnetIDs[:min(3, len(made.SubnetIDs))],
			}}})
			require.NoError(t, err)
			s.set("regions", string(region))
			s.up()
			assert.Len(t, s.nodes(), 3)
			s.settled()
			s.destroy()
		})
	}
}
