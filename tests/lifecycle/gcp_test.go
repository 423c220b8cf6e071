package lifecycle

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	gceAddress  = "gcp:compute/address:Address"
	gceInstance = "gcp:compute/instance:Instance"
	gceMember   = "gcp:compute/instanceGroupMembership:InstanceGroupMembership"
	gceTemplate = "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate"
	gceManager  = "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager"
	gceBounds   = "gcp:compute/regionAutoscaler:RegionAutoscaler"
	gceCheck    = "gcp:compute/healthCheck:HealthCheck"
	gceFirewall = "gcp:compute/firewall:Firewall"
)

// TestSettingsOnGoogleCloud brings a small cluster up under settings that take other ways through the program.
func TestSettingsOnGoogleCloud(t *testing.T) {
	for name, settings := range map[string]map[string]string{
		"public access": {"access": "public", "operatorCidrs": `["203.0.113.0/24"]`},
		"all encrypted": {"diskEncryption": "luks", "encryptionKey": `{"managed":true}`, "cni": "flannel"},
		"own image":     {"regions": `[{"name":"nyc1","image":"projects/inferadb-simulated/global/images/custom-talos-amd64","network":{"cidr":"10.20.0.0/22"}}]`},
		"own name":      {"endpoint": "api.example.com"},
		"adopted":       {"operatorCidrs": `["10.50.0.0/16"]`},
		"many pools": {"controlPlanes": "3", "tags": `{"Team":"Platform + Ops"}`, "pools": `[
			{"name":"data","size":"medium","count":3,"workload":"stateful","taints":[{"key":"data","effect":"NoSchedule"}]},
			{"name":"web","size":"small","min":1,"max":4},
			{"name":"safe","size":"small","count":1,"spot":{"base":1}},
			{"name":"batch","size":"large","min":1,"max":9,"spot":{"base":0}}]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "dev", "gcp")
			for key, value := range settings {
				s.set(key, value)
			}
			switch name {
			case "public access":
				s.environment = append(s.environment, "SIMULATOR_OPERATOR_IP=203.0.113.7")
			case "all encrypted":
				s.environment = append(s.environment, "SIMULATOR_GRANT_DELAY=2s")
			case "adopted":
				s.adoptOnGoogleCloud()
			case "own name":
				_, err := s.try(nil, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
				require.ErrorContains(t, err, "api.example.com")
				host := fmt.Sprintf("api.example.com %s\n", s.outputsOf("gcp:compute/forwardingRule:ForwardingRule")["ipAddress"])
				require.NoError(t, os.WriteFile(s.path("store", "hosts"), []byte(host), 0o600))
			}
			s.up()
			assert.NotEmpty(t, s.nodes())
			s.settled()
			s.destroy()
		})
	}
}

// adoptOnGoogleCloud stands the cluster in a network, and its disks under a key, that were there before.
func (s *stack) adoptOnGoogleCloud() {
	s.t.Helper()
	made := s.createFixtures(nyc1["gcp"], "10.50.0.0/16")
	region, err := json.Marshal([]any{map[string]any{
		"name": "nyc1", "encryptionKey": made.Key, "network": map[string]any{"id": made.ID, "subnetIds": made.SubnetIDs},
	}})
	require.NoError(s.t, err)
	s.set("regions", string(region))
}

// rolled is what a new machine configuration costs a pool of two groups.
var rolled = steps{"replace " + gceTemplate: 2, "update " + gceManager: 2}

var changesOnGoogleCloud = []change{
	{name: "one named node more", key: "pools", value: strings.Replace(fixedAndSpot, `"count":2`, `"count":3`, 1),
		steps: steps{"create " + gceAddress: 1, "create " + gceInstance: 1, "create " + applied: 1}},
	{name: "one named node less", key: "pools", value: fixedAndSpot,
		steps: steps{"delete " + gceAddress: 1, "delete " + gceInstance: 1, "delete " + applied: 1}},
	{name: "a label on named nodes", key: "pools",
		value: strings.Replace(fixedAndSpot, `"count":2`, `"count":2,"labels":{"tier":"gold"}`, 1),
		steps: steps{"update " + applied: 2}},
	{name: "no label on named nodes", key: "pools", value: fixedAndSpot, steps: steps{"update " + applied: 2}},
	{name: "a label on a scaling group", key: "pools",
		value: strings.Replace(fixedAndSpot, `"spot":true`, `"spot":true,"labels":{"tier":"tin"}`, 1), steps: rolled},
	{name: "more of the pool on demand", key: "pools",
		value: strings.Replace(fixedAndSpot, `"spot":true`, `"spot":{"base":2},"labels":{"tier":"tin"}`, 1),
		steps: steps{"update " + gceManager: 1, "delete " + gceManager: 1, "delete " + gceTemplate: 1}},
	{name: "a range of nodes", key: "pools",
		value: strings.Replace(fixedAndSpot, `"count":2,"spot":true`, `"min":2,"max":5,"spot":{"base":1},"labels":{"tier":"tin"}`, 1),
		steps: steps{"update " + gceManager: 1, "create " + gceManager: 1, "create " + gceTemplate: 1, "create " + gceBounds: 1}},
	{name: "a wider range of nodes", key: "pools",
		value: strings.Replace(fixedAndSpot, `"count":2,"spot":true`, `"min":2,"max":7,"spot":{"base":1},"labels":{"tier":"tin"}`, 1),
		steps: steps{"update " + gceBounds: 1}},
	{name: "one scaling group less", key: "pools", value: strings.Replace(fixedAndSpot, ","+spotPool, "", 1),
		steps: steps{"delete " + gceManager: 2, "delete " + gceTemplate: 2, "delete " + gceBounds: 1, "delete " +
			gceCheck: 1, "delete " + gceFirewall: 1}.and(each("delete", alertOnGoogleCloud))},
	{name: "one scaling group more", key: "pools", value: fixedAndSpot,
		steps: steps{"create " + gceManager: 2, "create " + gceTemplate: 2, "create " + gceCheck: 1, "create " +
			gceFirewall: 1}.and(each("create", alertOnGoogleCloud))},
	// The autoscaler needs a group of another shape; a fixed number keeps it.
	{name: "a range of spot nodes", key: "pools", value: strings.Replace(fixedAndSpot, `"count":2,"spot":true`, `"min":2,"max":4,"spot":true`, 1),
		steps: steps{"replace " + gceManager: 1, "create " + gceBounds: 1}},
	{name: "a fixed number of spot nodes", key: "pools", value: fixedAndSpot, steps: steps{"delete " + gceBounds: 1}},
	{name: "a newer Kubernetes", key: "kubernetesVersion", value: "1.36.5", steps: rolled.and(steps{"update " + applied: 3})},
	{name: "a newer Talos", key: "talosVersion", value: "v1.13.10", steps: rolled.and(steps{"update " + applied: 3})},
	{name: "another size of control planes", key: "controlPlaneSize", value: "medium", steps: steps{}},
	{name: "protection", key: "protection", value: "true", steps: steps{"update " + gceInstance: 3}},
	{name: "no protection", key: "protection", value: "false", steps: steps{"update " + gceInstance: 3}},
	{name: "one region more", key: "regions", value: `["nyc1","sfo1"]`, only: "create"},
	{name: "a cluster may go", key: "acknowledge", value: `["cluster-removed:inferadb-dev-sfo1"]`, steps: steps{}},
	{name: "one region less", key: "regions", value: `["nyc1"]`, only: "delete"},
	{name: "it is gone", key: "acknowledge", value: "[]", steps: steps{}},
	{name: "three control planes in place of one", key: "controlPlanes", value: "3",
		steps: steps{"create " + gceAddress: 2, "create " + gceInstance: 2, "create " + gceMember: 2, "create " + applied: 2}},
}

// and joins what two changes cost.
func (s steps) and(more steps) steps {
	joined := steps{}
	for _, part := range []steps{s, more} {
		for step, count := range part {
			joined[step] += count
		}
	}
	return joined
}

// TestChangesOnGoogleCloud edits a stack, one change after the other: each costs exactly what it should.
func TestChangesOnGoogleCloud(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "gcp")
	s.set("pools", fixedAndSpot)
	s.set("talosVersion", "v1.13.9")
	s.set("kubernetesVersion", "1.35.9")
	s.up()
	s.walk(changesOnGoogleCloud)
	s.settled()
	s.destroy()
}

// TestFaultsOnGoogleCloud lets the cloud fail in the middle. The next up goes on from there.
func TestFaultsOnGoogleCloud(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "gcp")
	s.survives(
		"gcp:compute/network:Network#1",
		"gcp:compute/routerNat:RouterNat#1,gcp:compute/forwardingRule:ForwardingRule#1:half",
		gceInstance+"#1,"+gceManager+"#1",
		"talos:machine/bootstrap:Bootstrap#1",
	)
	s.destroy()
}

// TestLostInstance deletes machines behind the program's back: a refresh finds out and an up replaces the one that has
// a name, under the same name and address; the other one's group has replaced it already.
func TestLostInstance(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "gcp")
	s.set("pools", fixedAndSpot)
	s.up()
	var ofGroup string
	for _, n := range s.nodes() {
		if strings.Contains(n.Node, "-spot-spot-") {
			ofGroup = n.Node
		}
	}
	s.replacesLost(gceInstance, "inferadb-dev-nyc1-fixed-1", ofGroup)
	s.destroy()
}

// TestBadInputOnGoogleCloud: each message names the command or the setting that helps.
func TestBadInputOnGoogleCloud(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "gcp")
	refused := func(environment []string, message string) {
		t.Helper()
		_, err := s.try(environment, "pulumi", "preview", "--non-interactive", "--color", "never")
		assert.ErrorContains(t, err, message)
	}
	refused([]string{"GOOGLE_PROJECT="}, "run: pulumi config set gcp:project my-project")
	refused([]string{"GOOGLE_PROJECT=nobodys-project"}, "nobodys-project")
	s.set("talosVersion", "v1.15.0")
	refused(nil, "run: make gcp-image GCP_PROJECT=inferadb-simulated TALOS_VERSION=v1.15.0")
	s.set("talosVersion", "v1.13.10")
	s.set("regions", `[{"name":"nyc1","image":"projects/acme/global/images/family/talos"}]`)
	refused(nil, "does not name one image; write it like projects/acme/global/images/talos")
}
