package machineconfig

import (
	"errors"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// The provider pulumi-talos parses every configuration that it applies, with a library of Talos that is older than the
// program's. A field that the older one does not know would fail at the first control plane, after all of the
// infrastructure was created. tests/machinery compares these lists with the older library.

// newDocuments are the kinds that came with Talos 1.13.
var newDocuments = []string{
	"BlackholeRouteConfig", "EnvironmentConfig", "ExternalVolumeConfig", "ImageVerificationConfig", "KubeSpanConfig",
	"RoutingRuleConfig", "TCPProbeConfig", "VRFConfig",
}

// newFields are the fields that came with Talos 1.13, by the document's kind; empty for the main document.
var newFields = map[string][]string{
	"":                 {"cluster.network.cni.flannel.kubeNetworkPoliciesEnabled"},
	"VolumeConfig":     {"mount"},
	"UserVolumeConfig": {"mount"},
	"OOMConfig":        {"strictCgroupClassOrdering"},
}

// checkProviderKnows refuses a patch with anything that the provider cannot parse.
func checkProviderKnows(patch string) error {
	decoder := yaml.NewDecoder(strings.NewReader(patch))
	for {
		var document map[string]any
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return nil // The error of Talos' library is clearer.
		}
		kind, _ := document["kind"].(string)
		if slices.Contains(newDocuments, kind) {
			return notYet(kind)
		}
		for _, field := range newFields[kind] {
			if hasField(document, strings.Split(field, ".")) {
				return notYet(strings.TrimPrefix(kind+" "+field, " "))
			}
		}
		if hasListOfArguments(document) {
			return notYet("a list of values in extraArgs")
		}
	}
}

func notYet(what string) error {
	return problem(
		"the provider pulumi-talos, which applies configurations, knows Talos 1.%d and not %s",
		providerMinor,
		what,
	).
		remedy("remove it from the patch")
}

func hasField(value any, path []string) bool {
	object, ok := value.(map[string]any)
	if !ok {
		return false
	}
	inner, found := object[path[0]]
	return found && (len(path) == 1 || hasField(inner, path[1:]))
}

// hasListOfArguments reports whether an argument in the extraArgs of any program has more than one value.
func hasListOfArguments(value any) bool {
	object, _ := value.(map[string]any)
	for key, inner := range object {
		arguments, _ := inner.(map[string]any)
		for _, argument := range arguments {
			if _, list := argument.([]any); list && key == "extraArgs" {
				return true
			}
		}
		if hasListOfArguments(inner) {
			return true
		}
	}
	return false
}
