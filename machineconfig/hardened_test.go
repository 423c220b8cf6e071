package machineconfig

import (
	"io/fs"
	"net/netip"
	"strings"
	"testing"

	"github.com/inferadb/infra/invariants"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var contracts = []string{"v1.10.4", "v1.11.2", "v1.12.1"}

// No pod is privileged outside kube-system unless its namespace says so.
func TestPodSecurityEnforcesBaseline(t *testing.T) {
	for _, contract := range contracts {
		told := podSecurity(loaded(t, input(ControlPlane, func(in *Input) { in.Contract = contract })))
		defaults := told["defaults"].(map[string]any)
		assert.Equal(t, []any{"baseline", "restricted", "restricted"}, []any{defaults["enforce"], defaults["audit"], defaults["warn"]})
		assert.Equal(t, map[string]any{"namespaces": []any{"kube-system"}, "usernames": []any{}, "runtimeClasses": []any{}}, told["exemptions"])
	}
}

// Each is a setting that Talos leaves to the kernel, so that nothing here is said twice.
func TestTheKernelIsHardenedFurther(t *testing.T) {
	for _, contract := range contracts {
		for _, role := range []Role{ControlPlane, Worker} {
			sysctls := loaded(t, input(role, func(in *Input) { in.Contract = contract })).Machine().Sysctls()
			for name, want := range map[string]string{"kernel.io_uring_disabled": "1", "net.ipv6.conf.default.accept_ra": "0"} {
				assert.Equal(t, want, sysctls[name])
				assert.NotContains(t, kernelOfTalos, name)
			}
			assert.NotContains(t, sysctls, "kernel.kexec_load_disabled", "Talos reboots by kexec")
		}
	}
}

func TestTokensOfPodsLiveForAnHour(t *testing.T) {
	for _, contract := range contracts {
		provider := loaded(t, input(ControlPlane, func(in *Input) { in.Contract = contract }))
		args := provider.Cluster().APIServer().ExtraArgs()
		assert.Equal(t, map[string][]string{"service-account-extend-token-expiration": {"false"}}, args, "Talos sets the rest")
	}
}

// The library knows more than the provider that applies configurations.
func TestAPatchHasNothingThatTheProviderDoesNotKnow(t *testing.T) {
	for patch, what := range map[string]string{
		"apiVersion: v1alpha1\nkind: ImageVerificationConfig\nrules: []":                                     "ImageVerificationConfig",
		"machine: {sysctls: {a: b}}\n---\napiVersion: v1alpha1\nkind: VRFConfig\nname: blue":                 "VRFConfig",
		"apiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\nmount: {secure: true}":                   "VolumeConfig mount",
		"cluster: {network: {cni: {name: flannel, flannel: {kubeNetworkPoliciesEnabled: true}}}}":            "cluster.network.cni.flannel.kubeNetworkPoliciesEnabled",
		"cluster: {apiServer: {extraArgs: {enable-admission-plugins: [NodeRestriction, AlwaysPullImages]}}}": "a list of values in extraArgs",
		"machine: {kubelet: {extraArgs: {feature-gates: ['A=true', 'B=true']}}}":                             "a list of values in extraArgs",
	} {
		assert.EqualError(t, CheckPatch(Worker, false, patch), "the provider pulumi-talos, which applies configurations, knows Talos 1.12 and not "+
			what+"; remove it from the patch")
	}
	assert.NoError(t, CheckPatch(ControlPlane, false, "cluster: {apiServer: {extraArgs: {enable-admission-plugins: NodeRestriction}}}"))
}

func TestEveryPatchFileIsUsed(t *testing.T) {
	entries, err := fs.ReadDir(files, "patches")
	require.NoError(t, err)
	for _, entry := range entries {
		patch, err := loadOwnPatch(strings.TrimSuffix(entry.Name(), ".yaml"))
		require.NoError(t, err)
		whole := loaded(t, input(ControlPlane))
		again, err := apply(whole, patch)
		require.NoError(t, err)
		if _, merges := patch.(configpatcher.StrategicMergePatch); assert.True(t, merges, entry.Name()) {
			before, _, err := render(whole)
			require.NoError(t, err)
			after, _, err := render(again)
			require.NoError(t, err)
			assert.Equal(t, before.RawV1Alpha1(), after.RawV1Alpha1(), "%s is in the configuration", entry.Name())
		}
	}
}

// The patches stand in the row of the invariant, whose tests try them in a stack file. They pass elsewhere.
func TestAHardenedMachineTakesNoPatchThatWeakensIt(t *testing.T) {
	for _, row := range invariants.Weakenings() {
		t.Run(row.Name, func(t *testing.T) {
			assert.NoError(t, CheckPatch(ControlPlane, false, row.Patch), "elsewhere it is the user's choice")
			assert.EqualError(t, CheckPatch(ControlPlane, true, row.Patch), row.Refusal())
		})
	}
}

// The rule for the Talos API excepts the pods' range; a patch must not take them out of it.
func TestPodsStayWhereTheTalosAPIIsClosed(t *testing.T) {
	generate := func(pods string) error {
		_, err := Generate(input(ControlPlane, func(in *Input) {
			in.Hardened, in.TalosClients = true, []netip.Prefix{netip.MustParsePrefix("10.192.0.0/10")}
			in.Patches = []string{"cluster: {network: {podSubnets: [" + pods + "]}}"}
		}), bundleOfWords())
		return err
	}
	assert.NoError(t, generate("10.244.0.0/16"))
	assert.NoError(t, generate("10.20.0.0/16"))
	const want = "a patch weakens cluster.network.podSubnets, which production does not allow: " +
		"pods would have addresses in operatorCidrs or in the nodes' network; remove it from the patch"
	assert.EqualError(t, generate("10.200.0.0/16"), want)
	assert.EqualError(t, generate("10.0.128.0/17"), want)
}

// What makes a machine different, or safer, passes.
func TestAHardenedMachineTakesOtherPatches(t *testing.T) {
	for _, patch := range []string{
		"machine: {sysctls: {vm.swappiness: \"10\", user.max_user_namespaces: \"11255\", kernel.kptr_restrict: \"2\"}}",
		"machine: {features: {rbac: true}, kubelet: {extraArgs: {anonymous-auth: \"false\", v: \"2\"}, extraConfig: {maxPods: 200}}}",
		"machine: {registries: {mirrors: {docker.io: {endpoints: [\"https://mirror.example.com\", \"http://127.0.0.1:30020\"]}}}}",
		"machine: {registries: {config: {example.com: {tls: {ca: aHVzaA==}}}}}",
		"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: kubelet\nportSelector: {ports: [10250], protocol: tcp}\ningress: [{subnet: 10.0.0.0/8}]",
		"apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block",
	} {
		assert.NoError(t, CheckPatch(ControlPlane, true, patch), patch)
		assert.NoError(t, CheckPatch(Worker, true, patch), patch)
	}
	for _, patch := range []string{
		"cluster: {network: {podSubnets: [172.16.0.0/16]}}",
		"cluster: {allowSchedulingOnControlPlanes: true}",
		"cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: {defaults: {enforce: restricted}}}]}}",
		"cluster: {apiServer: {auditPolicy: {apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}}}",
		"cluster: {apiServer: {auditPolicy: {$patch: delete}}}", // Talos then records every request's metadata
		"cluster: {apiServer: {extraArgs: {oidc-issuer-url: \"https://example.com\", tls-min-version: VersionTLS13}}}",
	} {
		assert.NoError(t, CheckPatch(ControlPlane, true, patch), patch)
	}
}
