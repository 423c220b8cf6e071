package components

import (
	"fmt"
	"net"

	"github.com/inferadb/infra/components/machineconfig"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// kubeconfigEntry is an administrator's way into one cluster's Kubernetes API.
type kubeconfigEntry struct {
	// Name of the cluster; Primary marks the one that is current in a file of several.
	Name    string
	Primary bool
	// Kubeconfig is the one that Talos issued. It names the server as nodes know it.
	Kubeconfig string
	// Server is the host at which operators reach the API.
	Server string
}

// mergeKubeconfigs makes one file of several clusters' kubeconfigs: a context for each, named like the cluster. The current
// one is the primary's, or the first. Errors say nothing of a file's content, which is secret.
func mergeKubeconfigs(accesses []kubeconfigEntry) (string, error) {
	merged := api.NewConfig()
	for _, access := range accesses {
		issued, err := clientcmd.Load([]byte(access.Kubeconfig))
		if err != nil {
			return "", fmt.Errorf("kubeconfig of %s: it is not a kubeconfig", access.Name)
		}
		context := issued.Contexts[issued.CurrentContext]
		if context == nil {
			return "", fmt.Errorf("kubeconfig of %s: it has no current context", access.Name)
		}
		cluster, user := issued.Clusters[context.Cluster], issued.AuthInfos[context.AuthInfo]
		if cluster == nil || user == nil {
			return "", fmt.Errorf("kubeconfig of %s: its context names a cluster or a user that is missing", access.Name)
		}
		cluster.Server = "https://" + net.JoinHostPort(access.Server, machineconfig.APIServerPort)
		context.Cluster, context.AuthInfo = access.Name, access.Name
		merged.Clusters[access.Name], merged.AuthInfos[access.Name], merged.Contexts[access.Name] = cluster, user, context
		if access.Primary || merged.CurrentContext == "" {
			merged.CurrentContext = access.Name
		}
	}
	text, err := clientcmd.Write(*merged)
	if err != nil {
		return "", fmt.Errorf("kubeconfig: it cannot be written: %w", err)
	}
	return string(text), nil
}
