// The project's program with as many regions as BENCH_REGIONS says: copies of the stack's first one.
package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/inferadb/infra/components"
	"github.com/inferadb/infra/config"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	var settings map[string]string
	pulumi.Run(func(ctx *pulumi.Context) error {
		count, err := strconv.Atoi(os.Getenv("BENCH_REGIONS"))
		if err != nil {
			return fmt.Errorf("BENCH_REGIONS: %w", err)
		}
		clusters, _, err := config.Load(ctx.Stack(), settings)
		if err != nil {
			return err
		}
		var copies []config.Cluster
		for i := range count {
			cluster := clusters[0]
			cluster.Region = fmt.Sprintf("r%02d", i)
			cluster.Name = "inferadb-" + ctx.Stack() + "-" + cluster.Region
			cluster.Primary = i == 0
			copies = append(copies, cluster)
		}
		built, err := components.NewTalosClusters(ctx, copies,
			func(config.Cluster) components.Running { return components.Running{} })
		if err != nil {
			return err
		}
		components.Export(ctx, built)
		return nil
	}, func(info *pulumi.RunInfo) { settings = info.Config })
}
