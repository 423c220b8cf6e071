package running

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	managedARN = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	ownARN     = "arn:aws:kms:us-east-1:111122223333:key/9999abcd-12ab-34cd-56ef-1234567890ab"
	managedKey = "projects/acme-prod/locations/us-east4/keyRings/made/cryptoKeys/made"
)

// diskOn sets the key of a machine's disk.
func (s State) diskOn(machine, key string) State {
	for i, r := range s.Resources {
		if !strings.HasSuffix(r.Name, machine) {
			continue
		}
		disk := outputs{}
		maps.Copy(disk, r.Outputs)
		switch r.Type {
		case machineOnAWS:
			disk["rootBlockDevice"] = outputs{"kmsKeyId": key}
		case machineOnGoogleCloud:
			disk["bootDisk"] = outputs{"kmsKeySelfLink": key + "/cryptoKeyVersions/3"}
		}
		s.Resources[i].Outputs = disk
	}
	return s
}

// TestAKeyStaysWhileADiskUsesIt no longer asks for the key that the cluster made.
func TestAKeyStaysWhileADiskUsesIt(t *testing.T) {
	aws := func() State {
		return onAWS(t).with(awsKeyType, "-disks", outputs{"arn": managedARN}, awsKeyType, "-alarms", outputs{"arn": "arn:alarms"})
	}
	gcp := func() State {
		return onGoogleCloud(t, true).with(gcpKeyType, "-disks", outputs{
			"keyRing": strings.TrimSuffix(managedKey, "/cryptoKeys/made"), "name": "made"})
	}
	for _, test := range []struct {
		name, provider, key string
		state               State
		kept                bool
		warned              []string
	}{
		{"AWS, another key", "aws", `"` + ownARN + `"`, aws().diskOn("control-plane-1", managedARN), true, []string{
			"encryptionKey: " + managedARN + ", which inferadb-staging-nyc1 made, stays until no disk uses it any more: it encrypts those of inferadb-staging-nyc1-control-plane-1; the steps are in docs/operations.md#change-the-key-of-the-disks",
			"encryptionKey: the disk key of inferadb-staging-nyc1-control-plane-1 stays " + managedARN + "; the stack file asks for " + ownARN}},
		{"AWS, none", "aws", "false", aws().diskOn("control-plane-1", managedARN), true, []string{"stays until no disk uses it", "the stack file asks for the cloud's own key"}},
		{"AWS, none, and no disk uses it", "aws", "false", aws().diskOn("control-plane-1", ownARN), true, []string{
			"encryptionKey: " + managedARN + ", which inferadb-staging-nyc1 made, encrypts no machine's disk any more, and stays for volumes and snapshots; " +
				"to delete it, add \"key-unused:inferadb-staging-nyc1\" to acknowledge"}},
		{"AWS, a scaling group", "aws", "false", aws().with(awsTemplateType, "-web", outputs{"blockDeviceMappings": []any{
			outputs{"ebs": outputs{"kmsKeyId": managedARN}}}}), true, []string{"it encrypts those of the scaling group of inferadb-staging-nyc1-web"}},
		{"AWS, as it was", "aws", `{"managed":true}`, aws().diskOn("", managedARN), false, nil},
		{"Google Cloud, none", "gcp", "false", gcp().diskOn("control-plane-0", managedKey), true, []string{managedKey + ", which inferadb-staging-nyc1 made, stays"}},
		{"Google Cloud, as it was", "gcp", `{"managed":true}`, gcp().diskOn("control-plane-0", managedKey), false, []string{
			"encryptionKey: the disk key of inferadb-staging-nyc1-control-plane-1, inferadb-staging-nyc1-control-plane-2, inferadb-staging-nyc1-data-0, inferadb-staging-nyc1-data-1 stays the cloud's own key; the stack file asks for " + managedKey}},
	} {
		t.Run(test.name, func(t *testing.T) {
			key := test.key
			if key == "false" {
				key = `{"managed":false}`
			}
			wanted := stackFile(t, "provider", test.provider, "encryptionKey", key)
			warnings, err := Check(wanted, test.state, false)
			require.NoError(t, err)
			assert.Equal(t, test.kept, wanted[0].EncryptionKey.Kept)
			if test.warned == nil {
				assert.NotContains(t, strings.Join(warnings, "\n"), "encryptionKey")
			}
			for _, text := range test.warned {
				assert.Contains(t, strings.Join(warnings, "\n"), text)
			}
		})
	}
}

// TestAnUnusedKeyGoesWhenThatIsAcknowledged keeps the key all the same while a disk uses it.
func TestAnUnusedKeyGoesWhenThatIsAcknowledged(t *testing.T) {
	for key, kept := range map[string]bool{managedARN: true, ownARN: false} {
		wanted := stackFile(t, "encryptionKey", `{"managed":false}`, "acknowledge", `["key-unused:inferadb-staging-nyc1"]`)
		warnings, err := Check(wanted, onAWS(t).with(awsKeyType, "-disks", outputs{"arn": managedARN}).diskOn("control-plane-1", key), false)
		require.NoError(t, err)
		assert.Equal(t, kept, wanted[0].EncryptionKey.Kept)
		if kept {
			assert.Contains(t, strings.Join(warnings, "\n"), `acknowledge[0]: "key-unused:inferadb-staging-nyc1" allows no pending edit`)
		}
	}
}

// TestWhatMachinesKeepIsTold changes what an update leaves as it is, on each cloud: both values are in the warning.
func TestWhatMachinesKeepIsTold(t *testing.T) {
	pool := func(more string) string {
		return `[{"name":"data","size":"small","count":1,"workload":"stateful"` + more + `}]`
	}
	for _, test := range []struct {
		name    string
		state   State
		changes []string
		warned  string
	}{
		{"AWS, control planes", onAWS(t), []string{"controlPlaneSize", "large"},
			"controlPlaneSize: the machine type of inferadb-staging-nyc1-control-plane-0, inferadb-staging-nyc1-control-plane-1, inferadb-staging-nyc1-control-plane-2 " +
				"stays t4g.xlarge; the stack file asks for t4g.2xlarge, which new machines get. An update never changes it on a running machine; the steps are in docs/operations.md#change-the-size-of-control-planes"},
		{"AWS, a pool's zones", onAWS(t).with(machineOnAWS, "-data-0", outputs{"instanceType": "t4g.medium", "availabilityZone": "us-east-1a"}),
			[]string{"pools", pool(`,"zones":["us-east-1b","us-east-1c"]`)},
			"pools[0].zones: the zone of inferadb-staging-nyc1-data-0 stays us-east-1a; the stack file asks for us-east-1b or us-east-1c"},
		{"Google Cloud, a pool's disk", onGoogleCloud(t, true).with(machineOnGoogleCloud, "-data-0", outputs{"machineType": "e2-medium", "zone": "us-east4-a",
			"bootDisk": outputs{"initializeParams": outputs{"size": 100.0}}}), []string{"provider", "gcp", "pools", pool(`,"diskGiB":200`)},
			"pools[0].diskGiB: the disk of inferadb-staging-nyc1-data-0 stays 100 GiB; the stack file asks for 200 GiB"},
		{"DigitalOcean, a pool's size", onDigitalOcean(t, true).with(machineOnDigitalOcean, "-data-0", outputs{"size": "s-2vcpu-4gb"}),
			[]string{"provider", "digitalocean", "pools", strings.Replace(pool(""), "small", "large", 1)},
			"pools[0].size: the machine type of inferadb-staging-nyc1-data-0 stays s-2vcpu-4gb; the stack file asks for s-8vcpu-16gb, which new machines get. An update never changes it on a running machine; the steps are in docs/operations.md#exchange-a-pool"},
		{"AWS, nothing", onAWS(t), nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			warnings, err := Check(stackFile(t, test.changes...), test.state, false)
			require.NoError(t, err)
			if test.warned == "" {
				assert.Empty(t, warnings)
				return
			}
			require.Len(t, warnings, 1, "%v", warnings)
			assert.Contains(t, warnings[0], test.warned)
		})
	}
}
