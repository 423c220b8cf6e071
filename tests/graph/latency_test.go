package graph

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/inferadb/infra/invariants"
	"github.com/inferadb/infra/simulator/latency"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// timed is the graph as package latency takes it.
func (g graph) timed() []latency.Resource {
	var list []latency.Resource
	for _, urn := range slices.Sorted(maps.Keys(g.nodes)) {
		n := g.nodes[urn]
		list = append(list, latency.Resource{
			URN: urn, Type: n.Type, Name: n.Name, Parent: n.Parent, After: n.DependsOn, Data: n.DataDependsOn,
		})
	}
	return list
}

// mostOverMinimum is how much longer than the least an up or a destroy may take.
const mostOverMinimum = 1.1

// adopted are networks that exist already, by cloud.
var adopted = map[string]string{
	"aws": `[{"name": "nyc1", "network": {"id": "vpc-0123456789abcdef0",
		"subnetIds": ["subnet-00000000000000000", "subnet-00000000000000001", "subnet-00000000000000002"]}}]`,
	"gcp":          `[{"name": "nyc1", "network": {"id": "shared", "subnetIds": ["machines"]}}]`,
	"digitalocean": `[{"name": "nyc1", "network": {"id": "` + ownVPC + `"}}]`,
}

// TestUpAndDestroyTakeLittleMoreThanTheyMust holds the dependencies to what they cost. A dependency that no need of
// package latency stands for may be there, as long as nothing waits for it that would be done later otherwise.
func TestUpAndDestroyTakeLittleMoreThanTheyMust(t *testing.T) {
	pools := map[string]string{
		"groups": `[{"name": "steady", "size": "medium", "count": 2}, {"name": "elastic", "size": "medium", "min": 1, "max": 3}]`,
		"named":  `[{"name": "steady", "size": "medium", "count": 3}]`,
		// The stack file's own.
		"own": "",
	}
	for _, provider := range invariants.Clouds() {
		for _, stack := range []string{"dev", "staging", "production"} {
			for _, network := range []string{"created", "adopted"} {
				for kind, text := range pools {
					if kind == "groups" && provider == "digitalocean" {
						continue
					}
					name := fmt.Sprint(provider, "/", stack, "/", network, "/", kind)
					t.Run(name, func(t *testing.T) {
						changes := map[string]string{"provider": provider}
						if text != "" {
							changes["pools"] = text
						}
						if network == "adopted" {
							changes["regions"], changes["operatorCidrs"] = adopted[provider], `["10.60.0.0/16"]`
						}
						g := build(t, stack, stackFile(t, stack, changes)).timed()
						for what, plan := range map[string]latency.Plan{"up": latency.Up(g), "destroy": latency.Destroy(g)} {
							t.Logf("%s %.2f", what, plan.Ratio())
							assert.Less(t, plan.Ratio(), mostOverMinimum, "%s takes\n%s\nand could take\n%s\n", what, plan.Path, plan.Minimum)
						}
					})
				}
			}
		}
	}
}

// TestThePageHasTheTimes compares docs/performance.md with the stacks.
func TestThePageHasTheTimes(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "performance.md"))
	require.NoError(t, err)
	for provider, title := range map[string]string{"aws": "AWS", "gcp": "Google Cloud", "digitalocean": "DigitalOcean"} {
		g := build(t, "staging", stackFile(t, "staging", map[string]string{"provider": provider})).timed()
		row := "| " + title
		for _, plan := range []latency.Plan{latency.Up(g), latency.Destroy(g)} {
			row += " | " + latency.Clock(plan.Path.Total()) + " | " + latency.Clock(plan.Minimum.Total())
		}
		assert.Contains(t, string(page), row+" |\n")
	}
}
