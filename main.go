// InferaDB's Kubernetes clusters: one stack is one environment, with a Talos cluster in each of its regions.
package main

import (
	"github.com/inferadb/infra/components"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/running"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	var settings map[string]string
	var encrypted []string
	pulumi.Run(func(ctx *pulumi.Context) error { return program(ctx, settings, encrypted...) },
		// The SDK looks settings up one by one; a key that nobody asks for would go unnoticed.
		func(info *pulumi.RunInfo) { settings, encrypted = info.Config, info.ConfigSecretKeys })
}

// program builds the stack that its settings describe, or says everything that is wrong with them before it builds anything.
func program(ctx *pulumi.Context, settings map[string]string, encrypted ...string) error {
	clusters, warnings, err := config.Load(ctx.Stack(), settings, encrypted...)
	if err != nil {
		return err
	}
	if err := components.Check(clusters); err != nil {
		return err
	}
	state, err := running.Read(ctx)
	if err != nil {
		return err
	}
	more, err := running.Check(clusters, state)
	if err != nil {
		return err
	}
	for _, warning := range append(warnings, more...) {
		if err := ctx.Log.Warn(warning, nil); err != nil {
			return err
		}
	}
	built, err := components.NewTalosClusters(ctx, clusters, func(cluster config.Cluster) components.Running {
		return components.Running{TalosVersion: state.TalosVersion(cluster), Resource: state.Outputs}
	})
	if err != nil {
		return err
	}
	components.Export(ctx, built)
	return nil
}
