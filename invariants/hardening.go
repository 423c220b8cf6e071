package invariants

import (
	"slices"
	"strings"
)

// hardeningRows are about what the machines and Kubernetes allow to those who are in. What the machine configuration
// hardens, and what no patch may take away, stands once, in machineconfig; the refused settings here show
// that it does.
var hardeningRows = []Invariant{
	{
		ID: 43,
		Sentence: "A pod cannot read its machine's user data: metadata has a hop limit of 1, or Cilium has [a " +
			"policy](policies/deny-metadata.yaml), which `cni: cilium` installs; flannel on the other " +
			"clouds is refused in production and causes a warning elsewhere.",
		Unseen: "It concerns machine configurations and manifests; the rule " +
			"`metadata-guarded` checks the metadata options.",
		Refused: []Setting{
			refuse("a patch that removes Cilium's policies",
				inControlPlanes("cluster: {inlineManifests: [{name: cilium-policies, contents: ''}]}"),
				"inline manifest"),
			refuse("a patch that removes Cilium", inControlPlanes("cluster: {inlineManifests: {$patch: delete}}"),
				"inline manifest"),
			refuse("a manifest that replaces one of Cilium's policies",
				stack("bootstrapManifests",
					`["apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\n`+
						`metadata: {name: deny-metadata}"]`),
				"bootstrapManifests[0]: has CiliumClusterwideNetworkPolicy deny-metadata"),
		},
		Elsewhere: []string{"TestFlannelLeavesTheUserDataToPodsWhereTheCloudDoes",
			"TestThePolicyDeniesTheMetadataServiceAndNothingElse"},
	},
	{
		ID: 44,
		Sentence: "A pod cannot reach its machine's Talos API and gets no role there; on other machines the " +
			"cloud's firewall and [a policy](policies/deny-talos-api.yaml) block it.",
		Unseen: "It concerns machine configurations and manifests.",
		Elsewhere: []string{"TestTheTalosAPIIsClosedToPods", "TestPodsHaveNoRoleInTheTalosAPI",
			"TestWhoSpeaksToTheTalosAPI",
			"TestThePolicyDeniesTheTalosAPIAndNothingElse"},
	},
	{
		ID: 45,
		Sentence: "Every machine is hardened: an audit log without secrets, PodSecurity, short-lived tokens, " +
			"encrypted pod traffic, kernel settings.",
		Unseen: "It concerns machine configurations.",
		Refused: []Setting{
			refuse("pod traffic without encryption", stack("podEncryption", "none"),
				"podEncryption: the traffic of pods"),
		},
		Elsewhere: []string{"TestWhatTheAuditPolicyRecords", "TestTheAuditPolicyNeverRecordsWhatHoldsSecrets",
			"TestPodSecurityEnforcesBaseline",
			"TestTokensOfPodsLiveForAnHour", "TestTheKernelIsHardenedFurther"},
	},
	{
		ID: 46,
		Sentence: "No patch weakens a machine of production, and no patch in any environment removes a machine " +
			"from its cluster or changes the keys of its disks.",
		Unseen: "It concerns machine configurations.",
		Checks: []Check{{Name: "etcd-is-encrypted", Look: etcdIsEncrypted, Breaks: []Breakage{
			replaceText(talosApply, "-control-plane-0", "secretboxEncryptionSecret", "x", "machineConfigurationInput"),
		}}},
		Refused: append(refusedPatches(), identities...),
		Allowed: []Setting{allow("no encryption of etcd's own, by nothing",
			inControlPlanes("cluster: {secretboxEncryptionSecret: null}"))},
		Elsewhere: []string{"TestAHardenedMachineTakesNoPatchThatWeakensIt", "TestProductionRefusesEachWeakeningPatch",
			"TestCheckPatchRefusesWhatTheClusterStandsOn",
			"TestPatchesLeaveTheKeysOfVolumesAlone", "TestEachOfTheseIsRefused",
			"TestElsewhereAPatchMayWeakenMachines"},
	},
}

// otherCA is a certificate that no CA of the cluster has issued.
const otherCA = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJQakNCOGFBREFnRUNBaEFYcDFnPQotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg=="

// identities are patches that change who a machine is, or that let requests in without authentication.
var identities = []Setting{
	refuse("another CA of the machines", inAllPatches("machine: {ca: {crt: LS0tLQ==, key: LS0tLQ==}}"),
		"patches.all[0]: "),
	refuse("another join token of the machines",
		inAllPatches("machine: {token: abcdef.0123456789abcdef}"),
		"patches.all[0]: a patch changes machine.token"),
	refuse("another join token of the cluster",
		inAllPatches("cluster: {token: abcdef.0123456789abcdef}"),
		"patches.all[0]: a patch changes cluster.token"),
	refuse("another endpoint",
		inAllPatches("cluster: {controlPlane: {endpoint: 'https://evil.example.com:6443'}}"),
		"patches.all[0]: a patch changes cluster.controlPlane.endpoint"),
	refuse("another cluster id", inAllPatches("cluster: {id: AAAA}"), "patches.all[0]: a patch changes cluster.id"),
	refuse("another cluster name",
		inAllPatches("cluster: {clusterName: other}"),
		"patches.all[0]: a patch changes cluster.clusterName"),
	refuse("workers of type controlplane",
		stack("patches", `{"workers":["machine: {type: controlplane}"]}`),
		"patches.workers[0]: "),
	refuse("a control plane's label on workers",
		onePool(`,"count":3,"labels":{"node-role.kubernetes.io/control-plane":""}`),
		"Kubernetes does not let a node set this label on itself"),
	refuse("an API server that authorizes everything",
		inControlPlanes("cluster: {apiServer: {authorizationConfig: [{type: AlwaysAllow, name: x}]}}"),
		"authorizer type AlwaysAllow is not allowed"),
	refuse("kubelets that accept anonymous requests",
		inAllPatches("machine: {kubelet: {extraConfig: {authentication: {anonymous: {enabled: true}}}}}"),
		`"authentication" can't be overridden`),
	refuse("kubelets that authorize everything",
		inAllPatches("machine: {kubelet: {extraConfig: {authorization: {mode: AlwaysAllow}}}}"),
		`"authorization" can't be overridden`),
	refuse("another key for the encryption of etcd",
		inControlPlanes("cluster: {secretboxEncryptionSecret: z01mye6j16bspJYtTB/5SFX8j7Ph4JXxM2Xuu4vsBPM=}"),
		"cluster.secretboxEncryptionSecret"),
	refuse("no encryption of etcd",
		inControlPlanes("cluster: {secretboxEncryptionSecret: {$patch: delete}}"),
		"cluster.secretboxEncryptionSecret"),
}

// etcdIsEncrypted checks that etcd is encrypted with one of the cluster's secrets, whatever a patch contains.
func etcdIsEncrypted(g *Graph, v *Violations) {
	for _, r := range only(g.ofType(talosApply), (*Resource).isControlPlane) {
		_, key, _ := strings.Cut(r.Text("machineConfigurationInput"), "secretboxEncryptionSecret: ")
		key, _, _ = strings.Cut(key, "\n")
		v.unless(slices.Contains(g.Secrets, key), r, "encrypts etcd with no key of the cluster's")
	}
}
