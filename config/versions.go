package config

import (
	"fmt"

	"github.com/inferadb/infra/components/machineconfig"
)

// The versions of a stack file that names none. `make init` writes them into a new one, so that another version of the program
// does not upgrade a cluster. Talos: the newest release of 1.13, https://github.com/siderolabs/talos/releases. Kubernetes: the
// newest that it runs and Cilium is tested with, https://kubernetes.io/releases/1.36/.
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
			l.warn("%s: is not set, so it is %s; write that into the stack file, because the next version of the program may come with another",
				version.path, version.found)
		}
	}
}

// checkVersions blames the Kubernetes version, unless there is none that the Talos version runs.
func (l *loader) checkVersions() {
	talos, kubernetes := l.stack.TalosVersion, l.stack.KubernetesVersion
	err := machineconfig.CheckVersions(talos, kubernetes)
	if err == nil {
		if newer := machineconfig.Newer(talos); newer != "" {
			l.warn("talosVersion: %s", newer)
		}
		return
	}
	path := "talosVersion"
	for minor := range 100 {
		if machineconfig.CheckVersions(talos, fmt.Sprintf("1.%d.0", minor)) == nil {
			path = "kubernetesVersion"
		}
	}
	l.refuseMachineConfig(path, err)
}
