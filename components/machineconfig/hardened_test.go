package machineconfig

import (
	"io/fs"
	"net/netip"
	"strings"
	"testing"

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
		args := loaded(t, input(ControlPlane, func(in *Input) { in.Contract = contract })).Cluster().APIServer().ExtraArgs()
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

// weakening patches, with the field that the message names. They pass elsewhere.
var weakeningPatches = []struct{ field, patch string }{
	{"machine.features.kubernetesTalosAPIAccess", "machine: {features: {kubernetesTalosAPIAccess: {enabled: true, allowedRoles: [\"os:reader\"], allowedKubernetesNamespaces: [default]}}}"},
	{"machine.features.rbac", "machine: {features: {rbac: false}}"},
	{"machine.features.apidCheckExtKeyUsage", "machine: {features: {apidCheckExtKeyUsage: false}}"},
	{"machine.acceptedCAs", "machine: {acceptedCAs: [{crt: aHVzaA==}]}"},
	{"cluster.acceptedCAs", "cluster: {acceptedCAs: [{crt: aHVzaA==}]}"},
	{"machine.kubelet.defaultRuntimeSeccompProfileEnabled", "machine: {kubelet: {defaultRuntimeSeccompProfileEnabled: false}}"},
	{"machine.kubelet.disableManifestsDirectory", "machine: {kubelet: {disableManifestsDirectory: false}}"},
	{"machine.kubelet.extraConfig.readOnlyPort", "machine: {kubelet: {extraConfig: {readOnlyPort: 10255}}}"},
	{"machine.kubelet.extraArgs.anonymous-auth", "machine: {kubelet: {extraArgs: {anonymous-auth: \"true\"}}}"},
	{"machine.kubelet.extraArgs.authorization-mode", "machine: {kubelet: {extraArgs: {authorization-mode: AlwaysAllow}}}"},
	{"machine.kubelet.extraArgs.read-only-port", "machine: {kubelet: {extraArgs: {read-only-port: \"10255\"}}}"},
	{"NetworkRuleConfig talos-api", "apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: talos-api\n$patch: delete"},
	{"NetworkRuleConfig talos-api", "apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: talos-api\ningress: [{subnet: 0.0.0.0/0}]"},
	{"NetworkRuleConfig talos-api", "apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: talos-api\nportSelector: {ports: [50002], protocol: tcp}\ningress: [{subnet: 10.0.0.0/8}]"},
	{"NetworkRuleConfig talos-api", "apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n---\n" +
		"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: more\nportSelector: {ports: [1-65535], protocol: tcp}\ningress: [{subnet: 0.0.0.0/0}]"},
	{"cluster.apiServer.admissionControl", "cluster: {apiServer: {admissionControl: {$patch: delete}}}"},
	{"cluster.apiServer.admissionControl", "cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: {defaults: {enforce: privileged}}}]}}"},
	{"cluster.apiServer.admissionControl", "cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: {exemptions: {namespaces: [default]}}}]}}"},
	{"cluster.apiServer.admissionControl", "cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: {exemptions: {usernames: [jane]}}}]}}"},
	{"cluster.apiServer.auditPolicy", "cluster: {apiServer: {auditPolicy: {apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: None}]}}}"},
	{"cluster.apiServer.auditPolicy", "cluster: {apiServer: {auditPolicy: {apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: RequestResponse}]}}}"},
	{"cluster.apiServer.extraArgs.anonymous-auth", "cluster: {apiServer: {extraArgs: {anonymous-auth: \"true\"}}}"},
	{"cluster.apiServer.extraArgs.anonymous_auth", "cluster: {apiServer: {extraArgs: {anonymous_auth: \"true\"}}}"},
	{"cluster.apiServer.extraArgs.authorization-mode", "cluster: {apiServer: {extraArgs: {authorization-mode: AlwaysAllow}}}"},
	{"cluster.apiServer.extraArgs.disable-admission-plugins", "cluster: {apiServer: {extraArgs: {disable-admission-plugins: PodSecurity}}}"},
	{"cluster.apiServer.extraArgs.admission-control-config-file", "cluster: {apiServer: {extraArgs: {admission-control-config-file: /tmp/a}}}"},
	{"cluster.apiServer.extraArgs.audit-policy-file", "cluster: {apiServer: {extraArgs: {audit-policy-file: /tmp/a}}}"},
	{"cluster.apiServer.extraArgs.audit-log-path", "cluster: {apiServer: {extraArgs: {audit-log-path: /dev/null}}}"},
	{"cluster.apiServer.extraArgs.token-auth-file", "cluster: {apiServer: {extraArgs: {token-auth-file: /tmp/a}}}"},
	{"cluster.apiServer.extraArgs.profiling", "cluster: {apiServer: {extraArgs: {profiling: \"true\"}}}"},
	{"cluster.apiServer.extraArgs.service-account-lookup", "cluster: {apiServer: {extraArgs: {service-account-lookup: \"false\"}}}"},
	{"cluster.apiServer.extraArgs.service-account-extend-token-expiration", "cluster: {apiServer: {extraArgs: {service-account-extend-token-expiration: \"true\"}}}"},
	{"cluster.apiServer.extraArgs.tls-min-version", "cluster: {apiServer: {extraArgs: {tls-min-version: VersionTLS10}}}"},
	{"cluster.controllerManager.extraArgs.use-service-account-credentials", "cluster: {controllerManager: {extraArgs: {use-service-account-credentials: \"false\"}}}"},
	{"cluster.scheduler.extraArgs.profiling", "cluster: {scheduler: {extraArgs: {profiling: \"true\"}}}"},
	{"cluster.etcd.extraArgs.client-cert-auth", "cluster: {etcd: {extraArgs: {client-cert-auth: \"false\"}}}"},
	{"tls.insecureSkipVerify of a registry", "machine: {registries: {config: {example.com: {tls: {insecureSkipVerify: true}}}}}"},
	{"tls.insecureSkipVerify of a registry", "apiVersion: v1alpha1\nkind: RegistryTLSConfig\nname: example.com\ninsecureSkipVerify: true"},
	{"endpoints of a registry's mirror", "machine: {registries: {mirrors: {docker.io: {endpoints: [\"http://mirror.example.com\"]}}}}"},
	{"machine.sysctls.kernel.kptr_restrict", "machine: {sysctls: {kernel.kptr_restrict: \"0\"}}"},
	{"machine.sysctls.kernel.unprivileged_bpf_disabled", "machine: {sysctls: {kernel/unprivileged_bpf_disabled: \"0\"}}"},
	{"machine.sysctls.kernel.io_uring_disabled", "machine: {sysctls: {kernel.io_uring_disabled: \"0\"}}"},
	{"machine.sysctls.kernel.io_uring_disabled", "machine: {sysctls: {kernel/io_uring_disabled: \"0\"}}"},
	{"machine.sysctls.kernel.io_uring_disabled", "machine: {sysctls: {$patch: delete}}"},
	{"machine.sysctls.net.ipv6.conf.default.accept_ra", "machine: {sysctls: {net.ipv6.conf.default.accept_ra: \"2\"}}"},
}

func TestAHardenedMachineTakesNoPatchThatWeakensIt(t *testing.T) {
	for _, row := range weakeningPatches {
		t.Run(row.field, func(t *testing.T) {
			assert.NoError(t, CheckPatch(ControlPlane, false, row.patch), "elsewhere it is the user's choice")
			err := CheckPatch(ControlPlane, true, row.patch)
			require.ErrorContains(t, err, "a patch weakens "+row.field+", which production does not take: ")
			assert.True(t, strings.HasSuffix(err.Error(), "; remove it from the patch"), err)
			assert.NotContains(t, err.Error(), "hush")
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
	const want = "a patch weakens cluster.network.podSubnets, which production does not take: " +
		"pods would have addresses that operatorCidrs, or the nodes' network, holds; remove it from the patch"
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
