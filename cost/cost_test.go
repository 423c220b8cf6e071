package cost

import (
	"fmt"
	"os"
	"testing"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/regions"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// estimate prices the one cluster of a stack that these settings describe.
func estimate(t *testing.T, provider string, settings map[string]string) Estimate {
	t.Helper()
	all := map[string]string{"inferadb:environment": "dev", "inferadb:provider": provider, "inferadb:regions": `["nyc1"]`}
	for key, value := range settings {
		all["inferadb:"+key] = value
	}
	clusters, _, err := config.Load("test", all)
	require.NoError(t, err)
	b, err := OfCluster(clusters[0])
	require.NoError(t, err)
	return b
}

// lines are its lines as they are printed.
func lines(b Estimate) map[string][]string {
	printed := map[string][]string{}
	for _, line := range b.Lines {
		printed[line.What] = cells(line)[1:]
	}
	return printed
}

func TestEveryTypeHasAPriceInEveryLocation(t *testing.T) {
	for _, provider := range regions.Providers() {
		var names []string
		for _, size := range regions.Sizes() {
			machine := size.Types[provider]
			names = append(names, machine.Name)
			for _, other := range machine.Spot {
				names = append(names, other.Name)
			}
		}
		for name, location := range clouds[provider].Locations {
			for _, machine := range names {
				assert.Positive(t, location.Machines[machine], "%s in %s", machine, name)
			}
			for machine := range location.Machines {
				assert.Contains(t, names, machine, "%s is priced in %s, and nothing uses it", machine, name)
			}
			assert.Positive(t, location.Balancer, name)
			assert.Regexp(t, `^20\d\d-\d\d-\d\d$`, location.Noted, name)
			assert.Regexp(t, `^https://`, location.Source, name)
		}
	}
}

// A region that is added without prices is told so by its first estimate; these have them.
func TestTheRegionsOfTheStackFilesHavePrices(t *testing.T) {
	for _, name := range []string{"nyc1", "sfo1"} {
		region, err := regions.LookupRegion(name)
		require.NoError(t, err)
		for provider, location := range region.Locations {
			assert.Contains(t, clouds[provider].Locations, location.Region)
		}
	}
}

func TestPricesAreComplete(t *testing.T) {
	for _, provider := range regions.Providers() {
		can, err := regions.CapabilitiesOf(provider)
		require.NoError(t, err)
		prices := clouds[provider]
		assert.Positive(t, prices.Hours)
		assert.Equal(t, can.Spot, prices.Spot.Discount > 0 && prices.Spot.Discount < 1, "%s: spot", provider)
		assert.Equal(t, can.Spot, prices.Spot.Reason != "", "%s: spot", provider)
		for name, location := range prices.Locations {
			assert.Equal(t, can.DiskSizes, location.Disk > 0, "%s: disk", name)
			assert.Equal(t, can.CustomerKeys, location.Key > 0, "%s: key", name)
		}
	}
}

func TestPools(t *testing.T) {
	for name, row := range map[string]struct {
		provider, pools string
		want            map[string][]string
	}{
		"the base is on demand, the rest costs 40 %": {
			"aws", `[{"name":"web","size":"small","count":4,"spot":{"base":1}}]`,
			// 0.0336 × 730 = 24.528; 24.528 + 3 × 0.4 × 24.528 = 53.96
			map[string][]string{"pool web: 4 × t4g.medium, 1 of them on demand": {"98.11", "53.96"}, "pool web: 4 × 100 GiB of disk": {"32.00", "32.00"}},
		},
		"a base of zero": {
			"gcp", `[{"name":"web","size":"small","count":2,"spot":{"base":0}}]`,
			map[string][]string{"pool web: 2 × e2-medium, 0 of them on demand": {"55.09", "22.04"}},
		},
		"a range, whose base comes first": {
			"aws", `[{"name":"web","size":"small","min":1,"max":3,"diskGiB":50,"spot":{"base":2}}]`,
			// 2 × 24.528 + 0.4 × 24.528 = 58.87
			map[string][]string{
				"pool web: 1 to 3 × t4g.medium, 1 to 2 of them on demand": {"24.53 to 73.58", "24.53 to 58.87"},
				"pool web: 1 to 3 × 50 GiB of disk":                       {"4.00 to 12.00", "4.00 to 12.00"},
			},
		},
		"an autoscaled pool on demand": {
			"aws", `[{"name":"web","size":"large","min":0,"max":2}]`,
			map[string][]string{"pool web: 0 to 2 × t4g.2xlarge": {"0.00 to 392.45", "0.00 to 392.45"}},
		},
		"droplets, with their disks": {
			"digitalocean", `[{"name":"web","size":"large","count":2}]`,
			map[string][]string{"pool web: 2 × s-8vcpu-16gb": {"192.00", "192.00"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			printed := lines(estimate(t, row.provider, map[string]string{"pools": row.pools}))
			for what, want := range row.want {
				assert.Equal(t, want, printed[what], what)
			}
			if row.provider == "digitalocean" {
				assert.Len(t, printed, 3, "control planes, pool, balancer")
			}
		})
	}
}

func TestTheDearestTypeIsNamed(t *testing.T) {
	b := estimate(t, "aws", map[string]string{"pools": `[{"name":"web","size":"small","count":3,"spot":{"base":1,"types":["m6g.large","t4g.large"]}}]`})
	// 24.528 + 2 × 0.4 × 0.077 × 730 = 69.50
	assert.Equal(t, []string{"Pool web is priced as t4g.medium. With all its spot machines m6g.large, its dearest type, it would cost 69.50."}, b.Notes)
	assert.Empty(t, estimate(t, "gcp", nil).Notes, "an instance group on Google Cloud has one type")
}

func TestNetwork(t *testing.T) {
	const gateways, addresses = "NAT: 3 gateways", "public IPv4: 3 addresses"
	for name, row := range map[string]struct {
		provider string
		settings map[string]string
		want     map[string][]string
		without  []string
	}{
		"one for each zone": {
			"aws", map[string]string{"environment": "production"},
			map[string][]string{gateways: {"98.55", "98.55"}, addresses: {"10.95", "10.95"}}, nil,
		},
		"public control planes have addresses of their own": {
			"aws", map[string]string{"access": "public", "operatorCidrs": `["203.0.113.7/32"]`},
			map[string][]string{"NAT: 1 gateway": {"32.85", "32.85"}, "public IPv4: 2 addresses": {"7.30", "7.30"}}, nil,
		},
		"an adopted network has its own": {
			"aws", map[string]string{
				"operatorCidrs": `["10.0.0.0/8"]`,
				"regions": `[{"name":"nyc1","network":{"id":"vpc-0123456789abcdef0",
					"subnetIds":["subnet-0123456789abcdef0","subnet-0123456789abcdef1","subnet-0123456789abcdef2"]}}]`,
			},
			nil, []string{"NAT: 1 gateway", "public IPv4: 1 address"},
		},
		"Google counts the machines behind it, up to 32": {
			"gcp", map[string]string{"pools": `[{"name":"web","size":"small","min":1,"max":60}]`},
			map[string][]string{"NAT: 1 gateway": {"2.04 to 32.12", "2.04 to 32.12"}}, nil,
		},
		"Google has one for all zones": {
			"gcp", map[string]string{"environment": "production"}, map[string][]string{"NAT: 1 gateway": {"8.18", "8.18"}}, []string{gateways},
		},
		"an own key and an own name are paid for elsewhere": {
			"aws", map[string]string{
				"endpoint":      "api.example.com",
				"encryptionKey": "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
			},
			nil, []string{"private DNS zone", "KMS key of the disks, its first version"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			printed := lines(estimate(t, row.provider, row.settings))
			for what, want := range row.want {
				assert.Equal(t, want, printed[what], what)
			}
			for _, what := range row.without {
				assert.NotContains(t, printed, what)
			}
		})
	}
}

func TestWhatIsPrintedAddsUp(t *testing.T) {
	for _, provider := range regions.Providers() {
		b := estimate(t, string(provider), map[string]string{"environment": "staging"})
		var cents int
		for _, line := range b.Lines {
			cents += int(100*line.Configured.Max + 0.5)
		}
		assert.Equal(t, cents, int(100*b.Total().Configured.Max+0.5), provider)
	}
}

// The table of sizes in the documentation is of nyc1.
func TestTheDocumentedPricesAreTheTables(t *testing.T) {
	page, err := os.ReadFile("../docs/cost-and-spot.md")
	require.NoError(t, err)
	region, err := regions.LookupRegion("nyc1")
	require.NoError(t, err)
	for _, size := range regions.Sizes() {
		row := "| " + size.Name + " |"
		for _, provider := range regions.Providers() {
			prices, machine := clouds[provider], size.Types[provider].Name
			month := prices.Locations[region.Locations[provider].Region].Machines[machine] * prices.Hours
			row += fmt.Sprintf(" `%s` %.2f |", machine, month)
		}
		assert.Contains(t, string(page), row)
	}
}

func TestAMissingPriceIsNamed(t *testing.T) {
	region, err := regions.LookupRegion("nyc1")
	require.NoError(t, err)
	size, err := regions.LookupSize("small")
	require.NoError(t, err)
	c := cluster.Cluster{
		Region: "nyc1", Provider: regions.AWS, Location: region.Locations[regions.AWS],
		ControlPlanes: cluster.ControlPlanes{Count: 1, Machine: size.Types[regions.AWS]},
	}
	unknown := regions.MachineType{Name: "x1.huge"}
	c.Pools = []cluster.Pool{{Name: "web", Machine: size.Types[regions.AWS],
		Spot: &cluster.Spot{Types: []regions.MachineType{unknown}}}}
	_, err = OfCluster(c)
	assert.EqualError(t, err, "nyc1: there is no price for x1.huge in us-east-1; add it to cost/prices_aws.go")
	c.Location.Region = "mars-1"
	_, err = OfCluster(c)
	assert.EqualError(t, err, "nyc1: there are no prices for mars-1 of aws; add them to cost/prices_aws.go")
}
