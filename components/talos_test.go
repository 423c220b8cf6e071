package components

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// configured are mocks that write down how nodes are configured.
type configured struct {
	// configure is called while a node is configured.
	configure func(node string) error

	mutex sync.Mutex
	// dependencies has what each node depends on in the state, besides the cluster's secrets.
	dependencies map[string][]string
	// together is how many nodes are being configured, and most is its largest value.
	together, most int
}

func (c *configured) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.TypeToken != "talos:machine/configurationApply:ConfigurationApply" {
		return args.Name, args.Inputs, nil
	}
	names := []string{}
	for _, urn := range args.RegisterRPC.GetDependencies() {
		if name := urn[strings.LastIndex(urn, ":")+1:]; name != "c" {
			names = append(names, name)
		}
	}
	c.begin(args.Name, names)
	err := c.configure(args.Name)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.together--
	return args.Name, args.Inputs, err
}

func (c *configured) begin(node string, dependencies []string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.dependencies[node] = dependencies
	c.together++
	c.most = max(c.most, c.together)
}

func (*configured) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }

// configureNodes configures that many nodes, with the mocks.
func configureNodes(
	mocks *configured,
	nodes int,
	running bool,
	apply func(*talosAPI, []application) ([]pulumi.Resource, error),
) error {
	mocks.dependencies = map[string][]string{}
	ended := make(chan error, 1)
	go func() { ended <- runWith(mocks, nodes, running, apply) }()
	select {
	case err := <-ended:
		return err
	case <-time.After(time.Minute):
		return errors.New("the program does not end")
	}
}

func runWith(
	mocks *configured,
	nodes int,
	running bool,
	apply func(*talosAPI, []application) ([]pulumi.Resource, error),
) error {
	return pulumi.RunErr(func(ctx *pulumi.Context) error {
		talos, err := newTalosAPI(ctx, cluster.Cluster{Name: "c", TalosVersion: "v1.13.9"}, running, nil)
		if err != nil {
			return err
		}
		text := pulumi.String("").ToStringOutput()
		var all []application
		for i := range nodes {
			node := cloud.Node{
				Name: fmt.Sprint("node-", i), PrivateIP: text, Identity: pulumi.ID("id").ToIDOutput(),
			}
			all = append(all, application{node: node, endpoint: text, configuration: text})
		}
		_, err = apply(talos, all)
		return err
	}, pulumi.WithMocks("project", "stack", mocks))
}

// limited configures three nodes at the same time.
func limited(talos *talosAPI, all []application) ([]pulumi.Resource, error) {
	return talos.applyLimited(all, newLimiter(talos.ctx, 3))
}

func inOrder(talos *talosAPI, all []application) ([]pulumi.Resource, error) {
	return talos.applyInOrder(all)
}

func TestControlPlanesAreConfiguredInOrder(t *testing.T) {
	mocks := &configured{configure: func(string) error { return nil }}
	require.NoError(t, configureNodes(mocks, 3, true, inOrder))
	assert.Equal(t, map[string][]string{"node-0": {}, "node-1": {"node-0"}, "node-2": {"node-1"}}, mocks.dependencies)

	mocks.configure = func(node string) error {
		if node == "node-1" {
			return errors.New("refused")
		}
		return nil
	}
	require.ErrorContains(t, configureNodes(mocks, 3, true, inOrder), "refused")
	assert.NotContains(t, mocks.dependencies, "node-2", "nothing is configured after a failure")
}

func TestWorkersAreConfiguredAFewAtATime(t *testing.T) {
	mocks := &configured{configure: func(string) error {
		time.Sleep(5 * time.Millisecond)
		return nil
	}}
	require.NoError(t, configureNodes(mocks, 25, true, limited))
	assert.Len(t, mocks.dependencies, 25)
	assert.Equal(t, 3, mocks.most)
	for node, dependencies := range mocks.dependencies {
		assert.Empty(t, dependencies, "%s depends on no other node", node)
	}
}

// TestAWorkerThatDoesNotAnswer blocks two of three turns until all other nodes are configured.
func TestAWorkerThatDoesNotAnswer(t *testing.T) {
	const nodes = 25
	blocked := []string{"node-1", "node-7"}
	var others sync.WaitGroup
	others.Add(nodes - len(blocked))
	mocks := &configured{configure: func(node string) error {
		if slices.Contains(blocked, node) {
			others.Wait()
			return fmt.Errorf("%s does not answer", node)
		}
		others.Done()
		return nil
	}}
	require.ErrorContains(t, configureNodes(mocks, nodes, true, limited), "does not answer")
}

// TestAllWorkersFail lets the program end although no node can be configured.
func TestAllWorkersFail(t *testing.T) {
	mocks := &configured{configure: func(string) error { return errors.New("refused") }}
	require.ErrorContains(t, configureNodes(mocks, 25, true, limited), "refused")
}

func TestNewControlPlanesAreConfiguredAtOnce(t *testing.T) {
	const nodes = 5
	var all sync.WaitGroup
	all.Add(nodes)
	mocks := &configured{configure: func(string) error {
		all.Done()
		all.Wait()
		return nil
	}}
	require.NoError(t, configureNodes(mocks, nodes, false, inOrder))
}

// TestALimitOfOneKeepsTheOrder configures nodes in the order in which they depended on each other in earlier versions.
func TestALimitOfOneKeepsTheOrder(t *testing.T) {
	var mutex sync.Mutex
	var order, want []string
	mocks := &configured{configure: func(node string) error {
		mutex.Lock()
		defer mutex.Unlock()
		order = append(order, node)
		return nil
	}}
	oneByOne := func(talos *talosAPI, all []application) ([]pulumi.Resource, error) {
		return talos.applyLimited(all, newLimiter(talos.ctx, 1))
	}
	require.NoError(t, configureNodes(mocks, 25, true, oneByOne))
	for i := range 25 {
		want = append(want, fmt.Sprint("node-", i))
	}
	assert.Equal(t, want, order)
}

func TestHowManyWorkersAreConfiguredAtOnce(t *testing.T) {
	pool := cluster.Pool{Min: 50}
	for name, test := range map[string]struct {
		builder clusterBuilder
		want    int
	}{
		"a new cluster":                   {clusterBuilder{workersIndependent: true}, 50},
		"a running cluster":               {clusterBuilder{bootstrapped: true, workersIndependent: true}, 5},
		"a cluster of an earlier version": {clusterBuilder{bootstrapped: true}, 1},
	} {
		assert.Equal(t, test.want, test.builder.workerLimit(nil)(pool).free, name)
	}
	earlier := clusterBuilder{bootstrapped: true}
	limit := earlier.workerLimit(nil)
	assert.Same(t, limit(pool), limit(cluster.Pool{Min: 2}), "its pools wait for each other")
}

// TestWorkersBecomeIndependent is about the output that says so: each complete update sets it.
func TestWorkersBecomeIndependent(t *testing.T) {
	for _, test := range []struct {
		was, applying, want bool
	}{
		{was: false, applying: false, want: true},
		{was: false, applying: true, want: false},
		{was: true, applying: true, want: true},
	} {
		builder := clusterBuilder{workersIndependent: test.was, running: Running{Applying: test.applying}}
		got, err := internals.UnsafeAwaitOutput(t.Context(), builder.independent(nil))
		require.NoError(t, err)
		assert.Equal(t, test.want, got.Value, "%+v", test)
	}
}
