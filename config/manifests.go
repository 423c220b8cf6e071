package config

import (
	"github.com/inferadb/infra/components/machineconfig"
)

// WireGuard and NoEncryption are what podEncryption can be.
const (
	WireGuard    = "wireguard"
	NoEncryption = "none"
)

// checkPodEncryption: only the Cilium that the program installs is the program's to configure.
func (l *loader) checkPodEncryption() {
	const path = "podEncryption"
	encryption := l.stack.PodEncryption
	switch {
	case encryption == "":
		return
	case l.stack.CNI != string(Cilium):
		l.refuse(path, "belongs to the Cilium that the program installs, and cni is "+l.stack.CNI, "remove it, or set cni: cilium")
	case encryption == NoEncryption && l.profile.hardened:
		l.refuse(path, "the traffic of pods between machines could be read and changed on its way, which production does not take",
			"remove it, or set cni: none and install Cilium yourself")
	default:
		l.oneOf(path, encryption, WireGuard, NoEncryption)
	}
}

// manifests is what the control planes of a cluster install.
func (l *loader) manifests(p *place) {
	if p.cluster.CNI != Cilium {
		return
	}
	version, err := machineconfig.CiliumVersion(p.cluster.KubernetesVersion)
	if err != nil {
		// A version that Talos refuses as well is refused there.
		if machineconfig.CheckVersions(p.cluster.TalosVersion, p.cluster.KubernetesVersion) == nil {
			l.refuseMachineConfig("kubernetesVersion", err)
		}
		return
	}
	if p.cluster.Manifests, err = machineconfig.Cilium(version, l.stack.PodEncryption != NoEncryption); err != nil {
		l.refuseMachineConfig("cni", err)
	}
}
