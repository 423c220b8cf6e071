package machineconfig

import (
	"fmt"
	"regexp"

	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/compatibility"
	"github.com/siderolabs/talos/pkg/machinery/compatibility/talos112"
)

// The newest minor version of Talos 1 that the machinery library knows, and the oldest that can be upgraded to it.
var newest, oldest = talos112.MajorMinor[1], talos112.MinimumHostUpgradeVersion.Minor

var newestTalos = fmt.Sprintf("v1.%d.0", newest)

var (
	talosVersion      = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)
	kubernetesVersion = regexp.MustCompile(`^\d+\.\d+\.\d+$`)
)

// CheckVersions says why this Kubernetes version cannot run on this Talos version; nil if it can. What runs on what is
// Talos' own table; a release that it does not know yet needs a newer version of the machinery library in go.mod.
func CheckVersions(talos, kubernetes string) error {
	if !talosVersion.MatchString(talos) {
		return fmt.Errorf("%q is not the version of a Talos release; write it like v1.12.1", talos)
	}
	if !kubernetesVersion.MatchString(kubernetes) {
		return fmt.Errorf("%q is not the version of a Kubernetes release; write it like 1.35.0", kubernetes)
	}
	var major, minor uint64
	if _, err := fmt.Sscanf(talos, "v%d.%d.", &major, &minor); err != nil {
		return fmt.Errorf("%q is not the version of a Talos release; write it like v1.12.1", talos)
	}
	if major != 1 || minor < oldest || minor > newest {
		return fmt.Errorf("Talos %s is not among the versions that this program knows; choose one of v1.%d to v1.%d",
			talos, oldest, newest)
	}
	if !runs(talos, kubernetes) {
		lowest, highest := kubernetesRange(talos)
		return fmt.Errorf("Talos %s does not run Kubernetes %s; choose one of 1.%d to 1.%d",
			talos, kubernetes, lowest, highest)
	}
	return nil
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
