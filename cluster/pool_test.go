package cluster

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMaxUnavailable(t *testing.T) {
	for count, want := range map[int]int{1: 1, 2: 1, 10: 1, 11: 2, 99: 10, 100: 10, 101: 11} {
		assert.Equal(t, want, Pool{Min: count}.MaxUnavailable(), "%d nodes", count)
	}
}
