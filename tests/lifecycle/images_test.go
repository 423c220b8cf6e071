package lifecycle

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestImagesThatAreGone takes the image away that a stack runs from: what runs stays as it is and can be changed, and
// only a machine that would be new is refused.
func TestImagesThatAreGone(t *testing.T) {
	for cloud, missing := range map[string]string{"aws": "talos-v1.13.10", "gcp": "talos-v1-13-10"} {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "dev", cloud)
			s.set("pools", fixedAndSpot)
			s.environment = append(s.environment, "SIMULATOR_DEPRECATED_IMAGES="+missing)
			s.up()
			// A cluster that runs is not asked for its zones either.
			s.environment = append(s.environment, "SIMULATOR_MISSING_IMAGES="+missing, "SIMULATOR_ZONES=us-east-1d")
			assert.Empty(t, s.preview(), "an untouched stack")
			// The CLI prints a warning when it comes and again at the end.
			assert.Equal(t, 2, strings.Count(s.pulumi("preview"), "what runs keeps its image"), "one warning")
			s.set("pools", strings.Replace(fixedAndSpot, `"count":2`, `"count":2,"labels":{"tier":"gold"}`, 1))
			assert.Equal(t, steps{"update " + applied: 2}, s.preview())
			s.up()
			s.set("pools", strings.Replace(fixedAndSpot, `"count":2`, `"count":3`, 1))
			_, err := s.try(nil, "pulumi", "preview", "--non-interactive", "--color", "never")
			require.ErrorContains(t, err, "regions[nyc1].image: cannot find "+missing)
			s.set("pools", fixedAndSpot)
			s.set("talosVersion", "v1.13.9")
			s.environment = append(s.environment, "SIMULATOR_MISSING_IMAGES="+strings.TrimSuffix(missing, "10")+"9")
			_, err = s.try(nil, "pulumi", "preview", "--non-interactive", "--color", "never")
			require.ErrorContains(t, err, "regions[nyc1].image: cannot find", "a group that changes its version needs the image")
			s.set("talosVersion", "v1.13.10")
			s.pulumi("destroy", "--yes", "--skip-preview")
		})
	}
}

// TestZonesOfTheAccount previews a stack in an account that has other zones than the table says.
func TestZonesOfTheAccount(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "aws")
	s.environment = append(s.environment, "SIMULATOR_ZONES=us-west-1b,us-west-1c")
	s.set("regions", "[sfo1]")
	_, err := s.try(nil, "pulumi", "preview", "--non-interactive", "--color", "never")
	require.ErrorContains(t, err, "regions[sfo1].zones: the account has no us-west-1a in us-west-1; write zones: [us-west-1b, us-west-1c]")
	s.set("regions", `[{"name":"sfo1","zones":["us-west-1b","us-west-1c"]}]`)
	assert.NotEmpty(t, s.preview())
}

// TestDropletsThatStopSlowly takes longer to stop than the provider waits by default, and changes tags that the
// provider never changes on an image.
func TestDropletsThatStopSlowly(t *testing.T) {
	t.Parallel()
	s := newStack(t, "dev", "digitalocean")
	s.environment = append(s.environment, "SIMULATOR_SLOW_STOP=90s", "SIMULATOR_LINGERING=5m")
	s.up()
	s.set("tags", `{"team":"storage"}`)
	s.up()
	for range 2 {
		s.settled()
	}
	s.destroy()
}
