package config

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/machineconfig"
	"github.com/inferadb/infra/regions"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// load is for stack files that are right.
func load(t *testing.T, file stackFile) ([]cluster.Cluster, []string) {
	t.Helper()
	clusters, warnings, err := Load("test", file.settings())
	require.NoError(t, err)
	return clusters, warnings
}

func loadOne(t *testing.T, file stackFile) cluster.Cluster {
	t.Helper()
	clusters, _ := load(t, file)
	require.Len(t, clusters, 1)
	return clusters[0]
}

func prefix(text string) netip.Prefix { return netip.MustParsePrefix(text) }

// The table of profiles in README.md, for every provider.
func TestProfiles(t *testing.T) {
	for _, row := range []struct {
		environment, controlPlaneSize, workerSize string
		controlPlanes, workers                    int
		workload                                  cluster.Workload
		spot, natPerZone, protected, managed      bool
		network                                   string
	}{
		{"dev", "small", "small", 1, 2, cluster.Stateless, true, false, false, false, "10.101.0.0/18"},
		{"staging", "medium", "medium", 3, 3, cluster.Stateless, true, false, false, false, "10.101.64.0/18"},
		{"production", "medium", "large", 3, 5, cluster.Stateful, false, true, true, true, "10.101.128.0/18"},
	} {
		for _, provider := range regions.Providers() {
			t.Run(row.environment+" on "+string(provider), func(t *testing.T) {
				can, err := regions.CapabilitiesOf(provider)
				require.NoError(t, err)
				c := loadOne(t, stackFile{"environment": row.environment, "provider": string(provider)})
				assert.Equal(t, "inferadb-test-nyc1", c.Name)
				assert.Equal(t, row.environment, c.Environment)
				assert.Equal(t, row.controlPlanes, c.ControlPlanes.Count)
				assert.Equal(t, row.controlPlaneSize, c.ControlPlanes.Size)
				assert.Equal(t, controlPlaneDiskGiB, c.ControlPlanes.DiskGiB)
				require.Len(t, c.Pools, 1)
				assert.Equal(t, "workers", c.Pools[0].Name)
				assert.Equal(t, row.workerSize, c.Pools[0].Size)
				assert.Equal(t, []int{row.workers, row.workers}, []int{c.Pools[0].Min, c.Pools[0].Max})
				assert.Equal(t, row.workload, c.Pools[0].Workload)
				assert.Equal(t, row.spot && can.Spot, c.Pools[0].OnSpot())
				assert.Equal(t, row.natPerZone, c.NATPerZone)
				assert.Equal(t, row.protected, c.Protected)
				assert.Equal(t, cluster.EncryptionKey{Managed: row.managed && can.CustomerKeys}, c.EncryptionKey)
				assert.Equal(t, !can.EncryptsDisks, c.LUKS)
				assert.Equal(t, prefix(row.network), c.Network.CIDR)
				assert.Equal(t, []netip.Prefix{prefix(row.network)}, c.OperatorCIDRs)
			})
		}
	}
}

func TestNetworksOfAllEnvironmentsAndRegionsAreDisjoint(t *testing.T) {
	var taken []netip.Prefix
	for _, environment := range Environments() {
		clusters, _ := load(t, stackFile{"environment": environment, "regions": `["nyc1","sfo1"]`})
		for _, c := range clusters {
			for _, other := range taken {
				assert.False(t, c.Network.CIDR.Overlaps(other), "%s overlaps %s", c.Network.CIDR, other)
			}
			taken = append(taken, c.Network.CIDR)
		}
	}
	assert.Len(t, taken, 6)
}

func TestDefaults(t *testing.T) {
	c := loadOne(t, nil)
	assert.Equal(t, "v1.13.10", c.TalosVersion)
	assert.Equal(t, "1.36.5", c.KubernetesVersion)
	assert.Equal(t, cluster.Private, c.Access)
	assert.Equal(t, cluster.Cilium, c.CNI)
	assert.True(t, c.Primary)
	assert.Empty(t, c.Endpoint)
	assert.Empty(t, c.Image)
	assert.Equal(t, []string{"us-east-1a", "us-east-1b", "us-east-1c"}, c.Location.Zones)
	assert.Equal(t, c.Location.Zones, c.Pools[0].Zones)
	assert.Equal(t, map[string]string{
		"cluster": "inferadb-test-nyc1", "stack": "test", "environment": "dev", "region": "nyc1", "managed-by": "pulumi",
		"owner": "inferadb", "cost-centre": "dev",
	}, c.Tags)
	stated := loadOne(t, stackFile{"pools": `[{"name":"workers","size":"small","count":2,"spot":true}]`})
	assert.Equal(t, c.Pools, stated.Pools, "the profile's pool and a stated one have the same defaults")
}

// Pulumi.yaml gives optional keys an empty default, because a key without one is required.
func TestEmptyValuesAreNotSet(t *testing.T) {
	empty := stackFile{
		"controlPlanes": "", "controlPlaneSize": "", "pools": "[]", "operatorCidrs": "[]", "encryptionKey": "", "diskEncryption": "",
		"endpoint": "", "patches": "{}", "tags": "{}", "protection": "", "podEncryption": "", "access": "",
	}
	assert.Equal(t, loadOne(t, nil), loadOne(t, empty))
}

func TestEveryKeyIsHonored(t *testing.T) {
	const arn = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	patch := "machine: {sysctls: {vm.swappiness: \"1\"}}"
	for _, row := range []struct {
		key, value string
		got        func(cluster.Cluster) any
		want       any
	}{
		{"controlPlanes", "5", func(c cluster.Cluster) any { return c.ControlPlanes.Count }, 5},
		{"controlPlaneSize", "large", func(c cluster.Cluster) any { return c.ControlPlanes.Machine.Name }, "t4g.2xlarge"},
		{"talosVersion", "v1.13.0", func(c cluster.Cluster) any { return c.TalosVersion }, "v1.13.0"},
		{"kubernetesVersion", "1.34.2", func(c cluster.Cluster) any { return c.KubernetesVersion }, "1.34.2"},
		{"operatorCidrs", `["203.0.113.7/32"]`, func(c cluster.Cluster) any { return c.OperatorCIDRs }, []netip.Prefix{prefix("203.0.113.7/32")}},
		{"cni", "flannel", func(c cluster.Cluster) any { return c.CNI }, cluster.Flannel},
		{"encryptionKey", arn, func(c cluster.Cluster) any { return c.EncryptionKey }, cluster.EncryptionKey{ID: arn}},
		{"encryptionKey", `{"managed":true}`, func(c cluster.Cluster) any { return c.EncryptionKey }, cluster.EncryptionKey{Managed: true}},
		{"diskEncryption", "luks", func(c cluster.Cluster) any { return c.LUKS }, true},
		{"environment", "production", func(c cluster.Cluster) any { return c.Hardened }, true},
		{"endpoint", "api.example.com", func(c cluster.Cluster) any { return c.Endpoint }, "api.example.com"},
		{"patches", fmt.Sprintf(`{"all":[%q]}`, patch), func(c cluster.Cluster) any { return c.Patches.All }, []string{patch}},
		{"patches", fmt.Sprintf(`{"controlPlanes":[%q]}`, patch), func(c cluster.Cluster) any { return c.Patches.ControlPlanes }, []string{patch}},
		{"patches", fmt.Sprintf(`{"workers":[%q]}`, patch), func(c cluster.Cluster) any { return c.Patches.Workers }, []string{patch}},
		{"tags", `{"team":"storage"}`, func(c cluster.Cluster) any { return c.Tags["team"] }, "storage"},
		{"tags", `{"owner":"storage"}`, func(c cluster.Cluster) any { return c.Tags["owner"] }, "storage"},
		{"flowLogs", "true", func(c cluster.Cluster) any { return c.FlowLogs }, true},
		{"ebsEncryptionByDefault", "true", func(c cluster.Cluster) any { return c.EBSEncryptionByDefault }, true},
		{"protection", "true", func(c cluster.Cluster) any { return c.Protected }, true},
		{"gcp:project", "acme", func(c cluster.Cluster) any { return c.Project }, "acme"},
		{"regions", `[{"name":"nyc1","image":"ami-0123456789abcdef0"}]`, func(c cluster.Cluster) any { return c.Image }, "ami-0123456789abcdef0"},
		{"regions", `[{"name":"nyc1","endpoint":"api.example.com"}]`, func(c cluster.Cluster) any { return c.Endpoint }, "api.example.com"},
		{"regions", `[{"name":"nyc1","provider":"gcp"}]`, func(c cluster.Cluster) any { return c.Location.Region }, "us-east4"},
		{"regions", `[{"name":"nyc1","zones":["us-east-1f"]}]`, func(c cluster.Cluster) any { return c.Pools[0].Zones }, []string{"us-east-1f"}},
		{"regions", `[{"name":"nyc1","encryptionKey":{"managed":true}}]`, func(c cluster.Cluster) any { return c.EncryptionKey.Managed }, true},
		{"regions", `[{"name":"nyc1","network":{"cidr":"172.16.0.0/22"}}]`, func(c cluster.Cluster) any { return c.Network.CIDR }, prefix("172.16.0.0/22")},
	} {
		t.Run(row.key+" "+row.value, func(t *testing.T) {
			assert.NotEqual(t, row.want, row.got(loadOne(t, nil)), "is not the default")
			assert.Equal(t, row.want, row.got(loadOne(t, stackFile{row.key: row.value})))
		})
	}
}

// The key's kind reaches every machine of the clusters that Talos encrypts, and no other.
func TestTheKeyOfDisksThatTalosEncrypts(t *testing.T) {
	const server = "https://kms.example.com:4050"
	assert.Empty(t, loadOne(t, stackFile{"diskEncryption": "luks"}).KMS)
	clusters, _ := load(t, stackFile{"luksKey": server, "regions": `["nyc1",{"name":"sfo1","provider":"digitalocean"}]`, "pools": `[{"name":"a","size":"medium","count":3}]`})
	assert.Empty(t, clusters[0].KMS, "AWS encrypts the disks of nyc1")
	assert.Equal(t, server, clusters[1].KMS)
	assert.Equal(t, server, clusters[1].ControlPlaneConfiguration().KMS)
	assert.Equal(t, server, clusters[1].WorkerConfiguration(clusters[1].Pools[0]).KMS)
}

// Operators speak to control planes; what asks whether a group's machine is alive speaks to that machine.
func TestWhoSpeaksToTheTalosAPI(t *testing.T) {
	pools := `[{"name":"fixed","size":"small","count":1},{"name":"group","size":"small","min":1,"max":3}]`
	for provider, asking := range map[string][]netip.Prefix{"aws": nil, "gcp": {prefix("130.211.0.0/22"), prefix("35.191.0.0/16")}} {
		c := loadOne(t, stackFile{"provider": provider, "operatorCidrs": `["203.0.113.0/24"]`, "pools": pools})
		assert.Equal(t, []netip.Prefix{prefix("203.0.113.0/24")}, c.ControlPlaneConfiguration().TalosClients)
		assert.Empty(t, c.WorkerConfiguration(c.Pools[0]).TalosClients)
		assert.Equal(t, asking, c.WorkerConfiguration(c.Pools[1]).TalosClients)
	}
}

func TestTheStackFileOutweighsTheProfile(t *testing.T) {
	c := loadOne(t, stackFile{"environment": "production", "protection": "false", "encryptionKey": `{"managed":false}`})
	assert.False(t, c.Protected)
	assert.Equal(t, cluster.EncryptionKey{}, c.EncryptionKey)
}

func TestPools(t *testing.T) {
	c := loadOne(t, stackFile{"pools": `[
		{"name":"data","size":"large","count":3,"workload":"stateful","diskGiB":500,"labels":{"tier":"data"},
		 "taints":[{"key":"tier","value":"data","effect":"NoSchedule"}],"zones":["us-east-1a","us-east-1b"],
		 "patches":["machine: {sysctls: {vm.swappiness: \"1\"}}"]},
		{"name":"batch","size":"medium","min":0,"max":9,"spot":{"base":2,"maxPrice":0.05,"strategy":"lowest-price","types":["r6g.xlarge","t4g.xlarge"]}},
		{"name":"parked","size":"small","count":0,"spot":false},
		{"name":"cheap","size":"small","count":1,"spot":{}}]`})
	require.Len(t, c.Pools, 4)
	data, batch, parked, cheap := c.Pools[0], c.Pools[1], c.Pools[2], c.Pools[3]

	assert.False(t, data.InScalingGroup())
	assert.Equal(t, 500, data.DiskGiB)
	assert.Equal(t, map[string]string{"tier": "data", cluster.LabelPool: "data", cluster.LabelWorkload: "stateful"}, data.Labels)
	assert.Equal(t, []cluster.Taint{{Key: "tier", Value: "data", Effect: "NoSchedule"}}, data.Taints)
	assert.Equal(t, []string{"us-east-1a", "us-east-1b"}, data.Zones)
	assert.Len(t, data.Patches, 1)

	assert.True(t, batch.InScalingGroup() && batch.Autoscaled())
	assert.Equal(t, []int{0, 9}, []int{batch.Min, batch.Max})
	assert.Equal(t, 2, batch.Spot.Base)
	assert.Equal(t, "0.05", batch.Spot.MaxPrice)
	assert.Equal(t, "lowest-price", batch.Spot.Strategy)
	assert.Equal(t, []string{"t4g.xlarge", "r6g.xlarge"}, typeNames(batch.Spot.Types), "the pool's own type comes first, once")

	assert.Equal(t, "true", batch.Labels[cluster.LabelSpot])
	assert.Contains(t, batch.Taints, cluster.Taint{Key: cluster.LabelSpot, Value: "true", Effect: "NoSchedule"})

	assert.Equal(t, 0, parked.Max)
	assert.Nil(t, parked.Spot)

	assert.True(t, cheap.InScalingGroup())
	assert.Equal(t, 1, cheap.Spot.Base)
	assert.Equal(t, "capacity-optimized", cheap.Spot.Strategy)
	assert.Empty(t, cheap.Spot.MaxPrice)
	assert.Equal(t, "t4g.medium", cheap.Spot.Types[0].Name)
	assert.Len(t, cheap.Spot.Types, 1+len(cheap.Machine.Spot))
}

func TestSpotPolicyAndAutoscaling(t *testing.T) {
	c := loadOne(t, stackFile{"alarmEmails": `["ops@example.com"]`, "pools": `[
		{"name":"mixed","size":"small","count":6,"spot":{"base":2,"onDemandPercent":25,"requirements":true,"rebalance":true}},
		{"name":"waiting","size":"small","min":0,"max":3,"labels":{"tier":"web"},"taints":[{"key":"web","effect":"NoExecute"}]},
		{"name":"loaded","size":"small","min":1,"max":3,"autoscaling":"cpu"}]`})
	mixed, waiting, loaded := c.Pools[0], c.Pools[1], c.Pools[2]
	assert.Equal(t, 25, mixed.Spot.OnDemandPercent)
	assert.True(t, mixed.Spot.Requirements && mixed.Spot.Rebalance)
	assert.Empty(t, mixed.Autoscaling, "nothing scales a pool of fixed size")
	assert.Equal(t, cluster.ClusterAutoscaler, waiting.Autoscaling)
	assert.Equal(t, map[string]string{
		cluster.NodeTemplate + "label/tier":                     "web",
		cluster.NodeTemplate + "label/" + cluster.LabelPool:     "waiting",
		cluster.NodeTemplate + "label/" + cluster.LabelWorkload: "stateless",
		cluster.NodeTemplate + "taint/web":                      ":NoExecute",
	}, waiting.NodeTemplateTags())
	assert.Equal(t, cluster.CPU, loaded.Autoscaling)
	assert.Equal(t, 3, c.SpotMachines(), "two machines are the base, and a quarter of the other four is on demand")
	assert.Equal(t, []string{"ops@example.com"}, c.AlarmEmails)
}

// Invariant 22: spot machines are marked, and keep off what does not tolerate them unless there is nowhere else to go.
func TestTheOnlyPoolCanBeSpot(t *testing.T) {
	only := loadOne(t, stackFile{"pools": `[{"name":"cheap","size":"small","count":2,"spot":true}]`}).Pools[0]
	assert.Equal(t, "true", only.Labels[cluster.LabelSpot])
	assert.Empty(t, only.Taints)
}

func TestAPoolTakesTheZonesThatAreItsRegions(t *testing.T) {
	clusters, warnings := load(t, stackFile{
		"regions": `["nyc1","sfo1"]`,
		"pools":   `[{"name":"a","size":"small","count":2,"zones":["us-east-1a","us-east-1c","us-west-1c"]}]`,
	})
	assert.Equal(t, []string{"us-east-1a", "us-east-1c"}, clusters[0].Pools[0].Zones)
	assert.Equal(t, []string{"us-west-1c"}, clusters[1].Pools[0].Zones)
	assert.Contains(t, warnings, "sfo1: pool a is in us-west-1c only; the loss of that zone is the loss of the whole pool")
}

func TestALocationWithFewZonesIsAllowedWithAWarning(t *testing.T) {
	clusters, warnings := load(t, stackFile{"environment": "production", "regions": `["nyc1","sfo1"]`})
	require.Len(t, clusters, 2)
	assert.Equal(t, []string{"us-west-1a", "us-west-1c"}, clusters[1].Location.Zones)
	require.Len(t, warnings, 1)
	assert.Contains(t, warnings[0], "losing that zone")
	clusters, _ = load(t, stackFile{"regions": `[{"name":"sfo1","zones":["us-west-1a","us-west-1b"]}]`})
	assert.Equal(t, []string{"us-west-1a", "us-west-1b"}, clusters[0].Location.Zones)
}

func TestTheProfilesSpotPoolIsOnDemandWhereThereIsNoSpot(t *testing.T) {
	clusters, warnings := load(t, stackFile{"provider": "digitalocean"})
	assert.Nil(t, clusters[0].Pools[0].Spot)
	assert.Equal(t, []string{"nyc1: digitalocean has no spot market, so pool workers is on demand"}, warnings)
}

// The metadata service answers pods as well, unless the cloud or Cilium keeps them from it.
func TestFlannelLeavesTheUserDataToPodsWhereTheCloudDoes(t *testing.T) {
	for _, provider := range regions.Providers() {
		can, err := regions.CapabilitiesOf(provider)
		require.NoError(t, err)
		file := stackFile{"provider": string(provider), "cni": "flannel", "pools": `[{"name":"a","size":"small","count":1}]`}
		for _, environment := range []string{"dev", "staging"} {
			_, warnings := load(t, file.with("environment", environment))
			assert.Equal(t, can.MetadataIsolated, len(warnings) == 0, "%s: %v", provider, warnings)
		}
		_, warnings := load(t, file.with("cni", "cilium"))
		assert.Empty(t, warnings)
		_, _, err = Load("test", file.with("environment", "production").settings())
		assert.Equal(t, can.MetadataIsolated, err == nil, "%s: %v", provider, err)
	}
}

func TestOneStackSpansClouds(t *testing.T) {
	clusters, _ := load(t, stackFile{
		"environment": "production", "regions": `["nyc1",{"name":"sfo1","provider":"digitalocean"}]`,
		"pools": `[{"name":"a","size":"medium","count":3}]`,
	})
	assert.Equal(t, regions.AWS, clusters[0].Provider)
	assert.Equal(t, "t4g.xlarge", clusters[0].Pools[0].Machine.Name)
	assert.Equal(t, regions.DigitalOcean, clusters[1].Provider)
	assert.Equal(t, "s-4vcpu-8gb", clusters[1].Pools[0].Machine.Name)
	assert.True(t, clusters[1].LUKS)
	assert.False(t, clusters[1].EncryptionKey.Managed)
}

func TestExactlyOneClusterIsPrimary(t *testing.T) {
	for file, want := range map[string]string{
		`["nyc1","sfo1"]`: "nyc1",
		`["sfo1","nyc1"]`: "nyc1",
		`["sfo1"]`:        "sfo1",
		`["nyc1",{"name":"sfo1","primary":true}]`:           "sfo1",
		`[{"name":"nyc1","primary":false},"sfo1"]`:          "sfo1",
		`[{"name":"sfo1","primary":true},{"name":"nyc1"}]`:  "sfo1",
		`[{"name":"sfo1","primary":false},{"name":"nyc1"}]`: "nyc1",
		`[{"name":"nyc1","primary":true},{"name":"sfo1"}]`:  "nyc1",
	} {
		clusters, _ := load(t, stackFile{"regions": file})
		var primary []string
		for _, c := range clusters {
			if c.Primary {
				primary = append(primary, c.Region)
			}
		}
		assert.Equal(t, []string{want}, primary, file)
	}
}

func TestAdoptedNetworks(t *testing.T) {
	c := loadOne(t, stackFile{
		"access": "public", "operatorCidrs": `["203.0.113.0/24"]`,
		"regions": `[{"name":"nyc1","zones":["us-east-1a","us-east-1b"],"network":{"id":"vpc-0123456789abcdef0",
			"subnetIds":["subnet-00000001","subnet-00000002"],"publicSubnetIds":["subnet-00000003","subnet-00000004"]}}]`,
	})
	assert.True(t, c.Network.Adopted())
	assert.False(t, c.Network.CIDR.IsValid())
	assert.Equal(t, []string{"subnet-00000001", "subnet-00000002"}, c.Network.SubnetIDs)
	assert.Equal(t, []string{"subnet-00000003", "subnet-00000004"}, c.Network.PublicSubnetIDs)
	assert.Equal(t, []netip.Prefix{prefix("203.0.113.0/24")}, c.OperatorCIDRs)
	assert.Equal(t, cluster.Public, c.Access)

	c = loadOne(t, stackFile{
		"provider": "digitalocean", "operatorCidrs": `["10.0.0.0/8"]`, "regions": `[{"name":"nyc1","network":{"id":"5a4981aa-9653-4bd1-bef5-d6bff52042e4"}}]`,
	})
	assert.Equal(t, "5a4981aa-9653-4bd1-bef5-d6bff52042e4", c.Network.ID)
}

// Nobody may be let in by leaving something out.
func TestOperatorsAreNeverNobodyAndNeverEverybody(t *testing.T) {
	for _, environment := range Environments() {
		for _, c := range []cluster.Cluster{
			loadOne(t, stackFile{"environment": environment}),
			loadOne(t, stackFile{"environment": environment, "access": "public", "operatorCidrs": `["203.0.113.7/32"]`}),
		} {
			require.NotEmpty(t, c.OperatorCIDRs)
			for _, cidr := range c.OperatorCIDRs {
				assert.GreaterOrEqual(t, cidr.Bits(), 8)
			}
		}
	}
}

func TestTheNumberOfTagsIsLimited(t *testing.T) {
	tags := func(n int) stackFile {
		text := `{"owner":"me"`
		for i := range n - 1 {
			text += fmt.Sprintf(`,"tag-%d":"x"`, i)
		}
		return stackFile{"tags": text + "}"}
	}
	assert.Len(t, loadOne(t, tags(40)).Tags, 40+6, "the program's six beside owner")
	_, _, err := Load("test", tags(41).settings())
	assert.ErrorContains(t, err, "tags: 41 tags and the program's 10 are more than the 50 that AWS allows; keep at most 40")
}

func TestTagLengths(t *testing.T) {
	long := func(n int) string { return string(make([]byte, 0, n)) + fmt.Sprintf("%0*d", n, 0) }
	loadOne(t, stackFile{"tags": fmt.Sprintf(`{%q:%q}`, long(128), long(256))})
	_, _, err := Load("test", stackFile{"tags": fmt.Sprintf(`{%q:"x"}`, long(129))}.settings())
	assert.ErrorContains(t, err, "the key has 129 characters; use at most 128")
	_, _, err = Load("test", stackFile{"tags": fmt.Sprintf(`{"k":%q}`, long(257))}.settings())
	assert.ErrorContains(t, err, "tags.k: the value has 257 characters; use at most 256")
}

func TestWhatASpotTypeMustHaveInCommon(t *testing.T) {
	own := regions.MachineType{Name: "own", Architecture: regions.ARM64, VCPU: 4, MemoryGiB: 16}
	for want, change := range map[string]func(*regions.MachineType){
		"":                             func(t *regions.MachineType) { t.MemoryGiB = 32 },
		"other is amd64, own is arm64": func(t *regions.MachineType) { t.Architecture = regions.AMD64 },
		"other has 2 vCPU, own has 4":  func(t *regions.MachineType) { t.VCPU = 2 },
		"other has 8 GiB of memory, less than the 16 of own": func(t *regions.MachineType) { t.MemoryGiB = 8 },
	} {
		other := own
		other.Name = "other"
		change(&other)
		assert.Equal(t, want, incompatibility(own, other))
	}
}

func TestLabelsThatANodeMaySetItself(t *testing.T) {
	for label, may := range map[string]bool{
		"tier": true, "example.com/tier": true, "node.kubernetes.io/tier": true, "a.node.kubernetes.io/tier": true,
		"kubelet.kubernetes.io/tier": true, "mykubernetes.io/tier": true,
		"kubernetes.io/hostname": false, "node-role.kubernetes.io/worker": false, "node-restriction.kubernetes.io/x": false,
		"topology.kubernetes.io/zone": false, "k8s.io/x": false, "sub.k8s.io/x": false,
	} {
		assert.Equal(t, may, nodeMaySet(label), label)
	}
}

// The manifests are in what is applied to control planes, and never in user data: packed they are larger than AWS'
// limit.
func TestUserDataStaysSmall(t *testing.T) {
	const half = 16384 / 2
	for _, environment := range Environments() {
		for _, cni := range []cluster.CNI{cluster.Cilium, cluster.None, cluster.Flannel} {
			clusters, _ := load(t, stackFile{"environment": environment, "cni": string(cni), "diskEncryption": "luks", "regions": `["nyc1","sfo1"]`})
			for _, c := range clusters {
				boot, applied := c.ControlPlaneConfiguration(), c.AppliedConfiguration()
				boot.UserDataLimit, applied.UserDataLimit = half, half
				assert.NoError(t, machineconfig.Check(boot), "%s with %s", c.Name, cni)
				assert.Equal(t, cni == cluster.Cilium, machineconfig.Check(applied) != nil)
				assert.Equal(t, cni != cluster.Cilium, len(c.Manifests) == 0)
				for _, pool := range c.Pools {
					worker := c.WorkerConfiguration(pool)
					worker.UserDataLimit = half
					assert.NoError(t, machineconfig.Check(worker))
					assert.Empty(t, worker.Manifests)
				}
			}
		}
	}
}

func TestPodsAreEncryptedUnlessTheStackFileSaysOtherwise(t *testing.T) {
	for says, want := range map[string]bool{"": true, "wireguard": true, "none": false} {
		file := stackFile{}
		if says != "" {
			file["podEncryption"] = says
		}
		clusters, _ := load(t, file)
		texts := map[string]string{}
		for _, manifest := range clusters[0].Manifests {
			texts[manifest.Name] = manifest.Contents
		}
		_, encrypted := machineconfig.InstalledCilium(texts)
		assert.Equal(t, want, encrypted, says)
	}
}

func TestAStackFileWithoutVersionsIsWarnedOf(t *testing.T) {
	clusters, warnings := load(t, stackFile{"talosVersion": "", "kubernetesVersion": ""})
	assert.Equal(t, DefaultTalosVersion, clusters[0].TalosVersion)
	assert.Equal(t, DefaultKubernetesVersion, clusters[0].KubernetesVersion)
	assert.Equal(t, []string{"talosVersion", "kubernetesVersion"}, clusters[0].UnsetVersions)
	require.Len(t, warnings, 2)
	assert.Contains(t, warnings[0], "talosVersion: is not set, so it is v1.13.10; write that into the stack file")

	clusters, warnings = load(t, stackFile{})
	assert.Empty(t, clusters[0].UnsetVersions)
	assert.Empty(t, warnings)
}

func TestATalosThatIsNewerThanTheProgramIsWarnedOf(t *testing.T) {
	clusters, warnings := load(t, stackFile{"talosVersion": "v1.14.1"})
	assert.Equal(t, "v1.14.1", clusters[0].TalosVersion)
	require.Len(t, warnings, 1)
	assert.Contains(t, warnings[0], "talosVersion: Talos v1.14.1 is newer than v1.13")
}

// The stack files of the repository name both, so that nothing is upgraded by another version of the program.
func TestStackFilesNameTheirVersions(t *testing.T) {
	for _, environment := range Environments() {
		var file struct{ Config map[string]any }
		readYAML(t, "Pulumi."+environment+".yaml", &file)
		assert.NotEmpty(t, file.Config["inferadb:talosVersion"], environment)
		assert.NotEmpty(t, file.Config["inferadb:kubernetesVersion"], environment)
	}
}
