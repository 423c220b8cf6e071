package lifecycle

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	droplet     = "digitalocean:index/droplet:Droplet"
	customImage = "digitalocean:index/customImage:CustomImage"
	doPool      = `[{"name":"fixed","size":"small","count":2}]`
)

// TestSettingsOnDigitalOcean brings a small cluster up under settings that take other ways through the program.
func TestSettingsOnDigitalOcean(t *testing.T) {
	for name, settings := range map[string]map[string]string{
		"public access": {"access": "public", "operatorCidrs": `["203.0.113.0/24"]`},
		"flannel":       {"cni": "flannel", "operatorCidrs": `["192.168.7.0/24"]`},
		"own image":     {"regions": `[{"name":"nyc1","image":"170000001","network":{"cidr":"10.20.0.0/20"}}]`},
		"own name":      {"endpoint": "api.example.com"},
		"adopted":       {"operatorCidrs": `["10.50.0.0/16"]`},
		"many pools": {"controlPlanes": "3", "tags": `{"Team":"Platform + Ops"}`, "pools": `[
			{"name":"data","size":"medium","count":3,"workload":"stateful","taints":[{"key":"data","effect":"NoSchedule"}]},
			{"name":"web","size":"small","count":1}]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "dev", "digitalocean")
			for key, value := range settings {
				s.set(key, value)
			}
			switch name {
			case "public access":
				s.environment = append(s.environment, "SIMULATOR_OPERATOR_IP=203.0.113.7")
			case "flannel":
				s.environment = append(s.environment, "SIMULATOR_OPERATOR_IP=192.168.7.7")
			case "adopted":
				out, err := s.try(nil, "simulator", "create-fixtures", "nyc1", "10.50.0.0/16")
				require.NoError(t, err)
				s.set("regions", `[{"name":"nyc1","network":`+out+`}]`)
			case "own name":
				// Once the load balancer has an address, the user's own name server leads there.
				_, err := s.try(nil, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
				require.ErrorContains(t, err, "api.example.com")
				host := fmt.Sprintf("api.example.com %s\n", s.outputsOf("digitalocean:index/loadBalancer:LoadBalancer")["ip"])
				require.NoError(t, os.WriteFile(s.path("store", "hosts"), []byte(host), 0o600))
			}
			s.up()
			assert.NotEmpty(t, s.nodes())
			s.settled()
			s.destroy()
		})
	}
}

// outputsOf are the outputs in the state of the first resource of a type.
func (s *stack) outputsOf(token string) map[string]any {
	s.t.Helper()
	for _, resource := range s.resources() {
		if resource["type"] == token {
			return resource["outputs"].(map[string]any)
		}
	}
	s.t.Fatalf("the state has no %s", token)
	return nil
}

var changesOnDigitalOcean = []change{
	{name: "one named node more", key: "pools", value: strings.Replace(doPool, `"count":2`, `"count":3`, 1),
		steps: steps{"create " + droplet: 1, "create " + applied: 1}},
	{name: "one named node less", key: "pools", value: doPool,
		steps: steps{"delete " + droplet: 1, "delete " + applied: 1}},
	{name: "a label on named nodes", key: "pools", value: strings.Replace(doPool, `"count":2`, `"count":2,"labels":{"tier":"gold"}`, 1),
		steps: steps{"update " + applied: 2}},
	{name: "another size of a pool of named nodes", key: "pools",
		value: strings.Replace(doPool, `"size":"small","count":2`, `"size":"medium","count":2,"labels":{"tier":"gold"}`, 1), steps: steps{}},
	{name: "a newer Kubernetes", key: "kubernetesVersion", value: "1.36.5", steps: steps{"update " + applied: 3}},
	{name: "a newer Talos", key: "talosVersion", value: "v1.13.10",
		steps: steps{"create " + customImage: 1, "delete " + customImage: 1, "update " + applied: 3}},
	{name: "protection", key: "protection", value: "true", steps: steps{}},
	{name: "no protection", key: "protection", value: "false", steps: steps{}},
	{name: "one region more", key: "regions", value: `["nyc1","sfo1"]`, only: "create"},
	{name: "a cluster may go", key: "acknowledge", value: `["cluster-removed:inferadb-dev-sfo1"]`, steps: steps{}},
	{name: "one region less", key: "regions", value: `["nyc1"]`, only: "delete"},
	{name: "it is gone", key: "acknowledge", value: "[]", steps: steps{}},
	{name: "three control planes in place of one", key: "controlPlanes", value: "3", steps: steps{"create " + droplet: 2, "create " + applied: 2}},
}

// TestChangesOnDigitalOcean edits a stack, one change after the other: each costs exactly what it should.
func TestChangesOnDigitalOcean(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "digitalocean")
	s.set("pools", doPool)
	s.set("talosVersion", "v1.13.9")
	s.set("kubernetesVersion", "1.35.9")
	s.up()
	s.walk(changesOnDigitalOcean)
	var names []string
	for _, n := range s.nodes() {
		names = append(names, n.Node)
	}
	assert.Contains(t, names, "inferadb-dev-nyc1-fixed-1")
	assert.NotContains(t, names, "inferadb-dev-nyc1-fixed-2", "the highest number goes first")
	s.settled()
	s.destroy()
}

// TestFaultsOnDigitalOcean lets the cloud fail in the middle. The next up goes on from there.
func TestFaultsOnDigitalOcean(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "digitalocean")
	s.survives("digitalocean:index/vpc:Vpc#1", "digitalocean:index/loadBalancer:LoadBalancer#1:half", droplet+"#2", "talos:machine/bootstrap:Bootstrap#1")
	s.destroy()
}

// TestLostDroplet deletes a worker behind the program's back: a refresh finds out, and an up replaces it.
func TestLostDroplet(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "digitalocean")
	s.set("pools", doPool)
	s.up()
	s.replacesLost(droplet, "inferadb-dev-nyc1-fixed-1")
	s.destroy()
}

// TestTwoCloudsInOneStack has the primary region on AWS and the other one elsewhere.
func TestTwoCloudsInOneStack(t *testing.T) {
	for _, other := range clouds[1:] {
		t.Run(other, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "production", "aws")
			s.set("regions", `["nyc1",{"name":"sfo1","provider":"`+other+`"}]`)
			s.up()
			assert.Len(t, s.nodes(), 16)
			s.settled()
			s.leadsToBothRegions()
			s.destroy()
		})
	}
}
