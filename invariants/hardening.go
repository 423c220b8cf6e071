package invariants

import (
	"slices"
	"strings"
)

// hardeningRows are about what the machines and Kubernetes allow to those who are in. What the machine configuration hardens, and
// what no patch may take away, stands once, in components/machineconfig; the refused settings here show that it does.
var hardeningRows = []Invariant{
	{
		ID: 43,
		Sentence: "A pod cannot read its machine's user data: metadata goes one hop, or Cilium has [a policy](policies/deny-metadata.yaml), which " +
			"`cni: cilium` installs; flannel there is refused in production and warned of before.",
		Unseen: "It stands in machine configurations and manifests; metadata are `metadata-guarded`'s.",
		Refused: []Setting{
			refuse("a patch takes the policies away",
				inControlPlanes("cluster: {inlineManifests: [{name: cilium-policies, contents: ''}]}"),
				"inline manifest"),
			refuse("a patch takes Cilium away", inControlPlanes("cluster: {inlineManifests: {$patch: delete}}"), "inline manifest"),
			refuse("another policy in the place of Cilium's",
				stack("bootstrapManifests",
					`["apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: deny-metadata}"]`),
				"bootstrapManifests[0]: has CiliumClusterwideNetworkPolicy deny-metadata"),
		},
		Elsewhere: []string{"TestFlannelLeavesTheUserDataToPodsWhereTheCloudDoes", "TestThePolicyDeniesTheMetadataServiceAndNothingElse"},
	},
	{
		ID: 44,
		Sentence: "A pod cannot speak to its machine's Talos API, nor is it given a role there; on other machines the cloud's firewall and " +
			"[a policy](policies/deny-talos-api.yaml) stand before it.",
		Unseen: "It stands in machine configurations and manifests.",
		Refused: []Setting{
			refuse("the Talos API for pods",
				inControlPlanes("machine: {features: {kubernetesTalosAPIAccess: {enabled: true, "+
					"allowedRoles: ['os:admin'], allowedKubernetesNamespaces: [default]}}}"),
				"kubernetesTalosAPIAccess"),
			refuse("the Talos API for everybody",
				inAllPatches("apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: everybody\n"+
					"portSelector: {ports: [50000], protocol: tcp}\ningress: [{subnet: 0.0.0.0/0}]"),
				"NetworkRuleConfig talos-api"),
			refuse("every client of the Talos API is its administrator",
				inAllPatches("machine: {features: {rbac: false}}"),
				"machine.features.rbac"),
		},
		Elsewhere: []string{"TestTheTalosAPIIsClosedToPods", "TestPodsHaveNoRoleInTheTalosAPI", "TestWhoSpeaksToTheTalosAPI",
			"TestThePolicyDeniesTheTalosAPIAndNothingElse"},
	},
	{
		ID: 45,
		Sentence: "Every machine is hardened: an audit log without secrets, PodSecurity, short-lived tokens, encrypted traffic of pods, the " +
			"kernel's settings.",
		Unseen: "It stands in machine configurations.",
		Refused: []Setting{
			refuse("traffic of pods in clear", stack("podEncryption", "none"), "podEncryption: the traffic of pods"),
		},
		Elsewhere: []string{"TestWhatTheAuditPolicyRecords", "TestTheAuditPolicyNeverRecordsWhatHoldsSecrets",
			"TestPodSecurityEnforcesBaseline",
			"TestTokensOfPodsLiveForAnHour", "TestTheKernelIsHardenedFurther"},
	},
	{
		ID: 46,
		Sentence: "No patch weakens a machine of production, and none anywhere takes a machine out of its cluster or changes what opens its " +
			"disks.",
		Unseen: "It stands in machine configurations.",
		Checks: []Check{{Name: "etcd-is-encrypted", Look: etcdIsEncrypted, Breaks: []Breakage{
			replaceText(talosApply, "-control-plane-0", "secretboxEncryptionSecret", "x", "machineConfigurationInput"),
		}}},
		Refused: append(softening, identities...),
		Allowed: []Setting{allow("no encryption of etcd's own, by nothing",
			inControlPlanes("cluster: {secretboxEncryptionSecret: null}"))},
		Elsewhere: []string{"TestAHardenedMachineTakesNoPatchThatWeakensIt", "TestCheckPatchRefusesWhatTheClusterStandsOn",
			"TestPatchesLeaveTheKeysOfVolumesAlone", "TestEachOfTheseIsRefused", "TestElsewhereAPatchMayWeakenMachines"},
	},
}

// otherCA is a certificate that is none of the cluster's.
const otherCA = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJQakNCOGFBREFnRUNBaEFYcDFnPQotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg=="

// softening are patches that take from the machines what hardens them. What is not among them is not harmless: a patch is the
// machines' own configuration, and whoever may merge one can name another image or start a pod on every node.
var softening = []Setting{
	refuse("no audit",
		inControlPlanes("cluster: {apiServer: {auditPolicy: {apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: None}]}}}"),
		"cluster.apiServer.auditPolicy"),
	refuse("no audit, by a file",
		inControlPlanes("cluster: {apiServer: {extraArgs: {audit-policy-file: /dev/null}}}"),
		"cluster.apiServer.extraArgs.audit-policy-file"),
	refuse("privileged pods",
		inControlPlanes("cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: {defaults: {enforce: privileged}}}]}}"),
		"cluster.apiServer.admissionControl"),
	refuse("a namespace of privileged pods",
		inControlPlanes("cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: {exemptions: {namespaces: [default]}}}]}}"),
		"cluster.apiServer.admissionControl"),
	refuse("no PodSecurity",
		inControlPlanes("cluster: {apiServer: {admissionControl: [{name: PodSecurity, $patch: delete}]}}"),
		"cluster.apiServer.admissionControl"),
	refuse("no admission",
		inControlPlanes("cluster: {apiServer: {extraArgs: {disable-admission-plugins: NodeRestriction}}}"),
		"disable-admission-plugins"),
	refuse("requests without an identity",
		inControlPlanes("cluster: {apiServer: {extraArgs: {anonymous-auth: 'true'}}}"),
		"extraArgs.anonymous-auth"),
	refuse("requests without an identity, spelled otherwise",
		inControlPlanes("cluster: {apiServer: {extraArgs: {anonymous_auth: 'true'}}}"),
		"extraArgs.anonymous_auth"),
	refuse("everything is allowed",
		inControlPlanes("cluster: {apiServer: {extraArgs: {authorization-mode: AlwaysAllow}}}"),
		"extraArgs.authorization-mode"),
	refuse("tokens that never expire",
		inControlPlanes("cluster: {apiServer: {extraArgs: {token-auth-file: /var/tokens}}}"),
		"extraArgs.token-auth-file"),
	refuse("an etcd that asks nobody's name",
		inControlPlanes("cluster: {etcd: {extraArgs: {client-cert-auth: 'false'}}}"),
		"client-cert-auth"),
	refuse("another authority beside the cluster's",
		inControlPlanes("cluster: {acceptedCAs: [{crt: "+otherCA+"}]}"),
		"cluster.acceptedCAs"),
	refuse("another authority beside the machines'",
		inAllPatches("machine: {acceptedCAs: [{crt: "+otherCA+"}]}"),
		"machine.acceptedCAs"),
	refuse("kubelets without identities, by a flag",
		inAllPatches("machine: {kubelet: {extraArgs: {anonymous-auth: 'true'}}}"),
		"machine.kubelet.extraArgs.anonymous-auth"),
	refuse("kubelets that tell everybody", inAllPatches("machine: {kubelet: {extraConfig: {readOnlyPort: 10255}}}"), "readOnlyPort"),
	refuse("kubelets that tell everybody, by a flag",
		inAllPatches("machine: {kubelet: {extraArgs: {read-only-port: '10255'}}}"),
		"read-only-port"),
	refuse("every system call",
		inAllPatches("machine: {kubelet: {defaultRuntimeSeccompProfileEnabled: false}}"),
		"defaultRuntimeSeccompProfileEnabled"),
	refuse("an open kernel", inAllPatches("machine: {sysctls: {kernel.kptr_restrict: '0'}}"), "machine.sysctls.kernel.kptr_restrict"),
	refuse("a registry that anybody can be",
		inAllPatches("machine: {registries: {config: {'ghcr.io': {tls: {insecureSkipVerify: true}}}}}"),
		"insecureSkipVerify"),
	refuse("a registry that anybody can be, in a document",
		inAllPatches("apiVersion: v1alpha1\nkind: RegistryTLSConfig\nname: ghcr.io\ninsecureSkipVerify: true"),
		"insecureSkipVerify"),
	refuse("a mirror in clear",
		inAllPatches("machine: {registries: {mirrors: {'*': {endpoints: ['http://mirror.example.com']}}}}"),
		"registry's mirror"),
}

// identities are ways to be taken for somebody else, or to let everybody be.
var identities = []Setting{
	refuse("another authority of the machines", inAllPatches("machine: {ca: {crt: LS0tLQ==, key: LS0tLQ==}}"), "patches.all[0]: "),
	refuse("another token of the machines",
		inAllPatches("machine: {token: abcdef.0123456789abcdef}"),
		"patches.all[0]: a patch changes machine.token"),
	refuse("another token of the cluster",
		inAllPatches("cluster: {token: abcdef.0123456789abcdef}"),
		"patches.all[0]: a patch changes cluster.token"),
	refuse("another endpoint",
		inAllPatches("cluster: {controlPlane: {endpoint: 'https://evil.example.com:6443'}}"),
		"patches.all[0]: a patch changes cluster.controlPlane.endpoint"),
	refuse("another cluster's id", inAllPatches("cluster: {id: AAAA}"), "patches.all[0]: a patch changes cluster.id"),
	refuse("another cluster's name",
		inAllPatches("cluster: {clusterName: other}"),
		"patches.all[0]: a patch changes cluster.clusterName"),
	refuse("workers that are control planes",
		stack("patches", `{"workers":["machine: {type: controlplane}"]}`),
		"patches.workers[0]: "),
	refuse("workers that say so",
		onePool(`,"count":3,"labels":{"node-role.kubernetes.io/control-plane":""}`),
		"Kubernetes lets no node give itself this label"),
	refuse("a Kubernetes API that allows everything",
		inControlPlanes("cluster: {apiServer: {authorizationConfig: [{type: AlwaysAllow, name: x}]}}"),
		"authorizer type AlwaysAllow is not allowed"),
	refuse("kubelets that ask nobody's name",
		inAllPatches("machine: {kubelet: {extraConfig: {authentication: {anonymous: {enabled: true}}}}}"),
		`"authentication" can't be overridden`),
	refuse("kubelets that allow everything",
		inAllPatches("machine: {kubelet: {extraConfig: {authorization: {mode: AlwaysAllow}}}}"),
		`"authorization" can't be overridden`),
	refuse("etcd's own encryption with another key",
		inControlPlanes("cluster: {secretboxEncryptionSecret: z01mye6j16bspJYtTB/5SFX8j7Ph4JXxM2Xuu4vsBPM=}"),
		"cluster.secretboxEncryptionSecret"),
	refuse("no encryption of etcd's own",
		inControlPlanes("cluster: {secretboxEncryptionSecret: {$patch: delete}}"),
		"cluster.secretboxEncryptionSecret"),
}

// etcdIsEncrypted: etcd's own encryption has one of the cluster's secrets, whatever a patch says.
func etcdIsEncrypted(g *Graph, v *Violations) {
	for _, r := range only(g.ofType(talosApply), (*Resource).isControlPlane) {
		_, key, _ := strings.Cut(r.text("machineConfigurationInput"), "secretboxEncryptionSecret: ")
		key, _, _ = strings.Cut(key, "\n")
		v.unless(slices.Contains(g.Secrets, key), r, "encrypts etcd with no key of the cluster's")
	}
}
