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
		Refused: append(softening(), identities...),
		Allowed: []Setting{allow("no encryption of etcd's own, by nothing",
			inControlPlanes("cluster: {secretboxEncryptionSecret: null}"))},
		Elsewhere: []string{"TestAHardenedMachineTakesNoPatchThatWeakensIt", "TestProductionRefusesEachWeakeningPatch",
			"TestCheckPatchRefusesWhatTheClusterStandsOn",
			"TestPatchesLeaveTheKeysOfVolumesAlone", "TestEachOfTheseIsRefused", "TestElsewhereAPatchMayWeakenMachines"},
	},
}

// otherCA is a certificate that is none of the cluster's.
const otherCA = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJQakNCOGFBREFnRUNBaEFYcDFnPQotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg=="

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
		_, key, _ := strings.Cut(r.Text("machineConfigurationInput"), "secretboxEncryptionSecret: ")
		key, _, _ = strings.Cut(key, "\n")
		v.unless(slices.Contains(g.Secrets, key), r, "encrypts etcd with no key of the cluster's")
	}
}
