// Package machineconfig makes the documents that a Talos machine boots with. It is pure: settings in, YAML out, made and
// checked by Talos' own library (github.com/siderolabs/talos/pkg/machinery).
package machineconfig

import (
	"net/netip"

	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
)

// Role is what a machine is in the cluster.
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
	// Contract is the Talos version with which the cluster was created ("v1.12.1"): it decides which documents are generated.
	Contract string
	// TalosVersion and Platform ("aws", "gcp", "digital-ocean": Talos' names) pick the installer image for upgrades.
	TalosVersion, Platform string
	// KubernetesVersion without a leading v ("1.35.0").
	KubernetesVersion string
	// Network holds the nodes' addresses; Pods and Services are the ranges inside the cluster.
	Network, Pods, Services netip.Prefix
	// NoCNI leaves the CNI and kube-proxy out, ready for Cilium.
	NoCNI bool
	// LUKS encrypts the STATE and EPHEMERAL volumes.
	LUKS   bool
	Labels map[string]string
	Taints []Taint
	// Patches are the user's, applied last, in order.
	Patches []string
}

// Taint is put on a node when it registers.
type Taint struct{ Key, Value, Effect string }

// Generate returns the machine configuration, a multi-document YAML, and an error if Talos would not accept it.
func Generate(in Input, bundle *secrets.Bundle) (string, error) { panic("not written yet") }

// Check generates the configuration with secrets made for the purpose, so that a setting which Talos refuses is found
// before anything is created. limit is the cloud's limit on user data in bytes after packing, 0 for none.
func Check(in Input) error { panic("not written yet") }

// CheckPatch says why Talos would refuse the patch for machines of the role; nil if it would not.
func CheckPatch(role Role, patch string) error { panic("not written yet") }

// CheckVersions says why this Kubernetes version cannot run on this Talos version; nil if it can.
func CheckVersions(talos, kubernetes string) error { panic("not written yet") }

// GzipUserData packs a configuration for a cloud that limits user data: base64 of gzip, which Talos unpacks. The output is
// the same for the same input. An error if the packed size (before base64) is over limit bytes.
func GzipUserData(config string, limit int) (string, error) { panic("not written yet") }
