package operate

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
)

// certificates returns the administrator's credentials of the cluster.
func (c *Cluster) certificates() []Certificate {
	kubernetes := Certificate{Name: "kubeconfig", Problem: "it has no client certificate"}
	if context := c.kubernetes.Contexts[c.kubernetes.CurrentContext]; context != nil {
		if user := c.kubernetes.AuthInfos[context.AuthInfo]; user != nil {
			kubernetes = certificate("kubeconfig", user.ClientCertificateData)
		}
	}
	text, err := base64.StdEncoding.DecodeString(c.talos.Crt)
	if err != nil {
		text = nil
	}
	return []Certificate{kubernetes, certificate("talosconfig", text)}
}

func certificate(name string, text []byte) Certificate {
	block, _ := pem.Decode(text)
	if block == nil {
		return Certificate{Name: name, Problem: "it has no client certificate"}
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return Certificate{Name: name, Problem: "its client certificate cannot be read"}
	}
	return Certificate{Name: name, Expiry: parsed.NotAfter}
}
