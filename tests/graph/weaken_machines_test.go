package graph

import "github.com/inferadb/infra/regions"

// softening are patches, and a CNI, that take from the machines what hardens them. What is not among them is not harmless: a
// patch is the machines' own configuration, and whoever may merge one can name another image or start a pod on every node.
var softening = []weakening{
	{name: "no audit", says: inControlPlanes("cluster: {apiServer: {auditPolicy: {apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: None}]}}}"), refused: "cluster.apiServer.auditPolicy"},
	{name: "no audit, by a file", says: inControlPlanes("cluster: {apiServer: {extraArgs: {audit-policy-file: /dev/null}}}"), refused: "cluster.apiServer.extraArgs.audit-policy-file"},
	{name: "privileged pods", says: inControlPlanes("cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: {defaults: {enforce: privileged}}}]}}"), refused: "cluster.apiServer.admissionControl"},
	{name: "a namespace of privileged pods", says: inControlPlanes("cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: {exemptions: {namespaces: [default]}}}]}}"), refused: "cluster.apiServer.admissionControl"},
	{name: "no PodSecurity", says: inControlPlanes("cluster: {apiServer: {admissionControl: [{name: PodSecurity, $patch: delete}]}}"), refused: "cluster.apiServer.admissionControl"},
	{name: "no admission", says: inControlPlanes("cluster: {apiServer: {extraArgs: {disable-admission-plugins: NodeRestriction}}}"), refused: "disable-admission-plugins"},
	{name: "requests without an identity", says: inControlPlanes("cluster: {apiServer: {extraArgs: {anonymous-auth: 'true'}}}"), refused: "extraArgs.anonymous-auth"},
	{name: "requests without an identity, spelled otherwise", says: inControlPlanes("cluster: {apiServer: {extraArgs: {anonymous_auth: 'true'}}}"), refused: "extraArgs.anonymous_auth"},
	{name: "everything is allowed", says: inControlPlanes("cluster: {apiServer: {extraArgs: {authorization-mode: AlwaysAllow}}}"), refused: "extraArgs.authorization-mode"},
	{name: "tokens that never expire", says: inControlPlanes("cluster: {apiServer: {extraArgs: {token-auth-file: /var/tokens}}}"), refused: "extraArgs.token-auth-file"},
	{name: "an etcd that asks nobody's name", says: inControlPlanes("cluster: {etcd: {extraArgs: {client-cert-auth: 'false'}}}"), refused: "client-cert-auth"},
	{name: "another authority beside the cluster's", says: inControlPlanes("cluster: {acceptedCAs: [{crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJQakNCOGFBREFnRUNBaEFYcDFnPQotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg==}]}"), refused: "cluster.acceptedCAs"},
	{name: "another authority beside the machines'", says: inAllPatches("machine: {acceptedCAs: [{crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJQakNCOGFBREFnRUNBaEFYcDFnPQotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg==}]}"), refused: "machine.acceptedCAs"},
	{name: "every client of the Talos API is its administrator", says: inAllPatches("machine: {features: {rbac: false}}"), refused: "machine.features.rbac"},
	{name: "the Talos API for pods", says: inControlPlanes("machine: {features: {kubernetesTalosAPIAccess: {enabled: true, allowedRoles: ['os:admin'], allowedKubernetesNamespaces: [default]}}}"), refused: "kubernetesTalosAPIAccess"},
	{name: "the Talos API for everybody", says: inAllPatches("apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: everybody\nportSelector: {ports: [50000], protocol: tcp}\ningress: [{subnet: 0.0.0.0/0}]"), refused: "NetworkRuleConfig talos-api"},
	{name: "kubelets without identities, by a flag", says: inAllPatches("machine: {kubelet: {extraArgs: {anonymous-auth: 'true'}}}"), refused: "machine.kubelet.extraArgs.anonymous-auth"},
	{name: "kubelets that tell everybody", says: inAllPatches("machine: {kubelet: {extraConfig: {readOnlyPort: 10255}}}"), refused: "readOnlyPort"},
	{name: "kubelets that tell everybody, by a flag", says: inAllPatches("machine: {kubelet: {extraArgs: {read-only-port: '10255'}}}"), refused: "read-only-port"},
	{name: "every system call", says: inAllPatches("machine: {kubelet: {defaultRuntimeSeccompProfileEnabled: false}}"), refused: "defaultRuntimeSeccompProfileEnabled"},
	{name: "an open kernel", says: inAllPatches("machine: {sysctls: {kernel.kptr_restrict: '0'}}"), refused: "machine.sysctls.kernel.kptr_restrict"},
	{name: "a registry that anybody can be", says: inAllPatches("machine: {registries: {config: {'ghcr.io': {tls: {insecureSkipVerify: true}}}}}"), refused: "insecureSkipVerify"},
	{name: "a registry that anybody can be, in a document", says: inAllPatches("apiVersion: v1alpha1\nkind: RegistryTLSConfig\nname: ghcr.io\ninsecureSkipVerify: true"), refused: "insecureSkipVerify"},
	{name: "a mirror in clear", says: inAllPatches("machine: {registries: {mirrors: {'*': {endpoints: ['http://mirror.example.com']}}}}"), refused: "registry's mirror"},
	{name: "a KMS server in clear", says: with(stackSays("diskEncryption", "luks"), "luksKey", "http://kms.example.com"), refused: "luksKey: is neither nodeID nor the https URL"},
	{name: "a KMS server inside", says: with(stackSays("diskEncryption", "luks"), "luksKey", "https://kms.kube-system.svc"), refused: "luksKey: the KMS server is inside the cluster"},
	{name: "a patch takes the disks' encryption away, in part", says: with(inAllPatches("apiVersion: v1alpha1\nkind: VolumeConfig\nname: STATE\nencryption: {$patch: delete}"), "diskEncryption", "luks"), refused: "patches.all[0]: "},
	{name: "a patch opens the disks with what everybody knows", says: with(inAllPatches("apiVersion: v1alpha1\nkind: VolumeConfig\nname: STATE\nencryption: {provider: luks2, keys: [{slot: 2, static: {passphrase: x}}]}"), "diskEncryption", "luks"), refused: "changes the keys of the STATE volume"},
	{name: "pods that read their machine's user data", says: stackSays("cni", "flannel"), on: []regions.Provider{regions.GCP, regions.DigitalOcean}, refused: "cni: on "},
	{name: "traffic of pods in clear", says: stackSays("podEncryption", "none"), refused: "podEncryption: the traffic of pods"},
	{name: "a patch takes the policies away", says: inControlPlanes("cluster: {inlineManifests: [{name: cilium-policies, contents: ''}]}"), refused: "inline manifest"},
	{name: "a patch takes Cilium away", says: inControlPlanes("cluster: {inlineManifests: {$patch: delete}}"), refused: "inline manifest"},
	{name: "another policy in the place of Cilium's", says: stackSays("bootstrapManifests", `["apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: deny-metadata}"]`), refused: "bootstrapManifests[0]: has CiliumClusterwideNetworkPolicy deny-metadata"},
	{name: "a secret that the stack file shows", says: stackSays("bootstrapManifests", `["apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: default}"]`), refused: "bootstrapManifests[0]: has Secret default/a in clear"},
	{name: "a CNI without policies where pods cannot read user data", says: stackSays("cni", "flannel"), on: awsAlone, harmless: noHarm},
}
