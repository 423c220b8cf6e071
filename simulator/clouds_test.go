package simulator

import (
	"testing"

	"github.com/inferadb/infra/simulator/sandbox"
	"github.com/stretchr/testify/assert"
)

// TestEveryCloudHasSandboxes compares the two places that know all clouds.
func TestEveryCloudHasSandboxes(t *testing.T) {
	assert.ElementsMatch(t, Providers(), append([]string{"talos"}, sandbox.Clouds...))
}
