package machineconfig

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"reflect"
	"slices"

	"github.com/siderolabs/talos/pkg/machinery/config"
	document "github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/kernel"
)

// hardeningChecks find what a patch must not do to a machine of production. Each names the field and the consequence.
var hardeningChecks = []struct {
	field, reason string
	found         func(before, after config.Provider) bool
}{
	{"machine.features.kubernetesTalosAPIAccess", "pods could reach the Talos API",
		func(_, after config.Provider) bool {
			return after.Machine().Features().KubernetesTalosAPIAccess().Enabled()
		}},
	// Talos 1.12 has no such switches any more, machines of earlier versions obey them.
	{"machine.features.rbac", "every client of the Talos API would be its administrator",
		func(_, after config.Provider) bool { return isFalse(featuresOf(after).RBAC) }},
	{"machine.features.apidCheckExtKeyUsage", "a server certificate would be accepted from a client of the Talos API",
		func(_, after config.Provider) bool { return isFalse(featuresOf(after).ApidCheckExtKeyUsage) }},
	{"machine.acceptedCAs", "another certificate authority could issue certificates for administrators of the machine",
		func(before, after config.Provider) bool {
			return !reflect.DeepEqual(
				before.Machine().Security().AcceptedCAs(),
				after.Machine().Security().AcceptedCAs(),
			)
		}},
	{"cluster.acceptedCAs", "another certificate authority could issue certificates for administrators of the cluster",
		func(before, after config.Provider) bool {
			return !reflect.DeepEqual(before.Cluster().AcceptedCAs(), after.Cluster().AcceptedCAs())
		}},
	{"machine.kubelet.defaultRuntimeSeccompProfileEnabled", "containers could make every system call",
		func(before, after config.Provider) bool {
			return before.Machine().Kubelet().DefaultRuntimeSeccompProfileEnabled() &&
				!after.Machine().Kubelet().DefaultRuntimeSeccompProfileEnabled()
		}},
	{"machine.kubelet.disableManifestsDirectory",
		"a file on the node's disk could start a pod without the Kubernetes API",
		func(before, after config.Provider) bool {
			return before.Machine().Kubelet().DisableManifestsDirectory() &&
				!after.Machine().Kubelet().DisableManifestsDirectory()
		}},
	{"machine.kubelet.extraConfig.readOnlyPort", "every client that reaches the node could list its pods",
		func(_, after config.Provider) bool {
			port, given := after.Machine().Kubelet().ExtraConfig()["readOnlyPort"]
			return given && fmt.Sprint(port) != "0"
		}},
	{"NetworkRuleConfig talos-api", "operatorCidrs already decides who reaches that port",
		func(before, after config.Provider) bool { return !sameTalosAPIRules(before, after) }},
	{"cluster.network.podSubnets", "pods would have addresses in operatorCidrs or in the nodes' network",
		func(_, after config.Provider) bool { return podsReachTalosAPI(after) }},
	{
		"cluster.apiServer.admissionControl",
		"PodSecurity must enforce baseline or restricted, and exempt no more than Talos does",
		func(before, after config.Provider) bool {
			return isControlPlane(after) && !podSecurityHolds(podSecurity(before), podSecurity(after))
		},
	},
	{"tls.insecureSkipVerify of a registry", "a man in the middle could replace images",
		func(_, after config.Provider) bool {
			return slices.ContainsFunc(
				slices.Collect(maps.Values(after.RegistryTLSConfigs())),
				document.RegistryTLSConfig.InsecureSkipVerify,
			)
		}},
	{"endpoints of a registry's mirror", "a man in the middle could replace images: it is not https",
		func(_, after config.Provider) bool { return hasPlainMirror(after) }},
}

// checkHardened compares the configuration of a machine of production before and after the user's patches. Both are
// valid.
func checkHardened(before, after config.Provider) error {
	for _, item := range hardeningChecks {
		if item.found(before, after) {
			return weakened(item.field, item.reason)
		}
	}
	if isControlPlane(after) {
		if err := checkAuditPolicy(after.Cluster().APIServer().AuditPolicy()); err != nil {
			return weakened("cluster.apiServer.auditPolicy", err.Error())
		}
	}
	if err := checkSysctls(after); err != nil {
		return err
	}
	return checkFlags(after)
}

func weakened(field, reason string) error {
	return problem("a patch weakens %s, which production does not allow: %s", field, reason).
		remedy("remove it from the patch")
}

func isControlPlane(c config.Provider) bool { return c.Machine().Type().IsControlPlane() }

func isFalse(b *bool) bool { return b != nil && !*b }

// featuresOf reads what Talos' interfaces no longer show.
func featuresOf(c config.Provider) v1alpha1.FeaturesConfig {
	if raw := c.RawV1Alpha1(); raw.MachineConfig.MachineFeatures != nil {
		return *raw.MachineConfig.MachineFeatures
	}
	return v1alpha1.FeaturesConfig{}
}

// podSecurity returns the configuration of the admission plugin PodSecurity; nil if there is none.
func podSecurity(c config.Provider) map[string]any {
	for _, plugin := range c.Cluster().APIServer().AdmissionControl() {
		if plugin.Name() == "PodSecurity" {
			return plugin.Configuration()
		}
	}
	return nil
}

func podSecurityHolds(before, after map[string]any) bool {
	part := func(of map[string]any, name string) map[string]any {
		found, _ := of[name].(map[string]any)
		return found
	}
	if level := part(after, "defaults")["enforce"]; level != "baseline" && level != "restricted" {
		return false
	}
	for kind, exempt := range part(after, "exemptions") {
		was, _ := part(before, "exemptions")[kind].([]any)
		is, _ := exempt.([]any)
		for _, name := range is {
			if !slices.Contains(was, name) {
				return false
			}
		}
	}
	return true
}

// hasPlainMirror reports whether a registry mirror uses plain HTTP. A mirror on the machine itself may.
func hasPlainMirror(c config.Provider) bool {
	for _, mirror := range c.RegistryMirrorConfigs() {
		for _, endpoint := range mirror.Endpoints() {
			server, err := url.Parse(endpoint.Endpoint())
			if err != nil {
				return true
			}
			address, _ := netip.ParseAddr(server.Hostname())
			if server.Scheme == "http" && server.Hostname() != "localhost" && !address.IsLoopback() {
				return true
			}
		}
	}
	return false
}

// kernelOfTalos are the kernel settings that Talos hardens itself and a patch could set back
// (https://github.com/siderolabs/talos/blob/v1.12.1/pkg/kernel/kspp/kspp.go). user.max_user_namespaces is not among
// them: pods with user namespaces need it, and are better kept apart than without.
var kernelOfTalos = map[string]string{
	"dev.tty.ldisc_autoload": "0", "dev.tty.legacy_tiocsti": "0",
	"fs.protected_symlinks": "1", "fs.protected_hardlinks": "1", "fs.protected_fifos": "2", "fs.protected_regular": "2",
	"fs.suid_dumpable": "0", "kernel.kptr_restrict": "2", "kernel.dmesg_restrict": "1",
	"kernel.perf_event_paranoid": "3",
	"kernel.randomize_va_space":  "2", "kernel.yama.ptrace_scope": "2", "kernel.unprivileged_bpf_disabled": "1",
	"net.core.bpf_jit_harden": "2", "vm.unprivileged_userfaultfd": "0",
}

// checkSysctls compares the paths below /proc/sys, because Talos accepts more than one spelling of them.
func checkSysctls(after config.Provider) error {
	path := func(name string) string { return (&kernel.Param{Key: kernel.Sysctl + "." + name}).Path() }
	patch, err := loadOwnPatch("kernel")
	if err != nil {
		return err
	}
	hardened := maps.Clone(kernelOfTalos)
	maps.Copy(hardened, patch.(configpatcher.StrategicMergePatch).Provider().Machine().Sysctls())
	given := map[string]string{}
	for name, value := range after.Machine().Sysctls() {
		given[path(name)] += value
	}
	for _, name := range slices.Sorted(maps.Keys(hardened)) {
		_, ours := kernelOfTalos[name]
		if value, found := given[path(name)]; value != hardened[name] && (found || !ours) {
			return weakened(
				"machine.sysctls."+name,
				"a container could use more of the kernel than with "+hardened[name],
			)
		}
	}
	return nil
}
