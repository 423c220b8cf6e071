package components

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dependencies are the mocks that write down what each application waits for, by the name of its node.
type dependencies struct {
	mutex sync.Mutex
	of    map[string][]string
}

func (d *dependencies) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.TypeToken == "talos:machine/configurationApply:ConfigurationApply" {
		var names []string
		for _, urn := range args.RegisterRPC.GetDependencies() {
			names = append(names, urn[strings.LastIndex(urn, ":")+1:])
		}
		d.mutex.Lock()
		defer d.mutex.Unlock()
		d.of[args.Name] = names
	}
	return args.Name, args.Inputs, nil
}

func (*dependencies) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }

func TestNodesStandInLanes(t *testing.T) {
	const nodes = 25
	for name, test := range map[string]struct {
		running bool
		lanes   int
	}{
		"a new cluster":  {running: false, lanes: nodes},
		"control planes": {running: true, lanes: 1},
		"a pool":         {running: true, lanes: cluster.Pool{Min: nodes}.MaxUnavailable()},
	} {
		t.Run(name, func(t *testing.T) {
			mocks := &dependencies{of: map[string][]string{}}
			require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
				talos, err := newTalosAPI(ctx, cluster.Cluster{Name: "c", TalosVersion: "v1.13.9"}, test.running, nil)
				if err != nil {
					return err
				}
				text := pulumi.String("").ToStringOutput()
				var applications []application
				for i := range nodes {
					node := cloud.Node{
						Name: fmt.Sprint("node-", i), PrivateIP: text, Identity: pulumi.ID("id").ToIDOutput(),
					}
					applications = append(applications, application{node: node, endpoint: text, configuration: text})
				}
				applied, err := talos.apply(applications, test.lanes)
				assert.Len(t, applied, nodes)
				return err
			}, pulumi.WithMocks("project", "stack", mocks)))
			require.Len(t, mocks.of, nodes)
			for i := range nodes {
				want := []string{}
				if i >= test.lanes {
					want = []string{fmt.Sprint("node-", i-test.lanes)}
				}
				got := slices.DeleteFunc(mocks.of[fmt.Sprint("node-", i)], func(name string) bool { return name == "c" })
				assert.Equal(t, want, got, "node-%d", i)
			}
		})
	}
}
