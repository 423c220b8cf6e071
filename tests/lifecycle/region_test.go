package lifecycle

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLostRegion goes on in the other region of a stack while one does not answer, as docs/disaster.md says, and takes
// it back when it does: nothing in it was touched, and nothing is left to do.
func TestLostRegion(t *testing.T) {
	t.Parallel()
	const page = "docs/disaster.md"
	s := newStack(t, "production", "aws")
	s.set("pools", `[{"name":"workers","size":"small","count":1}]`)
	s.up()
	before := s.inRegion("us-east-1")
	require.NotEmpty(t, before)
	blocks, o := readSections(t, page)["A lost region"], newOperator(s, "aws")
	o.run("kubeconfig", "make kubeconfig STACK=production")
	o.exports += "export KUBECONFIG=production.kubeconfig\n"
	regions := s.pulumi("config", "get", "inferadb:regions")
	for _, b := range blocks {
		o.do(b, nil)
	}
	assert.Equal(t, before, s.inRegion("us-east-1"), "nothing of the lost region is touched")
	assert.NotContains(t, s.pulumi("stack", "output", "clusters"), "inferadb-production-nyc1")
	s.pulumi("config", "set", "inferadb:regions", strings.TrimSpace(regions))
	s.set("acknowledge", "[]")
	s.up()
	assert.Equal(t, before, s.inRegion("us-east-1"))
	assert.Contains(t, s.pulumi("stack", "output", "clusters"), "inferadb-production-nyc1")
	s.settled()
}

// inRegion are the ids of what the clouds have in a region.
func (s *stack) inRegion(region string) []string {
	s.t.Helper()
	var ids []string
	for _, r := range s.existing() {
		if r.Region == region {
			ids = append(ids, r.Type+" "+r.ID)
		}
	}
	return ids
}
