package machineconfig

import "maps"

// The labels with the region and zone of a node. A node may set them itself, unlike others of kubernetes.io:
// https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
const (
	ZoneLabel         = "topology.kubernetes.io/zone"
	RegionLabel       = "topology.kubernetes.io/region"
	InstanceTypeLabel = "node.kubernetes.io/instance-type"
)

// nodeLabels returns the labels of the node's place and those of the stack file, which prevail. A label without a value
// is left out: a cloud without zones has none to name.
func nodeLabels(in Input) map[string]string {
	if len(in.Topology) == 0 {
		return in.Labels
	}
	labels := maps.Clone(in.Topology)
	maps.DeleteFunc(labels, func(_, value string) bool { return value == "" })
	maps.Copy(labels, in.Labels)
	return labels
}
