package documents

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/regions"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheQuotasAreTheStacks adds up what docs/getting-started.md tells people to ask their cloud for.
func TestTheQuotasAreTheStacks(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, "docs", "getting-started.md"))
	require.NoError(t, err)
	used := map[regions.Provider]map[string]map[string]int{}
	for _, provider := range regions.Providers() {
		used[provider] = map[string]map[string]int{}
		for _, stack := range []string{"dev", "staging", "production"} {
			settings, err := config.ReadStackFile(repository, stack)
			require.NoError(t, err)
			settings["inferadb:provider"], settings["gcp:project"] = string(provider), "inferadb-test"
			clusters, _, err := config.Load(stack, settings)
			require.NoError(t, err)
			used[provider][stack] = uses(clusters[0])
		}
	}
	for _, row := range []struct {
		provider   regions.Provider
		what, said string
	}{
		{regions.AWS, "on demand", "AWS: vCPU of On-Demand Standard instances, `L-1216C47A`"},
		{regions.AWS, "spot", "AWS: vCPU of Standard Spot requests, `L-34B43A08`"},
		{regions.AWS, "nat", "AWS: Elastic IPs, `L-0263D0A3`: one for each NAT gateway"},
		{regions.AWS, "public", "AWS: the same under `access: public`, with one for each control plane"},
		{regions.GCP, "vcpu", "Google Cloud: CPUs"},
		{regions.GCP, "disks", "Google Cloud: Persistent Disk SSD (GB), pd-balanced among it"},
		{regions.DigitalOcean, "machines", "DigitalOcean: droplets"},
		{regions.AWS, "roll", "AWS: vCPU more while every scaling group rolls"},
		{regions.GCP, "roll", "Google Cloud: CPUs more while every scaling group rolls"},
	} {
		of := used[row.provider]
		want := fmt.Sprintf("| %s | %d | %d | %d |\n", row.said, of["dev"][row.what], of["staging"][row.what], of["production"][row.what])
		assert.True(t, strings.Contains(string(text), want), "docs/getting-started.md has no row %s", want)
	}
}

// uses counts what one cluster has at rest.
func uses(c cluster.Cluster) map[string]int {
	planes := c.ControlPlanes
	used := map[string]int{"on demand": planes.Count * planes.Machine.VCPU, "machines": planes.Count,
		"disks": planes.Count * planes.DiskGiB, "nat": 1}
	if c.NATPerZone {
		used["nat"] = len(c.Location.Zones)
	}
	used["public"] = used["nat"] + planes.Count
	for _, pool := range c.Pools {
		onDemand := pool.OnDemand(pool.Max)
		used["on demand"] += onDemand * pool.Machine.VCPU
		used["spot"] += (pool.Max - onDemand) * pool.Machine.VCPU
		used["machines"] += pool.Max
		used["disks"] += pool.Max * pool.DiskGiB
	}
	used["vcpu"] = used["on demand"] + used["spot"]
	used["roll"] = roll(c)
	return used
}

// roll counts the vCPU of the machines that start before old ones go while a change rolls through every scaling group.
func roll(c cluster.Cluster) (vcpu int) {
	for _, pool := range c.Pools {
		if !pool.InScalingGroup() {
			continue
		}
		more := (pool.Max*cluster.RollPercent + 99) / 100
		if c.Provider == regions.GCP {
			// A group for each way to buy machines, and a machine in each zone.
			more = len(pool.Zones)
			if onDemand := pool.OnDemand(pool.Max); onDemand > 0 && onDemand < pool.Max {
				more *= 2
			}
		}
		vcpu += more * pool.Machine.VCPU
	}
	return vcpu
}
