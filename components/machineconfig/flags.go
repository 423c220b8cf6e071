package machineconfig

import (
	"maps"
	"slices"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config"
)

// guard is what a patch may set a flag to, and what another value would mean. No value at all is allowed where there is
// none to allow.
type guard struct {
	reason  string
	allowed []string
}

const (
	whileProfiling  = "the memory of the process could be read while it runs"
	oldTLS          = "connections by old versions of TLS could be read"
	withoutIdentity = "requests without an identity would be served"
	othersAudit     = "the audit log would be another, or none"
)

// flags are the ones by which a patch would open what Talos closes.
var flags = []struct {
	field string
	of    func(config.Provider) map[string][]string
	flags map[string]guard
}{
	{"cluster.apiServer.extraArgs", func(c config.Provider) map[string][]string { return c.Cluster().APIServer().ExtraArgs() },
		map[string]guard{
			"anonymous-auth":                          {withoutIdentity, []string{"false"}},
			"authorization-mode":                      {"everybody could be allowed everything", []string{"Node,RBAC"}},
			"disable-admission-plugins":               {"what the plugin checks would pass", nil},
			"admission-control-config-file":           {"PodSecurity would be told something else", nil},
			"token-auth-file":                         {"tokens that never expire would open the API", nil},
			"audit-policy-file":                       {othersAudit, nil},
			"audit-log-path":                          {othersAudit, nil},
			"profiling":                               {whileProfiling, []string{"false"}},
			"service-account-lookup":                  {"the tokens of deleted accounts would stay good", []string{"true"}},
			"service-account-extend-token-expiration": {"a stolen token would be good for a year", []string{"false"}},
			"tls-min-version":                         {oldTLS, []string{"VersionTLS12", "VersionTLS13"}},
		}},
	{"cluster.controllerManager.extraArgs", func(c config.Provider) map[string][]string { return c.Cluster().ControllerManager().ExtraArgs() },
		map[string]guard{
			"profiling":                       {whileProfiling, []string{"false"}},
			"use-service-account-credentials": {"each controller could do what all may", []string{"true"}},
		}},
	{"cluster.scheduler.extraArgs", func(c config.Provider) map[string][]string { return c.Cluster().Scheduler().ExtraArgs() },
		map[string]guard{"profiling": {whileProfiling, []string{"false"}}}},
	{"cluster.etcd.extraArgs", func(c config.Provider) map[string][]string { return c.Cluster().Etcd().ExtraArgs() },
		map[string]guard{"client-cert-auth": {withoutIdentity, []string{"true"}}, "peer-client-cert-auth": {withoutIdentity, []string{"true"}}}},
	{"machine.kubelet.extraArgs", func(c config.Provider) map[string][]string { return c.Machine().Kubelet().ExtraArgs() },
		map[string]guard{
			"anonymous-auth":     {withoutIdentity, []string{"false"}},
			"authorization-mode": {"whoever has an identity could run commands in every pod of the node", []string{"Webhook"}},
			"read-only-port":     {"whoever reaches the node could list its pods", []string{"0"}},
			"seccomp-default":    {"containers could make every system call", []string{"true"}},
			"pod-manifest-path":  {"a file on the node's disk could start a pod past the Kubernetes API", nil},
			"tls-min-version":    {oldTLS, []string{"VersionTLS12", "VersionTLS13"}},
		}},
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
