package invariants

// Weakening is a patch that takes from a machine of production what hardens it.
type Weakening struct {
	// Name says what it comes to, and Field which part of the configuration it changes, as the refusal does.
	Name, Field string
	// ControlPlane says that it is a patch of control planes alone.
	ControlPlane bool
	Patch        string
}

// Weakenings are all that a patch of production's machines may not do. What is not among them is not harmless: a patch is the
// machines' own configuration, and whoever may merge one can name another image or start a pod on every node.
func Weakenings() []Weakening { return weakenings }

var weakenings = []Weakening{
	{"the Talos API for pods", "machine.features.kubernetesTalosAPIAccess", true,
		"machine: {features: {kubernetesTalosAPIAccess: {enabled: true, " +
			"allowedRoles: ['os:admin'], allowedKubernetesNamespaces: [default]}}}"},
	{"the Talos API for everybody", "NetworkRuleConfig talos-api", false,
		"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: everybody\n" +
			"portSelector: {ports: [50000], protocol: tcp}\ningress: [{subnet: 0.0.0.0/0}]"},
	{"every client of the Talos API is its administrator", "machine.features.rbac", false,
		"machine: {features: {rbac: false}}"},
	{"no audit", "cluster.apiServer.auditPolicy", true,
		"cluster: {apiServer: {auditPolicy: {apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: None}]}}}"},
	{"no audit, by a file", "cluster.apiServer.extraArgs.audit-policy-file", true,
		"cluster: {apiServer: {extraArgs: {audit-policy-file: /dev/null}}}"},
	{"privileged pods", "cluster.apiServer.admissionControl", true,
		"cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: {defaults: {enforce: privileged}}}]}}"},
	{"a namespace of privileged pods", "cluster.apiServer.admissionControl", true,
		"cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: {exemptions: {namespaces: [default]}}}]}}"},
	{"no PodSecurity", "cluster.apiServer.admissionControl", true,
		"cluster: {apiServer: {admissionControl: [{name: PodSecurity, $patch: delete}]}}"},
	{"no admission", "cluster.apiServer.extraArgs.disable-admission-plugins", true,
		"cluster: {apiServer: {extraArgs: {disable-admission-plugins: NodeRestriction}}}"},
	{"requests without an identity", "cluster.apiServer.extraArgs.anonymous-auth", true,
		"cluster: {apiServer: {extraArgs: {anonymous-auth: 'true'}}}"},
	{"requests without an identity, spelled otherwise", "cluster.apiServer.extraArgs.anonymous_auth", true,
		"cluster: {apiServer: {extraArgs: {anonymous_auth: 'true'}}}"},
	{"everything is allowed", "cluster.apiServer.extraArgs.authorization-mode", true,
		"cluster: {apiServer: {extraArgs: {authorization-mode: AlwaysAllow}}}"},
	{"tokens that never expire", "cluster.apiServer.extraArgs.token-auth-file", true,
		"cluster: {apiServer: {extraArgs: {token-auth-file: /var/tokens}}}"},
	{"an etcd that asks nobody's name", "cluster.etcd.extraArgs.client-cert-auth", true,
		"cluster: {etcd: {extraArgs: {client-cert-auth: 'false'}}}"},
	{"another authority beside the cluster's", "cluster.acceptedCAs", true,
		"cluster: {acceptedCAs: [{crt: " + otherCA + "}]}"},
	{"another authority beside the machines'", "machine.acceptedCAs", false,
		"machine: {acceptedCAs: [{crt: " + otherCA + "}]}"},
	{"kubelets without identities, by a flag", "machine.kubelet.extraArgs.anonymous-auth", false,
		"machine: {kubelet: {extraArgs: {anonymous-auth: 'true'}}}"},
	{"kubelets that tell everybody", "machine.kubelet.extraConfig.readOnlyPort", false,
		"machine: {kubelet: {extraConfig: {readOnlyPort: 10255}}}"},
	{"kubelets that tell everybody, by a flag", "machine.kubelet.extraArgs.read-only-port", false,
		"machine: {kubelet: {extraArgs: {read-only-port: '10255'}}}"},
	{"every system call", "machine.kubelet.defaultRuntimeSeccompProfileEnabled", false,
		"machine: {kubelet: {defaultRuntimeSeccompProfileEnabled: false}}"},
	{"an open kernel", "machine.sysctls.kernel.kptr_restrict", false,
		"machine: {sysctls: {kernel.kptr_restrict: '0'}}"},
	{"a registry that anybody can be", "tls.insecureSkipVerify of a registry", false,
		"machine: {registries: {config: {'ghcr.io': {tls: {insecureSkipVerify: true}}}}}"},
	{"a registry that anybody can be, in a document", "tls.insecureSkipVerify of a registry", false,
		"apiVersion: v1alpha1\nkind: RegistryTLSConfig\nname: ghcr.io\ninsecureSkipVerify: true"},
	{"a mirror in clear", "endpoints of a registry's mirror", false,
		"machine: {registries: {mirrors: {'*': {endpoints: ['http://mirror.example.com']}}}}"},
	{"a server's certificate for a client's", "machine.features.apidCheckExtKeyUsage", false,
		"machine: {features: {apidCheckExtKeyUsage: false}}"},
	{"a pod from a file", "machine.kubelet.disableManifestsDirectory", false,
		"machine: {kubelet: {disableManifestsDirectory: false}}"},
	{"kubelets that allow everything, by a flag", "machine.kubelet.extraArgs.authorization-mode", false,
		"machine: {kubelet: {extraArgs: {authorization-mode: AlwaysAllow}}}"},
	{"no rule for the Talos API", "NetworkRuleConfig talos-api", false,
		"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: talos-api\n$patch: delete"},
	{"the Talos API's own rule for everybody", "NetworkRuleConfig talos-api", false,
		"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: talos-api\ningress: [{subnet: 0.0.0.0/0}]"},
	{"the Talos API's rule for another port", "NetworkRuleConfig talos-api", false,
		"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: talos-api\nportSelector: {ports: [50002], protocol: tcp}\ningress: [{subnet: 10.0.0.0/8}]"},
	{"all ports for everybody", "NetworkRuleConfig talos-api", false,
		"apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n---\n" +
			"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: more\nportSelector: {ports: [1-65535], protocol: tcp}\ningress: [{subnet: 0.0.0.0/0}]"},
	{"no admission control", "cluster.apiServer.admissionControl", true,
		"cluster: {apiServer: {admissionControl: {$patch: delete}}}"},
	{"a user of privileged pods", "cluster.apiServer.admissionControl", true,
		"cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: {exemptions: {usernames: [jane]}}}]}}"},
	{"an audit that records secrets", "cluster.apiServer.auditPolicy", true,
		"cluster: {apiServer: {auditPolicy: {apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: RequestResponse}]}}}"},
	{"no PodSecurity, by a flag", "cluster.apiServer.extraArgs.disable-admission-plugins", true,
		"cluster: {apiServer: {extraArgs: {disable-admission-plugins: PodSecurity}}}"},
	{"another admission, by a file", "cluster.apiServer.extraArgs.admission-control-config-file", true,
		"cluster: {apiServer: {extraArgs: {admission-control-config-file: /tmp/a}}}"},
	{"an audit that is thrown away", "cluster.apiServer.extraArgs.audit-log-path", true,
		"cluster: {apiServer: {extraArgs: {audit-log-path: /dev/null}}}"},
	{"profiles of the API server", "cluster.apiServer.extraArgs.profiling", true,
		"cluster: {apiServer: {extraArgs: {profiling: 'true'}}}"},
	{"tokens of accounts that are gone", "cluster.apiServer.extraArgs.service-account-lookup", true,
		"cluster: {apiServer: {extraArgs: {service-account-lookup: 'false'}}}"},
	{"tokens that live for a year", "cluster.apiServer.extraArgs.service-account-extend-token-expiration", true,
		"cluster: {apiServer: {extraArgs: {service-account-extend-token-expiration: 'true'}}}"},
	{"old versions of TLS", "cluster.apiServer.extraArgs.tls-min-version", true,
		"cluster: {apiServer: {extraArgs: {tls-min-version: VersionTLS10}}}"},
	{"controllers with all permissions", "cluster.controllerManager.extraArgs.use-service-account-credentials", true,
		"cluster: {controllerManager: {extraArgs: {use-service-account-credentials: 'false'}}}"},
	{"profiles of the scheduler", "cluster.scheduler.extraArgs.profiling", true,
		"cluster: {scheduler: {extraArgs: {profiling: 'true'}}}"},
	{"BPF for everybody", "machine.sysctls.kernel.unprivileged_bpf_disabled", false,
		"machine: {sysctls: {kernel/unprivileged_bpf_disabled: '0'}}"},
	{"io_uring for everybody", "machine.sysctls.kernel.io_uring_disabled", false,
		"machine: {sysctls: {kernel.io_uring_disabled: '0'}}"},
	{"io_uring for everybody, spelled otherwise", "machine.sysctls.kernel.io_uring_disabled", false,
		"machine: {sysctls: {kernel/io_uring_disabled: '0'}}"},
	{"the kernel as Talos leaves it", "machine.sysctls.kernel.io_uring_disabled", false,
		"machine: {sysctls: {$patch: delete}}"},
	{"routes from the neighbors", "machine.sysctls.net.ipv6.conf.default.accept_ra", false,
		"machine: {sysctls: {net.ipv6.conf.default.accept_ra: '2'}}"},
}

// softening are the weakenings as settings of a stack file.
func softening() []Setting {
	var settings []Setting
	for _, w := range weakenings {
		says := inAllPatches(w.Patch)
		if w.ControlPlane {
			says = inControlPlanes(w.Patch)
		}
		settings = append(settings, refuse(w.Name, says, w.Field))
	}
	return settings
}
