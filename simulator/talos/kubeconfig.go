package talos

import (
	"bytes"
	stdx509 "crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/inferadb/infra/simulator/schema"
	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config/config"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// createKubeconfig fetches an administrator's kubeconfig from a control plane. Only creating it asks the machine for
// anything: the simulator has no clock that would let the certificate near its end.
func createKubeconfig(call *schema.Call) error {
	if err := fetchKubeconfig(call); err != nil {
		return explain("failed to retrieve kubeconfig", err)
	}
	return explain("failed to retrieve kubeconfig", turnaround(call.Inputs))
}

func checkRenewal(call *schema.Call) []schema.Problem {
	if !call.Inputs.Known("certificateRenewalDuration") {
		return nil
	}
	if _, err := time.ParseDuration(call.Inputs.String("certificateRenewalDuration")); err != nil {
		return []schema.Problem{{Property: "certificateRenewalDuration", Reason: err.Error()}}
	}
	return nil
}

func fetchKubeconfig(call *schema.Call) error {
	c, n, err := connectFor(call)
	if err != nil {
		return err
	}
	if !n.controlPlane() {
		return errors.New("rpc error: code = Unimplemented desc = kubeconfig is only available on control plane nodes")
	}
	if err := c.serves(n); err != nil {
		return retry{fmt.Errorf("%s: the Kubernetes API does not run: %w", n.Name, err)}
	}
	admin, err := administrator(n.config.Cluster())
	if err != nil {
		return err
	}
	raw, err := clientcmd.Write(*admin)
	if err != nil {
		return fmt.Errorf("failed to write kubeconfig: %w", err)
	}
	name := n.config.Cluster().Name()
	user := admin.AuthInfos["admin@"+name]
	call.State["kubeconfigRaw"] = string(raw)
	call.State["kubernetesClientConfiguration"] = map[string]any{
		"host":              admin.Clusters[name].Server,
		"caCertificate":     encode(admin.Clusters[name].CertificateAuthorityData),
		"clientCertificate": encode(user.ClientCertificateData),
		"clientKey":         encode(user.ClientKeyData),
	}
	return nil
}

// administrator returns the kubeconfig that Talos makes: a client certificate signed by the cluster's own authority,
// for the configured endpoint. https://github.com/siderolabs/talos/blob/v1.12.1/pkg/kubeconfig/generate.go
func administrator(cluster config.ClusterConfig) (*clientcmdapi.Config, error) {
	ca, err := x509.NewCertificateAuthorityFromCertificateAndKey(cluster.IssuingCA())
	if err != nil {
		return nil, fmt.Errorf("error getting Kubernetes CA: %w", err)
	}
	const timeSkew = 10 * time.Second
	pair, err := x509.NewKeyPair(ca,
		x509.CommonName(cluster.AdminKubeconfig().CommonName()),
		x509.Organization(cluster.AdminKubeconfig().CertOrganization()),
		x509.NotBefore(time.Now().Add(-timeSkew)),
		x509.NotAfter(time.Now().Add(lifetime(cluster.AdminKubeconfig().CertLifetime()))),
		x509.KeyUsage(stdx509.KeyUsageDigitalSignature|stdx509.KeyUsageKeyEncipherment),
		x509.ExtKeyUsage([]stdx509.ExtKeyUsage{stdx509.ExtKeyUsageClientAuth}))
	if err != nil {
		return nil, fmt.Errorf("error generating Kubernetes client certificate: %w", err)
	}
	authorities := [][]byte{cluster.IssuingCA().Crt}
	for _, accepted := range cluster.AcceptedCAs() {
		authorities = append(authorities, accepted.Crt)
	}
	client := x509.NewCertificateAndKeyFromKeyPair(pair)
	name := cluster.Name()
	context := "admin@" + name
	return &clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{name: {
			Server:                   cluster.Endpoint().String(),
			CertificateAuthorityData: bytes.Join(authorities, nil),
		}},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{context: {
			ClientCertificateData: client.Crt,
			ClientKeyData:         client.Key,
		}},
		Contexts: map[string]*clientcmdapi.Context{context: {Cluster: name, Namespace: "default",
			AuthInfo: context}},
		CurrentContext: context,
	}, nil
}
