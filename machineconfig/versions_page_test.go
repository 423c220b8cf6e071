package machineconfig

import (
	"fmt"
	"strings"
	"testing"

	"github.com/inferadb/infra/tests/pages"
)

// TestTheVersionsPageIsFresh compares docs/versions.md with the tables that stack files are checked against. `make
// graph` writes it.
func TestTheVersionsPageIsFresh(t *testing.T) {
	pages.Fresh(t, *update, "../docs/versions.md", "versions", versionsTable())
}

// versionsTable has a row for each minor version of Talos.
func versionsTable() string {
	var text strings.Builder
	text.WriteString("\n| Talos | Kubernetes | of these with `cni: cilium`, and the Cilium that is installed |\n|---|---|---|\n")
	for minor := newest; minor >= oldest; minor-- {
		talos := fmt.Sprintf("v1.%d.0", minor)
		lowest, highest := kubernetesRange(talos)
		var cilium []string
		for kubernetes := highest; kubernetes >= lowest; kubernetes-- {
			if version, err := CiliumVersion(fmt.Sprintf("1.%d.0", kubernetes)); err == nil {
				cilium = append(cilium, fmt.Sprintf("1.%d: %s", kubernetes, version))
			}
		}
		fmt.Fprintf(&text, "| v1.%d | 1.%d to 1.%d | %s |\n", minor, lowest, highest, strings.Join(cilium, ", "))
	}
	return text.String() + "\n"
}
