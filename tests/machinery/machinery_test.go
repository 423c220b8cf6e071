// Package machinery tests that the provider pulumi-talos can read what the program has it apply.
package machinery

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inferadb/infra/components/machineconfig"
	"github.com/inferadb/infra/config"
	"github.com/inferadb/infra/regions"
	machinery "github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheProviderReadsEveryConfiguration gives every kind of configuration that the program makes to the library that
// is in the provider, version 1.12.1: boot configurations, applied ones and those of pools.
func TestTheProviderReadsEveryConfiguration(t *testing.T) {
	bundle, err := secrets.NewBundle(secrets.NewClock(), machinery.TalosVersion1_12)
	require.NoError(t, err)
	folder := t.TempDir()
	var files []string
	write := func(name string, in machineconfig.Input) {
		text, err := machineconfig.Generate(in, bundle)
		require.NoError(t, err, name)
		_, err = configloader.NewFromBytes([]byte(text))
		require.NoError(t, err, "%s, read by the program's own library", name)
		file := filepath.Join(folder, name+".yaml")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		files = append(files, file)
	}
	for i, settings := range variants() {
		clusters, _, err := config.Load("test", settings)
		require.NoError(t, err, "%v", settings)
		for _, cluster := range clusters {
			name := fmt.Sprintf("%d-%s", i, cluster.Name)
			write(name+"-boot", cluster.ControlPlaneConfiguration())
			write(name+"-applied", cluster.AppliedConfiguration())
			for _, pool := range cluster.Pools {
				write(name+"-"+pool.Name, cluster.WorkerConfiguration(pool))
			}
		}
	}
	require.Greater(t, len(files), 100)
	out, err := exec.Command("go", append([]string{"run", "-C", "../../tools/machinery", "."}, files...)...).CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

// TestUserDataHasRoom holds what machines boot with to half of what AWS takes, without the manifests: the rest is for
// patches.
func TestUserDataHasRoom(t *testing.T) {
	bundle, err := secrets.NewBundle(secrets.NewClock(), machinery.TalosVersion1_12)
	require.NoError(t, err)
	const half = 16 << 10 / 2
	for _, settings := range variants() {
		clusters, _, err := config.Load("test", settings)
		require.NoError(t, err, "%v", settings)
		for _, cluster := range clusters {
			booted := []machineconfig.Input{cluster.ControlPlaneConfiguration()}
			for _, pool := range cluster.Pools {
				booted = append(booted, cluster.WorkerConfiguration(pool))
			}
			for _, in := range booted {
				text, err := machineconfig.Generate(in, bundle)
				require.NoError(t, err)
				assert.NotContains(t, text, "inlineManifests")
				_, err = machineconfig.GzipUserData(text, half)
				assert.NoError(t, err, "%s of %v", in.Role, settings)
			}
		}
	}
}

// variants are stack files that take different ways through machineconfig.
func variants() []map[string]string {
	var all []map[string]string
	for _, provider := range regions.Providers() {
		for _, environment := range config.Environments() {
			for _, versions := range [][2]string{
				{"v1.10.4", "1.33.0"}, {"v1.11.2", "1.34.1"}, {"v1.12.12", "1.35.8"},
				{config.DefaultTalosVersion, config.DefaultKubernetesVersion}, {"v1.14.1", "1.36.5"},
			} {
				for _, more := range []map[string]string{
					{},
					{"inferadb:cni": "none", "inferadb:diskEncryption": "luks", "inferadb:luksKey": "https://kms.example.com"},
					{"inferadb:pools": `[{"name":"data","size":"large","count":3,"workload":"stateful","labels":{"tier":"gold"},` +
						`"taints":[{"key":"dedicated","value":"fdb","effect":"NoSchedule"}]}]`},
				} {
					settings := map[string]string{
						"inferadb:provider": string(provider), "inferadb:environment": environment, "inferadb:regions": `["nyc1"]`,
						"inferadb:talosVersion": versions[0], "inferadb:kubernetesVersion": versions[1],
					}
					for key, value := range more {
						settings[key] = value
					}
					all = append(all, settings)
				}
			}
		}
	}
	return all
}

// TestTheProviderDoesNotReadWhatIsNewer shows that the library is the older one: what the program refuses of a patch,
// because the provider does not know it, is indeed not read.
func TestTheProviderDoesNotReadWhatIsNewer(t *testing.T) {
	folder := t.TempDir()
	newer := []string{
		"apiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\nmount: {secure: true}\n",
		"apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\nmount: {secure: true}\n",
		"apiVersion: v1alpha1\nkind: OOMConfig\nstrictCgroupClassOrdering: true\n",
		"version: v1alpha1\ncluster: {network: {cni: {name: flannel, flannel: {kubeNetworkPoliciesEnabled: true}}}}\n",
		"version: v1alpha1\ncluster: {apiServer: {extraArgs: {v: ['1', '2']}}}\n",
	}
	for _, kind := range []string{
		"BlackholeRouteConfig", "EnvironmentConfig", "ExternalVolumeConfig", "ImageVerificationConfig", "KubeSpanConfig",
		"RoutingRuleConfig", "TCPProbeConfig", "VRFConfig",
	} {
		newer = append(newer, "apiVersion: v1alpha1\nkind: "+kind+"\n")
	}
	var files []string
	for i, text := range newer {
		files = append(files, filepath.Join(folder, fmt.Sprintf("%d.yaml", i)))
		require.NoError(t, os.WriteFile(files[i], []byte(text), 0o600))
		assert.ErrorContains(t, machineconfig.CheckPatch(machineconfig.ControlPlane, false, text), "the provider pulumi-talos", text)
	}
	out, err := exec.Command("go", append([]string{"run", "-C", "../../tools/machinery", "."}, files...)...).CombinedOutput()
	require.Error(t, err)
	for i, file := range files {
		assert.True(t, strings.Contains(string(out), file+": "), "the older library reads %s", newer[i])
	}
}
