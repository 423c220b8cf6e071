// Package stack is the Pulumi program: settings in, clusters resolved and checked, a TalosCluster each, outputs.
package stack

import (
	"os"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/components"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/running"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Run builds the stack that the engine runs the program for, and ends the process with an error if it cannot be built.
func Run() {
	var settings map[string]string
	var encrypted []string
	pulumi.Run(func(ctx *pulumi.Context) error { return Program(ctx, settings, encrypted...) },
		// The SDK looks settings up one by one, and would not notice an unknown key.
		func(info *pulumi.RunInfo) { settings, encrypted = info.Config, info.ConfigSecretKeys })
}

// Program builds the stack that its settings describe. The error says everything that is wrong with them, before
// anything is built. The settings are those of the stack file, by their full keys, such as inferadb:regions; encrypted
// are the keys of those that the file keeps encrypted.
func Program(ctx *pulumi.Context, settings map[string]string, encrypted ...string) error {
	clusters, warnings, err := config.Load(ctx.Stack(), settings, encrypted...)
	if err != nil {
		return err
	}
	config.FillFromEnvironment(clusters, os.Getenv)
	if err := components.Check(clusters); err != nil {
		return err
	}
	state, err := running.Read(ctx)
	if err != nil {
		return err
	}
	applying := os.Getenv(config.ApplyVariable) != ""
	more, err := running.Check(clusters, state, applying)
	if err != nil {
		return err
	}
	for _, warning := range append(warnings, more...) {
		if err := ctx.Log.Warn(warning, nil); err != nil {
			return err
		}
	}
	built, err := components.NewTalosClusters(ctx, clusters, func(cluster cluster.Cluster) components.Running {
		return components.Running{
			TalosVersion: state.TalosVersion(cluster), Resource: state.Outputs,
			Applying: applying,
		}
	})
	if err != nil {
		return err
	}
	components.Export(ctx, built)
	return nil
}
