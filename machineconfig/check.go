package machineconfig

import (
	"cmp"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/labels"
	"go.yaml.in/yaml/v4"
)

// Check generates and packs the configuration with secrets made for the purpose, so that a setting which Talos refuses
// is found before anything is created. What is known only from the cloud, the endpoint and the range of an adopted
// network, may be missing. The error is of type *PatchError if a patch causes it.
func Check(in Input) error {
	err := check(in)
	if err == nil || errors.As(err, new(*PatchError)) {
		return err
	}
	for i := len(in.Patches) - 1; i >= 0; i-- {
		fewer := in
		fewer.Patches = in.Patches[:i]
		if check(fewer) == nil {
			return &PatchError{Index: i, Of: len(in.Patches), Err: err}
		}
	}
	return err
}

// Load returns the configuration as a machine reads it, with stand-ins for the secrets and for what only the cloud will
// tell.
func Load(in Input) (config.Provider, error) {
	bundle, err := dummySecrets()
	if err != nil {
		return nil, err
	}
	text, err := Generate(in.complete(), bundle)
	if err != nil {
		return nil, err
	}
	return configloader.NewFromBytes([]byte(text))
}

// check makes the configuration with stand-ins for what is not known before an update.
func check(in Input) error {
	bundle, err := dummySecrets()
	if err != nil {
		return err
	}
	text, err := Generate(in.complete(), bundle)
	if err != nil {
		return err
	}
	return in.checkSize(text)
}

// complete fills in what only the cloud will tell.
func (in Input) complete() Input {
	in.Endpoint = cmp.Or(in.Endpoint, strings.Repeat("a", 63)+".example.internal")
	if !in.Network.IsValid() {
		in.Network = netip.MustParsePrefix("10.0.0.0/8")
	}
	return in
}

// secretsSpread is an upper bound of how much the size of user data varies with the secrets of a cluster. Certificates
// differ by a few bytes, and random text packs differently well: 300 sets of secrets gave sizes up to 233 bytes apart.
const secretsSpread = 512

// checkSize refuses a configuration that may exceed the cloud's limit of user data once it has the cluster's own
// secrets.
func (in Input) checkSize(text string) error {
	if in.UserDataLimit == 0 {
		return nil
	}
	size, packed := len(text), ""
	if !in.TextUserDataOnly {
		data, err := gzipped(text)
		if err != nil {
			return err
		}
		size, packed = len(data), " packed"
	}
	if size += secretsSpread; size > in.UserDataLimit {
		return problem("user data can have %d bytes%s, and the cloud accepts at most %d", size, packed,
			in.UserDataLimit).
			remedy("shorten the patches: manifests belong into bootstrapManifests, files into the running cluster")
	}
	return nil
}

// CheckPatch returns why Talos or the cluster would refuse the patch for machines of the role; nil if they would not.
// A patch that weakens a hardened machine is refused.
func CheckPatch(role Role, hardened bool, patch string) error {
	if _, err := loadUserPatch(patch); err != nil {
		return err
	}
	err := Check(Input{
		Role:          role,
		ClusterName:   "check",
		Contract:      VersionContract(fmt.Sprintf("v1.%d.0", newest)),
		TalosVersion:  fmt.Sprintf("v1.%d.0", newest),
		Platform:      constants.PlatformMetal,
		ShutdownGrace: 2 * time.Second, ShutdownGraceCritical: time.Second,
		KubernetesVersion: constants.DefaultKubernetesVersion,
		Network:           netip.MustParsePrefix("192.0.2.0/24"),
		Pods:              netip.MustParsePrefix(constants.DefaultIPv4PodNet),
		Services:          netip.MustParsePrefix(constants.DefaultIPv4ServiceNet),
		NoCNI:             true,
		Hardened:          hardened,
		Patches:           []string{patch},
		// Which files an extended image has is judged with the stack's own schematic.
		Schematic: "any",
	})
	var patchError *PatchError
	if errors.As(err, &patchError) {
		return patchError.Err
	}
	return err
}

// dummySecrets makes secrets that no cluster uses, once in a process. The service account key is random data of the
// same size, because generating a key takes a second: nothing here reads it, but it counts as user data.
var dummySecrets = sync.OnceValues(func() (*secrets.Bundle, error) {
	withoutRSA := config.TalosVersion1_6
	bundle, err := secrets.NewBundle(secrets.NewFixedClock(time.Now()), withoutRSA)
	if err != nil {
		return nil, err
	}
	const rsa4096 = 2349
	key := make([]byte, rsa4096)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	bundle.Certs.K8sServiceAccount = &x509.PEMEncodedKey{
		Key: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: key}),
	}
	return bundle, nil
})

// checkInput refuses what Talos itself would let through.
func checkInput(in Input) error {
	if in.Role != ControlPlane && in.Role != Worker {
		return fmt.Errorf("role: %q is neither %s nor %s", in.Role, ControlPlane, Worker)
	}
	if in.Platform == "" {
		return errors.New("platform: is missing; set Talos' name of the cloud")
	}
	if in.ShutdownGraceCritical <= 0 || in.ShutdownGraceCritical >= in.ShutdownGrace {
		return fmt.Errorf(
			"shutdown: critical pods get %s of %s; give them a part of it",
			in.ShutdownGraceCritical,
			in.ShutdownGrace,
		)
	}
	if in.Endpoint == "" {
		return errors.New("endpoint: the Kubernetes API has no host")
	}
	if !in.Network.IsValid() || !in.Pods.IsValid() || !in.Services.IsValid() {
		return errors.New("network: the address range of the nodes, the pods or the services is missing")
	}
	if in.Role == ControlPlane {
		if len(in.Taints) > 0 {
			return problem("taints: control planes have the taint that Talos sets").remedy("put taints on worker pools")
		}
		return nil
	}
	for _, label := range slices.Sorted(maps.Keys(in.Labels)) {
		if err := checkWorkerLabel(label); err != nil {
			return err
		}
	}
	for _, taint := range in.Taints {
		if err := labels.ValidateTaints(map[string]string{taint.Key: taint.Value + ":" + taint.Effect}); err != nil {
			return fmt.Errorf("taints: %s", oneLine(err))
		}
	}
	return nil
}

// checkWorkerLabel refuses the labels that the API server would: the node would never join, or join without them
// (https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction).
func checkWorkerLabel(label string) error {
	domain, _, qualified := strings.Cut(label, "/")
	if !qualified {
		return nil
	}
	within := func(parent string) bool { return domain == parent || strings.HasSuffix(domain, "."+parent) }
	switch {
	case within("node.kubernetes.io"), within("kubelet.kubernetes.io"):
		return nil
	case label == ZoneLabel, label == RegionLabel:
		return nil // A node may set the labels of its zone and region itself.
	case within("kubernetes.io"), within("k8s.io"):
		return problem("labels: Kubernetes does not let a worker set on itself %q", label).
			remedy("use a domain of your own, or %q", "node.kubernetes.io/"+label[len(domain)+1:])
	}
	return nil
}

// protectedFields are the fields that the cluster depends on: with other values the machine is not part of the cluster.
var protectedFields = []struct {
	field string
	read  func(config.Provider) any
}{
	{"machine.type", func(c config.Provider) any { return c.Machine().Type() }},
	{"machine.token", func(c config.Provider) any { return c.Machine().Security().Token() }},
	{"machine.ca", func(c config.Provider) any { return c.Machine().Security().IssuingCA() }},
	{"machine.features.kubePrism", func(c config.Provider) any { return c.Machine().Features().KubePrism().Enabled() }},
	{"cluster.id", func(c config.Provider) any { return c.Cluster().ID() }},
	{"cluster.secret", func(c config.Provider) any { return c.Cluster().Secret() }},
	{"cluster.clusterName", func(c config.Provider) any { return c.Cluster().Name() }},
	{"cluster.controlPlane.endpoint", func(c config.Provider) any { return c.Cluster().Endpoint().String() }},
	{
		"cluster.controlPlane.localAPIServerPort",
		func(c config.Provider) any { return c.Cluster().LocalAPIServerPort() },
	},
	{"cluster.token", func(c config.Provider) any { return c.Cluster().Token().ID() + c.Cluster().Token().Secret() }},
	{"cluster.ca", func(c config.Provider) any { return c.Cluster().IssuingCA() }},
	{"cluster.aggregatorCA", func(c config.Provider) any { return c.Cluster().AggregatorCA() }},
	{"cluster.serviceAccount", func(c config.Provider) any { return c.Cluster().ServiceAccount() }},
	{
		"cluster.secretboxEncryptionSecret",
		func(c config.Provider) any { return c.Cluster().SecretboxEncryptionSecret() },
	},
	{"cluster.aescbcEncryptionSecret", func(c config.Provider) any { return c.Cluster().AESCBCEncryptionSecret() }},
	{"cluster.etcd.ca", func(c config.Provider) any { return c.Cluster().Etcd().CA() }},
}

// checkReliedOn compares the configuration before and after the user's patches. Both are valid. The values are secret.
func checkReliedOn(before, after config.Provider, luks bool) error {
	for _, item := range protectedFields {
		if !reflect.DeepEqual(item.read(before), item.read(after)) {
			return problem("a patch changes %s, which the program sets and the cluster depends on", item.field).
				remedy("remove it from the patch")
		}
	}
	if luks {
		return checkLUKS(before, after)
	}
	return nil
}

var (
	errorCount = regexp.MustCompile(`\d+ errors? occurred:\s*\* `)
	nextError  = regexp.MustCompile(`\s*\n\s*\* `)
	// valueInError is how the YAML library quotes what does not fit its field.
	valueInError = regexp.MustCompile(" `[^`]*`")
	mainPrefix   = regexp.MustCompile(`(^|, and )v1alpha1\.Config: `)
)

// oneLine rewrites the lists that Talos returns as errors.
func oneLine(err error) string {
	text := errorCount.ReplaceAllString(err.Error(), "")
	text = nextError.ReplaceAllString(text, ", and ")
	return mainPrefix.ReplaceAllString(strings.Join(strings.Fields(text), " "), "$1")
}

// loadError names what Talos could not read, but not its value: it may be a password.
func loadError(err error) error {
	_, tree, unknown := strings.Cut(err.Error(), "unknown keys found during decoding:\n")
	var keys yaml.Node
	switch {
	case err.Error() == "missing kind", errors.Is(err, configloader.ErrNoConfig):
		return errors.New("a document has neither machine or cluster at its top nor apiVersion and kind")
	case !unknown:
		return errors.New(valueInError.ReplaceAllString(oneLine(err), ""))
	case yaml.Unmarshal([]byte(tree), &keys) != nil || len(keys.Content) == 0 ||
		keys.Content[0].Kind != yaml.MappingNode:
		return errors.New("the patch has keys that Talos does not know")
	}
	return errors.New(oneLine(fmt.Errorf("Talos does not know %s", strings.Join(keyPaths(keys.Content[0], ""), ", "))))
}

// keyPaths lists the paths of a tree's leaves.
func keyPaths(node *yaml.Node, parent string) []string {
	var paths []string
	for i := 0; i+1 < len(node.Content); i += 2 {
		path := strings.TrimPrefix(parent+"."+node.Content[i].Value, ".")
		if child := node.Content[i+1]; child.Kind == yaml.MappingNode {
			paths = append(paths, keyPaths(child, path)...)
			continue
		}
		paths = append(paths, path)
	}
	return paths
}
