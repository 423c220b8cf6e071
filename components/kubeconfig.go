package components

import (
	"fmt"
	"net"

	"github.com/inferadb/infra/machineconfig"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// kubeconfigEntry is an administrator's access to the Kubernetes API of one cluster.
type kubeconfigEntry struct {
	// name of the cluster; primary marks the one that is current in a file of several.
	name    string
	primary bool
	cluster *api.Cluster
	user    *api.AuthInfo
	context *api.Context
}

// newKubeconfigEntry reads the kubeconfig that Talos issued for a cluster. That one names the server as nodes know it,
// the entry the host at which operators reach the API. Errors say nothing of the file's content, which is secret.
func newKubeconfigEntry(name string, primary bool, issued, server string) (kubeconfigEntry, error) {
	config, err := clientcmd.Load([]byte(issued))
	if err != nil {
		return kubeconfigEntry{}, fmt.Errorf("kubeconfig of %s: it is not a kubeconfig", name)
	}
	context := config.Contexts[config.CurrentContext]
	if context == nil {
		return kubeconfigEntry{}, fmt.Errorf("kubeconfig of %s: it has no current context", name)
	}
	cluster, user := config.Clusters[context.Cluster], config.AuthInfos[context.AuthInfo]
	if cluster == nil || user == nil {
		return kubeconfigEntry{}, fmt.Errorf(
			"kubeconfig of %s: its context names a cluster or a user that is missing",
			name,
		)
	}
	cluster.Server = "https://" + net.JoinHostPort(server, machineconfig.APIServerPort)
	context.Cluster, context.AuthInfo = name, name
	return kubeconfigEntry{name: name, primary: primary, cluster: cluster, user: user, context: context}, nil
}

// mergeKubeconfigs writes one file with a context for each cluster, named like the cluster. The current one is the
// primary's, or the first.
func mergeKubeconfigs(entries []kubeconfigEntry) (string, error) {
	merged := api.NewConfig()
	for _, e := range entries {
		merged.Clusters[e.name], merged.AuthInfos[e.name], merged.Contexts[e.name] = e.cluster, e.user, e.context
		if e.primary || merged.CurrentContext == "" {
			merged.CurrentContext = e.name
		}
	}
	text, err := clientcmd.Write(*merged)
	if err != nil {
		return "", fmt.Errorf("kubeconfig: it cannot be written: %w", err)
	}
	return string(text), nil
}
