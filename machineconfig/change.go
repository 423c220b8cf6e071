package machineconfig

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config"
	document "github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
)

// liveFields are the fields that a running Talos applies without a reboot, besides everything under cluster and the
// documents of kinds of their own. It is the list of CanApplyImmediate, which is the same from 1.12 to 1.13.
// https://github.com/siderolabs/talos/blob/v1.13.9/internal/app/machined/pkg/runtime/v1alpha1/v1alpha1_runtime.go
var liveFields = []string{
	"machine.ca", "machine.acceptedCAs", "machine.time", "machine.certSANs", "machine.install", "machine.network",
	"machine.sysfs",
	"machine.sysctls", "machine.logging", "machine.controlPlane", "machine.kubelet", "machine.kernel",
	"machine.registries", "machine.pods",
	"machine.seccompProfiles", "machine.nodeAnnotations", "machine.nodeLabels", "machine.nodeTaints",
	"machine.features.kubernetesTalosAPIAccess", "machine.features.kubePrism", "machine.features.hostDNS",
	"machine.features.imageCache",
	"machine.features.nodeAddressSortAlgorithm",
	// A patch cannot change these, and a configuration with stand-ins for the secrets has another token.
	"machine.type", "machine.token",
}

// RebootFields returns the fields in which the configurations differ and which Talos applies only with a reboot,
// sorted. How the disks are encrypted is not among them: Encryption has it.
func RebootFields(was, is config.Provider) []string {
	return differing(rebootValues(was), rebootValues(is))
}

// differing returns the keys whose values differ, sorted.
func differing(before, after map[string]any) []string {
	var keys []string
	for key, value := range after {
		if !reflect.DeepEqual(before[key], value) {
			keys = append(keys, key)
		}
	}
	for key := range before {
		if _, kept := after[key]; !kept {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// RebootDigest returns a digest of the fields of RebootFields in the configuration. The key is a secret of the machine,
// so that the values cannot be guessed from the digest.
func RebootDigest(key string, c config.Provider) string {
	text, err := json.Marshal(rebootValues(c))
	if err != nil {
		text = fmt.Append(nil, err)
	}
	digest := hmac.New(sha256.New, []byte(key))
	digest.Write(text)
	return hex.EncodeToString(digest.Sum(nil))[:8]
}

// rebootValues returns the values, as far as the configuration sets them, of the fields that need a reboot to change.
func rebootValues(c config.Provider) map[string]any {
	values := map[string]any{}
	machine := *c.RawV1Alpha1().MachineConfig
	collect("machine", reflect.ValueOf(machine), values)
	if machine.MachineFeatures != nil {
		collect("machine.features", reflect.ValueOf(*machine.MachineFeatures), values)
	}
	delete(values, "machine.features")
	delete(values, "machine.systemDiskEncryption")
	return values
}

// collect adds the fields of a struct that are set and not live, by their path.
func collect(parent string, from reflect.Value, into map[string]any) {
	for i := range from.NumField() {
		name, _, _ := strings.Cut(from.Type().Field(i).Tag.Get("yaml"), ",")
		path := parent + "." + name
		if field := from.Field(i); !field.IsZero() && !slices.Contains(liveFields, path) {
			into[path] = field.Interface()
		}
	}
}

// Encryption describes what opens each volume: "nodeID", the URL of a KMS server, or several. The volumes are "STATE",
// "EPHEMERAL" and the user's own by kind and name; one that is not encrypted is there with no text.
func Encryption(c config.Provider) map[string]string {
	found := map[string]string{}
	describe := func(name string, encryption document.EncryptionConfig) {
		found[name] = ""
		if encryption != nil && !reflect.ValueOf(encryption).IsZero() {
			found[name] = strings.Join(openers(encryption), "+")
		}
	}
	for _, volume := range encryptedVolumes {
		describe(volume, encryptionOf(c, volume))
	}
	for _, volume := range userVolumes(c) {
		describe(volume.kind+" "+volume.name, volume.encryption)
	}
	return found
}

// openers returns the kinds of an encryption's keys, in the order of their slots.
func openers(encryption document.EncryptionConfig) []string {
	var names []string
	for _, key := range encryption.Keys() {
		switch {
		case key.KMS() != nil:
			names = append(names, key.KMS().Endpoint())
		case key.NodeID() != nil:
			names = append(names, "nodeID")
		case key.TPM() != nil:
			names = append(names, "tpm")
		default:
			names = append(names, "static")
		}
	}
	return names
}

// settledFields cannot be changed in a running cluster: services, certificates and name servers depend on them.
var settledFields = []string{
	"cluster.network.podSubnets",
	"cluster.network.serviceSubnets",
	"cluster.network.dnsDomain",
}

// Settled returns the values that must stay as they are in a running cluster, as text by field.
func Settled(c config.Provider) map[string]string {
	values := map[string]string{}
	for _, item := range clusterWide {
		if slices.Contains(settledFields, item.field) {
			values[item.field] = fmt.Sprint(item.read(c))
		}
	}
	return values
}

// CNI returns the name of the network plugin that Talos installs, and whether kube-proxy runs; empty for a worker,
// which does not decide it.
func CNI(c config.Provider) string {
	if !isControlPlane(c) {
		return ""
	}
	proxy := "without kube-proxy"
	if c.Cluster().Proxy().Enabled() {
		proxy = "with kube-proxy"
	}
	return c.Cluster().Network().CNI().Name() + " " + proxy
}

// AwaitsCloudController reports whether the machine's node waits for a cloud controller.
func AwaitsCloudController(c config.Provider) bool {
	return c.Cluster().ExternalCloudProvider().Enabled()
}

// NodeName returns which of its names a machine registers its node by.
func NodeName(c config.Provider) string {
	if c.Machine().Kubelet().RegisterWithFQDN() {
		return "its full name"
	}
	return "its host name"
}

// RegistrationTaints returns the taints that a worker registers with, as kubectl writes them, sorted.
func RegistrationTaints(c config.Provider) []string {
	list, _ := c.Machine().Kubelet().ExtraConfig()["registerWithTaints"].([]any)
	var taints []string
	for _, item := range list {
		taint, _ := item.(map[string]any)
		text := fmt.Sprint(taint["key"])
		if value, _ := taint["value"].(string); value != "" {
			text += "=" + value
		}
		taints = append(taints, fmt.Sprintf("%s:%v", text, taint["effect"]))
	}
	slices.Sort(taints)
	return taints
}

// Version is the version of a Kubernetes release.
type Version struct{ Major, Minor, Patch int }

func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch) }

// Before reports whether the version is older than the other.
func (v Version) Before(other Version) bool {
	return slices.Compare([]int{v.Major, v.Minor, v.Patch}, []int{other.Major, other.Minor, other.Patch}) < 0
}

// KubernetesVersions returns the versions of a machine's Kubernetes programs, by program. One whose image has no
// version is left out.
func KubernetesVersions(c config.Provider) map[string]Version {
	images := map[string]string{"kubelet": c.Machine().Kubelet().Image()}
	if isControlPlane(c) {
		images["kube-apiserver"] = c.Cluster().APIServer().Image()
		images["kube-controller-manager"] = c.Cluster().ControllerManager().Image()
		images["kube-scheduler"] = c.Cluster().Scheduler().Image()
	}
	versions := map[string]Version{}
	for _, program := range slices.Sorted(maps.Keys(images)) {
		var v Version
		parsed, err := v1alpha1.KubernetesVersionFromImageRef(images[program])
		if err != nil {
			continue
		}
		if _, err := fmt.Sscanf(parsed.String(), "%d.%d.%d", &v.Major, &v.Minor, &v.Patch); err == nil {
			versions[program] = v
		}
	}
	return versions
}

// Minor returns the minor version of a Talos release: 12 of "v1.12.1"; false if the text is none.
func Minor(talos string) (int, bool) {
	var major, minor int
	_, err := fmt.Sscanf(talos, "v%d.%d.", &major, &minor)
	return minor, err == nil && major == 1
}
