package lifecycle

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhatAClusterStartsWith brings a cluster up with objects of its own that wait for a cloud controller, from a
// file and from an encrypted stack file. They are there when up ends; what is changed or taken out later stays, and
// is announced.
func TestWhatAClusterStartsWith(t *testing.T) {
	t.Parallel()
	const (
		key   = "apiVersion: v1\nkind: Secret\nmetadata: {name: deploy-key, namespace: flux-system}\nstringData: {identity: never-in-clear}\n"
		space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: flux-system}\n"
	)
	s := newStack(t, "dev", "aws")
	s.set("cloudController", "true")
	manifests := func(texts ...string) string {
		list, err := json.Marshal(texts)
		require.NoError(t, err)
		return string(list)
	}
	s.pulumi("config", "set", "--path", "inferadb:bootstrapManifests[0]", "tests/lifecycle/testdata/flux.yaml")
	s.pulumi("config", "set", "--path", "--secret", "inferadb:bootstrapManifests[1]", key)
	s.up()
	for _, n := range s.nodes() {
		assert.Contains(t, n.Reason, "node.cloudprovider.kubernetes.io/uninitialized", "%s is ready for no pod yet", n.Node)
	}
	made, err := s.try(nil, "simulator", "nodes")
	require.NoError(t, err)
	assert.Contains(t, made, "Deployments: coredns, cilium-operator, source-controller")
	s.settled()
	s.refusedEdit("cloudController", "false", "true", "register by its host name instead of its full name")

	s.set("bootstrapManifests", manifests(space))
	s.up()
	assert.Contains(t, s.said.String(), "Deployment flux-system/source-controller, Secret flux-system/deploy-key, which are no longer in the stack file")
	made, err = s.try(nil, "simulator", "nodes")
	require.NoError(t, err)
	assert.Contains(t, made, "source-controller", "an update deletes nothing in the cluster")
	assert.NotContains(t, s.said.String(), "never-in-clear")
	s.settled()
	s.destroy()
}
