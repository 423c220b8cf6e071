package running

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/machineconfig"
	"github.com/inferadb/infra/regions"
	machinery "github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stackFile resolves a staging stack on AWS with changes made to it.
func stackFile(t *testing.T, changes ...string) []cluster.Cluster {
	t.Helper()
	settings := map[string]string{
		"inferadb:environment": "staging", "inferadb:provider": "aws", "inferadb:regions": `["nyc1"]`,
		"inferadb:talosVersion": "v1.12.1", "inferadb:kubernetesVersion": "1.35.0",
		"inferadb:pools": `[{"name":"data","size":"small","count":2,"workload":"stateful"}]`,
	}
	for i := 0; i < len(changes); i += 2 {
		settings["inferadb:"+changes[i]] = changes[i+1]
	}
	clusters, _, err := config.Load("staging", settings)
	require.NoError(t, err)
	config.FillFromEnvironment(clusters, func(name string) string {
		return map[string]string{"GOOGLE_PROJECT": "acme-prod"}[name]
	})
	return clusters
}

// secretsOnce makes the keys that all tests share: it takes a second.
var secretsOnce = sync.OnceValues(func() (*secrets.Bundle, error) {
	return secrets.NewBundle(secrets.NewFixedClock(time.Now()), machinery.TalosVersion1_12)
})

// stateOf returns the state that an update of the clusters leaves, as far as the rules read it: the component, the
// bootstrap and each named node's configuration.
func stateOf(t *testing.T, clusters []cluster.Cluster) State {
	t.Helper()
	bundle, err := secretsOnce()
	require.NoError(t, err)
	var state State
	add := func(token, name string, outputs map[string]any) {
		state.Resources = append(state.Resources, Resource{
			URN: "urn:pulumi:staging::inferadb::" + token + "::" + name, Type: token, Name: name, Outputs: outputs,
		})
	}
	for _, c := range clusters {
		add(clusterType, c.Name, nil)
		add(bootstrapType, c.Name, nil)
		add(secretsType, c.Name, map[string]any{"talosVersion": c.TalosVersion})
		apply := func(pool string, count int, in machineconfig.Input) {
			in.Network = netip.MustParsePrefix("10.0.0.0/16")
			text, err := machineconfig.Generate(in, bundle)
			require.NoError(t, err)
			for i := range count {
				add(machineType(t, c.Provider), fmt.Sprintf("%s-%s-%d", c.Name, pool, i), nil)
				add(applyType, fmt.Sprintf("%s-%s-%d", c.Name, pool, i), map[string]any{
					"node": fmt.Sprintf("10.0.0.%d", i+1), "machineConfigurationInput": text,
				})
			}
		}
		apply(cluster.ControlPlanePool, c.ControlPlanes.Count, c.AppliedConfiguration())
		for _, pool := range c.Pools {
			if !pool.InScalingGroup() {
				apply(pool.Name, pool.Min, c.WorkerConfiguration(pool))
			}
		}
	}
	return state
}

// refusals returns what Check refuses, a line each.
func refusals(t *testing.T, wanted []cluster.Cluster, state State) []string {
	t.Helper()
	return refusalsWhile(t, false, wanted, state)
}

// refusalsWhile returns what is refused, to `infra apply` or to an update.
func refusalsWhile(t *testing.T, applying bool, wanted []cluster.Cluster, state State) []string {
	t.Helper()
	_, err := Check(wanted, state, applying)
	var all config.Errors
	if err != nil {
		require.True(t, errors.As(err, &all), "%v", err)
	}
	var lines []string
	for _, one := range all {
		lines = append(lines, one.Error())
	}
	return lines
}

func TestClustersOfAState(t *testing.T) {
	clusters, err := stateOf(t, stackFile(t, "regions", `["nyc1","sfo1"]`)).Clusters()
	require.NoError(t, err)
	require.Len(t, clusters, 2)
	for _, c := range clusters {
		assert.True(t, c.Bootstrapped)
		assert.Len(t, c.ControlPlanes(), 3)
		assert.Len(t, c.Pool("data"), 2)
		assert.Empty(t, c.Pool("dat"))
		assert.Empty(t, c.Pool(cluster.ControlPlanePool), "control planes are no pool")
	}
	assert.Equal(t, "10.0.0.2", clusters[1].Pool("data")[1].Address)
}

func TestAConfigurationThatCannotBeReadIsNotQuoted(t *testing.T) {
	state := stateOf(t, stackFile(t))
	last := &state.Resources[len(state.Resources)-1]
	last.Outputs["machineConfigurationInput"] = "machine: {token: hunter2"
	_, err := state.Clusters()
	require.ErrorContains(t, err, last.Name)
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestAnUnchangedStackIsNotRefused(t *testing.T) {
	clusters := stackFile(t, "regions", `["nyc1","sfo1"]`)
	warnings, err := Check(clusters, stateOf(t, clusters), false)
	require.NoError(t, err)
	assert.Empty(t, warnings)
}

func TestANewStackIsNotRefused(t *testing.T) {
	warnings, err := Check(stackFile(t), State{}, false)
	require.NoError(t, err)
	assert.Empty(t, warnings)
}

func TestAnAcknowledgmentThatAllowsNothingIsWarnedOf(t *testing.T) {
	clusters := stackFile(t, "acknowledge", `["etcd-left:nobody"]`)
	warnings, err := Check(clusters, stateOf(t, clusters), false)
	require.NoError(t, err)
	assert.Equal(t, []string{`acknowledge[0]: "etcd-left:nobody" allows no pending edit; remove it`}, warnings)
}

// The types of machines, by cloud.
const (
	machineOnAWS          = "aws:ec2/instance:Instance"
	machineOnGoogleCloud  = "gcp:compute/instance:Instance"
	machineOnDigitalOcean = "digitalocean:index/droplet:Droplet"
)

func machineType(t *testing.T, provider regions.Provider) string {
	t.Helper()
	can, err := regions.CapabilitiesOf(provider)
	require.NoError(t, err)
	return can.MachineResource
}
