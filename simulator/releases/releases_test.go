package releases

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEveryPatchOfAKnownMinorExists(t *testing.T) {
	for _, version := range []string{"v1.8.4", "v1.12.1", "v1.12.12", "v1.13.10", "v1.14.1"} {
		assert.Contains(t, All(), version)
	}
	assert.True(t, Exists(13, 10))
	for _, release := range [][2]int{{7, 0}, {15, 0}, {99, 0}, {13, -1}, {13, 99}} {
		assert.False(t, Exists(release[0], release[1]), "%v", release)
	}
}
