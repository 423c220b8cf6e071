// Command program is the project's program with BENCH_REGIONS regions.
package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/inferadb/infra/bench/manyregions"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	var settings map[string]string
	pulumi.Run(func(ctx *pulumi.Context) error {
		count, err := strconv.Atoi(os.Getenv("BENCH_REGIONS"))
		if err != nil {
			return fmt.Errorf("BENCH_REGIONS: %w", err)
		}
		return manyregions.Program(ctx, settings, count)
	}, func(info *pulumi.RunInfo) { settings = info.Config })
}
