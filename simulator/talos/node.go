package talos

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/inferadb/infra/simulator/network"
	"github.com/siderolabs/talos/pkg/machinery/compatibility"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
)

// node is a machine with the configuration that it runs.
type node struct {
	network.Machine
	// config is nil while the machine has not booted; reason is why.
	config config.Provider
	reason error
	// disk is what the machine remembers; nil before its first boot.
	disk *disk
	// stuck is why a machine that boots for the first time starts neither etcd nor a kubelet.
	stuck error
}

// booted reports whether the machine runs with a configuration.
func (n *node) booted() bool       { return n.config != nil && !n.off() }
func (n *node) off() bool          { return n.disk != nil && (n.disk.Off || n.disk.Rebooting || n.disk.Hung) }
func (n *node) controlPlane() bool { return n.booted() && n.config.Machine().Type().IsControlPlane() }

// clusterID returns the same for every machine of a cluster, and different for any two clusters.
func (n *node) clusterID() string { return n.config.Cluster().ID() }

// answersTo reports whether the machine has the address or name.
func (n *node) answersTo(host string) bool {
	return host != "" && (host == n.PrivateIP || host == n.PublicIP || host == n.Name)
}

// addressed returns why the node has no address that its kubelet may register, or etcd may advertise; nil if it has.
// Talos uses the addresses in the configured subnets, and waits for one.
// https://github.com/siderolabs/talos/blob/v1.12.1/internal/app/machined/pkg/controllers/k8s/nodeip.go
func (n *node) addressed() error {
	address, err := netip.ParseAddr(n.PrivateIP)
	if err != nil {
		return err
	}
	subnets := map[string][]string{"kubelet": n.config.Machine().Kubelet().NodeIP().ValidSubnets()}
	if n.controlPlane() {
		subnets["etcd"] = n.config.Cluster().Etcd().AdvertisedSubnets()
	}
	for who, valid := range subnets {
		holds := func(text string) bool {
			prefix, err := netip.ParsePrefix(text)
			return err == nil && prefix.Contains(address)
		}
		if len(valid) > 0 && !slices.ContainsFunc(valid, holds) {
			return fmt.Errorf("%s: no address of the node, %s, is in %s", who, n.PrivateIP, strings.Join(valid, ", "))
		}
	}
	return nil
}

// kubelet returns the Kubernetes version of the machine's kubelet.
func (n *node) kubelet() (*compatibility.KubernetesVersion, error) {
	return v1alpha1.KubernetesVersionFromImageRef(n.config.Machine().Kubelet().Image())
}

// apiServer returns the Kubernetes version of the API server that a control plane runs.
func (n *node) apiServer() (*compatibility.KubernetesVersion, error) {
	return v1alpha1.KubernetesVersionFromImageRef(n.config.Cluster().APIServer().Image())
}

// unpack does what Talos does with user data before it loads it.
// https://github.com/siderolabs/talos/blob/v1.12.1/internal/app/machined/pkg/controllers/config/acquire.go
func unpack(userData []byte) ([]byte, error) {
	if http.DetectContentType(userData) != "application/x-gzip" {
		return userData, nil
	}
	reader, err := gzip.NewReader(bytes.NewReader(userData))
	if err != nil {
		return nil, fmt.Errorf("error creating gzip reader: %w", err)
	}
	unpacked, err := io.ReadAll(reader)
	if err != nil {
		return nil, fmt.Errorf("error unzipping machine config: %w", err)
	}
	return unpacked, nil
}

// loaded remembers what was loaded: the clouds look at all machines whenever one comes or goes, and a control plane's
// configuration holds Cilium's manifests. What is loaded is only read.
var loaded sync.Map

// load reads a machine configuration as Talos on a cloud does, and refuses what Talos refuses there.
func load(document []byte) (config.Provider, error) {
	type result struct {
		config config.Provider
		err    error
	}
	digest := sha256.Sum256(document)
	if known, ok := loaded.Load(digest); ok {
		return known.(result).config, known.(result).err
	}
	provider, err := loadAnew(document)
	loaded.Store(digest, result{provider, err})
	return provider, err
}

func loadAnew(document []byte) (config.Provider, error) {
	if len(bytes.TrimSpace(document)) == 0 {
		return nil, errors.New("no configuration: the machine waits in maintenance mode")
	}
	provider, err := configloader.NewFromBytes(document)
	if err != nil {
		return nil, fmt.Errorf("failed to load config: %w", err)
	}
	if provider.RawV1Alpha1() == nil {
		return nil, errors.New("the configuration has no v1alpha1 document: the machine waits in maintenance mode")
	}
	if _, err := provider.Validate(cloudMode{}); err != nil {
		return nil, fmt.Errorf("failed to validate config: %w", err)
	}
	// The state is only read for hardware documents, which a cloud machine has no use for.
	if _, err := provider.RuntimeValidate(context.Background(), nil, cloudMode{}); err != nil {
		return nil, fmt.Errorf("failed to validate config: %w", err)
	}
	return provider, nil
}

// cloudMode is how Talos validates on a cloud: the image is installed already.
type cloudMode struct{}

func (cloudMode) String() string        { return "cloud" }
func (cloudMode) RequiresInstall() bool { return false }
func (cloudMode) InContainer() bool     { return false }
