package machineconfig

import (
	"embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/inferadb/infra/docs/policies"
)

// ciliumFiles are Cilium's manifests, one file for each minor version. tools/cilium renders them.
//
//go:embed cilium/*.yaml
var ciliumFiles embed.FS

// ciliumRelease is a version that the program carries, with the minor versions of Kubernetes 1 that Cilium's own tests
// cover: Documentation/network/kubernetes/compatibility.rst of each release.
type ciliumRelease struct {
	version         string
	lowest, highest int
}

// ciliumReleases have the oldest first.
var ciliumReleases = []ciliumRelease{
	{"1.19.3", 32, 35},
	{"1.20.2", 33, 36},
}

func (r ciliumRelease) serves(kubernetes string) bool {
	var major, minor int
	_, err := fmt.Sscanf(kubernetes, "%d.%d.", &major, &minor)
	return err == nil && major == 1 && r.lowest <= minor && minor <= r.highest
}

// CiliumVersion returns the newest version of Cilium that the program carries and that is tested with the Kubernetes
// version.
func CiliumVersion(kubernetes string) (string, error) {
	for _, r := range slices.Backward(ciliumReleases) {
		if r.serves(kubernetes) {
			return r.version, nil
		}
	}
	oldest, newest := ciliumReleases[0], ciliumReleases[len(ciliumReleases)-1]
	return "", problem(
		"Cilium %s to %s, which the program installs, are not tested with Kubernetes %s",
		oldest.version,
		newest.version,
		kubernetes,
	).
		remedy("choose one of 1.%d to 1.%d, or set cni: none and install a version of your own", oldest.lowest,
			newest.highest)
}

// CiliumServes reports whether a version of Cilium that the program carries is tested with the Kubernetes version.
func CiliumServes(version, kubernetes string) bool {
	return slices.ContainsFunc(
		ciliumReleases,
		func(r ciliumRelease) bool { return r.version == version && r.serves(kubernetes) },
	)
}

// The names of the inline manifests. Talos creates them in the order of their names; a policy waits for the kinds that
// Cilium's operator registers, and Talos tries again until they are there.
// https://github.com/siderolabs/talos/blob/v1.13.9/internal/app/machined/pkg/controllers/k8s/manifest_apply.go
const (
	ciliumManifest   = "cilium"
	policiesManifest = "cilium-policies"
)

// withoutWireGuard are the lines of ConfigMap cilium-config by which two renderings of the chart differ: with
// encryption and without. A test of tools/cilium holds this to the chart.
var withoutWireGuard = strings.NewReplacer(
	"  enable-wireguard: \"true\"\n",
	"",
	"  wireguard-persistent-keepalive: 0s\n",
	"",
)

// settingsChecksum is in the templates of the pods that follow a change of cilium-config: with another one they start
// anew.
var settingsChecksum = regexp.MustCompile(`(cilium-configmap-checksum: [0-9a-f]{64})`)

// Cilium returns the manifests that install a version of Cilium: its objects, and the policies that keep pods from the
// metadata service and from the Talos API. Encrypted says that the traffic of pods between machines goes through
// WireGuard.
func Cilium(version string, encrypted bool) ([]Manifest, error) {
	file, err := ciliumFiles.ReadFile("cilium/" + version + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("the program carries no Cilium %s", version)
	}
	text := string(file)
	if !encrypted {
		text = settingsChecksum.ReplaceAllString(withoutWireGuard.Replace(text), "$1-without-wireguard")
	}
	return []Manifest{
		{Name: ciliumManifest, Contents: text},
		{Name: policiesManifest, Contents: policies.DenyMetadata + "---\n" + policies.DenyTalosAPI},
	}, nil
}

// WithCilium returns the manifests with another version of Cilium among them.
func WithCilium(manifests []Manifest, version string) ([]Manifest, error) {
	_, encrypted := InstalledCilium(Texts(manifests))
	cilium, err := Cilium(version, encrypted)
	if err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(slices.Clone(manifests), func(m Manifest) bool { return IsCilium(m.Name) })
	return append(cilium, own...), nil
}

// IsCilium reports whether an inline manifest of that name is the program's Cilium or its policies.
func IsCilium(manifest string) bool {
	return manifest == ciliumManifest || manifest == policiesManifest
}

// ciliumHeader is the first line of the files that tools/cilium writes.
var ciliumHeader = regexp.MustCompile(`^# Cilium (\S+) for Talos`)

// InstalledCilium returns the version of Cilium among a configuration's inline manifests, and whether it encrypts the
// traffic of pods; empty if the program's Cilium is not among them.
func InstalledCilium(manifests map[string]string) (version string, encrypted bool) {
	text := manifests[ciliumManifest]
	match := ciliumHeader.FindStringSubmatch(text)
	if match == nil {
		return "", false
	}
	return match[1], strings.Contains(text, "enable-wireguard: \"true\"")
}
