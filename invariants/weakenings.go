package invariants

// Weakening is a patch that takes from a machine of production what hardens it.
type Weakening struct {
	// Name says what it comes to.
	Name string
	// Field is which part of the configuration it changes, and Reason what that would mean, as the refusal says.
	Field, Reason string
	// ControlPlane says that it is a patch of control planes alone.
	ControlPlane bool
	Patch        string
}

// Weakenings are all that a patch of production's machines may not do. What is not among them is not harmless: a patch
// is the machines' own configuration, and whoever may merge one can name another image or start a pod on every node.
func Weakenings() []Weakening { return weakenings }

var weakenings = []Weakening{
	{"the Talos API for pods", "machine.features.kubernetesTalosAPIAccess", "pods could have a way to the Talos API",
		true,
		"machine: {features: {kubernetesTalosAPIAccess: {enabled: true, " +
			"allowedRoles: ['os:admin'], allowedKubernetesNamespaces: [default]}}}"},
	{"the Talos API for everybody", "NetworkRuleConfig talos-api",
		"it says who reaches that port, and operatorCidrs says so already", false,
		"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: everybody\n" +
			"portSelector: {ports: [50000], protocol: tcp}\ningress: [{subnet: 0.0.0.0/0}]"},
	{"every client of the Talos API is its administrator", "machine.features.rbac",
		"every client of the Talos API would be its administrator", false,
		"machine: {features: {rbac: false}}"},
	{"no audit", "cluster.apiServer.auditPolicy", "it does not record get of secrets", true,
		"cluster: {apiServer: {auditPolicy: {apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: None}]}}}"},
	{"no audit, by a file", "cluster.apiServer.extraArgs.audit-policy-file", "the audit log would be another, or none",
		true,
		"cluster: {apiServer: {extraArgs: {audit-policy-file: /dev/null}}}"},
	{"privileged pods", "cluster.apiServer.admissionControl",
		"PodSecurity must enforce baseline or restricted, and exempt no more than Talos does", true,
		"cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: " +
			"{defaults: {enforce: privileged}}}]}}"},
	{"a namespace of privileged pods", "cluster.apiServer.admissionControl",
		"PodSecurity must enforce baseline or restricted, and exempt no more than Talos does", true,
		"cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: {exemptions: " +
			"{namespaces: [default]}}}]}}"},
	{"no PodSecurity", "cluster.apiServer.admissionControl",
		"PodSecurity must enforce baseline or restricted, and exempt no more than Talos does", true,
		"cluster: {apiServer: {admissionControl: [{name: PodSecurity, $patch: delete}]}}"},
	{"no admission", "cluster.apiServer.extraArgs.disable-admission-plugins", "what the plugin checks would pass", true,
		"cluster: {apiServer: {extraArgs: {disable-admission-plugins: NodeRestriction}}}"},
	{"requests without an identity", "cluster.apiServer.extraArgs.anonymous-auth",
		"requests without an identity would be served", true,
		"cluster: {apiServer: {extraArgs: {anonymous-auth: 'true'}}}"},
	{"requests without an identity, spelled otherwise", "cluster.apiServer.extraArgs.anonymous_auth",
		"requests without an identity would be served", true,
		"cluster: {apiServer: {extraArgs: {anonymous_auth: 'true'}}}"},
	{"everything is allowed", "cluster.apiServer.extraArgs.authorization-mode", "everybody could be allowed everything",
		true,
		"cluster: {apiServer: {extraArgs: {authorization-mode: AlwaysAllow}}}"},
	{"tokens that never expire", "cluster.apiServer.extraArgs.token-auth-file",
		"tokens that never expire would open the API", true,
		"cluster: {apiServer: {extraArgs: {token-auth-file: /var/tokens}}}"},
	{"an etcd that asks nobody's name", "cluster.etcd.extraArgs.client-cert-auth",
		"requests without an identity would be served", true,
		"cluster: {etcd: {extraArgs: {client-cert-auth: 'false'}}}"},
	{"another authority beside the cluster's", "cluster.acceptedCAs",
		"another authority could name administrators of the cluster", true,
		"cluster: {acceptedCAs: [{crt: " + otherCA + "}]}"},
	{"another authority beside the machines'", "machine.acceptedCAs",
		"another authority could name administrators of the machine", false,
		"machine: {acceptedCAs: [{crt: " + otherCA + "}]}"},
	{"kubelets without identities, by a flag", "machine.kubelet.extraArgs.anonymous-auth",
		"requests without an identity would be served", false,
		"machine: {kubelet: {extraArgs: {anonymous-auth: 'true'}}}"},
	{"kubelets that tell everybody", "machine.kubelet.extraConfig.readOnlyPort",
		"whoever reaches the node could list its pods", false,
		"machine: {kubelet: {extraConfig: {readOnlyPort: 10255}}}"},
	{"kubelets that tell everybody, by a flag", "machine.kubelet.extraArgs.read-only-port",
		"whoever reaches the node could list its pods", false,
		"machine: {kubelet: {extraArgs: {read-only-port: '10255'}}}"},
	{"every system call", "machine.kubelet.defaultRuntimeSeccompProfileEnabled",
		"containers could make every system call", false,
		"machine: {kubelet: {defaultRuntimeSeccompProfileEnabled: false}}"},
	{"an open kernel", "machine.sysctls.kernel.kptr_restrict", "a container could try more of the kernel than with 2",
		false,
		"machine: {sysctls: {kernel.kptr_restrict: '0'}}"},
	{"a registry that anybody can be", "tls.insecureSkipVerify of a registry",
		"whoever stands between could hand the machine another image", false,
		"machine: {registries: {config: {'ghcr.io': {tls: {insecureSkipVerify: true}}}}}"},
	{"a registry that anybody can be, in a document", "tls.insecureSkipVerify of a registry",
		"whoever stands between could hand the machine another image", false,
		"apiVersion: v1alpha1\nkind: RegistryTLSConfig\nname: ghcr.io\ninsecureSkipVerify: true"},
	{"a mirror in clear", "endpoints of a registry's mirror",
		"whoever stands between could hand the machine another image: it is not https", false,
		"machine: {registries: {mirrors: {'*': {endpoints: ['http://mirror.example.com']}}}}"},
	{"a server's certificate for a client's", "machine.features.apidCheckExtKeyUsage",
		"a server's certificate would do for a client of the Talos API", false,
		"machine: {features: {apidCheckExtKeyUsage: false}}"},
	{"a pod from a file", "machine.kubelet.disableManifestsDirectory",
		"a file on the node's disk could start a pod past the Kubernetes API", false,
		"machine: {kubelet: {disableManifestsDirectory: false}}"},
	{"kubelets that allow everything, by a flag", "machine.kubelet.extraArgs.authorization-mode",
		"whoever has an identity could run commands in every pod of the node", false,
		"machine: {kubelet: {extraArgs: {authorization-mode: AlwaysAllow}}}"},
	{"no rule for the Talos API", "NetworkRuleConfig talos-api",
		"it says who reaches that port, and operatorCidrs says so already", false,
		"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: talos-api\n$patch: delete"},
	{"the Talos API's own rule for everybody", "NetworkRuleConfig talos-api",
		"it says who reaches that port, and operatorCidrs says so already", false,
		"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: talos-api\ningress: [{subnet: 0.0.0.0/0}]"},
	{"the Talos API's rule for another port", "NetworkRuleConfig talos-api",
		"it says who reaches that port, and operatorCidrs says so already", false,
		"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: talos-api\nportSelector: {ports: [50002], protocol: " +
			"tcp}\ningress: [{subnet: 10.0.0.0/8}]"},
	{"all ports for everybody", "NetworkRuleConfig talos-api",
		"it says who reaches that port, and operatorCidrs says so already", false,
		"apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n---\n" +
			"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: more\nportSelector: {ports: [1-65535], protocol: " +
			"tcp}\ningress: [{subnet: 0.0.0.0/0}]"},
	{"no admission control", "cluster.apiServer.admissionControl",
		"PodSecurity must enforce baseline or restricted, and exempt no more than Talos does", true,
		"cluster: {apiServer: {admissionControl: {$patch: delete}}}"},
	{"a user of privileged pods", "cluster.apiServer.admissionControl",
		"PodSecurity must enforce baseline or restricted, and exempt no more than Talos does", true,
		"cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: " +
			"{exemptions: {usernames: [jane]}}}]}}"},
	{"an audit that records secrets", "cluster.apiServer.auditPolicy", "it writes what stands in secrets to the log",
		true,
		"cluster: {apiServer: {auditPolicy: {apiVersion: audit.k8s.io/v1, kind: Policy, rules: " +
			"[{level: RequestResponse}]}}}"},
	{"an audit that records what is written into secrets", "cluster.apiServer.auditPolicy",
		"it writes what stands in secrets to the log", true,
		"cluster: {apiServer: {auditPolicy: {apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Request}]}}}"},
	{"no PodSecurity, by a flag", "cluster.apiServer.extraArgs.disable-admission-plugins",
		"what the plugin checks would pass", true,
		"cluster: {apiServer: {extraArgs: {disable-admission-plugins: PodSecurity}}}"},
	{"another admission, by a file", "cluster.apiServer.extraArgs.admission-control-config-file",
		"PodSecurity would be told something else", true,
		"cluster: {apiServer: {extraArgs: {admission-control-config-file: /tmp/a}}}"},
	{"an audit that is thrown away", "cluster.apiServer.extraArgs.audit-log-path",
		"the audit log would be another, or none", true,
		"cluster: {apiServer: {extraArgs: {audit-log-path: /dev/null}}}"},
	{"profiles of the API server", "cluster.apiServer.extraArgs.profiling",
		"the memory of the process could be read while it runs", true,
		"cluster: {apiServer: {extraArgs: {profiling: 'true'}}}"},
	{"tokens of accounts that are gone", "cluster.apiServer.extraArgs.service-account-lookup",
		"the tokens of deleted accounts would stay good", true,
		"cluster: {apiServer: {extraArgs: {service-account-lookup: 'false'}}}"},
	{"tokens that live for a year", "cluster.apiServer.extraArgs.service-account-extend-token-expiration",
		"a stolen token would be good for a year", true,
		"cluster: {apiServer: {extraArgs: {service-account-extend-token-expiration: 'true'}}}"},
	{"old versions of TLS", "cluster.apiServer.extraArgs.tls-min-version",
		"connections by old versions of TLS could be read", true,
		"cluster: {apiServer: {extraArgs: {tls-min-version: VersionTLS10}}}"},
	{"controllers with all permissions", "cluster.controllerManager.extraArgs.use-service-account-credentials",
		"each controller could do what all may", true,
		"cluster: {controllerManager: {extraArgs: {use-service-account-credentials: 'false'}}}"},
	{"profiles of the scheduler", "cluster.scheduler.extraArgs.profiling",
		"the memory of the process could be read while it runs", true,
		"cluster: {scheduler: {extraArgs: {profiling: 'true'}}}"},
	{"BPF for everybody", "machine.sysctls.kernel.unprivileged_bpf_disabled",
		"a container could try more of the kernel than with 1", false,
		"machine: {sysctls: {kernel/unprivileged_bpf_disabled: '0'}}"},
	{"io_uring for everybody", "machine.sysctls.kernel.io_uring_disabled",
		"a container could try more of the kernel than with 1", false,
		"machine: {sysctls: {kernel.io_uring_disabled: '0'}}"},
	{"io_uring for everybody, spelled otherwise", "machine.sysctls.kernel.io_uring_disabled",
		"a container could try more of the kernel than with 1", false,
		"machine: {sysctls: {kernel/io_uring_disabled: '0'}}"},
	{"the kernel as Talos leaves it", "machine.sysctls.kernel.io_uring_disabled",
		"a container could try more of the kernel than with 1", false,
		"machine: {sysctls: {$patch: delete}}"},
	{"routes from the neighbors", "machine.sysctls.net.ipv6.conf.default.accept_ra",
		"a container could try more of the kernel than with 0", false,
		"machine: {sysctls: {net.ipv6.conf.default.accept_ra: '2'}}"},
}

// Refusal is the message.
func (w Weakening) Refusal() string {
	return "a patch weakens " + w.Field + ", which production does not take: " + w.Reason + "; remove it from the patch"
}

// softening are the weakenings as settings of a stack file.
func softening() []Setting {
	var settings []Setting
	for _, w := range weakenings {
		says := inAllPatches(w.Patch)
		if w.ControlPlane {
			says = inControlPlanes(w.Patch)
		}
		settings = append(settings, refuse(w.Name, says, w.Refusal()))
	}
	return settings
}
