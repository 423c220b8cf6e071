package rules

import (
	"slices"
	"strings"
)

const (
	awsVolume              = "aws:ebs/volume:Volume"
	awsEncryptionByDefault = "aws:ebs/encryptionByDefault:EncryptionByDefault"
	gcpDisk                = "gcp:compute/disk:Disk"
	gcpRegionalDisk        = "gcp:compute/regionDisk:RegionDisk"
)

var encryptionRules = []Rule{
	{
		Name: "disk-encrypted", Invariant: 15,
		Demand: "Every disk says that it is encrypted, itself or in its machine's configuration, and no key of a disk stands in the state.",
		Remedy: "set encrypted: true",
		one:    diskEncrypted,
	},
	{
		Name: "disk-key", Invariant: 15,
		Demand: "Where one disk of a cluster has a customer's key, all have one.",
		Remedy: "give the disk the cluster's key",
		// A machine that stood before the key did keeps its disk until it is replaced: docs/operations.md.
		Advice: true,
		all:    diskKey,
	},
}

func diskEncrypted(r Resource) []finding {
	switch {
	case isAWSInstance(r), r.Type == awsConfiguration:
		disks := r.at("ebsBlockDevices").items()
		if root := r.at("rootBlockDevice"); !leftToTemplate(r, root) {
			disks = append(disks, root)
		}
		return notEncrypted(disks)
	case r.Type == awsTemplate:
		return templateEncrypted(r)
	case r.Type == awsVolume:
		return notEncrypted([]field{r.field()})
	case r.Type == awsEncryptionByDefault:
		if at := r.at("enabled"); at.text() == "false" {
			return []finding{at.problem("leaves new disks of the account without encryption", "set enabled: true, or remove the resource")}
		}
	case strings.HasPrefix(r.Type, "gcp:compute/"):
		return keyInState(r)
	case r.Type == doDroplet:
		return dropletEncrypted(r)
	}
	return nil
}

func notEncrypted(disks []field) []finding {
	var found []finding
	for _, disk := range disks {
		if at := disk.at("encrypted"); !at.is("true") {
			found = append(found, at.problem("leaves the disk to the account's default, which may be no encryption", ""))
		}
	}
	return found
}

// templateEncrypted: a template without mappings takes the root disk as the image has it, not encrypted.
func templateEncrypted(r Resource) []finding {
	mappings := r.at("blockDeviceMappings")
	if mappings.absent() {
		return []finding{mappings.problem("are missing, so the root disk is as the image has it", "map the image's root device, with encrypted: true")}
	}
	var disks []field
	for _, mapping := range mappings.items() {
		// One without ebs is a machine's own disk, which AWS encrypts, or removes a disk of the image.
		if ebs := mapping.at("ebs"); ebs.present() {
			disks = append(disks, ebs)
		}
	}
	return notEncrypted(disks)
}

// keyInState finds keys that are given to Google as they are instead of standing in its key service: they are in the state, too.
func keyInState(r Resource) []finding {
	places := []field{r.at("diskEncryptionKey", "rawKey"), r.at("bootDisk", "diskEncryptionKeyRaw")}
	for _, disk := range slices.Concat(r.at("attachedDisks").items(), r.at("disks").items()) {
		places = append(places, disk.at("diskEncryptionKeyRaw"))
	}
	var found []finding
	for _, at := range places {
		if at.present() && !at.unknown() {
			at.secret = true
			found = append(found, at.problem("is a key that stands in the stack's state", "name a key of Cloud KMS with kmsKeySelfLink"))
		}
	}
	return found
}

// dropletEncrypted looks into the machine configuration: DigitalOcean encrypts no droplet's disk, Talos encrypts its two
// partitions. https://docs.siderolabs.com/talos/v1.13/configure-your-talos-cluster/storage-and-disk-management/disk-encryption
func dropletEncrypted(r Resource) []finding {
	at := r.at("userData")
	if at.unknown() || hashed.MatchString(at.text()) || strings.Count(at.text(), "provider: luks2") >= 2 {
		return nil
	}
	at.secret = true
	return []finding{at.problem("has no LUKS for Talos' STATE and EPHEMERAL, and DigitalOcean encrypts no droplet's disk",
		"give the droplet a machine configuration that encrypts both")}
}

// diskKey compares the disks of a cluster; disks of no cluster are compared with all of their cloud.
func diskKey(stack []Resource) []finding {
	var found []finding
	keys := map[string]field{}
	for _, disk := range disksOf(stack) {
		for _, group := range []string{cloudOf(disk.of), cloudOf(disk.of) + clusterOf(disk.of)} {
			if _, seen := keys[group]; !seen && disk.present() {
				keys[group] = disk
			}
		}
	}
	for _, disk := range disksOf(stack) {
		if example, some := keys[cloudOf(disk.of)+clusterOf(disk.of)]; some && disk.absent() {
			found = append(found, disk.problem("is missing, while "+example.of.Name+" has a customer's key", ""))
		}
	}
	return found
}

// disksOf are the places of the keys of all disks.
func disksOf(stack []Resource) []field {
	var keys []field
	for _, r := range stack {
		switch {
		case isAWSInstance(r):
			keys = append(keys, r.at("rootBlockDevice", "kmsKeyId"))
			for _, disk := range r.at("ebsBlockDevices").items() {
				keys = append(keys, disk.at("kmsKeyId"))
			}
		case r.Type == awsTemplate:
			for _, mapping := range r.at("blockDeviceMappings").items() {
				keys = append(keys, mapping.at("ebs", "kmsKeyId"))
			}
		case r.Type == awsVolume:
			keys = append(keys, r.at("kmsKeyId"))
		case r.Type == gcpDisk, r.Type == gcpRegionalDisk:
			keys = append(keys, r.at("diskEncryptionKey", "kmsKeySelfLink"))
		case r.Type == gcpInstance:
			keys = append(keys, r.at("bootDisk", "kmsKeySelfLink"))
		case isGCPTemplate(r):
			for _, disk := range r.at("disks").items() {
				keys = append(keys, disk.at("diskEncryptionKey", "kmsKeySelfLink"))
			}
		}
	}
	return keys
}

func cloudOf(r Resource) string {
	cloud, _, _ := strings.Cut(r.Type, ":")
	return cloud
}

// clusterOf is the cluster that a machine's or disk's tags name.
func clusterOf(r Resource) string {
	for _, tags := range []field{r.at("tags"), r.at("labels"), r.at("tagSpecifications")} {
		if items := tags.items(); len(items) > 0 {
			tags = items[0].at("tags")
		}
		if cluster := tags.at("cluster"); cluster.present() {
			return cluster.text()
		}
	}
	return ""
}
