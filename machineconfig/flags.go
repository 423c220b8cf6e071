package machineconfig

import (
	"maps"
	"slices"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config"
)

// allowedValues are the values that a patch may set a flag to, and the consequence of another value. With an empty list
// the flag must not be set.
type allowedValues struct {
	reason  string
	allowed []string
}

const (
	whileProfiling  = "the memory of the process could be read while it runs"
	oldTLS          = "connections could use TLS below 1.2"
	withoutIdentity = "requests without an identity would be served"
	othersAudit     = "the audit log would be replaced or missing"
)

// flags are the flags by which a patch would weaken what Talos hardens.
var flags = []struct {
	field string
	of    func(config.Provider) map[string][]string
	flags map[string]allowedValues
}{
	{
		"cluster.apiServer.extraArgs",
		func(c config.Provider) map[string][]string { return c.Cluster().APIServer().ExtraArgs() },
		map[string]allowedValues{
			"anonymous-auth":                {withoutIdentity, []string{"false"}},
			"authorization-mode":            {"every user could be allowed everything", []string{"Node,RBAC"}},
			"disable-admission-plugins":     {"requests that the plugin rejects would be admitted", nil},
			"admission-control-config-file": {"PodSecurity would have another configuration", nil},
			"token-auth-file":               {"tokens that never expire would be accepted", nil},
			"audit-policy-file":             {othersAudit, nil},
			"audit-log-path":                {othersAudit, nil},
			"profiling":                     {whileProfiling, []string{"false"}},
			"service-account-lookup": {
				"the tokens of deleted accounts would stay valid",
				[]string{"true"},
			},
			"service-account-extend-token-expiration": {"a stolen token would be valid for a year", []string{"false"}},
			"tls-min-version":                         {oldTLS, []string{"VersionTLS12", "VersionTLS13"}},
		},
	},
	{
		"cluster.controllerManager.extraArgs",
		func(c config.Provider) map[string][]string { return c.Cluster().ControllerManager().ExtraArgs() },
		map[string]allowedValues{
			"profiling":                       {whileProfiling, []string{"false"}},
			"use-service-account-credentials": {"each controller would have the permissions of all", []string{"true"}},
		},
	},
	{
		"cluster.scheduler.extraArgs",
		func(c config.Provider) map[string][]string { return c.Cluster().Scheduler().ExtraArgs() },
		map[string]allowedValues{"profiling": {whileProfiling, []string{"false"}}},
	},
	{"cluster.etcd.extraArgs", func(c config.Provider) map[string][]string { return c.Cluster().Etcd().ExtraArgs() },
		map[string]allowedValues{
			"client-cert-auth":      {withoutIdentity, []string{"true"}},
			"peer-client-cert-auth": {withoutIdentity, []string{"true"}},
		}},
	{
		"machine.kubelet.extraArgs",
		func(c config.Provider) map[string][]string { return c.Machine().Kubelet().ExtraArgs() },
		map[string]allowedValues{
			"anonymous-auth": {withoutIdentity, []string{"false"}},
			"authorization-mode": {
				"every client with an identity could run commands in every pod of the node",
				[]string{"Webhook"},
			},
			"read-only-port":    {"every client that reaches the node could list its pods", []string{"0"}},
			"seccomp-default":   {"containers could make every system call", []string{"true"}},
			"pod-manifest-path": {"a file on the node's disk could start a pod without the Kubernetes API", nil},
			"tls-min-version":   {oldTLS, []string{"VersionTLS12", "VersionTLS13"}},
		},
	},
}

// checkFlags reads a flag with underscores as the one with dashes, as Kubernetes' own programs do.
func checkFlags(after config.Provider) error {
	for _, component := range flags {
		given := component.of(after)
		for _, name := range slices.Sorted(maps.Keys(given)) {
			guard, guarded := component.flags[strings.ReplaceAll(name, "_", "-")]
			forbidden := func(value string) bool { return !slices.Contains(guard.allowed, value) }
			if guarded && (len(given[name]) == 0 || slices.ContainsFunc(given[name], forbidden)) {
				return weakened(component.field+"."+name, guard.reason)
			}
		}
	}
	return nil
}

// talosFlags are flags by which a patch would override what Talos or the program sets, by component. The first kind
// makes Talos refuse the whole list of flags on the machine: it then starts no such process.
// https://github.com/siderolabs/talos/blob/v1.12.1/internal/app/machined/pkg/controllers/k8s/control_plane_static_pod.go
// https://github.com/siderolabs/talos/blob/v1.12.1/internal/app/machined/pkg/controllers/k8s/kubelet_spec.go
var talosFlags = map[string][]string{
	"cluster.apiServer.extraArgs": {
		"etcd-servers", "client-ca-file", "requestheader-client-ca-file", "proxy-client-cert-file",
		"proxy-client-key-file",
		"encryption-provider-config", "etcd-cafile", "etcd-certfile", "etcd-keyfile", "kubelet-client-certificate",
		"kubelet-client-key",
		"service-account-key-file", "service-account-signing-key-file", "tls-cert-file", "tls-private-key-file",
		"authorization-config",
	},
	"cluster.controllerManager.extraArgs": {
		"cluster-signing-cert-file", "cluster-signing-key-file", "authentication-kubeconfig",
		"authorization-kubeconfig", "root-ca-file",
		"service-account-private-key-file",
	},
	"cluster.scheduler.extraArgs": {"kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig", "config"},
	"machine.kubelet.extraArgs": {
		"bootstrap-kubeconfig", "kubeconfig", "container-runtime", "container-runtime-endpoint", "config", "cert-dir",
	},
}

// kubeletFlags override fields that the program sets in the kubelet's configuration file. The value is the remedy.
var kubeletFlags = map[string]string{
	"register-with-taints":    "set taints of the pool",
	"node-labels":             "set labels of the pool, or machine.nodeLabels",
	"node-ip":                 "it would be the same on every machine; set machine.kubelet.nodeIP.validSubnets",
	"hostname-override":       "it would be the same on every machine; remove it",
	"provider-id":             "it would be the same on every machine; remove it",
	"image-gc-high-threshold": "set machine.kubelet.extraConfig.imageGCHighThresholdPercent",
	"image-gc-low-threshold":  "set machine.kubelet.extraConfig.imageGCLowThresholdPercent",
	"cluster-dns":             "set machine.kubelet.extraConfig.clusterDNS",
	"cluster-domain":          "set cluster.network.dnsDomain in patches.all",
	"resolv-conf":             "remove it",
	"cgroup-root":             "remove it",
	"protect-kernel-defaults": "remove it",
	"register-node":           "remove it",
}

// checkTalosFlags refuses the flags that Talos or the program has set.
func checkTalosFlags(_ Input, before, after config.Provider) error {
	for _, component := range flags {
		ours := component.of(before)
		given := component.of(after)
		for _, name := range slices.Sorted(maps.Keys(given)) {
			plain := strings.ReplaceAll(name, "_", "-")
			if slices.Contains(talosFlags[component.field], plain) {
				return problem(
					"%s.%s: Talos sets this flag, and does not start the process with another",
					component.field,
					name,
				).
					remedy("remove it")
			}
			remedy, overrides := kubeletFlags[plain]
			if _, set := ours[name]; overrides && !set && component.field == "machine.kubelet.extraArgs" {
				return problem(
					"%s.%s: the flag overrides what the cluster sets in the kubelet's configuration",
					component.field,
					name,
				).
					remedy("%s", remedy)
			}
		}
	}
	return nil
}
