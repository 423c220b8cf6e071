package config

import (
	"github.com/inferadb/infra/machineconfig"
)

// The versions of a stack file that names none. `make init` writes them into a new one, so that another version of the
// program does not upgrade a cluster. Talos: the newest release of 1.13, https://github.com/siderolabs/talos/releases.
// Kubernetes: the newest that it runs and Cilium is tested with, https://kubernetes.io/releases/1.36/.
const (
	DefaultTalosVersion      = "v1.13.10"
	DefaultKubernetesVersion = "1.36.5"
)

// defaultVersions fills the versions in that the stack file leaves out.
func (l *loader) defaultVersions() {
	for _, version := range []struct {
		path  string
		value *string
		found string
	}{
		{"talosVersion", &l.stack.TalosVersion, DefaultTalosVersion},
		{"kubernetesVersion", &l.stack.KubernetesVersion, DefaultKubernetesVersion},
	} {
		if *version.value == "" {
			*version.value = version.found
			l.unset = append(l.unset, version.path)
			l.warn(
				"%s: is not set, so it is %s; write that into the stack file, because the next version of the "+
					"program may come with another",
				version.path,
				version.found,
			)
		}
	}
}

// checkVersions names every version that is wrong. Where both are right and do not fit, it blames the Kubernetes
// version.
func (l *loader) checkVersions() {
	talos := machineconfig.CheckTalosVersion(l.stack.TalosVersion)
	if talos != nil {
		l.refuseMachineConfig("talosVersion", talos)
		if err := machineconfig.CheckKubernetesVersion(l.stack.KubernetesVersion); err != nil {
			l.refuseMachineConfig("kubernetesVersion", err)
		}
		return
	}
	if newer := machineconfig.Newer(l.stack.TalosVersion); newer != "" {
		l.warn("talosVersion: %s", newer)
	}
	if err := machineconfig.CheckVersions(l.stack.TalosVersion, l.stack.KubernetesVersion); err != nil {
		l.refuseMachineConfig("kubernetesVersion", err)
	}
}
