package components

import (
	"testing"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/regions"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
)

// registered keeps the inputs of the registered resources by type.
type registered map[string]resource.PropertyMap

func (r registered) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r[args.TypeToken] = args.Inputs
	return args.Name, args.Inputs, nil
}

func (registered) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }

// TestConnectUsesWhatItIsGiven sets environment variables that no cloud may read: the cluster has their values.
func TestConnectUsesWhatItIsGiven(t *testing.T) {
	for _, variable := range []string{"GOOGLE_PROJECT", "DIGITALOCEAN_TOKEN"} {
		t.Setenv(variable, "of-the-environment")
	}
	for _, test := range []struct {
		cluster cluster.Cluster
		want    string
	}{
		{cluster.Cluster{Provider: regions.AWS}, ""},
		{cluster.Cluster{Provider: regions.GCP, Project: "acme-prod"}, ""},
		{cluster.Cluster{Provider: regions.GCP}, "gcp:project: is not set, and neither is GOOGLE_PROJECT; run: "},
		{cluster.Cluster{Provider: regions.GCP, Project: "12"}, `gcp:project: "12" is not a project's id`},
		{cluster.Cluster{Provider: regions.DigitalOcean, HasToken: true}, ""},
		{cluster.Cluster{Provider: regions.DigitalOcean}, "DIGITALOCEAN_TOKEN: is not set; make a token at "},
	} {
		test.cluster.Name = "c"
		resources := registered{}
		err := pulumi.RunErr(func(ctx *pulumi.Context) error {
			_, err := newClusterBuilder(ctx, test.cluster, Running{})
			return err
		}, pulumi.WithMocks("project", "stack", resources))
		if test.want != "" {
			assert.ErrorContains(t, err, test.want)
			continue
		}
		assert.NoError(t, err)
		provider, made := resources["pulumi:providers:"+string(test.cluster.Provider)]
		assert.True(t, made, test.cluster.Provider)
		if test.cluster.Project != "" {
			assert.Equal(t, test.cluster.Project, provider["project"].StringValue())
		}
	}
}
