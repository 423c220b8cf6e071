package components

import (
	"errors"
	"testing"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components/cloud"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

// askedCloud is a cloud that is only asked.
type askedCloud struct {
	cloud.Cloud
	found []cloud.Found
	err   error
}

func (c askedCloud) Existing(cloud.Known, []string) ([]cloud.Found, error) { return c.found, c.err }

type noMocks struct{}

func (noMocks) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	return args.Name, args.Inputs, nil
}

func (noMocks) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }

func TestExistingClustersAreRefused(t *testing.T) {
	group := cloud.Found{Type: "aws:ec2/securityGroup:SecurityGroup", Name: "c-control-plane", ID: "sg-1", Marker: true}
	machine := cloud.Found{Type: "aws:ec2/instance:Instance", Name: "c-workers-0", ID: "i-1"}
	for name, test := range map[string]struct {
		cloud   askedCloud
		preview bool
		want    string
	}{
		"nothing":                  {},
		"the whole cluster":        {cloud: askedCloud{found: []cloud.Found{machine, group}}, want: "has c sg-1 (aws:ec2/securityGroup:SecurityGroup) already"},
		"a machine":                {cloud: askedCloud{found: []cloud.Found{machine}}, want: "c-workers-0 runs as i-1"},
		"a preview that may not":   {cloud: askedCloud{err: errors.New("UnauthorizedOperation")}, preview: true},
		"an update that may not":   {cloud: askedCloud{err: errors.New("UnauthorizedOperation")}, want: "UnauthorizedOperation"},
		"a preview that finds one": {cloud: askedCloud{found: []cloud.Found{group}}, preview: true, want: "regions[0]: us-east-1 has c sg-1"},
	} {
		t.Run(name, func(t *testing.T) {
			b := &clusterBuilder{cloud: test.cloud}
			b.cluster.Name, b.cluster.Location.Region = "c", "us-east-1"
			err := pulumi.RunErr(func(ctx *pulumi.Context) error {
				return refuseExisting(ctx, []*clusterBuilder{b})
			}, pulumi.WithMocks("p", "s", noMocks{}), func(info *pulumi.RunInfo) { info.DryRun = test.preview })
			if test.want == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, test.want)
			}
		})
	}
}

func TestMachineNames(t *testing.T) {
	cluster := cluster.Cluster{Name: "c", ControlPlanes: cluster.ControlPlanes{Count: 1},
		Pools: []cluster.Pool{{Name: "elastic", Min: 1, Max: 3}, {Name: "fixed", Min: 2, Max: 2}}}
	assert.Equal(t, []string{"c-control-plane-0", "c-fixed-0", "c-fixed-1"}, machineNames(cluster))
}
