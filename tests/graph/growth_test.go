package graph

import (
	"runtime"
	"testing"

	"github.com/inferadb/infra/bench/manyregions"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGrowthIsLinear expects that the program allocates little more than twice the memory for twice as many regions. It
// is not parallel: what other tests allocate would count.
func TestGrowthIsLinear(t *testing.T) {
	settings := stackFile(t, "production")
	allocated := func(regions int) uint64 {
		m := &mocks{nodes: map[string]*node{}, stack: "production"}
		m.before, m.after = resource.PropertyMap{}, resource.PropertyMap{}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
			return manyregions.Program(ctx, settings, regions)
		}, pulumi.WithMocks("inferadb", "production", m)))
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	ten, twenty := allocated(10), allocated(20)
	t.Logf("10 regions: %d MiB; 20 regions: %d MiB", ten>>20, twenty>>20)
	assert.Less(t, float64(twenty)/float64(ten), 2.3)
}
