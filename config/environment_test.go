package config

import (
	"testing"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/regions"
	"github.com/stretchr/testify/assert"
)

func TestFillFromEnvironment(t *testing.T) {
	for _, test := range []struct {
		name           string
		cluster        cluster.Cluster
		set            map[string]string
		project        string
		hasToken, fits bool
	}{
		{name: "nothing is set", cluster: cluster.Cluster{Provider: regions.GCP}},
		{"the first variable counts", cluster.Cluster{Provider: regions.GCP},
			map[string]string{"GCLOUD_PROJECT": "acme-test", "GOOGLE_CLOUD_PROJECT": "acme-prod"}, "acme-prod", false, true},
		{"the stack file comes first", cluster.Cluster{Provider: regions.GCP, Project: "acme-stack"},
			map[string]string{"GOOGLE_PROJECT": "acme-prod"}, "acme-stack", false, true},
		{"a number is no id", cluster.Cluster{Provider: regions.GCP},
			map[string]string{"GOOGLE_PROJECT": "123456"}, "123456", false, false},
		{"a token", cluster.Cluster{Provider: regions.DigitalOcean},
			map[string]string{"DIGITALOCEAN_ACCESS_TOKEN": "secret", "GOOGLE_PROJECT": "acme-prod"}, "", true, false},
		{"AWS needs neither", cluster.Cluster{Provider: regions.AWS},
			map[string]string{"DIGITALOCEAN_TOKEN": "secret", "GOOGLE_PROJECT": "acme-prod"}, "", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			clusters := []cluster.Cluster{test.cluster}
			FillFromEnvironment(clusters, func(name string) string { return test.set[name] })
			assert.Equal(t, test.project, clusters[0].Project)
			assert.Equal(t, test.hasToken, clusters[0].HasToken)
			assert.Equal(t, test.fits, CheckGoogleProject(clusters[0].Project) == nil)
		})
	}
}
