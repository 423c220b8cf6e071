package config

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/inferadb/infra/cluster"
	"github.com/inferadb/infra/machineconfig"
	"github.com/inferadb/infra/regions"
)

var schematic = regexp.MustCompile(`^[0-9a-f]{64}$`)

// encryption resolves the disks' key and whether Talos encrypts as well.
func (l *loader) encryption(p *target) {
	path, key := "encryptionKey", l.stack.EncryptionKey
	if isSet(p.settings.EncryptionKey) {
		path, key = join(p.path, "encryptionKey"), p.settings.EncryptionKey
	}
	switch {
	case key.ID != "":
		p.cluster.EncryptionKey.ID = key.ID
	case key.Managed != nil:
		p.cluster.EncryptionKey.Managed = *key.Managed
	default:
		p.cluster.EncryptionKey.Managed = l.profile.managedKey && p.capabilities.CustomerKeys
	}
	if p.cluster.EncryptionKey != (cluster.EncryptionKey{}) {
		l.checkKey(path, p)
	}
	if p.cluster.EBSEncryptionByDefault = l.stack.EBSEncryptionByDefault; p.cluster.EBSEncryptionByDefault &&
		!p.capabilities.AccountDiskEncryption {
		l.Reject("ebsEncryptionByDefault", p.capabilities.DisplayName+" has no such setting of an account", "remove it")
	}
	p.cluster.LUKS = l.stack.DiskEncryption == "luks" || !p.capabilities.EncryptsDisks
	if p.cluster.LUKS && l.stack.LUKSKey != nodeID {
		p.cluster.KMS = l.stack.LUKSKey
	}
	if l.stack.DiskEncryption == "cloud" && !p.capabilities.EncryptsDisks {
		l.Reject(
			"diskEncryption",
			p.capabilities.DisplayName+" does not encrypt disks itself",
			"set luks, or leave diskEncryption out",
		)
	}
}

// nodeID is how Talos calls a key from the machine's own id.
const nodeID = "nodeID"

// checkLUKSKey refuses a KMS server that machines cannot use, and one in a stack without disks that Talos encrypts.
func (l *loader) checkLUKSKey() {
	if l.stack.LUKSKey == nodeID {
		return
	}
	if err := machineconfig.CheckKMS(l.stack.LUKSKey); err != nil {
		l.refuseMachineConfig("luksKey", err)
	}
	encrypted := func(p target) bool { return p.cluster.LUKS }
	if len(l.targets) > 0 && !slices.ContainsFunc(l.targets, encrypted) {
		l.Reject(
			"luksKey",
			"Talos encrypts no disk of the stack, so no key is needed",
			"set diskEncryption: luks, or remove it",
		)
	}
}

func (l *loader) checkKey(path string, p *target) {
	if !p.capabilities.CustomerKeys {
		l.Reject(
			path,
			p.capabilities.DisplayName+" encrypts no disk with a customer's key",
			"remove it; Talos encrypts the disks there",
		)
		return
	}
	id := p.cluster.EncryptionKey.ID
	if id == "" || !isSet(p.settings.EncryptionKey) && len(l.stack.Regions) > 1 {
		return // checkStack has said that a key belongs to one region
	}
	region := p.cluster.Location.Region
	switch where, ok := p.capabilities.Key.Region(id); {
	case !ok:
		l.Reject(
			path,
			fmt.Sprintf("%q is not a key of %s", id, p.capabilities.DisplayName),
			"write it like "+fmt.Sprintf(p.capabilities.Key.Example, region),
		)
	case where != region && where != p.capabilities.Key.Anywhere:
		l.Reject(path, fmt.Sprintf("the key is in %s, the disks are in %s", where, region),
			"give "+p.region.Name+" a key of its own under regions")
	}
}

// checkSchematic refuses anything but the id of a schematic, such as its file.
func (l *loader) checkSchematic() {
	if l.stack.Schematic != "" && !schematic.MatchString(l.stack.Schematic) {
		l.Reject(
			"schematic",
			fmt.Sprintf("%q is not the id of a schematic", l.stack.Schematic),
			"write the 64 characters that https://factory.talos.dev gives for it "+
				"(docs/operations.md#system-extensions)",
		)
	}
}

// image checks the shape of the user's own image, so that a slip is not found by the first machine.
func (l *loader) image(p *target) {
	image, path := p.cluster.Image, join(p.path, "image")
	switch {
	case image == "" && l.stack.Schematic != "" && l.stack.Schematic != machineconfig.Schematic &&
		!p.capabilities.FactoryImages:
		l.Reject(path, "there is no published image of the schematic on "+p.capabilities.DisplayName,
			"make an image of it there and name it here (docs/operations.md#system-extensions)")
	case image != "":
		l.checkID(path, image, p.capabilities.Image)
	}
}

// checkID checks the form of the id of something that the cloud has.
func (l *loader) checkID(path, id string, form regions.IDForm) {
	if !form.Fits(id) {
		l.Reject(path, fmt.Sprintf("%q %s", id, form.Problem), form.Remedy)
	}
}
