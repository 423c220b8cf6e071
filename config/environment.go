package config

import (
	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/regions"
)

// FillFromEnvironment fills in what the clusters take from environment variables, which getenv looks up: the project
// where the stack file names none, and whether there is a token.
func FillFromEnvironment(clusters []cluster.Cluster, getenv func(string) string) {
	for i := range clusters {
		c := &clusters[i]
		// A resolved cluster's provider is in the table.
		capabilities, _ := regions.CapabilitiesOf(c.Provider)
		if c.Project == "" {
			c.Project = firstSet(capabilities.ProjectVariables, getenv)
		}
		c.HasToken = firstSet(capabilities.TokenVariables, getenv) != ""
	}
}

// firstSet returns the value of the first variable that is set; empty if none is.
func firstSet(variables []string, getenv func(string) string) string {
	for _, variable := range variables {
		if value := getenv(variable); value != "" {
			return value
		}
	}
	return ""
}
