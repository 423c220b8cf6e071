package machineconfig

import (
	"errors"
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

// number is what YAML makes of a version of two parts without quotes. What was written is lost by then, so it is not quoted.
var number = regexp.MustCompile(`^\d+(\.\d+)?$`)

// CheckTalosVersion says why the text is not the version of a Talos that this program knows; nil if it is.
func CheckTalosVersion(text string) error {
	const remedy = "; write it like v1.12.1"
	var major, minor uint64
	_, err := fmt.Sscanf(text, "v%d.%d.", &major, &minor)
	switch {
	case number.MatchString(text):
		return errors.New("is a number, and not the version of a Talos release" + remedy)
	case !talosVersion.MatchString(text) || err != nil:
		return fmt.Errorf("%q is not the version of a Talos release"+remedy, text)
	case major != 1 || minor < oldest || minor > newest:
		return fmt.Errorf("Talos %s is not among the versions that this program knows; choose one of v1.%d to v1.%d", text, oldest, newest)
	}
	return nil
}

// CheckKubernetesVersion says why the text is not the version of a Kubernetes that some Talos of this program runs; nil if it
// is.
func CheckKubernetesVersion(text string) error {
	const remedy = "; write it like 1.35.0"
	switch {
	case number.MatchString(text):
		return errors.New("is not the version of a Kubernetes release, and without quotes YAML reads 1.30 as the number 1.3; " +
			`write all three parts, in quotes, like "1.35.0"`)
	case !kubernetesVersion.MatchString(text):
		return fmt.Errorf("%q is not the version of a Kubernetes release"+remedy, text)
	}
	lowest, _ := kubernetesRange(fmt.Sprintf("v1.%d.0", oldest))
	_, highest := kubernetesRange(newestTalos)
	for minor := oldest; minor <= newest; minor++ {
		if runs(fmt.Sprintf("v1.%d.0", minor), text) {
			return nil
		}
	}
	return fmt.Errorf("no Talos of this program runs Kubernetes %s; choose one of 1.%d to 1.%d", text, lowest, highest)
}

// CheckVersions says why this Kubernetes version cannot run on this Talos version; nil if it can. What runs on what is
// Talos' own table; a release that it does not know yet needs a newer version of the machinery library in go.mod.
func CheckVersions(talos, kubernetes string) error {
	if err := CheckTalosVersion(talos); err != nil {
		return err
	}
	if !kubernetesVersion.MatchString(kubernetes) {
		return CheckKubernetesVersion(kubernetes)
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
