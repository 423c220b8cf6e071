package network

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReached(t *testing.T) {
	none, lost := errors.New("no target"), errors.New("lost")
	forward := func(name string) (Machine, error) {
		if name == "down" {
			return Machine{}, lost
		}
		return Machine{Name: name}, nil
	}
	found, err := Reached([]string{"down", "up"}, none, forward)
	assert.NoError(t, err)
	assert.Equal(t, []Machine{{Name: "up"}}, found)
	_, err = Reached([]string{"down"}, none, forward)
	assert.ErrorIs(t, err, lost)
	_, err = Reached(nil, none, forward)
	assert.ErrorIs(t, err, none)
}

func TestCheckHealth(t *testing.T) {
	assert.ErrorContains(t, CheckHealth("HTTP", true), "speaks HTTP")
	assert.ErrorContains(t, CheckHealth("HTTPS", false), "401")
	assert.NoError(t, CheckHealth("HTTPS", true))
	assert.NoError(t, CheckHealth("TCP", false))
}

func TestContains(t *testing.T) {
	assert.True(t, Contains("10.0.0.0/8", "10.1.2.3"))
	for _, text := range []string{"10.0.0.0/16", "10.1.2.3", ""} {
		assert.False(t, Contains(text, "10.1.2.3"), text)
	}
	assert.False(t, Contains("10.0.0.0/8", "name"))
}
