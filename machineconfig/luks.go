package machineconfig

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config"
	document "github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/types/block"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	blockresource "github.com/siderolabs/talos/pkg/machinery/resources/block"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Each kind of key has a slot of its own, so that a volume can have both while it changes from one to the other: Talos
// opens it with the one, and adds the other, when it boots
// (https://docs.siderolabs.com/talos/v1.13/configure-your-talos-cluster/storage-and-disk-management/disk-encryption).
const (
	nodeIDSlot = 0
	kmsSlot    = 1
)

// encryptedVolumes are the ones that Talos writes to.
var encryptedVolumes = []string{constants.StatePartitionLabel, constants.EphemeralPartitionLabel}

// luksDocuments returns the documents that encrypt the volumes from the first boot, which formats them. With a key
// from the machine's own id a disk cannot be read in another machine; with one that a KMS server seals it cannot be
// read without that server.
func luksDocuments(kms string) []document.Document {
	key := block.EncryptionKey{KeySlot: nodeIDSlot, KeyNodeID: &block.EncryptionKeyNodeID{}}
	if kms != "" {
		key = block.EncryptionKey{KeySlot: kmsSlot, KeyKMS: &block.EncryptionKeyKMS{KMSEndpoint: kms}}
	}
	var documents []document.Document
	for _, name := range encryptedVolumes {
		volume := block.NewVolumeConfigV1Alpha1()
		volume.MetaName = name
		volume.EncryptionSpec = block.EncryptionSpec{
			EncryptionProvider: blockresource.EncryptionProviderLUKS2, EncryptionKeys: []block.EncryptionKey{key},
		}
		documents = append(documents, volume)
	}
	return documents
}

// luksBefore111 returns the same for a cluster that was created before Talos 1.11, which does not know encryption in a
// VolumeConfig
// (https://docs.siderolabs.com/talos/v1.13/configure-your-talos-cluster/storage-and-disk-management/disk-encryption).
func luksBefore111(kms string) *v1alpha1.SystemDiskEncryptionConfig {
	key := &v1alpha1.EncryptionKey{KeySlot: nodeIDSlot, KeyNodeID: &v1alpha1.EncryptionKeyNodeID{}}
	if kms != "" {
		key = &v1alpha1.EncryptionKey{KeySlot: kmsSlot, KeyKMS: &v1alpha1.EncryptionKeyKMS{KMSEndpoint: kms}}
	}
	volume := func() *v1alpha1.EncryptionConfig {
		return &v1alpha1.EncryptionConfig{
			EncryptionProvider: blockresource.EncryptionProviderLUKS2.String(),
			EncryptionKeys:     []*v1alpha1.EncryptionKey{key},
		}
	}
	return &v1alpha1.SystemDiskEncryptionConfig{StatePartition: volume(), EphemeralPartition: volume()}
}

// encryptionOf returns how Talos encrypts a volume; nil if it does not. Several kinds of documents can have it.
func encryptionOf(c config.Provider, volume string) document.EncryptionConfig {
	if found, ok := c.Volumes().ByName(volume); ok && found.Encryption() != nil {
		return found.Encryption()
	}
	return c.Machine().SystemDiskEncryption().Get(volume)
}

// checkLUKS refuses a patch that removes or changes the encryption of a volume: a running machine accepts another key
// silently, and cannot open its disk when it boots the next time.
func checkLUKS(before, after config.Provider) error {
	for _, volume := range encryptedVolumes {
		encryption := encryptionOf(after, volume)
		if encryption == nil {
			return problem(
				"a patch removes the encryption of the %s volume, which diskEncryption: luks asks for",
				volume,
			).
				remedy("remove one of the two")
		}
		if !slices.Equal(keysOf(encryptionOf(before, volume)), keysOf(encryption)) {
			return problem("a patch changes the keys of the %s volume, which luksKey decides", volume).
				remedy("remove it from the patch")
		}
	}
	return nil
}

// keysOf describes the keys without their contents.
func keysOf(encryption document.EncryptionConfig) []string {
	var keys []string
	for _, key := range encryption.Keys() {
		description := fmt.Sprint(
			key.Slot(),
			key.LockToSTATE(),
			key.NodeID() != nil,
			key.TPM() != nil,
			key.Static() != nil,
		)
		if key.KMS() != nil {
			description += key.KMS().Endpoint()
		}
		keys = append(keys, description)
	}
	return keys
}

// CheckKMS returns why machines cannot have their disks' keys sealed by the KMS server at the URL; nil if they can.
// The error does not repeat the URL, which may hold a password.
func CheckKMS(text string) error {
	const remedy = "write it like https://kms.example.com:4050"
	server, err := url.Parse(text)
	if err != nil || server.Scheme != "https" || server.Hostname() == "" {
		return problem("is neither nodeID nor the https URL of a KMS server").remedy(remedy)
	}
	host := server.Hostname()
	address, err := netip.ParseAddr(host)
	isAddress := err == nil
	port, err := strconv.Atoi(server.Port())
	switch {
	case server.User != nil:
		return problem("the URL has a user or a password, which Talos does not send").remedy(remedy)
	case server.Path != "" || server.RawQuery != "" || server.Fragment != "" || strings.ContainsAny(text, "?#"):
		return problem("the URL has more than a host and a port, which is all that Talos reads").remedy(remedy)
	case !isAddress && len(validation.IsDNS1123Subdomain(host)) > 0:
		return problem("the URL's host is neither a name in lower case nor an address").remedy(remedy)
	case strings.HasSuffix(server.Host, ":") || server.Port() != "" && (err != nil || port < 1 || port > 65535):
		return problem("the URL's port is not one of 1 to 65535").remedy(remedy)
	case host == "localhost" || strings.HasSuffix(host, ".cluster.local") || strings.HasSuffix(host, ".svc") ||
		isAddress && address.IsLoopback():
		return problem("the KMS server is inside the cluster whose disks it should open").remedy(remedy)
	}
	return nil
}
