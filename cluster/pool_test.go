package cluster

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestConfiguredAtOnce(t *testing.T) {
	for count, want := range map[int]int{2: 2, 10: 2, 20: 2, 21: 3, 99: 10, 100: 10, 101: 11} {
		assert.Equal(t, want, Pool{Min: count}.ConfiguredAtOnce(), "%d nodes", count)
	}
}

func TestOnDemand(t *testing.T) {
	for _, test := range []struct {
		spot           *Spot
		machines, want int
	}{
		{nil, 4, 4},
		{&Spot{}, 4, 0},
		{&Spot{Base: 1}, 4, 1},
		{&Spot{Base: 1, OnDemandPercent: 50}, 4, 3},
		{&Spot{OnDemandPercent: 34}, 4, 2}, // a part of a machine is a whole one
		{&Spot{Base: 2}, 1, 1},
	} {
		pool := Pool{Spot: test.spot}
		assert.Equal(t, test.want, pool.OnDemand(test.machines), "%d machines of %+v", test.machines, test.spot)
		assert.Equal(t, test.spot != nil, pool.OnSpot())
	}
}
