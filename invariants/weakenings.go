package invariants

// Weakening is a patch that removes a part of the hardening of machines, which production refuses.
type Weakening struct {
	// Name is what the patch does.
	Name string
	// Field is the part of the configuration that it changes. Reason is what that would mean, in the refusal's words.
	Field, Reason string
	// ControlPlane is true for patches of control planes only.
	ControlPlane bool
	Patch        string
}

// Weakenings returns patches that production refuses. A patch that is not among them is not harmless: who can merge a
// patch can name another image or start a pod on every node.
func Weakenings() []Weakening { return weakenings }

var weakenings = []Weakening{
	{"access to the Talos API for pods", "machine.features.kubernetesTalosAPIAccess",
		"pods could reach the Talos API",
		true,
		"machine: {features: {kubernetesTalosAPIAccess: {enabled: true, " +
			"allowedRoles: ['os:admin'], allowedKubernetesNamespaces: [default]}}}"},
	{"a firewall rule that opens the Talos API", "NetworkRuleConfig talos-api",
		"operatorCidrs already decides who reaches that port", false,
		"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: everybody\n" +
			"portSelector: {ports: [50000], protocol: tcp}\ningress: [{subnet: 0.0.0.0/0}]"},
	{"the Talos API without RBAC", "machine.features.rbac",
		"every client of the Talos API would be its administrator", false,
		"machine: {features: {rbac: false}}"},
	{"no audit log", "cluster.apiServer.auditPolicy", "it does not record get of secrets", true,
		"cluster: {apiServer: {auditPolicy: {apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: None}]}}}"},
	{"another audit policy file", "cluster.apiServer.extraArgs.audit-policy-file",
		"the audit log would be replaced or missing",
		true,
		"cluster: {apiServer: {extraArgs: {audit-policy-file: /dev/null}}}"},
	{"PodSecurity level privileged", "cluster.apiServer.admissionControl",
		"PodSecurity must enforce baseline or restricted, and exempt no more than Talos does", true,
		"cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: " +
			"{defaults: {enforce: privileged}}}]}}"},
	{"a namespace exempt from PodSecurity", "cluster.apiServer.admissionControl",
		"PodSecurity must enforce baseline or restricted, and exempt no more than Talos does", true,
		"cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: {exemptions: " +
			"{namespaces: [default]}}}]}}"},
	{"PodSecurity removed", "cluster.apiServer.admissionControl",
		"PodSecurity must enforce baseline or restricted, and exempt no more than Talos does", true,
		"cluster: {apiServer: {admissionControl: [{name: PodSecurity, $patch: delete}]}}"},
	{"the NodeRestriction plugin off", "cluster.apiServer.extraArgs.disable-admission-plugins",
		"requests that the plugin rejects would be admitted", true,
		"cluster: {apiServer: {extraArgs: {disable-admission-plugins: NodeRestriction}}}"},
	{"anonymous requests", "cluster.apiServer.extraArgs.anonymous-auth",
		"requests without an identity would be served", true,
		"cluster: {apiServer: {extraArgs: {anonymous-auth: 'true'}}}"},
	{"anonymous requests, the flag spelled with underscores", "cluster.apiServer.extraArgs.anonymous_auth",
		"requests without an identity would be served", true,
		"cluster: {apiServer: {extraArgs: {anonymous_auth: 'true'}}}"},
	{"authorization mode AlwaysAllow", "cluster.apiServer.extraArgs.authorization-mode",
		"every user could be allowed everything",
		true,
		"cluster: {apiServer: {extraArgs: {authorization-mode: AlwaysAllow}}}"},
	{"static tokens", "cluster.apiServer.extraArgs.token-auth-file",
		"tokens that never expire would be accepted", true,
		"cluster: {apiServer: {extraArgs: {token-auth-file: /var/tokens}}}"},
	{"etcd without client certificates", "cluster.etcd.extraArgs.client-cert-auth",
		"requests without an identity would be served", true,
		"cluster: {etcd: {extraArgs: {client-cert-auth: 'false'}}}"},
	{"a further CA of the cluster", "cluster.acceptedCAs",
		"another certificate authority could issue certificates for administrators of the cluster", true,
		"cluster: {acceptedCAs: [{crt: " + otherCA + "}]}"},
	{"a further CA of the machines", "machine.acceptedCAs",
		"another certificate authority could issue certificates for administrators of the machine", false,
		"machine: {acceptedCAs: [{crt: " + otherCA + "}]}"},
	{"anonymous requests to kubelets, by flag", "machine.kubelet.extraArgs.anonymous-auth",
		"requests without an identity would be served", false,
		"machine: {kubelet: {extraArgs: {anonymous-auth: 'true'}}}"},
	{"the kubelet's read-only port", "machine.kubelet.extraConfig.readOnlyPort",
		"every client that reaches the node could list its pods", false,
		"machine: {kubelet: {extraConfig: {readOnlyPort: 10255}}}"},
	{"the kubelet's read-only port, by flag", "machine.kubelet.extraArgs.read-only-port",
		"every client that reaches the node could list its pods", false,
		"machine: {kubelet: {extraArgs: {read-only-port: '10255'}}}"},
	{"containers without a seccomp profile", "machine.kubelet.defaultRuntimeSeccompProfileEnabled",
		"containers could make every system call", false,
		"machine: {kubelet: {defaultRuntimeSeccompProfileEnabled: false}}"},
	{"kernel pointers readable", "machine.sysctls.kernel.kptr_restrict",
		"a container could use more of the kernel than with 2",
		false,
		"machine: {sysctls: {kernel.kptr_restrict: '0'}}"},
	{"a registry without TLS verification", "tls.insecureSkipVerify of a registry",
		"a man in the middle could replace images", false,
		"machine: {registries: {config: {'ghcr.io': {tls: {insecureSkipVerify: true}}}}}"},
	{"a registry without TLS verification, in a document", "tls.insecureSkipVerify of a registry",
		"a man in the middle could replace images", false,
		"apiVersion: v1alpha1\nkind: RegistryTLSConfig\nname: ghcr.io\ninsecureSkipVerify: true"},
	{"a registry mirror without TLS", "endpoints of a registry's mirror",
		"a man in the middle could replace images: it is not https", false,
		"machine: {registries: {mirrors: {'*': {endpoints: ['http://mirror.example.com']}}}}"},
	{"server certificates accepted from clients", "machine.features.apidCheckExtKeyUsage",
		"a server certificate would be accepted from a client of the Talos API", false,
		"machine: {features: {apidCheckExtKeyUsage: false}}"},
	{"static pods from files", "machine.kubelet.disableManifestsDirectory",
		"a file on the node's disk could start a pod without the Kubernetes API", false,
		"machine: {kubelet: {disableManifestsDirectory: false}}"},
	{"kubelets that authorize everything, by flag", "machine.kubelet.extraArgs.authorization-mode",
		"every client with an identity could run commands in every pod of the node", false,
		"machine: {kubelet: {extraArgs: {authorization-mode: AlwaysAllow}}}"},
	{"the Talos API's firewall rule removed", "NetworkRuleConfig talos-api",
		"operatorCidrs already decides who reaches that port", false,
		"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: talos-api\n$patch: delete"},
	{"the Talos API's firewall rule opened", "NetworkRuleConfig talos-api",
		"operatorCidrs already decides who reaches that port", false,
		"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: talos-api\ningress: [{subnet: 0.0.0.0/0}]"},
	{"the Talos API's firewall rule on another port", "NetworkRuleConfig talos-api",
		"operatorCidrs already decides who reaches that port", false,
		"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: talos-api\nportSelector: {ports: [50002], protocol: " +
			"tcp}\ningress: [{subnet: 10.0.0.0/8}]"},
	{"a firewall rule that opens all ports", "NetworkRuleConfig talos-api",
		"operatorCidrs already decides who reaches that port", false,
		"apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n---\n" +
			"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: more\nportSelector: {ports: [1-65535], protocol: " +
			"tcp}\ningress: [{subnet: 0.0.0.0/0}]"},
	{"admission control removed", "cluster.apiServer.admissionControl",
		"PodSecurity must enforce baseline or restricted, and exempt no more than Talos does", true,
		"cluster: {apiServer: {admissionControl: {$patch: delete}}}"},
	{"a user exempt from PodSecurity", "cluster.apiServer.admissionControl",
		"PodSecurity must enforce baseline or restricted, and exempt no more than Talos does", true,
		"cluster: {apiServer: {admissionControl: [{name: PodSecurity, configuration: " +
			"{exemptions: {usernames: [jane]}}}]}}"},
	{"an audit log with responses", "cluster.apiServer.auditPolicy", "it writes the contents of secrets to the log",
		true,
		"cluster: {apiServer: {auditPolicy: {apiVersion: audit.k8s.io/v1, kind: Policy, rules: " +
			"[{level: RequestResponse}]}}}"},
	{"an audit log with requests", "cluster.apiServer.auditPolicy",
		"it writes the contents of secrets to the log", true,
		"cluster: {apiServer: {auditPolicy: {apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Request}]}}}"},
	{"the PodSecurity plugin off", "cluster.apiServer.extraArgs.disable-admission-plugins",
		"requests that the plugin rejects would be admitted", true,
		"cluster: {apiServer: {extraArgs: {disable-admission-plugins: PodSecurity}}}"},
	{"another admission configuration file", "cluster.apiServer.extraArgs.admission-control-config-file",
		"PodSecurity would have another configuration", true,
		"cluster: {apiServer: {extraArgs: {admission-control-config-file: /tmp/a}}}"},
	{"the audit log written to /dev/null", "cluster.apiServer.extraArgs.audit-log-path",
		"the audit log would be replaced or missing", true,
		"cluster: {apiServer: {extraArgs: {audit-log-path: /dev/null}}}"},
	{"profiling of the API server", "cluster.apiServer.extraArgs.profiling",
		"the memory of the process could be read while it runs", true,
		"cluster: {apiServer: {extraArgs: {profiling: 'true'}}}"},
	{"tokens of deleted service accounts", "cluster.apiServer.extraArgs.service-account-lookup",
		"the tokens of deleted accounts would stay valid", true,
		"cluster: {apiServer: {extraArgs: {service-account-lookup: 'false'}}}"},
	{"service account tokens valid for a year", "cluster.apiServer.extraArgs.service-account-extend-token-expiration",
		"a stolen token would be valid for a year", true,
		"cluster: {apiServer: {extraArgs: {service-account-extend-token-expiration: 'true'}}}"},
	{"TLS below 1.2", "cluster.apiServer.extraArgs.tls-min-version",
		"connections could use TLS below 1.2", true,
		"cluster: {apiServer: {extraArgs: {tls-min-version: VersionTLS10}}}"},
	{"controllers with shared permissions", "cluster.controllerManager.extraArgs.use-service-account-credentials",
		"each controller would have the permissions of all", true,
		"cluster: {controllerManager: {extraArgs: {use-service-account-credentials: 'false'}}}"},
	{"profiling of the scheduler", "cluster.scheduler.extraArgs.profiling",
		"the memory of the process could be read while it runs", true,
		"cluster: {scheduler: {extraArgs: {profiling: 'true'}}}"},
	{"unprivileged BPF", "machine.sysctls.kernel.unprivileged_bpf_disabled",
		"a container could use more of the kernel than with 1", false,
		"machine: {sysctls: {kernel/unprivileged_bpf_disabled: '0'}}"},
	{"unprivileged io_uring", "machine.sysctls.kernel.io_uring_disabled",
		"a container could use more of the kernel than with 1", false,
		"machine: {sysctls: {kernel.io_uring_disabled: '0'}}"},
	{"unprivileged io_uring, spelled with a slash", "machine.sysctls.kernel.io_uring_disabled",
		"a container could use more of the kernel than with 1", false,
		"machine: {sysctls: {kernel/io_uring_disabled: '0'}}"},
	{"the kernel settings removed", "machine.sysctls.kernel.io_uring_disabled",
		"a container could use more of the kernel than with 1", false,
		"machine: {sysctls: {$patch: delete}}"},
	{"IPv6 router advertisements accepted", "machine.sysctls.net.ipv6.conf.default.accept_ra",
		"a container could use more of the kernel than with 0", false,
		"machine: {sysctls: {net.ipv6.conf.default.accept_ra: '2'}}"},
}

// Refusal returns the error message.
func (w Weakening) Refusal() string {
	return "a patch weakens " + w.Field + ", which production does not allow: " + w.Reason +
		"; remove it from the patch"
}

// refusedPatches returns the weakenings as settings of a stack file.
func refusedPatches() []Setting {
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
