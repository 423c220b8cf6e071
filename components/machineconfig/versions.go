package machineconfig

import (
	"fmt"
	"regexp"

	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/compatibility"
	"github.com/siderolabs/talos/pkg/machinery/compatibility/talos110"
	"github.com/siderolabs/talos/pkg/machinery/compatibility/talos113"
)

// The newest minor version of Talos 1 that the machinery library knows, and the oldest whose documents are tested.
var newest, oldest = talos113.MajorMinor[1], talos110.MajorMinor[1]

// providerMinor is the minor version of Talos 1 whose documents the provider pulumi-talos 0.7.1 understands: it parses every
// configuration that it applies, with machinery v1.12. Newer machines understand older documents.
const providerMinor = 12

var (
	talosVersion      = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)
	kubernetesVersion = regexp.MustCompile(`^\d+\.\d+\.\d+$`)
)

// Contract returns the version of the documents, and of the secrets, for a cluster that is created with a Talos version: that
// version, or the newest that the provider understands.
func Contract(talos string) string {
	if minor, ok := minorOf(talos); ok && minor <= providerMinor {
		return talos
	}
	return fmt.Sprintf("v1.%d.0", providerMinor)
}

// CheckVersions says why this Kubernetes version cannot run on this Talos version; nil if it can. What runs on what is
// Talos' own table. For a Talos version that the library does not know yet it is the newest table.
func CheckVersions(talos, kubernetes string) error {
	var major, minor uint64
	if _, err := fmt.Sscanf(talos, "v%d.%d.", &major, &minor); err != nil || !talosVersion.MatchString(talos) {
		return fmt.Errorf("%q is not the version of a Talos release; write it like v1.13.10", talos)
	}
	if !kubernetesVersion.MatchString(kubernetes) {
		return fmt.Errorf("%q is not the version of a Kubernetes release; write it like 1.36.5", kubernetes)
	}
	if major != 1 || minor < oldest {
		return fmt.Errorf("Talos %s is not among the versions that this program knows; choose one of v1.%d to v1.%d",
			talos, oldest, newest)
	}
	known := talos
	if minor > newest {
		known = fmt.Sprintf("v1.%d.0", newest)
	}
	if !runs(known, kubernetes) {
		lowest, highest := kubernetesRange(known)
		return fmt.Errorf("Talos %s does not run Kubernetes %s; choose one of 1.%d to 1.%d",
			known, kubernetes, lowest, highest)
	}
	return nil
}

// Newer says what is not checked of a Talos version that is newer than the library; empty if it is not newer.
func Newer(talos string) string {
	if minor, ok := minorOf(talos); !ok || minor <= newest {
		return ""
	}
	return fmt.Sprintf("Talos %s is newer than v1.%d, the newest that this program knows: whether it runs the Kubernetes version "+
		"and still takes every document is not checked", talos, newest)
}

// minorOf reads the minor version of a Talos 1.
func minorOf(talos string) (uint64, bool) {
	var major, minor uint64
	_, err := fmt.Sscanf(talos, "v%d.%d.", &major, &minor)
	return minor, err == nil && major == 1
}

// kubernetesRange returns the lowest and the highest minor version of Kubernetes 1 that runs on a Talos version. It asks
// Talos' table minor by minor, because the table itself is not exported.
func kubernetesRange(talos string) (lowest, highest int) {
	for minor := range 100 {
		if !runs(talos, fmt.Sprintf("1.%d.0", minor)) {
			continue
		}
		if highest == 0 {
			lowest = minor
		}
		highest = minor
	}
	return lowest, highest
}

func runs(talos, kubernetes string) bool {
	target, err := compatibility.ParseTalosVersion(&machine.VersionInfo{Tag: talos})
	if err != nil {
		return false
	}
	version, err := compatibility.ParseKubernetesVersion(kubernetes)
	return err == nil && version.SupportedWith(target) == nil
}
