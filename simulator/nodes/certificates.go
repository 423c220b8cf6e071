package nodes

import (
	"crypto/tls"
	stdx509 "crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/siderolabs/crypto/x509"
)

// identity is what a server shows, and whom it lets in.
type identity struct {
	pair        *x509.PEMEncodedCertificateAndKey
	certificate tls.Certificate
	clients     *stdx509.CertPool
}

// issue creates a server's certificate for names and addresses. Servers of etcd are each other's clients too.
func issue(
	authority *x509.PEMEncodedCertificateAndKey,
	clients [][]byte,
	common string,
	hosts []string,
) (identity, error) {
	if authority == nil || len(authority.Key) == 0 {
		return identity{}, errors.New("there is no authority with a key")
	}
	ca, err := x509.NewCertificateAuthorityFromCertificateAndKey(authority)
	if err != nil {
		return identity{}, fmt.Errorf("certificate authority: %w", err)
	}
	addresses, names := []net.IP{net.ParseIP("127.0.0.1")}, []string{"localhost"}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			addresses = append(addresses, ip)
		} else if host != "" {
			names = append(names, host)
		}
	}
	pair, err := x509.NewKeyPair(ca,
		x509.CommonName(common), x509.IPAddresses(addresses), x509.DNSNames(names),
		x509.NotBefore(time.Now().Add(-time.Minute)), x509.NotAfter(time.Now().Add(24*time.Hour)),
		x509.KeyUsage(stdx509.KeyUsageDigitalSignature|stdx509.KeyUsageKeyEncipherment),
		x509.ExtKeyUsage([]stdx509.ExtKeyUsage{stdx509.ExtKeyUsageServerAuth, stdx509.ExtKeyUsageClientAuth}))
	if err != nil {
		return identity{}, fmt.Errorf("certificate: %w", err)
	}
	s := identity{pair: x509.NewCertificateAndKeyFromKeyPair(pair), clients: stdx509.NewCertPool()}
	for _, pem := range append(clients, authority.Crt) {
		s.clients.AppendCertsFromPEM(pem)
	}
	s.certificate, err = tls.X509KeyPair(s.pair.Crt, s.pair.Key)
	return s, err
}

// config returns the TLS configuration of a server.
func (s identity) config(clients tls.ClientAuthType, protocols ...string) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{s.certificate}, ClientCAs: s.clients, ClientAuth: clients,
		MinVersion: tls.VersionTLS12, NextProtos: protocols,
	}
}

// follow returns the TLS configuration of a server with a certificate for the names that the node's configuration has
// when a client comes: Talos issues another one when they change.
// https://github.com/siderolabs/talos/blob/v1.13.0/internal/app/machined/pkg/controllers/secrets/kubernetes_dynamic_certs.go
func follow(names func() []string, issue func([]string) (*tls.Config, error)) (*tls.Config, error) {
	hosts := names()
	current, err := issue(hosts)
	if err != nil {
		return nil, err
	}
	var mutex sync.Mutex
	followed := current.Clone()
	followed.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		mutex.Lock()
		defer mutex.Unlock()
		if now := names(); !slices.Equal(now, hosts) {
			issued, err := issue(now)
			if err != nil {
				return nil, err
			}
			current, hosts = issued, now
		}
		return current, nil
	}
	return followed, nil
}
