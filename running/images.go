package running

import (
	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/machineconfig"
)

// Outputs returns the outputs of a resource by its type and name; nil if the state does not have it.
func (s State) Outputs(token, name string) map[string]any {
	for _, r := range s.Resources {
		if r.Type == token && r.Name == name {
			return r.Outputs
		}
	}
	return nil
}

// TalosVersion returns the version that every node of the cluster was configured with last; empty if there is none or
// they differ. It is the version of the installer's image, which `talosctl upgrade` installs.
func (s State) TalosVersion(cluster cluster.Cluster) string {
	clusters, err := s.Clusters()
	if err != nil {
		return ""
	}
	was, _ := Find(clusters, cluster)
	version := ""
	for i, node := range was.Nodes {
		tag := machineconfig.ImageTag(node.Config.Machine().Install().Image())
		if i > 0 && tag != version {
			return ""
		}
		version = tag
	}
	return version
}
