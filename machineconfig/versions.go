package machineconfig

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/compatibility"
	"github.com/siderolabs/talos/pkg/machinery/compatibility/talos110"
	"github.com/siderolabs/talos/pkg/machinery/compatibility/talos113"
)

// The newest minor version of Talos 1 that the machinery library knows, and the oldest whose documents are tested.
var newest, oldest = talos113.MajorMinor[1], talos110.MajorMinor[1]

// providerMinor is the minor version of Talos 1 whose documents the provider pulumi-talos 0.7.1 understands: it parses
// every configuration that it applies, with machinery v1.12. Newer machines understand older documents.
const providerMinor = 12

var (
	talosVersion      = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)
	kubernetesVersion = regexp.MustCompile(`^\d+\.\d+\.\d+$`)
)

// ImageTag returns the tag of a container image, such as "v1.13.10"; empty if it has none.
func ImageTag(image string) string {
	image, _, _ = strings.Cut(image, "@")
	_, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return tag
}

// VersionContract returns the version of the documents, and of the secrets, for a cluster that is created with a Talos
// version: that version, or the newest that the provider understands.
func VersionContract(talos string) string {
	if minor, ok := minorOf(talos); ok && minor <= providerMinor {
		return talos
	}
	return fmt.Sprintf("v1.%d.0", providerMinor)
}

// number is what YAML makes of a version of two parts without quotes. What was written is lost by then, so it is not
// quoted.
var number = regexp.MustCompile(`^\d+(\.\d+)?$`)

// CheckTalosVersion returns why the text is not the version of a Talos that this program supports; nil if it is.
func CheckTalosVersion(text string) error {
	const remedy = "write it like v1.13.10"
	var major, minor uint64
	_, err := fmt.Sscanf(text, "v%d.%d.", &major, &minor)
	switch {
	case number.MatchString(text):
		return problem("is a number, and not the version of a Talos release").remedy(remedy)
	case !talosVersion.MatchString(text) || err != nil:
		return problem("%q is not the version of a Talos release", text).remedy(remedy)
	case major != 1 || minor < oldest:
		return problem("Talos %s is not among the versions that this program knows", text).
			remedy("choose one of v1.%d to v1.%d", oldest, newest)
	}
	return nil
}

// CheckKubernetesVersion returns why the text is not the version of a Kubernetes that one of the supported versions of
// Talos runs; nil if it is.
func CheckKubernetesVersion(text string) error {
	const remedy = "write it like 1.36.5"
	switch {
	case number.MatchString(text):
		return problem(
			"is not the version of a Kubernetes release, and without quotes YAML reads 1.30 as the number 1.3",
		).
			remedy("write all three parts, in quotes, like \"1.36.5\"")
	case !kubernetesVersion.MatchString(text):
		return problem("%q is not the version of a Kubernetes release", text).remedy(remedy)
	}
	lowest, _ := kubernetesRange(fmt.Sprintf("v1.%d.0", oldest))
	_, highest := kubernetesRange(fmt.Sprintf("v1.%d.0", newest))
	for minor := oldest; minor <= newest; minor++ {
		if runs(fmt.Sprintf("v1.%d.0", minor), text) {
			return nil
		}
	}
	return problem("no Talos of this program runs Kubernetes %s", text).
		remedy("choose one of 1.%d to 1.%d", lowest, highest)
}

// CheckVersions returns why this Kubernetes version cannot run on this Talos version; nil if it can. The table is
// Talos' own; for a Talos version that the library does not know yet it is the newest table.
func CheckVersions(talos, kubernetes string) error {
	if err := CheckTalosVersion(talos); err != nil {
		return err
	}
	if !kubernetesVersion.MatchString(kubernetes) {
		return CheckKubernetesVersion(kubernetes)
	}
	known, name := talos, talos
	if minor, _ := minorOf(talos); minor > newest {
		known = fmt.Sprintf("v1.%d.0", newest)
		name = fmt.Sprintf("v1.%d, the newest that this program knows,", newest)
	}
	if !runs(known, kubernetes) {
		lowest, highest := kubernetesRange(known)
		return problem("Talos %s does not run Kubernetes %s", name, kubernetes).
			remedy("choose one of 1.%d to 1.%d", lowest, highest)
	}
	return nil
}

// Newer returns what is not checked of a Talos version that is newer than the library; empty if it is not newer.
func Newer(talos string) string {
	if minor, ok := minorOf(talos); !ok || minor <= newest {
		return ""
	}
	return fmt.Sprintf(
		"Talos %s is newer than v1.%d, the newest that this program knows: whether it runs the Kubernetes version "+
			"and still accepts every document is not checked",
		talos,
		newest,
	)
}

// minorOf reads the minor version of a Talos 1.
func minorOf(talos string) (uint64, bool) {
	var major, minor uint64
	_, err := fmt.Sscanf(talos, "v%d.%d.", &major, &minor)
	return minor, err == nil && major == 1
}

// kubernetesRange returns the lowest and the highest minor version of Kubernetes 1 that runs on a Talos version. It
// asks Talos' table minor by minor, because the table itself is not exported.
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
