package running

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const controlPlane = "inferadb-staging-nyc1-control-plane-"

func TestEtcdKeepsItsQuorum(t *testing.T) {
	three := stateOf(t, stackFile(t))
	five := stateOf(t, stackFile(t, "controlPlanes", "5"))
	const left1, left2, left3, left4 = "etcd-left:" + controlPlane + "1", "etcd-left:" + controlPlane + "2",
		"etcd-left:" + controlPlane + "3", "etcd-left:" + controlPlane + "4"
	for name, test := range map[string]struct {
		state                State
		count, acknowledged  string
		refused, notMentions string
	}{
		"three stay":                   {state: three, count: "3"},
		"two of three":                 {state: three, count: "1", refused: "controlPlanes: inferadb-staging-nyc1 runs 3 control planes, and 1 would delete " + controlPlane + "1, " + controlPlane + "2"},
		"one of the two has left":      {state: three, count: "1", acknowledged: left2, refused: left1, notMentions: left2},
		"both have left":               {state: three, count: "1", acknowledged: left1 + `","` + left2},
		"two of five":                  {state: five, count: "3", refused: "make control-planes STACK=staging TO=3"},
		"four of five":                 {state: five, count: "1", acknowledged: left3 + `","` + left4, refused: left1},
		"two of five have left":        {state: five, count: "3", acknowledged: left3 + `","` + left4},
		"one has left and is to stay":  {state: three, count: "3", acknowledged: left2, refused: "acknowledge: \"" + left2 + "\" is acknowledged, but controlPlanes: 3 keeps the node"},
		"growing with an acknowledged": {state: three, count: "5", acknowledged: left4, refused: "acknowledge: \"" + left4 + "\" is acknowledged, but controlPlanes: 5 keeps the node"},
		"growing":                      {state: three, count: "5"},
		"another cluster's node":       {state: three, count: "1", acknowledged: "etcd-left:inferadb-staging-sfo1-control-plane-2", refused: left2},
	} {
		t.Run(name, func(t *testing.T) {
			changes := []string{"controlPlanes", test.count}
			if test.acknowledged != "" {
				changes = append(changes, "acknowledge", `["`+test.acknowledged+`"]`)
			}
			lines := strings.Join(refusals(t, stackFile(t, changes...), test.state), "\n")
			assert.Equal(t, test.refused == "", lines == "", lines)
			assert.Contains(t, lines, test.refused)
			if test.notMentions != "" {
				assert.NotContains(t, lines, test.notMentions)
			}
		})
	}
}

func TestAClusterIsNotDeletedByAnotherEdit(t *testing.T) {
	state := stateOf(t, stackFile(t))
	lines := refusals(t, stackFile(t, "regions", `["sfo1"]`), state)
	require.Len(t, lines, 1)
	assert.Contains(t, lines[0], `regions: cluster inferadb-staging-nyc1 runs`)
	assert.Contains(t, lines[0], `"cluster-removed:inferadb-staging-nyc1"`)
	assert.Empty(t, refusals(t, stackFile(t, "regions", `["sfo1"]`, "acknowledge", `["cluster-removed:inferadb-staging-nyc1"]`), state))

	// The cluster keeps its name on another cloud.
	state.Resources = append(state.Resources, Resource{Type: "aws:ec2/vpc:Vpc", Name: "inferadb-staging-nyc1"})
	for _, other := range []string{"gcp", "digitalocean"} {
		lines = refusals(t, stackFile(t, "provider", other), state)
		require.Len(t, lines, 1, other)
		assert.Contains(t, lines[0], "provider: inferadb-staging-nyc1 runs on aws, and "+other+" would delete the cluster")
	}
}

// without returns the state after a refresh that did not find the machines of the control planes.
func without(state State, numbers ...string) State {
	state.Resources = slices.DeleteFunc(slices.Clone(state.Resources), func(r Resource) bool {
		return slices.Contains(numbers, strings.TrimPrefix(r.Name, controlPlane)) && r.Type != applyType
	})
	return state
}

func TestLostControlPlanes(t *testing.T) {
	for _, provider := range []string{"aws", "gcp", "digitalocean"} {
		one := stackFile(t, "provider", provider, "controlPlanes", "1")
		three := stackFile(t, "provider", provider)
		restoring := stackFile(t, "provider", provider, "acknowledge", `["etcd-restore:inferadb-staging-nyc1"]`)
		ofOne, ofThree := stateOf(t, one), stateOf(t, three)
		assert.Empty(t, refusals(t, one, ofOne), provider)
		assert.Empty(t, refusals(t, three, without(ofThree, "1")), "%s: one of three is made anew, and joins", provider)
		for _, lines := range [][]string{
			refusals(t, one, without(ofOne, "0")),
			refusals(t, three, without(ofThree, "1", "2")),
			refusals(t, three, without(ofThree, "0", "1", "2")),
		} {
			require.Len(t, lines, 1, provider)
			assert.Contains(t, lines[0], "regions[0]: inferadb-staging-nyc1 has lost "+controlPlane)
			assert.Contains(t, lines[0], `add "etcd-restore:inferadb-staging-nyc1" to acknowledge`)
			assert.Contains(t, lines[0], "make forget-bootstrap")
		}
		assert.Empty(t, refusals(t, restoring, without(ofThree, "0", "1", "2")), provider)
		left := stackFile(t, "provider", provider, "controlPlanes", "1",
			"acknowledge", `["etcd-left:`+controlPlane+`1","etcd-left:`+controlPlane+`2"]`)
		assert.Empty(t, refusals(t, left, without(ofThree, "1", "2")), "%s: those that left are no loss", provider)
		// Before the bootstrap there is no etcd that could be lost.
		fresh := without(ofThree, "0", "1", "2")
		fresh.Resources = slices.DeleteFunc(fresh.Resources, func(r Resource) bool { return r.Type == bootstrapType })
		assert.Empty(t, refusals(t, three, fresh), provider)
	}
}
