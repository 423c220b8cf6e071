package aws

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestZonesThatTheAccountDoesNotHave(t *testing.T) {
	for _, test := range []struct {
		name        string
		wanted, has []string
		problem     string
	}{
		{"all there", []string{"us-west-1a", "us-west-1c"}, []string{"us-west-1a", "us-west-1c"}, ""},
		{"another pair", []string{"us-west-1a", "us-west-1c"}, []string{"us-west-1b", "us-west-1c"},
			"regions[sfo1].zones: the account has no us-west-1a in us-west-1; write zones: [us-west-1b, us-west-1c]"},
		{"none of them", []string{"us-west-1a", "us-west-1b"}, []string{"us-west-1c", "us-west-1d", "us-west-1e"},
			"regions[sfo1].zones: the account has no us-west-1a and no us-west-1b in us-west-1; write zones: [us-west-1c, us-west-1d]"},
		{"fewer than wanted", []string{"us-west-1a", "us-west-1c"}, []string{"us-west-1c"},
			"regions[sfo1].zones: the account has no us-west-1a in us-west-1; write zones: [us-west-1c]"},
	} {
		err := zonesProblem("regions[sfo1].zones", "us-west-1", test.wanted, test.has)
		if test.problem == "" {
			assert.NoError(t, err, test.name)
		} else {
			assert.EqualError(t, err, test.problem, test.name)
		}
	}
}
