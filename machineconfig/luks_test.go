package machineconfig

import (
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config/validation"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Both volumes, with the key that was asked for and no other, in the document that the cluster's version knows.
func TestTheKeyOfEncryptedVolumes(t *testing.T) {
	const server = "https://kms.example.com:4050"
	for _, contract := range []string{"v1.10.4", "v1.11.2", "v1.12.1"} {
		for kms, slot := range map[string]int{"": nodeIDSlot, server: kmsSlot} {
			for _, role := range []Role{ControlPlane, Worker} {
				provider := loaded(t, input(role,
					func(in *Input) { in.Contract, in.LUKS, in.KMS = contract, true, kms }))
				warnings, err := provider.Validate(cloudMode{}, validation.WithLocal(), validation.WithStrict())
				require.NoError(t, err)
				assert.Empty(t, warnings)
				for _, volume := range []string{"STATE", "EPHEMERAL"} {
					encryption := encryptionOf(provider, volume)
					require.NotNil(t, encryption, "%s %s", contract, volume)
					assert.Equal(t, "luks2", encryption.Provider().String())
					require.Len(t, encryption.Keys(), 1)
					key := encryption.Keys()[0]
					assert.Equal(t, slot, key.Slot(), "a volume can hold a key of each kind")
					assert.Equal(t, kms == "", key.NodeID() != nil)
					if kms != "" {
						assert.Equal(t, server, key.KMS().Endpoint())
					}
				}
			}
		}
	}
}

func TestPatchesLeaveTheKeysOfVolumesAlone(t *testing.T) {
	volume := func(text string) string {
		return "apiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\nencryption: {" + text + "}"
	}
	const changed = "a patch changes the keys of the EPHEMERAL volume, which luksKey decides; remove it from the patch"
	for patch, want := range map[string]string{
		volume("provider: luks2, keys: [{slot: 3, static: {passphrase: hush}}]"):                    changed,
		volume("provider: luks2, keys: [{slot: 3, kms: {endpoint: \"https://elsewhere\"}}]"):        changed,
		volume("provider: luks2, keys: [{slot: 2, tpm: {}}]"):                                       changed,
		volume("provider: luks2, options: [no_read_workqueue]"):                                     "",
		"apiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\nprovisioning: {maxSize: 50GiB}": "",
		"apiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\n$patch: delete": "a patch removes the encryption of the EPHEMERAL volume, " +
			"which diskEncryption: luks asks for; remove one of the two",
	} {
		for _, kms := range []string{"", "https://kms.example.com"} {
			patched := input(Worker, func(in *Input) { in.LUKS, in.KMS, in.Patches = true, kms, []string{patch} })
			_, err := Generate(patched, bundleOfWords())
			if want == "" {
				assert.NoError(t, err)
				continue
			}
			assert.EqualError(t, err, want)
		}
	}
	_, err := Generate(input(Worker, func(in *Input) {
		in.LUKS, in.Contract = true, "v1.10.4"
		in.Patches = []string{"machine: {systemDiskEncryption: {ephemeral: {keys: [{slot: 1, static: {passphrase: hush}}]}}}"}
	}), bundleOfWords())
	assert.EqualError(t, err, changed)
}

func TestCheckKMS(t *testing.T) {
	for _, right := range []string{"https://kms.example.com:4050", "https://kms.example.com", "https://10.0.0.1:4050", "https://[fd00::1]:4050", "https://kms"} {
		assert.NoError(t, CheckKMS(right), right)
	}
	const neither, more = "is neither nodeID nor the https URL of a KMS server", "the URL has more than a host and a port, which is all that Talos reads"
	for wrong, want := range map[string]string{
		"": neither, "nodeid": neither, "tpm": neither, "kms.example.com:4050": neither, "grpc://kms.example.com": neither,
		"http://kms.example.com": neither, "https://": neither, "https://:4050": neither, "https://a b": neither, "arn:aws:kms:us-east-1:1:key/a": neither,
		"https://user:hush@kms.example.com":   "the URL has a user or a password, which Talos does not send",
		"https://kms.example.com/":            more,
		"https://kms.example.com/v1?key=a":    more,
		"https://kms.example.com?":            more,
		"https://kms.example.com#":            more,
		"https://KMS.example.com":             "the URL's host is neither a name in lower case nor an address",
		"https://kms_1.example.com":           "the URL's host is neither a name in lower case nor an address",
		"https://kms.example.com:":            "the URL's port is not one of 1 to 65535",
		"https://kms.example.com:0":           "the URL's port is not one of 1 to 65535",
		"https://kms.example.com:65536":       "the URL's port is not one of 1 to 65535",
		"https://127.0.0.1:4050":              "the KMS server is inside the cluster whose disks it should open",
		"https://kms.vault.svc.cluster.local": "the KMS server is inside the cluster whose disks it should open",
	} {
		assert.EqualError(t, CheckKMS(wrong), want+"; write it like https://kms.example.com:4050", wrong)
	}
}
