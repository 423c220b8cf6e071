// Package machineconfig makes the documents that a Talos machine boots with. It is pure: settings in, YAML out, made
// and checked by Talos' own library (github.com/siderolabs/talos/pkg/machinery).
package machineconfig

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"
	"github.com/siderolabs/talos/pkg/machinery/constants"
)

// Role is the role of a machine in the cluster.
type Role string

// The roles, spelled as Talos spells machine types.
const (
	ControlPlane Role = "controlplane"
	Worker       Role = "worker"
)

// Input is everything that one role's, or one pool's, configuration is made of.
type Input struct {
	Role        Role
	ClusterName string
	// Endpoint is the host of the Kubernetes API, without scheme and port (6443).
	Endpoint string
	// CertSANs are further names and addresses that the API's certificates (Kubernetes' and Talos') are valid for.
	CertSANs []string
	// Contract is the Talos version with which the cluster was created ("v1.12.1"): it decides which documents are
	// generated.
	Contract string
	// TalosVersion and Platform ("aws", "gcp", "digital-ocean": Talos' names) pick the installer image for upgrades.
	TalosVersion, Platform string
	// RegisterWithFQDN reports whether the node's name is its full domain name, as the cloud's controller manager looks
	// for it.
	RegisterWithFQDN bool
	// ShutdownGrace is the time that pods get to end when a machine is shut down, ShutdownGraceCritical the part of it
	// that is for critical pods. Both are whole seconds.
	ShutdownGrace, ShutdownGraceCritical time.Duration
	// Schematic is the Image Factory's id of the machine's image; empty for the one without any extension.
	Schematic string
	// KubernetesVersion without a leading v ("1.35.0").
	KubernetesVersion string
	// Network holds the nodes' addresses; Pods and Services are the ranges inside the cluster.
	Network, Pods, Services netip.Prefix
	// OtherNetworks hold nodes' addresses as well, where an adopted network has several subnets.
	OtherNetworks []netip.Prefix
	// NoCNI leaves out Talos' CNI and kube-proxy, both of which Cilium replaces.
	NoCNI bool
	// CloudController makes nodes wait for a cloud controller, which sets their zone and says that they are ready for
	// pods.
	CloudController bool
	// Manifests are created by the control planes once the cluster's API answers.
	Manifests []Manifest
	// TalosClients may speak to the machine's Talos API, beside the nodes.
	TalosClients []netip.Prefix
	// LUKS encrypts the STATE and EPHEMERAL volumes. The key is sealed by the KMS server at the URL; without one it
	// comes from the machine's own id.
	LUKS bool
	KMS  string
	// Hardened refuses patches that weaken the machine.
	Hardened bool
	Labels   map[string]string
	// Topology has the labels with the zone and region of a named node. They are known only in the configuration that
	// is applied to it.
	Topology map[string]string
	// Taints are for workers only: Talos gives the control planes theirs.
	Taints []Taint
	// Patches are those of the stack file. They are applied last, in order.
	Patches []string
	// UserDataLimit is the most bytes of user data that the cloud accepts, after packing where it is packed; 0 for no
	// limit.
	UserDataLimit int
	// TextUserDataOnly reports whether user data is not packed.
	TextUserDataOnly bool
}

// Taint is put on a node when it registers.
type Taint struct{ Key, Value, Effect string }

// APIServerPort is where the Kubernetes API listens, on every control plane and on the load balancer.
const APIServerPort = "6443"

// Schematic is the Image Factory's id of Talos without any extension
// (https://docs.siderolabs.com/talos/v1.13/learn-more/image-factory).
const Schematic = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"

// networks returns every range that holds nodes' addresses.
func (in Input) networks() []netip.Prefix {
	return append([]netip.Prefix{in.Network}, in.OtherNetworks...)
}

// networkTexts returns the same as text.
func (in Input) networkTexts() []string {
	var texts []string
	for _, network := range in.networks() {
		texts = append(texts, network.String())
	}
	return texts
}

// Generate returns the machine configuration, a multi-document YAML, and an error if Talos would not accept it.
func Generate(in Input, bundle *secrets.Bundle) (text string, err error) {
	// Talos' library panics at some lists with an empty entry. An error is more useful than a stack trace.
	defer func() {
		if recover() != nil {
			text, err = "", problem("Talos cannot read this configuration").
				remedy("look for an empty entry (null) in the patches")
		}
	}()
	contract, err := config.ParseContractFromVersion(in.Contract)
	if err != nil {
		return "", problem("contract: %q is not a Talos version", in.Contract).remedy("write it like v1.12.1")
	}
	if err := checkInput(in); err != nil {
		return "", err
	}
	base, err := generateBase(in, contract, bundle)
	if err != nil {
		return "", fmt.Errorf("generating the machine configuration: %s", oneLine(err))
	}
	ours, err := ownPatches(in, contract)
	if err != nil {
		return "", err
	}
	patched, err := apply(base, ours...)
	if err != nil {
		return "", fmt.Errorf("patching the machine configuration: %s", oneLine(err))
	}
	before, _, err := render(patched)
	if err != nil {
		return "", err
	}
	if patched, err = applyUserPatches(patched, in.Patches); err != nil {
		return "", err
	}
	after, text, err := render(patched)
	if err != nil {
		return "", err
	}
	if _, err := after.Validate(cloudMode{}, validation.WithLocal()); err != nil {
		return "", errors.New(oneLine(err))
	}
	if err := checkReliedOn(before, after, in.LUKS); err != nil {
		return "", err
	}
	if err := checkManifests(before, after); err != nil {
		return "", err
	}
	if err := checkBoot(in, before, after); err != nil {
		return "", err
	}
	if in.Hardened {
		return text, checkHardened(before, after)
	}
	return text, nil
}

// render writes the configuration and loads it as a booting machine does. What it loads shares nothing with what was
// given, as Talos' own copies do.
func render(provider config.Provider) (config.Provider, string, error) {
	text, err := provider.EncodeString(encoder.WithComments(encoder.CommentsDisabled))
	if err != nil {
		return nil, "", fmt.Errorf("encoding the machine configuration: %s", oneLine(err))
	}
	loaded, err := configloader.NewFromBytes([]byte(text))
	if err != nil {
		return nil, "", errors.New(oneLine(err))
	}
	return loaded, text, nil
}

// generateBase asks Talos for its defaults. They include cluster discovery through Talos' public service: it is how
// KubePrism learns the control planes' addresses, and what it stores is encrypted with the cluster's secret
// (https://docs.siderolabs.com/talos/v1.13/configure-your-talos-cluster/system-configuration/discovery).
func generateBase(in Input, contract *config.VersionContract, bundle *secrets.Bundle) (config.Provider, error) {
	var sans []string
	for _, name := range append([]string{in.Endpoint}, in.CertSANs...) {
		// Up to contract 1.11 Talos writes the endpoint among the names itself.
		ofTalos := name == in.Endpoint && contract.PopulateClusterSANsFromEndpoint()
		if !ofTalos && !slices.Contains(sans, name) {
			sans = append(sans, name)
		}
	}
	endpoint := "https://" + net.JoinHostPort(in.Endpoint, APIServerPort)
	input, err := generate.NewInput(in.ClusterName, endpoint, in.KubernetesVersion,
		generate.WithVersionContract(contract),
		generate.WithSecretsBundle(bundle),
		generate.WithAdditionalSubjectAltNames(sans),
		generate.WithKubePrismPort(constants.DefaultKubePrismPort),
		generate.WithInstallImage(InstallerImage(in.Platform, in.schematic(), in.TalosVersion)),
	)
	if err != nil {
		return nil, err
	}
	input.PodNet = []string{in.Pods.String()}
	input.ServiceNet = []string{in.Services.String()}
	kind, err := machine.ParseType(string(in.Role))
	if err != nil {
		return nil, err
	}
	return input.Config(kind)
}

// schematic returns the schematic of the machine's image.
func (in Input) schematic() string { return cmp.Or(in.Schematic, Schematic) }

// InstallerImage returns the image that `talosctl upgrade` installs by default
// (https://docs.siderolabs.com/talos/v1.13/platform-specific-installations/boot-assets).
func InstallerImage(platform, schematic, version string) string {
	return fmt.Sprintf("factory.talos.dev/%s-installer/%s:%s", platform, schematic, version)
}

// ImageURL returns the address at which the Image Factory builds a disk image of Talos, such as
// "digital-ocean-amd64.raw.gz"
// (https://docs.siderolabs.com/talos/v1.13/learn-more/image-factory).
func ImageURL(disk, schematic, version string) string {
	return fmt.Sprintf("https://factory.talos.dev/image/%s/%s/%s", schematic, version, disk)
}

func apply(base config.Provider, patches ...configpatcher.Patch) (config.Provider, error) {
	out, err := configpatcher.Apply(configpatcher.WithConfig(base), patches)
	if err != nil {
		return nil, err
	}
	return out.Config()
}

// cloudMode is Talos on a cloud's image: it is installed already, and it is not a container.
type cloudMode struct{}

func (cloudMode) String() string        { return "cloud" }
func (cloudMode) RequiresInstall() bool { return false }
func (cloudMode) InContainer() bool     { return false }
