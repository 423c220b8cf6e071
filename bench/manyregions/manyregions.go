// Package manyregions is the project's program with more regions than the tables have: copies of the stack's first one.
package manyregions

import (
	"fmt"
	"os"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components"
	"github.com/inferadb/infra/config"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Program builds as many copies of the first cluster of a stack as said.
func Program(ctx *pulumi.Context, settings map[string]string, count int) error {
	clusters, _, err := config.Load(ctx.Stack(), settings)
	if err != nil {
		return err
	}
	config.FillFromEnvironment(clusters, os.Getenv)
	var copies []cluster.Cluster
	for i := range count {
		cluster := clusters[0]
		cluster.Region = fmt.Sprintf("r%02d", i)
		cluster.Name = "inferadb-" + ctx.Stack() + "-" + cluster.Region
		cluster.Primary = i == 0
		copies = append(copies, cluster)
	}
	fresh := func(cluster.Cluster) components.Running { return components.Running{} }
	built, err := components.NewTalosClusters(ctx, copies, fresh)
	if err != nil {
		return err
	}
	components.Export(ctx, built)
	return nil
}
