package simulator

import (
	"testing"

	"github.com/inferadb/infra/simulator/latency"
	"github.com/stretchr/testify/assert"
)

// TestEveryTypeHasItsTimes keeps the table of times and those of the clouds together.
func TestEveryTypeHasItsTimes(t *testing.T) {
	var served []string
	for _, table := range providers {
		for _, r := range table().Resources {
			served = append(served, r.Token)
		}
	}
	assert.ElementsMatch(t, latency.Types(), served)
}
