package gcp

import (
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/kms"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/organizations"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// createDiskKey settles which key encrypts the disks: the user's, one made for the cluster, or Google's own.
func (c *Cloud) createDiskKey() error {
	key := c.cluster.EncryptionKey
	if key.Managed || key.Kept {
		managed, err := c.createManagedKey()
		if err != nil {
			return err
		}
		if key.Managed {
			c.diskKey = managed.ID()
			return c.grantDiskKey(managed.ID())
		}
	}
	if key.ID == "" {
		return nil
	}
	c.diskKey = pulumi.String(key.ID)
	return c.grantDiskKey(pulumi.String(key.ID))
}

// createManagedKey makes a key in a ring of its own. A ring can never be deleted, nor its name used again, so Pulumi makes
// the names up: https://cloud.google.com/kms/docs/resource-hierarchy#key_rings
func (c *Cloud) createManagedKey() (*kms.CryptoKey, error) {
	ring, err := kms.NewKeyRing(c.ctx, c.name("disks"), &kms.KeyRingArgs{
		Location: pulumi.String(c.cluster.Location.Region),
	}, c.options()...)
	if err != nil {
		return nil, err
	}
	return kms.NewCryptoKey(c.ctx, c.name("disks"), &kms.CryptoKeyArgs{
		KeyRing: ring.ID(),
		Purpose: pulumi.String("ENCRYPT_DECRYPT"),
		// Ninety days, as Google recommends: https://cloud.google.com/kms/docs/key-rotation
		RotationPeriod: pulumi.String("7776000s"),
		// A destroyed key takes every disk and snapshot with it; thirty days are left to change one's mind.
		DestroyScheduledDuration: pulumi.String("2592000s"),
		Labels:                   c.labels(),
	}, c.options(pulumi.Protect(c.cluster.Protected))...)
}

// grantDiskKey lets Compute Engine use the key: without the grant no disk can be made, and none that was made under the key can
// be read again. Disks, and snapshots of them, outlive a change of the key, so Pulumi forgets the grant and never takes it back.
// https://cloud.google.com/compute/docs/disks/customer-managed-encryption#before_you_begin
func (c *Cloud) grantDiskKey(id pulumi.StringInput) error {
	project := organizations.LookupProjectOutput(c.ctx, organizations.LookupProjectOutputArgs{
		ProjectId: pulumi.String(c.project),
	}, c.lookup()...)
	grant, err := kms.NewCryptoKeyIAMMember(c.ctx, c.name("disks"), &kms.CryptoKeyIAMMemberArgs{
		CryptoKeyId: id,
		Role:        pulumi.String("roles/cloudkms.cryptoKeyEncrypterDecrypter"),
		Member:      pulumi.Sprintf("serviceAccount:service-%s@compute-system.iam.gserviceaccount.com", project.Number()),
	}, c.options(pulumi.RetainOnDelete(true))...)
	c.keyGranted = []pulumi.Resource{grant}
	return err
}
