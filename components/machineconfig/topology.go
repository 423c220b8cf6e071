package machineconfig

import "maps"

const (
	zoneLabel   = "topology.kubernetes.io/zone"
	regionLabel = "topology.kubernetes.io/region"
)

// nodeLabels are the labels of the stack file and those of the node's place. A node may set the latter itself, unlike others of
// kubernetes.io: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
func nodeLabels(in Input) map[string]string {
	if len(in.Topology) == 0 {
		return in.Labels
	}
	labels := map[string]string{}
	maps.Copy(labels, in.Labels)
	maps.Copy(labels, in.Topology)
	return labels
}
