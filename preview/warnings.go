package preview

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// holdsData has, for types whose deletion loses more than a configuration, what is lost.
var holdsData = map[string]string{
	"aws:ec2/instance:Instance":          "its disk goes with it",
	"gcp:compute/instance:Instance":      "its disk goes with it",
	"digitalocean:index/droplet:Droplet": "its disk goes with it",
	"aws:kms/key:Key":                    "what it encrypted cannot be read any more",
	"gcp:kms/cryptoKey:CryptoKey":        "what it encrypted cannot be read any more",
	"talos:machine/secrets:Secrets":      "every certificate and token of the cluster is made from it",
	"aws:route53/zone:Zone":              "the nodes find their Kubernetes API by its name",
}

// maxWarnings is how many warnings are written out: the comment has an end.
const maxWarnings = 150

// removes reports whether an operation deletes the old resource.
func removes(op apitype.OpType) bool { return op == apitype.OpDelete || op == apitype.OpReplace }

// warnings returns the most important changes: of protected resources, of resources with data, and of resources that
// lose their protection, in this order.
func warnings(steps []apitype.StepEventMetadata) []string {
	var protected, data, unprotected []string
	for _, step := range steps {
		_, name := named(step.URN)
		name = code(step.Type) + " " + code(name)
		what, known := holdsData[step.Type]
		switch {
		case step.Old == nil:
		case removes(step.Op) && step.Old.Protect:
			protected = append(
				protected,
				fmt.Sprintf(
					"- :no_entry: **would be %sd although it is protected**: %s%s",
					step.Op,
					name,
					forcedBy(step),
				),
			)
		case removes(step.Op) && known && !step.Old.RetainOnDelete:
			data = append(
				data,
				fmt.Sprintf(
					"- :warning: **would be %sd with what it holds**: %s: %s%s",
					step.Op,
					name,
					what,
					forcedBy(step),
				),
			)
		case step.New != nil && step.Old.Protect && !step.New.Protect:
			unprotected = append(unprotected, fmt.Sprintf("- :warning: **would no longer be protected**: %s", name))
		}
	}
	var all []string
	for _, some := range [][]string{protected, data, unprotected} {
		slices.Sort(some)
		all = append(all, some...)
	}
	if len(all) > maxWarnings {
		all = append(all[:maxWarnings], fmt.Sprintf("- and %d more of this kind", len(all)-maxWarnings))
	}
	return all
}

// forcedBy names the properties that force a replacement.
func forcedBy(step apitype.StepEventMetadata) string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(step.DetailedDiff)) {
		if forces(step.DetailedDiff[name]) {
			names = append(names, code(name))
		}
	}
	if step.Op != apitype.OpReplace || names == nil {
		return ""
	}
	return ", because of " + strings.Join(names, ", ")
}

// forces reports whether a difference is why a resource has to be replaced.
func forces(diff apitype.PropertyDiff) bool { return strings.HasSuffix(string(diff.Kind), "-replace") }

// code returns a name between backticks, which no name can close.
func code(name string) string { return "`" + strings.ReplaceAll(name, "`", "'") + "`" }
