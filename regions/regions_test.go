package regions

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The table of the design, exactly.
func TestLocations(t *testing.T) {
	for _, row := range []struct {
		region                 string
		aws, gcp, digitalOcean string
		primary                bool
	}{
		{"nyc1", "us-east-1", "us-east4", "nyc1", true},
		{"sfo1", "us-west-1", "us-west1", "sfo3", false},
	} {
		region, err := LookupRegion(row.region)
		require.NoError(t, err)
		assert.Equal(t, row.aws, region.Locations[AWS].Region)
		assert.Equal(t, row.gcp, region.Locations[GCP].Region)
		assert.Equal(t, row.digitalOcean, region.Locations[DigitalOcean].Region)
		assert.Equal(t, row.primary, region.Primary)
	}
}

func TestEveryRegionIsCompleteForEveryProvider(t *testing.T) {
	for _, region := range All() {
		t.Run(region.Name, func(t *testing.T) {
			assert.Regexp(t, "^[a-z][a-z0-9]{2,9}$", region.Name, "is part of every name")
			assert.NotEmpty(t, region.DisplayName)
			for what, cidr := range map[string]netip.Prefix{"network": region.Network, "pods": region.Pods, "services": region.Services} {
				assert.True(t, cidr.Addr().IsPrivate() && cidr.Bits() == 16 && cidr == cidr.Masked(), "%s %s is a private /16", what, cidr)
			}
			for _, provider := range Providers() {
				location, ok := region.Locations[provider]
				require.True(t, ok, "%s is on %s", region.Name, provider)
				require.NotEmpty(t, location.Region)
				can, err := CapabilitiesOf(provider)
				require.NoError(t, err)
				if !can.MultiZone {
					assert.Empty(t, location.Zones)
					continue
				}
				assert.GreaterOrEqual(t, len(location.Zones), 2, "%s on %s survives the loss of a zone", region.Name, provider)
				if len(location.Zones) < 3 {
					assert.NotEmpty(t, location.Warning, "two zones need a word about three control planes")
				}
				for i, zone := range location.Zones {
					assert.True(t, strings.HasPrefix(zone, location.Region), "%s is in %s", zone, location.Region)
					assert.NotContains(t, location.Zones[:i], zone)
				}
			}
		})
	}
}

func TestExactlyOneRegionIsPrimaryAndComesFirst(t *testing.T) {
	for i, region := range All() {
		assert.Equal(t, i == 0, region.Primary, region.Name)
	}
}

func TestAddressesAreDisjointOverAllRegions(t *testing.T) {
	var taken []netip.Prefix
	for _, region := range All() {
		for _, cidr := range []netip.Prefix{region.Network, region.Pods, region.Services} {
			for _, other := range taken {
				assert.False(t, cidr.Overlaps(other), "%s of %s overlaps %s", cidr, region.Name, other)
			}
			taken = append(taken, cidr)
		}
	}
}

func TestSizes(t *testing.T) {
	for _, row := range []struct{ size, aws, gcp, digitalOcean string }{
		{"small", "t4g.medium", "e2-medium", "s-2vcpu-4gb"},
		{"medium", "t4g.xlarge", "e2-standard-4", "s-4vcpu-8gb"},
		{"large", "t4g.2xlarge", "e2-standard-8", "s-8vcpu-16gb"},
	} {
		size, err := LookupSize(row.size)
		require.NoError(t, err)
		assert.Equal(t, row.aws, size.Types[AWS].Name)
		assert.Equal(t, row.gcp, size.Types[GCP].Name)
		assert.Equal(t, row.digitalOcean, size.Types[DigitalOcean].Name)
		for _, provider := range Providers() {
			can, _ := CapabilitiesOf(provider)
			machine := size.Types[provider]
			assert.Contains(t, can.Architectures, machine.Architecture)
			assert.Positive(t, machine.VCPU)
			assert.Positive(t, machine.MemoryGiB)
		}
	}
}

func TestSpotTypesCanStandInForTheirSize(t *testing.T) {
	for _, size := range Sizes() {
		for _, provider := range Providers() {
			own := size.Types[provider]
			if can, _ := CapabilitiesOf(provider); !can.SpotPolicy {
				assert.Empty(t, own.Spot, "%s cannot mix types", provider)
				continue
			}
			assert.GreaterOrEqual(t, len(own.Spot), 4, "%s on %s", size.Name, provider)
			seen := map[string]bool{own.Name: true}
			for _, other := range own.Spot {
				assert.False(t, seen[other.Name], "%s is listed once", other.Name)
				seen[other.Name] = true
				assert.Equal(t, own.Architecture, other.Architecture, other.Name)
				assert.Equal(t, own.VCPU, other.VCPU, other.Name)
				assert.GreaterOrEqual(t, other.MemoryGiB, own.MemoryGiB, other.Name)
			}
		}
	}
}

func TestCapabilities(t *testing.T) {
	aws, err := CapabilitiesOf(AWS)
	require.NoError(t, err)
	assert.True(t, aws.Spot && aws.SpotPolicy && aws.ScalingGroups && aws.MultiZone && aws.CustomerKeys &&
		aws.EncryptsDisks)
	digitalOcean, err := CapabilitiesOf(DigitalOcean)
	require.NoError(t, err)
	assert.False(t, digitalOcean.Spot || digitalOcean.ScalingGroups || digitalOcean.MultiZone ||
		digitalOcean.CustomerKeys || digitalOcean.EncryptsDisks)
	assert.NotContains(t, digitalOcean.Architectures, ARM64)
	for _, provider := range Providers() {
		can, err := CapabilitiesOf(provider)
		require.NoError(t, err)
		assert.NotEmpty(t, can.DisplayName)
		assert.NotEmpty(t, can.Platform)
		assert.NotEmpty(t, can.Architectures)
	}
}

func TestLookingUpWhatIsNotThereListsWhatIs(t *testing.T) {
	_, err := LookupRegion("nyc2")
	assert.ErrorContains(t, err, `there is no region "nyc2"; choose one of nyc1, `)
	assert.ErrorContains(t, err, "sfo1")
	_, err = LookupSize("huge")
	assert.EqualError(t, err, `there is no machine size "huge"; choose one of small, medium, large`)
	_, err = LookupProvider("azure")
	assert.EqualError(t, err, `there is no provider "azure"; choose one of aws, gcp, digitalocean`)
	_, err = CapabilitiesOf("")
	assert.EqualError(t, err, `there is no provider ""; choose one of aws, gcp, digitalocean`)
	_, err = LookupType(GCP, "n1-standard-1")
	assert.EqualError(t, err, `there is no machine type "n1-standard-1"; choose one of e2-medium, e2-standard-4, e2-standard-8`)
}
