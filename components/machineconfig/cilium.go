package machineconfig

import (
	"embed"
	"fmt"
	"regexp"
	"strings"

	"github.com/inferadb/infra/docs/policies"
)

// ciliumFiles are Cilium's manifests, one file for each minor version. tools/cilium renders them.
//
//go:embed cilium/*.yaml
var ciliumFiles embed.FS

// ciliumReleases are the versions that the program carries, the oldest first, with the minor versions of Kubernetes 1 that
// Cilium's own tests cover: Documentation/network/kubernetes/compatibility.rst of each release. Any newer Cilium serves a
// Kubernetes version for as long as it is in its range, so that Cilium is upgraded before Kubernetes.
var ciliumReleases = []struct {
	version         string
	lowest, highest int
}{
	{"1.19.3", 32, 35},
	{"1.20.2", 33, 36},
}

// CiliumVersion returns the newest version of Cilium that the program carries and that is tested with the Kubernetes version.
func CiliumVersion(kubernetes string) (string, error) {
	var major, minor int
	if _, err := fmt.Sscanf(kubernetes, "%d.%d.", &major, &minor); err != nil {
		return "", fmt.Errorf("%q is not the version of a Kubernetes release; write it like 1.36.5", kubernetes)
	}
	for i := len(ciliumReleases) - 1; i >= 0; i-- {
		if r := ciliumReleases[i]; major == 1 && r.lowest <= minor && minor <= r.highest {
			return r.version, nil
		}
	}
	oldest, newest := ciliumReleases[0], ciliumReleases[len(ciliumReleases)-1]
	return "", fmt.Errorf("Cilium %s to %s, which the program installs, are not tested with Kubernetes %s; choose one of 1.%d to 1.%d, "+
		"or set cni: none and install a version of your own", oldest.version, newest.version, kubernetes, oldest.lowest, newest.highest)
}

// The names of the inline manifests. Talos creates them in the order of their names; a policy waits for the kinds that Cilium's
// operator registers, and Talos tries again until they are there.
// https://github.com/siderolabs/talos/blob/v1.13.9/internal/app/machined/pkg/controllers/k8s/manifest_apply.go
const (
	ciliumManifest   = "cilium"
	policiesManifest = "cilium-policies"
)

// withoutWireGuard are the lines of ConfigMap cilium-config by which two renderings of the chart differ: with encryption and
// without. A test of tools/cilium holds this to the chart.
var withoutWireGuard = strings.NewReplacer("  enable-wireguard: \"true\"\n", "", "  wireguard-persistent-keepalive: 0s\n", "")

// Cilium returns what installs a version of Cilium: its objects, and the policies that keep pods from the metadata service and
// from the Talos API. Encrypted says that the traffic of pods between machines goes through WireGuard.
func Cilium(version string, encrypted bool) ([]Manifest, error) {
	file, err := ciliumFiles.ReadFile("cilium/" + version + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("the program carries no Cilium %s", version)
	}
	text := string(file)
	if !encrypted {
		text = withoutWireGuard.Replace(text)
	}
	return []Manifest{
		{Name: ciliumManifest, Contents: text},
		{Name: policiesManifest, Contents: policies.DenyMetadata + "---\n" + policies.DenyTalosAPI},
	}, nil
}

// ciliumHeader is the first line of the files that tools/cilium writes.
var ciliumHeader = regexp.MustCompile(`^# Cilium (\S+) for Talos`)

// InstalledCilium returns the version of Cilium among a configuration's inline manifests, and whether it encrypts the traffic
// of pods; empty if the program's Cilium is not among them.
func InstalledCilium(manifests map[string]string) (version string, encrypted bool) {
	text := manifests[ciliumManifest]
	match := ciliumHeader.FindStringSubmatch(text)
	if match == nil {
		return "", false
	}
	return match[1], strings.Contains(text, "enable-wireguard: \"true\"")
}
