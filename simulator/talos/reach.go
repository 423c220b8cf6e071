package talos

import (
	"bytes"
	stdx509 "crypto/x509"
	"errors"
	"fmt"
	"net/url"

	"github.com/inferadb/infra/simulator/network"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Reach reports whether an operator's kubectl would get through with the context of a kubeconfig: the server's name
// leads to a running API of the cluster, whose certificate holds for it, and which accepts the client's. It returns the
// node that answers.
func Reach(clouds network.Network, memory Memory, file *clientcmdapi.Config, context string) (string, error) {
	named := file.Contexts[context]
	if named == nil || file.Clusters[named.Cluster] == nil || file.AuthInfos[named.AuthInfo] == nil {
		return "", fmt.Errorf("the kubeconfig has no complete context %q", context)
	}
	cluster, user := file.Clusters[named.Cluster], file.AuthInfos[named.AuthInfo]
	server, err := url.Parse(cluster.Server)
	if err != nil {
		return "", fmt.Errorf("server: %w", err)
	}
	if server.Scheme != "https" || server.Port() != fmt.Sprint(kubernetesPort) {
		return "", fmt.Errorf("server: %q is not an https address with port %d", cluster.Server, kubernetesPort)
	}
	c, err := observe(clouds, memory)
	if err != nil {
		return "", err
	}
	api, err := c.kubernetes(nil, server.Hostname(), func(api *node) error {
		return api.admits(cluster.CertificateAuthorityData, user.ClientCertificateData)
	})
	if err != nil {
		return "", err
	}
	return api.Name, nil
}

// admits does the mutual TLS between a client of the Kubernetes API and a control plane.
func (n *node) admits(authority, client []byte) error {
	ca := n.config.Cluster().IssuingCA().Crt
	if !bytes.Contains(authority, bytes.TrimSpace(ca)) {
		return fmt.Errorf("%s: x509: certificate signed by unknown authority", n.Name)
	}
	roots := stdx509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return errors.New("the cluster's certificate authority is not PEM")
	}
	return verifyClient(client, roots)
}
